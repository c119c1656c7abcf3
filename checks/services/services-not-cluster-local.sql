/*---
id: services-not-cluster-local
title: The mesh configuration lets services be reached from other clusters
severity: error
subject: cluster
span: cluster
level: read
requires: [api-answers]
pass: "{observed}"
fail: "The mesh configuration of {subject} makes every service local to its cluster (serviceSettings with clusterLocal for {hosts}): its clients are given no endpoint of another cluster"
unknown: "Whether the mesh configuration of {subject} makes services local to their cluster is not known"
remedy: "kubectl {flags} -n istio-system edit configmap {map}    # serviceSettings: remove clusterLocal for {hosts}; istiod takes it up by itself"
shell: [flags]
docs: https://istio.io/latest/docs/ops/configuration/traffic-management/multicluster/#partitioning-services
why: |
  serviceSettings of the mesh configuration can make services local to their cluster, which some want for a few of them. Where it is said
  of all (*, *.local, *.cluster.local, *.svc.cluster.local), no client is given an endpoint of another cluster, though gateways and
  remote secrets are sound.
---*/
WITH counting AS (
  SELECT m.cluster, m.revision, m.cluster_local
  FROM wanted_revision AS w
  JOIN mesh_config AS m ON m.cluster = w.cluster AND m.revision = w.revision
  WHERE m.parse_error = ''
),
everything AS (
  SELECT m.cluster, group_concat(h.value, ', ') AS hosts
  FROM counting AS m, json_each(m.cluster_local) AS h
  WHERE h.value IN ('*', '*.local', '*.cluster.local', '*.svc.cluster.local')
  GROUP BY m.cluster
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN m.cluster IS NULL THEN 'unknown'
    WHEN e.cluster IS NOT NULL THEN 'fail'
    WHEN m.cluster_local IS NOT NULL THEN 'pass'
    ELSE 'unknown'
  END AS status,
  CASE
    WHEN e.cluster IS NOT NULL THEN 'clusterLocal: ' || e.hosts
    WHEN m.cluster_local = '[]' THEN 'No service is made local to ' || c.cluster
    ELSE 'Only these are local to ' || c.cluster || ': ' || m.cluster_local
  END AS observed,
  'clusterLocal for single services at most' AS expected,
  'ConfigMap istio-system/istio' || CASE m.revision WHEN '' THEN '' ELSE '-' || m.revision END || ', key mesh' AS evidence,
  coalesce(e.hosts, '') AS hosts,
  'istio' || CASE m.revision WHEN '' THEN '' ELSE '-' || m.revision END AS map,
  c.flags
FROM cluster AS c
LEFT JOIN counting AS m ON m.cluster = c.cluster
LEFT JOIN everything AS e ON e.cluster = c.cluster
