/*---
id: gke-cluster-running
title: GKE says that the cluster is running
severity: error
subject: cluster
span: cluster
level: read
requires: [{check: api-answers, blocks: unknown}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
optional: [cluster_identity]
pass: "{name} in {location} of project {project} is RUNNING"
fail: "GKE says that {name} is {state}{added}"
warning: "GKE says that {name} is {state}{added}: what is read of it now may change in a moment"
unknown:
  unrecognised: "What GKE says of {subject} was not read. Where it is only not told which cluster it is there, name it in mesh.yaml, googleCluster: projects/PROJECT/locations/LOCATION/clusters/NAME"
  unstated: "GKE states no status of {name}"
not_applicable: "Not a GKE cluster"
remedy:
  unrecognised: "gcloud container clusters list --project={fleet} --format='table(name,location,endpoint)'"
  state: "gcloud container clusters describe {name} --location={location} --project={project} --format='yaml(status,conditions)'"
  unstated: "gcloud container clusters describe {name} --location={location} --project={project} --format='yaml(status,conditions)'"
docs: https://cloud.google.com/kubernetes-engine/docs/troubleshooting
why: |
  Looks at the status that GKE itself gives the cluster. A cluster that is degraded, in error or being deleted may answer for a while,
  and lose what is built on it; one that is being reconciled changes under the checks. Also says which GKE cluster the kubeconfig
  leads to: where that is not known, nothing that only Google knows of it is.
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN coalesce(p.platform, nullif(c.declared_platform, '')) <> 'gke' THEN 'not_applicable'
    WHEN g.cluster IS NULL THEN 'unknown'
    WHEN g.status = 'RUNNING' THEN 'pass'
    WHEN g.status IN ('', 'STATUS_UNSPECIFIED') THEN 'unknown'
    WHEN g.status IN ('PROVISIONING', 'STOPPING', 'ERROR', 'DEGRADED') THEN 'fail'
    ELSE 'warning'
  END AS status,
  coalesce(nullif(g.status, ''), 'nothing') AS observed,
  'RUNNING' AS expected,
  coalesce('recognised by: ' || (SELECT group_concat(value, '; ') FROM json_each(g.recognised_by)), 'container.googleapis.com: clusters.list') AS evidence,
  CASE WHEN g.cluster IS NULL THEN 'unrecognised' WHEN g.status IN ('', 'STATUS_UNSPECIFIED') THEN 'unstated' ELSE 'state' END AS reason,
  g.name, g.location, g.project,
  g.status AS state,
  CASE g.status_detail WHEN '' THEN '' ELSE ' (' || g.status_detail || ')' END AS added,
  (SELECT CASE fleet_project WHEN '' THEN 'PROJECT' ELSE fleet_project END FROM mesh) AS fleet
FROM cluster AS c
LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
