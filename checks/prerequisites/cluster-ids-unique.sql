/*---
id: cluster-ids-unique
title: Every control plane has a cluster id of its own
severity: error
subject: cluster
span: mesh
level: read
requires: [clusters-distinct, istiod-ready]
pass: "Cluster id {own}"
fail: "{subject} has the cluster id {own}, and so has {twins}: each ignores the other's remote secret as its own"
warning: "{finding}"
unknown: "{finding}"
remedy: "kubectl {flags} -n istio-system get deployment {istiod} -o jsonpath='{.spec.template.spec.containers[0].env[?(@.name==\"CLUSTER_ID\")].value}'    # then reinstall this cluster's control plane with its own multiCluster.clusterName"
shell: [flags]
docs: https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/
why: |
  Compares the environment variable CLUSTER_ID of the wanted istiod in every cluster (Kubernetes where it is absent). It is the name
  under which a control plane knows itself, and the key under which the others' remote secrets must name it. Two control
  planes with one id ignore each other's secret ("ignoring cluster as it would overwrite the config cluster"), so that neither
  ever sees the other's workloads. It happens when both were installed without multiCluster.clusterName, or from one copied
  values file. Warns when the sidecar injector gives proxies another cluster id than istiod has: istiod may refuse
  their certificate requests, and locality by cluster is wrong.
---*/
WITH identity AS (
  SELECT c.cluster, min(i.name) AS istiod, i.cluster_id, v.cluster_name, v.parse_error
  FROM cluster AS c
  JOIN wanted_revision AS w ON w.cluster = c.cluster
  JOIN istiod AS i
    ON i.cluster = c.cluster AND i.namespace = 'istio-system' AND i.revision = w.revision AND i.bundled = 0
  LEFT JOIN injector_values AS v ON v.cluster = c.cluster AND v.revision = w.revision
  GROUP BY c.cluster
),
seen AS (
  SELECT
    c.cluster, c.flags, i.istiod, i.cluster_id, i.cluster_name, i.parse_error,
    (SELECT group_concat(o.cluster, ', ') FROM identity AS o WHERE o.cluster <> c.cluster AND o.cluster_id = i.cluster_id) AS twins,
    (SELECT group_concat(o.cluster, ', ') FROM cluster AS o WHERE o.cluster NOT IN (SELECT cluster FROM identity WHERE cluster_id <> '')) AS unseen
  FROM cluster AS c
  LEFT JOIN identity AS i ON i.cluster = c.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN coalesce(cluster_id, '') = '' THEN 'unknown'
    WHEN twins IS NOT NULL THEN 'fail'
    WHEN unseen IS NOT NULL THEN 'unknown'
    WHEN cluster_name IS NULL OR parse_error <> '' THEN 'unknown'
    WHEN cluster_name <> cluster_id AND NOT (cluster_name = '' AND cluster_id = 'Kubernetes') THEN 'warning'
    WHEN cluster_id <> '' THEN 'pass'
  END AS status,
  coalesce('CLUSTER_ID ' || nullif(cluster_id, ''), 'no cluster id') || coalesce(', proxies ' || nullif(cluster_name, ''), '') AS observed,
  'an id that no other cluster has, the same for istiod and its proxies' AS expected,
  'environment CLUSTER_ID of ' || coalesce(istiod, 'istiod') || '; injector values global.multiCluster.clusterName' AS evidence,
  CASE
    WHEN coalesce(cluster_id, '') = '' THEN 'The cluster id of ' || cluster || ' was not observed'
    WHEN unseen IS NOT NULL THEN 'The cluster id of ' || unseen || ' was not observed: it could be ' || cluster_id || ' too'
    WHEN coalesce(parse_error, '') <> '' THEN 'The injector''s values cannot be read: ' || parse_error
    WHEN cluster_name IS NULL THEN 'The injector''s values for the wanted revision were not observed'
    ELSE 'istiod has the cluster id ' || cluster_id || ', but its injector gives proxies ' || CASE cluster_name WHEN '' THEN 'none' ELSE cluster_name END || ': istiod may refuse them certificates'
  END AS finding,
  coalesce(cluster_id, '') AS own,
  coalesce(twins, '') AS twins,
  coalesce(istiod, 'istiod') AS istiod,
  flags
FROM seen
