/*---
id: gke-standard
title: The GKE cluster is a Standard cluster
severity: error
subject: cluster
span: cluster
level: read
requires: [{check: gke-cluster-running, blocks: unknown}]
optional: [cluster_identity]
pass: "A Standard cluster"
fail: "{name} is an Autopilot cluster: an in-cluster control plane of Cloud Service Mesh is not supported there"
unknown: "Whether {subject} is an Autopilot cluster is not known"
not_applicable: "Not a GKE cluster"
remedy: "gcloud container clusters create NEW --location={location} --project={project} --network={network} --subnetwork={subnetwork} --workload-pool={project}.svc.id.goog    # the mode of a cluster cannot be changed"
docs: https://cloud.google.com/kubernetes-engine/docs/concepts/choose-cluster-mode
why: |
  Looks at whether GKE runs the cluster in the mode Autopilot. The hybrid mesh joins in-cluster control planes with Istio APIs, which
  Cloud Service Mesh supports on GKE Standard only: Autopilot forbids what istiod's own installation needs.
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN coalesce(p.platform, nullif(c.declared_platform, '')) <> 'gke' THEN 'not_applicable'
    WHEN g.autopilot = 1 THEN 'fail'
    WHEN g.autopilot = 0 THEN 'pass'
    ELSE 'unknown'
  END AS status,
  CASE g.autopilot WHEN 1 THEN 'Autopilot' WHEN 0 THEN 'Standard' ELSE 'nothing' END AS observed,
  'Standard' AS expected,
  'container.googleapis.com: autopilot.enabled' AS evidence,
  g.name, g.location, g.project,
  g.vpc_network AS network,
  g.subnetwork
FROM cluster AS c
LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
