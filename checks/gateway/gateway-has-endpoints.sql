/*---
id: gateway-has-endpoints
title: A ready pod stands behind the gateway's Service
severity: error
subject: cluster
span: cluster
level: read
requires: [gateway-service-ports]
pass: "{ready} ready behind Service {service}"
fail: "{finding}"
unknown: "Whether anything stands behind the gateway's Service was not observed"
remedy: "kubectl {flags} -n {namespace} get service {name} -o jsonpath='{.spec.selector}'; kubectl {flags} -n {namespace} get pods -l istio=eastwestgateway --show-labels"
shell: [flags]
docs: https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/#does-the-service-have-any-endpointslices
why: |
  Looks at the EndpointSlices of the gateway's Service. A Service whose selector matches no pod, or whose pods are not ready,
  accepts no connection: the load balancer times out or refuses, as if there were a firewall. Fails without a ready endpoint.
  With gateway-ready passed, the usual cause is the selector: it contains a label, often the network, that the pods do not bear.
---*/
WITH gateway AS (
  -- Of several, the one that stands before the gateway's pods and bears the network's label.
  SELECT * FROM (
    SELECT
      cluster, namespace, name, selects_gateway,
      row_number() OVER (PARTITION BY cluster ORDER BY selects_gateway DESC, network = '', name <> 'istio-eastwestgateway', namespace, name) AS place
    FROM gateway_service
  ) WHERE place = 1
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN g.cluster IS NULL OR e.cluster IS NULL THEN 'unknown'
    WHEN e.ready = 0 THEN 'fail'
    WHEN e.ready > 0 THEN 'pass'
  END AS status,
  coalesce(e.ready || ' of ' || e.total || ' endpoints ready', 'nothing') AS observed,
  'at least one ready endpoint' AS expected,
  'EndpointSlices of Service ' || coalesce(g.namespace || '/' || g.name, 'of the gateway') AS evidence,
  CASE
    WHEN g.selects_gateway = 0 THEN 'The selector of Service ' || g.namespace || '/' || g.name || ' matches no pod of the east-west gateway: nothing stands behind it'
    WHEN e.total = 0 THEN 'Service ' || g.namespace || '/' || g.name || ' has no endpoint: nothing stands behind it'
    ELSE 'None of the ' || e.total || ' endpoints of Service ' || g.namespace || '/' || g.name || ' is ready'
  END AS finding,
  coalesce(e.ready, 0) AS ready,
  coalesce(g.namespace || '/' || g.name, '') AS service,
  coalesce(g.namespace, 'istio-system') AS namespace,
  coalesce(g.name, 'istio-eastwestgateway') AS name,
  c.flags
FROM cluster AS c
LEFT JOIN gateway AS g ON g.cluster = c.cluster
LEFT JOIN gateway_endpoints AS e ON e.cluster = g.cluster AND e.namespace = g.namespace AND e.service = g.name
