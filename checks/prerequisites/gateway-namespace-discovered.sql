/*---
id: gateway-namespace-discovered
title: Every control plane looks at the east-west gateway's namespace
severity: error
subject: cluster
span: mesh
level: read
requires: [api-answers]
pass: "{observed}"
fail:
  own: "discoverySelectors of {subject} leave out its own namespace {namespace}, where the east-west gateway is: to istiod its Service and its Gateway resource are not there, and the gateway does not listen for other clusters{also}{more}"
  peers: "discoverySelectors of {peers} leave out the namespace {namespace} of {subject}, where its east-west gateway is: to istiod there {subject} has none, and clients are sent to addresses of pods that they do not reach{more}"
unknown: "Whether every istiod looks at the namespace of the east-west gateway of {subject} is not known{lacking}"
remedy: |
  kubectl {flags} label namespace {namespace} {labels}    # as discoverySelectors in the mesh configuration of {choosers} want it; istiod takes it up by itself
  Where that label orders sidecars as well, rather let discoverySelectors choose the namespace by its name: label kubernetes.io/metadata.name.
shell: [flags, labels]
data: [namespace]
docs: https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig
why: |
  discoverySelectors of the mesh configuration limit istiod to namespaces with certain labels, so that it has less to do. The namespace of
  the control plane is no exception. Left out, which happens where somebody writes the label of injection there (istio.io/rev) and
  istio-system does not bear it, its Gateway resource counts no more: the gateway stops listening on 15443. Each istiod goes by the selectors
  of its own cluster, also where it reads others: one that leaves out another cluster's gateway does not know that its network has one,
  takes the network for reachable, and hands out addresses of pods. Looks at the namespaces of the gateway's pods, of its Service and
  of its Gateway resource, and at istio-system where there is no gateway yet.
---*/
WITH place AS (
  SELECT
    *,
    CASE WHEN ignored = 1 THEN 'own' WHEN ignored_by <> '[]' THEN 'peers' END AS reason,
    (SELECT group_concat(p.value, ', ') FROM json_each(ignored_by) AS p) AS peers
  FROM mesh_namespace
  WHERE gateway = 1
),
first AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY cluster ORDER BY reason, namespace) AS rank,
    count(*) OVER (PARTITION BY cluster) AS findings
  FROM place
  WHERE reason IS NOT NULL
),
blind AS (
  SELECT cluster, cluster AS whose FROM place WHERE ignored IS NULL
  UNION
  SELECT p.cluster, u.value FROM place AS p, json_each(p.unread) AS u
),
unclear AS (
  SELECT cluster, group_concat(whose, ', ') AS whose FROM blind GROUP BY cluster
),
counted AS (
  SELECT cluster, count(*) AS namespaces, group_concat(namespace, ', ') AS names FROM place GROUP BY cluster
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN f.cluster IS NOT NULL THEN 'fail'
    WHEN u.cluster IS NOT NULL THEN 'unknown'
    WHEN n.namespaces > 0 THEN 'pass'
    ELSE 'unknown'
  END AS status,
  CASE
    WHEN f.cluster IS NOT NULL THEN f.namespace || ' is left out by ' || CASE f.reason WHEN 'own' THEN f.cluster || coalesce(', ' || f.peers, '') ELSE f.peers END
    ELSE 'Every istiod looks at ' || n.names || ' of ' || c.cluster
  END AS observed,
  'discoverySelectors of every cluster choose it, or there are none' AS expected,
  'labels of the namespace, and the mesh configurations' AS evidence,
  f.reason,
  f.namespace,
  f.peers,
  CASE f.reason WHEN 'own' THEN f.cluster || coalesce(', ' || f.peers, '') ELSE f.peers END AS choosers,
  coalesce('; those of ' || f.peers || ' leave it out as well', '') AS also,
  CASE WHEN f.findings > 1 THEN '; ' || (f.findings - 1) || ' more of its namespaces are left out' ELSE '' END AS more,
  coalesce(': the mesh configuration cannot be read of ' || u.whose, '') AS lacking,
  -- Words that a shell and kubectl take as labels, whoever wrote them.
  CASE WHEN f.lacks LIKE '_%=%' AND f.lacks NOT GLOB '*[^A-Za-z0-9./_= -]*' AND ' ' || f.lacks NOT LIKE '% -%' THEN f.lacks ELSE 'LABEL=VALUE' END AS labels,
  c.flags
FROM cluster AS c
LEFT JOIN first AS f ON f.cluster = c.cluster AND f.rank = 1
LEFT JOIN unclear AS u ON u.cluster = c.cluster
LEFT JOIN counted AS n ON n.cluster = c.cluster
