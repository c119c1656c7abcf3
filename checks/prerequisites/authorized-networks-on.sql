/*---
id: authorized-networks-on
title: The GKE control plane admits listed networks only
severity: warning
subject: cluster
span: cluster
level: read
requires: [{check: gke-cluster-running, blocks: unknown}]
optional: [cluster_identity]
pass: "Authorized networks are on"
warning:
  off: "Everybody on the internet may knock at the control plane of {subject}: authorized networks are off"
  everybody: "The authorized networks of {subject} have a range for everybody: {world}"
  google: "The control plane of {subject} admits every public address of Google Cloud, other customers' among them, beside its list"
unknown: "Whether the control plane of {subject} has authorized networks is not known"
not_applicable: "Not a GKE cluster"
remedy:
  off: "gcloud container clusters update {name} --location={location} --project={project} --enable-master-authorized-networks --master-authorized-networks=YOUR-ADDRESS/32,EGRESS-OF-THE-OTHER-CLUSTERS"
  everybody: "gcloud container clusters update {name} --location={location} --project={project} --enable-master-authorized-networks --master-authorized-networks=YOUR-ADDRESS/32,EGRESS-OF-THE-OTHER-CLUSTERS"
  google: "gcloud container clusters update {name} --location={location} --project={project} --no-enable-google-cloud-access"
docs: https://cloud.google.com/kubernetes-engine/docs/how-to/authorized-networks
guide: [authorized-networks]
why: |
  Looks at whether the control plane admits only listed networks. The documentation recommends it: with remote secrets in every cluster, a
  stolen token opens an API server to whoever can reach it. Whether the list lets the other clusters in is
  another question (authorized-networks-admit-peers).
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN coalesce(p.platform, nullif(c.declared_platform, '')) <> 'gke' THEN 'not_applicable'
    WHEN g.cluster IS NULL THEN 'unknown'
    WHEN g.authorized_networks_enabled = 0 THEN 'warning'
    WHEN EXISTS (SELECT 1 FROM json_each(g.authorized_networks) AS a WHERE a.value LIKE '%/0') THEN 'warning'
    WHEN g.google_public_cidrs = 1 THEN 'warning'
    WHEN g.authorized_networks_enabled = 1 AND g.google_public_cidrs = 0 THEN 'pass'
  END AS status,
  CASE g.authorized_networks_enabled WHEN 1 THEN g.authorized_networks WHEN 0 THEN 'off' ELSE 'nothing' END AS observed,
  'on, with a list' AS expected,
  'container.googleapis.com: authorizedNetworksConfig' AS evidence,
  CASE
    WHEN g.authorized_networks_enabled = 0 THEN 'off'
    WHEN EXISTS (SELECT 1 FROM json_each(g.authorized_networks) AS a WHERE a.value LIKE '%/0') THEN 'everybody'
    ELSE 'google'
  END AS reason,
  (SELECT group_concat(a.value, ', ') FROM json_each(g.authorized_networks) AS a WHERE a.value LIKE '%/0') AS world,
  g.name, g.location, g.project
FROM cluster AS c
LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
