/*---
id: gke-workload-identity
title: Workload Identity Federation is on in the GKE cluster
severity: warning
subject: cluster
span: cluster
level: read
requires: [{check: gke-cluster-running, blocks: unknown}]
optional: [cluster_identity]
pass: "Workload pool {pool}, metadata server in all node pools"
warning:
  off: "{name} has no workload pool: Google's side of the mesh cannot tell its workloads apart, and asmcli refuses such a cluster"
  pools: "The node pools {pools} of {name} run without GKE's metadata server: pods there act with the node's identity"
  foreign: "The workload pool of {name} is {pool}, not that of its own project: {project}.svc.id.goog"
unknown: "Whether {subject} has Workload Identity Federation is not known"
not_applicable: "Not a GKE cluster"
remedy:
  off: "gcloud container clusters update {name} --location={location} --project={project} --workload-pool={project}.svc.id.goog"
  pools: "gcloud container node-pools update {first_pool} --cluster={name} --location={location} --project={project} --workload-metadata=GKE_METADATA    # likewise every pool of {pools}"
  foreign: "gcloud container clusters update {name} --location={location} --project={project} --workload-pool={project}.svc.id.goog"
docs: https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
why: |
  Looks at the cluster's workload pool and at the metadata server of each node pool. Cloud Service Mesh needs Workload Identity Federation on
  GKE: the mesh's own agents authenticate with it, and without it telemetry and Google's certificate authorities do not work. Traffic
  between workloads with Istio's own CA does not depend on it, so this is a warning.
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN coalesce(p.platform, nullif(c.declared_platform, '')) <> 'gke' THEN 'not_applicable'
    WHEN g.cluster IS NULL THEN 'unknown'
    WHEN g.workload_pool = g.project || '.svc.id.goog' AND g.pools_without_metadata_server = '[]' THEN 'pass'
    ELSE 'warning'
  END AS status,
  coalesce('pool "' || g.workload_pool || '", without metadata server: ' || g.pools_without_metadata_server, 'nothing') AS observed,
  g.project || '.svc.id.goog, and GKE_METADATA in all node pools' AS expected,
  'container.googleapis.com: workloadIdentityConfig, workloadMetadataConfig' AS evidence,
  CASE
    WHEN g.workload_pool = '' THEN 'off'
    WHEN g.workload_pool <> g.project || '.svc.id.goog' THEN 'foreign'
    ELSE 'pools'
  END AS reason,
  g.workload_pool AS pool,
  (SELECT group_concat(value, ', ') FROM json_each(g.pools_without_metadata_server)) AS pools,
  (SELECT value FROM json_each(g.pools_without_metadata_server) LIMIT 1) AS first_pool,
  g.name, g.location, g.project
FROM cluster AS c
LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
