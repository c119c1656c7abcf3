/*---
id: workload-namespaces-discovered
title: Control planes look at the namespaces of workloads
severity: error
subject: cluster
span: mesh
level: read
requires: [api-answers]
pass: "{observed}"
fail: "discoverySelectors of {subject} leave out its own namespace {namespace}, where {pods} pods with sidecars run: istiod knows no Service of theirs, the gateway resets who asks for one, and a new pod waits for the root certificate{more}"
warning: "discoverySelectors of {peers} leave out the namespace {namespace} of {subject}, where {pods} pods with sidecars run: clients in {peers} are never sent to them{more}"
unknown: "Whether every istiod looks at the namespaces of workloads in {subject} is not known{lacking}"
remedy: "kubectl {flags} label namespace {namespace} {labels}    # as discoverySelectors in the mesh configuration of {choosers} want it; istiod takes it up by itself"
shell: [flags, labels]
data: [namespace]
docs: https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig
why: |
  discoverySelectors of the mesh configuration limit istiod to namespaces with certain labels. Injection does not mind them, so that pods get
  sidecars also where istiod does not look: it then knows no Service, no endpoint and no policy of the namespace, and writes no root
  certificate into it. Each istiod goes by the selectors of its own cluster, also where it reads others. Fails where the cluster's own
  istiod does not look; warns where that of another does not, since a namespace may be meant for its own cluster alone.
---*/
WITH place AS (
  SELECT
    *,
    CASE WHEN ignored = 1 THEN 'fail' WHEN ignored_by <> '[]' THEN 'warning' END AS status,
    (SELECT group_concat(p.value, ', ') FROM json_each(ignored_by) AS p) AS peers
  FROM mesh_namespace
  -- What is wrong with the gateway's own, gateway-namespace-discovered says.
  WHERE mesh_pods > 0 AND gateway = 0
),
first AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY cluster ORDER BY status, namespace) AS rank,
    count(*) OVER (PARTITION BY cluster) AS findings
  FROM place
  WHERE status IS NOT NULL
),
blind AS (
  SELECT cluster, cluster AS whose FROM mesh_namespace WHERE ignored IS NULL
  UNION
  SELECT p.cluster, u.value FROM mesh_namespace AS p, json_each(p.unread) AS u
),
unclear AS (
  SELECT cluster, group_concat(whose, ', ') AS whose FROM blind GROUP BY cluster
),
counted AS (
  SELECT cluster, count(*) AS namespaces FROM place GROUP BY cluster
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN f.cluster IS NOT NULL THEN f.status
    WHEN u.cluster IS NOT NULL THEN 'unknown'
    ELSE 'pass'
  END AS status,
  CASE
    WHEN f.cluster IS NOT NULL THEN f.namespace || ' is left out by ' || CASE f.status WHEN 'fail' THEN f.cluster || coalesce(', ' || f.peers, '') ELSE f.peers END
    WHEN n.namespaces > 0 THEN 'Every istiod looks at all namespaces of ' || c.cluster || ' where pods with sidecars run (' || n.namespaces || ')'
    ELSE 'No pod with a sidecar runs in ' || c.cluster
  END AS observed,
  'discoverySelectors of every cluster choose them, or there are none' AS expected,
  'labels of the namespaces, and the mesh configurations' AS evidence,
  f.namespace,
  f.mesh_pods AS pods,
  f.peers,
  CASE f.status WHEN 'fail' THEN f.cluster || coalesce(', ' || f.peers, '') ELSE f.peers END AS choosers,
  CASE WHEN f.findings > 1 THEN '; ' || (f.findings - 1) || ' more of its namespaces are left out' ELSE '' END AS more,
  coalesce(': the mesh configuration cannot be read of ' || u.whose, '') AS lacking,
  -- Words that a shell and kubectl take as labels, whoever wrote them.
  CASE WHEN f.lacks LIKE '_%=%' AND f.lacks NOT GLOB '*[^A-Za-z0-9./_= -]*' AND ' ' || f.lacks NOT LIKE '% -%' THEN f.lacks ELSE 'LABEL=VALUE' END AS labels,
  c.flags
FROM cluster AS c
LEFT JOIN first AS f ON f.cluster = c.cluster AND f.rank = 1
LEFT JOIN unclear AS u ON u.cluster = c.cluster
LEFT JOIN counted AS n ON n.cluster = c.cluster
