/*---
id: gateway-service-ports
title: The gateway's Service has the port that peers connect to
severity: error
subject: cluster
span: cluster
level: read
requires: [gateway-ready]
pass: "Service {service} has port {port}"
fail: "{finding}"
unknown: "Which ports the gateway's Service has was not observed"
remedy:
  absent: "samples/multicluster/gen-eastwest-gateway.sh --network NETWORK | istioctl install {flags} -y -f -"
  port: "kubectl {flags} -n {namespace} patch service {name} --type=json --patch {patch}"
shell: [flags]
docs: https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/#install-the-east-west-gateway-in-cluster1
why: |
  Looks at the Service before the east-west gateway: the one with the label topology.istio.io/network, or that selects the
  gateway's pods. istiod in the other clusters hands out its address with port 15443 (or what the label networking.istio.io/gatewayPort
  says) without looking whether the Service has that port, so that a missing port shows up as a time-out far away. Fails when there
  is no such Service or it lacks the port. Ports 15012 and 15017 are not needed between control planes that each have
  their own cluster.
---*/
WITH gateway AS (
  -- Of several, the one that stands before the gateway's pods and bears the network's label.
  SELECT * FROM (
    SELECT
      cluster, namespace, name, gateway_port, has_gateway_port, ports,
      row_number() OVER (PARTITION BY cluster ORDER BY selects_gateway DESC, network = '', name <> 'istio-eastwestgateway', namespace, name) AS place
    FROM gateway_service
  ) WHERE place = 1
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN g.cluster IS NULL THEN 'fail'
    WHEN g.has_gateway_port = 0 THEN 'fail'
    WHEN g.has_gateway_port = 1 THEN 'pass'
  END AS status,
  CASE WHEN g.cluster IS NULL THEN 'no Service' ELSE 'ports ' || g.ports END AS observed,
  'a Service with port ' || coalesce(g.gateway_port, 15443) AS expected,
  CASE WHEN g.cluster IS NULL THEN 'Services with the label topology.istio.io/network, and those of istio-system' ELSE 'Service ' || g.namespace || '/' || g.name END AS evidence,
  CASE
    WHEN g.cluster IS NULL THEN c.cluster || ' has no Service before its east-west gateway: the other clusters find no way in'
    ELSE 'Service ' || g.namespace || '/' || g.name || ' lacks port ' || g.gateway_port || ', the one that istiod of the other clusters tells its proxies to connect to; it has ' || g.ports
  END AS finding,
  CASE WHEN g.cluster IS NULL THEN 'absent' ELSE 'port' END AS reason,
  g.namespace,
  g.name,
  json_array(json_object('op', 'add', 'path', '/spec/ports/-', 'value', json_object('name', 'tls', 'port', g.gateway_port, 'targetPort', 15443))) AS patch,
  c.flags,
  coalesce(g.namespace || '/' || g.name, '') AS service,
  coalesce(g.gateway_port, 15443) AS port
FROM cluster AS c
LEFT JOIN gateway AS g ON g.cluster = c.cluster
