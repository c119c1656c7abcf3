/*---
id: services-exposed-once
title: Only one Gateway resource opens the gateway's port
severity: error
subject: cluster
span: cluster
level: read
requires: [services-exposed]
pass: "Only {resources} opens port {port}"
fail: "{count} servers open port {port} of the same gateway for the same hosts ({resources}): the gateway refuses its whole new configuration (filter chain has the same matching rules) and goes on with an old one"
warning: "{count} servers open port {port} of the same gateway ({resources}), for different hosts: where they overlap, the gateway refuses its whole configuration"
unknown: "{finding}"
remedy: "kubectl {flags} -n {namespace} delete gateways.networking.istio.io {name}"
shell: [flags]
docs: https://istio.io/latest/docs/reference/config/networking/gateway/
why: |
  Counts the servers of Gateway resources that select the east-west gateway's pods and open the same port. Two of them with
  AUTO_PASSTHROUGH give two filter chains with equal matching rules for every service; Envoy rejects such a listener as a whole,
  so that the gateway keeps its last good configuration: what existed then works, what was added since does not.
  Fails when their hosts are the same, or both cover the whole cluster domain; warns when they differ. Keep one of them.
---*/
WITH server AS (
  SELECT cluster, namespace, name, server, port, hosts, covers_cluster_domain, selects_gateway
  FROM gateway_resource
  WHERE coalesce(selects_gateway, 1) = 1
),
shared AS (
  SELECT
    cluster, port, count(*) AS servers, replace(group_concat(DISTINCT namespace || '/' || name), ',', ', ') AS resources,
    sum(selects_gateway IS NULL) AS unclear,
    max(namespace) AS namespace, max(name) AS name,
    (sum(covers_cluster_domain) > 1 OR count(DISTINCT hosts) < count(*)) AS overlapping
  FROM (SELECT * FROM server ORDER BY namespace, name, server)
  GROUP BY cluster, port
),
-- The port to speak of: the most crowded one.
worst AS (
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY cluster ORDER BY overlapping AND servers > 1 DESC, servers DESC, port) AS place FROM shared
  ) WHERE place = 1
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN w.cluster IS NULL THEN 'unknown'
    WHEN EXISTS (SELECT 1 FROM shared AS s WHERE s.cluster = c.cluster AND s.unclear > 0) THEN 'unknown'
    WHEN w.servers > 1 AND w.overlapping THEN 'fail'
    WHEN w.servers > 1 THEN 'warning'
    WHEN w.servers = 1 THEN 'pass'
  END AS status,
  coalesce(w.resources, 'no Gateway resource for the gateway') AS observed,
  'one server for each port of the gateway' AS expected,
  'Gateway resources (networking.istio.io) of all namespaces' AS evidence,
  CASE
    WHEN w.cluster IS NULL THEN 'No Gateway resource that opens the gateway''s port was observed'
    ELSE 'Which Gateway resources select the gateway is not known: its pods were not observed'
  END AS finding,
  coalesce(w.servers, 0) AS count,
  coalesce(w.port, 15443) AS port,
  coalesce(w.resources, '') AS resources,
  coalesce(w.namespace, 'NAMESPACE') AS namespace,
  coalesce(w.name, 'NAME') AS name,
  c.flags
FROM cluster AS c
LEFT JOIN worst AS w ON w.cluster = c.cluster
