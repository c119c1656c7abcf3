/*---
id: gateway-unambiguous
title: One Service alone claims to be the network's gateway
severity: warning
subject: cluster
span: cluster
level: read
requires: [gateway-service-ports]
pass: "Only Service {service} bears the network's label"
warning: "{others} bears the label topology.istio.io/network too, beside {service}: istiod of the other clusters sends a share of the requests to it, on port 15443"
unknown: "No Service before the gateway was observed"
remedy: "kubectl {flags} -n {other_namespace} label service {other_name} topology.istio.io/network-"
shell: [flags]
docs: https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/
why: |
  Looks for further Services with the label topology.istio.io/network, in all namespaces. istiod takes every one of them for a
  gateway of the network, hands out its address with port 15443 without asking whether it has that port, and requests are spread
  over all of them: some fail, some do not. It happens when a chart's common labels put the label on every Service. Two
  Services on purpose, before the same gateway, are possible, hence only a warning.
---*/
WITH gateway AS (
  -- Of several, the one that stands before the gateway's pods and bears the network's label.
  SELECT * FROM (
    SELECT
      cluster, namespace, name,
      row_number() OVER (PARTITION BY cluster ORDER BY selects_gateway DESC, network = '', name <> 'istio-eastwestgateway', namespace, name) AS place
    FROM gateway_service
  ) WHERE place = 1
),
others AS (
  SELECT s.cluster, group_concat(s.namespace || '/' || s.name, ', ') AS words, min(s.namespace || '/' || s.name) AS first
  FROM gateway_service AS s
  JOIN gateway AS g ON g.cluster = s.cluster
  WHERE s.network <> '' AND NOT (s.namespace = g.namespace AND s.name = g.name)
  GROUP BY s.cluster
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN g.cluster IS NULL THEN 'unknown'
    WHEN o.words IS NOT NULL THEN 'warning'
    WHEN o.words IS NULL THEN 'pass'
  END AS status,
  coalesce(g.namespace || '/' || g.name, 'no Service') || coalesce(', ' || o.words, '') AS observed,
  'one Service' AS expected,
  'Services of all namespaces with the label topology.istio.io/network' AS evidence,
  coalesce(g.namespace || '/' || g.name, '') AS service,
  coalesce(o.words, '') AS others,
  coalesce(substr(o.first, 1, instr(o.first, '/') - 1), 'istio-system') AS other_namespace,
  coalesce(substr(o.first, instr(o.first, '/') + 1), 'SERVICE') AS other_name,
  c.flags
FROM cluster AS c
LEFT JOIN gateway AS g ON g.cluster = c.cluster
LEFT JOIN others AS o ON o.cluster = c.cluster
