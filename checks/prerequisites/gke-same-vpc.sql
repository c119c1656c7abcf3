/*---
id: gke-same-vpc
title: GKE clusters are on one VPC network
severity: error
subject: cluster
span: mesh
level: read
requires: [{check: gke-cluster-running, blocks: unknown}]
optional: [cluster_identity]
pass: "VPC network {vpc}, as all GKE clusters of the mesh"
fail: "{subject} is on the VPC network {vpc}, other GKE clusters are on {others}"
unknown:
  own: "The VPC network of {subject} is not known: it is not in the cluster itself"
  others: "{subject} is on {vpc}; the networks of {unseen} are not known"
not_applicable: "Not a GKE cluster"
remedy:
  moved: "gcloud container clusters create NEW --location={location} --project={project} --network={wanted} --subnetwork=SUBNETWORK    # a cluster's network cannot be changed: it has to be made anew"
  own: "gcloud container clusters list --project={fleet} --format='table(name,location,networkConfig.network)'"
  others: "gcloud container clusters list --project={fleet} --format='table(name,location,networkConfig.network)'"
docs: https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-shared-vpc
guide: [shared-vpc]
why: |
  Compares networkConfig.network of all GKE clusters of the mesh: the full name with the host project, because short names such as
  default repeat in every project. Cloud Service Mesh asks that GKE clusters of one mesh be on the same network of a shared VPC
  (gke-shared-vpc looks at that). A cluster's network cannot be changed: a cluster on the wrong one has to be created anew.
---*/
WITH gke AS (
  SELECT
    c.cluster, coalesce(p.platform, nullif(c.declared_platform, ''), CASE WHEN g.cluster IS NOT NULL THEN 'gke' END) AS platform,
    g.vpc_network, g.name, g.location, g.project
  FROM cluster AS c
  LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
  LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
),
counted AS (
  SELECT
    count(DISTINCT CASE WHEN platform = 'gke' THEN vpc_network END) AS networks,
    group_concat(CASE WHEN platform IS NULL OR (platform = 'gke' AND vpc_network IS NULL) THEN cluster END, ', ') AS unseen
  FROM gke
),
-- The network of most clusters is the one to be on.
favourite AS (
  SELECT vpc_network FROM gke WHERE vpc_network <> '' GROUP BY vpc_network ORDER BY count(*) DESC, vpc_network LIMIT 1
)
SELECT
  k.cluster AS subject,
  CASE
    WHEN k.platform <> 'gke' THEN 'not_applicable'
    WHEN coalesce(k.vpc_network, '') = '' THEN 'unknown'
    WHEN n.networks > 1 THEN 'fail'
    WHEN n.unseen IS NOT NULL THEN 'unknown'
    WHEN n.networks = 1 THEN 'pass'
  END AS status,
  CASE WHEN k.platform <> 'gke' THEN k.platform ELSE coalesce(k.vpc_network, 'nothing') END AS observed,
  'one network for all GKE clusters' AS expected,
  'container.googleapis.com: networkConfig.network' AS evidence,
  CASE WHEN coalesce(k.vpc_network, '') = '' THEN 'own' WHEN n.networks > 1 THEN 'moved' ELSE 'others' END AS reason,
  coalesce(k.vpc_network, '') AS vpc,
  (
    SELECT group_concat(vpc_network, ', ')
    FROM (SELECT DISTINCT o.vpc_network FROM gke AS o WHERE o.platform = 'gke' AND o.vpc_network <> k.vpc_network ORDER BY 1)
  ) AS others,
  n.unseen,
  (SELECT vpc_network FROM favourite) AS wanted,
  k.name, k.location, k.project,
  (SELECT CASE fleet_project WHEN '' THEN 'PROJECT' ELSE fleet_project END FROM mesh) AS fleet
FROM gke AS k
CROSS JOIN counted AS n
