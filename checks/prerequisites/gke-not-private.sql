/*---
id: gke-not-private
title: The GKE cluster is not a private cluster
severity: error
subject: cluster
span: cluster
level: read
requires: [{check: gke-cluster-running, blocks: unknown}]
optional: [cluster_identity, google_cluster, node]
pass: "Public control plane endpoint, nodes with external addresses"
fail:
  endpoint: "The control plane of {subject} has no public endpoint: control planes outside its VPC cannot reach it"
  both: "The control plane of {subject} has no public endpoint, and its nodes have no external addresses: a private cluster, which the hybrid mesh does not support"
  nodes: "The nodes of {subject} have no external addresses ({private_pools}): a private cluster, which the hybrid mesh does not support, though its control plane is public"
  pools: "The nodes of {private_pools} of {subject} have no external addresses, those of {public_pools} do: pods on the first are those of a private cluster, which the hybrid mesh does not support"
  default: "New node pools of {subject} get nodes without external addresses: it becomes a private cluster, which the hybrid mesh does not support, with its next pool"
warning:
  likely: "No node of {subject} has an external address: most likely a private cluster, which the hybrid mesh does not support"
  address: "The kubeconfig of {subject} leads to a private address: if the control plane has no public one, it is a private cluster, which the hybrid mesh does not support"
unknown:
  unread: "Whether {subject} is a private cluster is not known: nothing in the cluster itself says it for certain"
not_applicable: "Not a GKE cluster"
remedy:
  endpoint: "gcloud container clusters update {name} --location={location} --project={project} --no-enable-private-endpoint    # a cluster of the old kind, with VPC peering, has to be made anew"
  both: "gcloud container clusters update {name} --location={location} --project={project} --no-enable-private-endpoint --no-enable-private-nodes    # a cluster of the old kind, with VPC peering, has to be made anew"
  nodes: "gcloud container clusters update {name} --location={location} --project={project} --no-enable-private-nodes    # then make the node pools anew"
  pools: "gcloud container node-pools update {first_pool} --cluster={name} --location={location} --project={project} --no-enable-private-nodes    # likewise every pool of {private_pools}"
  default: "gcloud container clusters update {name} --location={location} --project={project} --no-enable-private-nodes"
  unread: "gcloud container clusters list --project={fleet} --format='yaml(name,privateClusterConfig,controlPlaneEndpointsConfig,networkConfig)'"
  likely: "gcloud container clusters list --project={fleet} --format='yaml(name,privateClusterConfig,controlPlaneEndpointsConfig,networkConfig)'"
  address: "gcloud container clusters list --project={fleet} --format='yaml(name,privateClusterConfig,controlPlaneEndpointsConfig,networkConfig)'"
docs: https://cloud.google.com/kubernetes-engine/docs/how-to/latest/network-isolation
guide: [no-private-clusters]
why: |
  Looks at whether the GKE control plane has a public endpoint, and at whether its nodes have external addresses, pool by pool. The hybrid
  mesh of Cloud Service Mesh does not support private clusters: the other clusters' control planes could not reach the API
  server, and its own istiod could not reach theirs without NAT. Fails on either, and says which it is. Where Google
  cannot be asked, nodes without external addresses and a private address in the kubeconfig are warned of, and nothing passes.
---*/
WITH nodes AS (
  SELECT cluster, count(*) AS ready, count(nullif(external_ip, '')) AS external FROM node WHERE ready = 1 GROUP BY cluster
),
seen AS (
  SELECT
    c.cluster, coalesce(p.platform, nullif(c.declared_platform, ''), CASE WHEN g.cluster IS NOT NULL THEN 'gke' END) AS platform,
    g.name, g.location, g.project, g.private_node_pools, g.public_node_pools,
    CASE
      WHEN g.public_endpoint_enabled = 0 AND g.private_node_pools <> '[]' THEN 'both'
      WHEN g.public_endpoint_enabled = 0 THEN 'endpoint'
      WHEN g.private_node_pools <> '[]' AND g.public_node_pools <> '[]' THEN 'pools'
      WHEN g.private_node_pools <> '[]' THEN 'nodes'
      WHEN g.private_nodes_default = 1 THEN 'default'
      WHEN g.public_endpoint_enabled = 1 AND g.private_node_pools = '[]' AND g.private_nodes_default = 0 THEN 'public'
      WHEN g.cluster IS NULL AND n.ready > 0 AND n.external = 0 THEN 'likely'
      WHEN g.cluster IS NULL AND c.server_kind = 'private' THEN 'address'
      ELSE 'unread'
    END AS finding
  FROM cluster AS c
  LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
  LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
  LEFT JOIN nodes AS n ON n.cluster = c.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN platform <> 'gke' THEN 'not_applicable'
    WHEN platform IS NULL THEN 'unknown'
    WHEN finding = 'public' THEN 'pass'
    WHEN finding IN ('likely', 'address') THEN 'warning'
    WHEN finding IN ('endpoint', 'both', 'nodes', 'pools', 'default') THEN 'fail'
    ELSE 'unknown'
  END AS status,
  CASE
    WHEN platform <> 'gke' THEN platform
    WHEN finding = 'public' THEN 'public endpoint and nodes'
    WHEN finding IN ('endpoint', 'both') THEN 'no public endpoint'
    WHEN finding IN ('nodes', 'pools') THEN 'private nodes in ' || private_node_pools
    ELSE 'nothing that decides'
  END AS observed,
  'a public endpoint, and nodes with external addresses' AS expected,
  CASE WHEN finding IN ('likely', 'address') THEN 'nodes and kubeconfig: Google was not asked, or gave no answer' ELSE 'container.googleapis.com: clusters.list' END AS evidence,
  finding AS reason,
  (SELECT group_concat(value, ', ') FROM json_each(private_node_pools)) AS private_pools,
  (SELECT group_concat(value, ', ') FROM json_each(public_node_pools)) AS public_pools,
  (SELECT value FROM json_each(private_node_pools) LIMIT 1) AS first_pool,
  name, location, project,
  (SELECT CASE fleet_project WHEN '' THEN 'PROJECT' ELSE fleet_project END FROM mesh) AS fleet
FROM seen
