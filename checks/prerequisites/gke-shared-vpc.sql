/*---
id: gke-shared-vpc
title: The GKE cluster is in a shared VPC
severity: error
subject: cluster
span: cluster
level: read
requires: [{check: gke-cluster-running, blocks: unknown}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
optional: [cluster_identity]
pass: "Project {project} belongs to the shared VPC of {host}"
fail:
  detached: "{subject} stands in a network of project {host}, but {project} is not attached to it: GKE can make no load balancer and no node there"
  not-host: "{subject} stands in a network of project {host}, which is no longer the host of a shared VPC"
warning: "{subject} is in a network of its own project {project}, which is no shared VPC: the documentation asks for one; clusters of one project reach each other all the same"
unknown:
  unread: "Whether the network of {subject} is a shared VPC is not known"
not_applicable: "Not a GKE cluster"
remedy:
  detached: "gcloud compute shared-vpc associated-projects add {project} --host-project={host}"
  not-host: "gcloud compute shared-vpc enable {host} && gcloud compute shared-vpc associated-projects add {project} --host-project={host}"
  own: "gcloud compute shared-vpc enable {project}"
  unread: "gcloud compute shared-vpc get-host-project PROJECT"
docs: https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-shared-vpc
guide: [shared-vpc]
why: |
  Looks at the project that owns the cluster's network, and at whether Compute knows it as the host of a shared VPC to which the cluster's
  project is attached. Cloud Service Mesh asks for a shared VPC; clusters of one project on one network of their own work too,
  which is why that is a warning. Fails where the cluster stands in another project's network and the two are not (any more) attached.
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN coalesce(p.platform, nullif(c.declared_platform, '')) <> 'gke' THEN 'not_applicable'
    WHEN g.shared_vpc = 0 AND g.vpc_host_project = g.project THEN 'warning'
    WHEN g.shared_vpc = 0 OR g.attached_to_host = 0 THEN 'fail'
    WHEN g.shared_vpc = 1 AND g.attached_to_host = 1 THEN 'pass'
    ELSE 'unknown'
  END AS status,
  CASE g.shared_vpc WHEN 1 THEN 'shared by ' || g.vpc_host_project WHEN 0 THEN 'not shared' ELSE 'nothing' END AS observed,
  'a shared VPC' AS expected,
  'compute.googleapis.com: getXpnHost' AS evidence,
  CASE
    WHEN g.shared_vpc = 0 AND g.vpc_host_project = g.project THEN 'own'
    WHEN g.shared_vpc = 0 THEN 'not-host'
    WHEN g.attached_to_host = 0 THEN 'detached'
    ELSE 'unread'
  END AS reason,
  g.project,
  g.vpc_host_project AS host
FROM cluster AS c
LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
