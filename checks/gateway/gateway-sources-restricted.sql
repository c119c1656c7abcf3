/*---
id: gateway-sources-restricted
title: Only the mesh's clusters may connect to the gateway
severity: warning
subject: cluster
span: cluster
level: read
requires: [gateway-has-address]
pass: "{how}"
warning: "Everybody may connect to the gateway at {addresses}: no source range of Service {service} keeps anybody out"
unknown: "To whom the gateway is open was not observed"
remedy: "kubectl {flags} -n {namespace} patch service {name} --type=merge --patch '{\"spec\":{\"loadBalancerSourceRanges\":[\"PEER-EGRESS-RANGE\"]}}'"
shell: [flags]
docs: https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/
why: |
  Looks at spec.loadBalancerSourceRanges of the gateway's Service, where its load balancer is external and its address is not a
  private one. The gateway passes TLS through to every service of the mesh, past all policies of its own; mutual TLS still
  protects the workloads, but whoever can connect can try. Put in the addresses under which the pods of the other clusters leave
  (Cloud NAT, nodes' external addresses, the site's NAT). Only a warning: traffic does not depend on it.
---*/
WITH gateway AS (
  -- Of several, the one that stands before the gateway's pods and bears the network's label.
  SELECT * FROM (
    SELECT
      cluster, namespace, name, addresses, load_balancer_class, open_to_world, source_ranges,
      row_number() OVER (PARTITION BY cluster ORDER BY selects_gateway DESC, network = '', name <> 'istio-eastwestgateway', namespace, name) AS place
    FROM gateway_service
  ) WHERE place = 1
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN g.cluster IS NULL THEN 'unknown'
    WHEN g.open_to_world = 1 THEN 'warning'
    WHEN g.open_to_world = 0 THEN 'pass'
  END AS status,
  CASE
    WHEN g.cluster IS NULL THEN 'nothing'
    WHEN g.source_ranges <> '[]' THEN 'source ranges ' || g.source_ranges
    ELSE 'no source ranges, load balancer ' || g.load_balancer_class
  END AS observed,
  'source ranges of the other clusters, or an internal load balancer' AS expected,
  'Service ' || coalesce(g.namespace || '/' || g.name, 'of the gateway') || ', spec.loadBalancerSourceRanges' AS evidence,
  CASE
    WHEN g.source_ranges <> '[]' THEN 'Open to ' || g.source_ranges
    WHEN g.load_balancer_class = 'internal' THEN 'The load balancer is internal'
    ELSE 'The address is not one of the Internet'
  END AS how,
  coalesce((SELECT group_concat(value, ', ') FROM json_each(g.addresses)), '') AS addresses,
  coalesce(g.namespace || '/' || g.name, '') AS service,
  coalesce(g.namespace, 'istio-system') AS namespace,
  coalesce(g.name, 'istio-eastwestgateway') AS name,
  c.flags
FROM cluster AS c
LEFT JOIN gateway AS g ON g.cluster = c.cluster
