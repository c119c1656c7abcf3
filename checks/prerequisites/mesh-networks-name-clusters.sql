/*---
id: mesh-networks-name-clusters
title: meshNetworks names clusters of this mesh, and the networks that they have
severity: warning
subject: cluster
span: mesh
level: read
requires: [api-answers]
optional: [mesh_network, remote_secret]
pass: "{observed}"
warning:
  registry: "meshNetworks of {subject} puts {registry} into network {network}, but istiod registers no cluster under that name ({ids}): nobody gets a network by it{more}"
  label: "meshNetworks of {subject} puts {registry} into network {network}, but istio-system there is labelled {label}: the label counts, and behind the gateways of {network} there is nobody{more}"
  gateway: "meshNetworks of {subject} names a gateway of network {network} that istiod cannot find: {lack}{more}"
unknown:
  config: "What meshNetworks of {subject} says is not known"
  registry: "meshNetworks of {subject} puts {registry} into network {network}; whether a cluster is registered under that name is not known, as no remote secret of {subject} was seen"
remedy: "kubectl {flags} -n istio-system edit configmap {map}    # meshNetworks: correct {network}, or drop all of it: labels topology.istio.io/network say the same; istiod takes it up by itself"
shell: [flags]
data: [network, registry]
docs: https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshNetworks
why: |
  meshNetworks says of clusters, by the name under which istiod registers them (fromRegistry), in which network their endpoints are. A
  name that fits no cluster (the kubeconfig's context, or the fleet membership, in place of CLUSTER_ID) is passed over without a word, so
  that endpoints there have no network and istiod hands out addresses of pods that nobody can reach from another network. Istio
  asks the pod's label first, then the label topology.istio.io/network of istio-system, and meshNetworks last: where the label is set
  and says something else, meshNetworks is dead text, and its gateways have nobody behind them. Warns and does not fail, since with the
  labels that network-identity-consistent demands requests cross all the same; a cluster whose network would come from meshNetworks alone
  fails there. A gateway needs an address, or a registryServiceName together with an endpoint by fromRegistry.
---*/
WITH counting AS (
  SELECT m.cluster, m.revision, m.mesh_networks
  FROM wanted_revision AS w
  JOIN mesh_config AS m ON m.cluster = w.cluster AND m.revision = w.revision
  WHERE m.parse_error = ''
),
network AS (
  SELECT n.* FROM counting AS c JOIN mesh_network AS n ON n.cluster = c.cluster AND n.revision = c.revision
),
id AS (
  SELECT DISTINCT cluster, cluster_id FROM istiod WHERE namespace = 'istio-system' AND bundled = 0
),
-- Clusters that are not of this run have a remote secret all the same.
registered AS (
  SELECT cluster, key FROM remote_secret WHERE labelled = 1 AND refused = ''
),
member AS (
  SELECT n.cluster, n.network, r.value AS registry FROM network AS n, json_each(n.registries) AS r
),
finding AS (
  SELECT
    m.cluster, m.network, m.registry, '' AS label, '' AS lack,
    CASE WHEN EXISTS (SELECT 1 FROM registered AS g WHERE g.cluster = m.cluster) THEN 1 ELSE 4 END AS rank,
    'registry' AS reason
  FROM member AS m
  WHERE m.registry NOT IN (SELECT cluster_id FROM id)
    AND NOT EXISTS (SELECT 1 FROM registered AS g WHERE g.cluster = m.cluster AND g.key = m.registry)
  UNION ALL
  SELECT m.cluster, m.network, m.registry, s.network, '', 2, 'label'
  FROM member AS m
  JOIN id AS i ON i.cluster_id = m.registry
  JOIN system_namespace AS s ON s.cluster = i.cluster
  WHERE s.network <> '' AND s.network <> m.network
  UNION ALL
  SELECT
    n.cluster, n.network, '', '',
    CASE
      WHEN n.empty_gateways > 0 THEN 'it has neither an address nor a registryServiceName'
      ELSE 'it has a registryServiceName, and no endpoint of the network has fromRegistry'
    END,
    3, 'gateway'
  FROM network AS n
  WHERE n.empty_gateways > 0 OR (n.services <> '[]' AND n.registries = '[]')
),
worst AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY cluster ORDER BY rank, network, registry) AS place,
    count(*) OVER (PARTITION BY cluster) AS findings
  FROM finding
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN m.cluster IS NULL THEN 'unknown'
    WHEN f.rank = 4 THEN 'unknown'
    WHEN f.rank IN (1, 2, 3) THEN 'warning'
    WHEN m.mesh_networks = 0 THEN 'pass'
    WHEN m.mesh_networks = 1 AND EXISTS (SELECT 1 FROM network AS n WHERE n.cluster = c.cluster) THEN 'pass'
    ELSE 'unknown'
  END AS status,
  CASE
    WHEN f.cluster IS NOT NULL THEN f.network || ': ' || coalesce(nullif(f.registry, ''), f.lack)
    WHEN m.mesh_networks = 0 THEN 'meshNetworks of ' || c.cluster || ' is empty: labels say which network a cluster is in'
    ELSE 'meshNetworks of ' || c.cluster || ' names clusters of this mesh, and the networks that they have'
  END AS observed,
  'cluster ids, in the networks of their labels' AS expected,
  'ConfigMap istio-system/istio' || CASE m.revision WHEN '' THEN '' ELSE '-' || m.revision END || ', key meshNetworks' AS evidence,
  coalesce(f.reason, 'config') AS reason,
  coalesce(f.network, '') AS network,
  coalesce(f.registry, '') AS registry,
  coalesce(f.label, '') AS label,
  coalesce(f.lack, '') AS lack,
  CASE WHEN f.findings > 1 THEN '; ' || (f.findings - 1) || ' other findings there' ELSE '' END AS more,
  (SELECT group_concat(cluster_id, ', ') FROM (SELECT DISTINCT cluster_id FROM id ORDER BY cluster_id)) AS ids,
  'istio' || CASE m.revision WHEN '' THEN '' ELSE '-' || m.revision END AS map,
  c.flags
FROM cluster AS c
LEFT JOIN counting AS m ON m.cluster = c.cluster
LEFT JOIN worst AS f ON f.cluster = c.cluster AND f.place = 1
