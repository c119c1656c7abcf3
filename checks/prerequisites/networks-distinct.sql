/*---
id: networks-distinct
title: Clusters that cannot reach each other's pods are on different networks
severity: error
subject: cluster
span: mesh
level: read
requires: [clusters-distinct, network-identity-consistent]
optional: [google_cluster]
pass:
  own: "Network {own}, which no other cluster has"
  shared: "Network {own}, shared with {mates}: GKE clusters on one VPC network, where pods reach each other"
fail: "{subject} is on the network {own}, and so is {twins}: istiod takes their pods to be mutually reachable and sends traffic straight to pod addresses, past the gateways"
unknown: "{finding}"
remedy: "kubectl {flags} label namespace istio-system topology.istio.io/network={subject}-network --overwrite    # then reinstall the control plane and the gateway with --network_id {subject}-network, and restart the workloads"
shell: [flags]
docs: https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-multi-cluster
why: |
  Compares the label topology.istio.io/network of istio-system across clusters. Equal networks tell istiod that pods reach each
  other directly, so it never uses the gateways between them; where they do not, every request across hangs until it times
  out. The classic is two clusters on premises, both with asmcli's default network, "default". Fails where two clusters have the same
  network. Only GKE clusters on one VPC may share one rightly: for two of them Google's API says whether they are, and without it the
  check says unknown, because the VPC is not in the cluster (by hand: gcloud container clusters describe, networkConfig.network).
---*/
WITH identity AS (
  SELECT s.cluster, s.network, p.platform, g.vpc_network AS vpc
  FROM network_statement AS s
  LEFT JOIN cluster_identity AS p ON p.cluster = s.cluster
  LEFT JOIN google_cluster AS g ON g.cluster = s.cluster
  WHERE s.kind = 'namespace' AND s.network <> ''
),
seen AS (
  SELECT
    c.cluster, c.flags, i.network, i.platform,
    (
      SELECT group_concat(o.cluster, ', ') FROM identity AS o
      WHERE o.cluster <> c.cluster AND o.network = i.network AND o.vpc = i.vpc AND o.platform = 'gke' AND i.platform = 'gke'
    ) AS mates,
    (
      SELECT group_concat(o.cluster, ', ') FROM identity AS o
      WHERE o.cluster <> c.cluster AND o.network = i.network AND coalesce(o.vpc <> i.vpc OR o.platform <> 'gke' OR i.platform <> 'gke', 1)
    ) AS twins,
    (
      SELECT group_concat(o.cluster, ', ') FROM identity AS o
      WHERE o.cluster <> c.cluster AND o.network = i.network AND (o.platform <> 'gke' OR i.platform <> 'gke' OR o.vpc <> i.vpc)
    ) AS strangers,
    (SELECT group_concat(o.cluster, ', ') FROM cluster AS o WHERE o.cluster NOT IN (SELECT cluster FROM identity)) AS unseen
  FROM cluster AS c
  LEFT JOIN identity AS i ON i.cluster = c.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN network IS NULL THEN 'unknown'
    WHEN strangers IS NOT NULL THEN 'fail'
    WHEN twins IS NOT NULL OR unseen IS NOT NULL THEN 'unknown'
    WHEN network <> '' THEN 'pass'
  END AS status,
  coalesce(network, 'no network') AS observed,
  'a network of its own' AS expected,
  'Namespace istio-system, label topology.istio.io/network' AS evidence,
  CASE
    WHEN network IS NULL THEN 'The network of ' || cluster || ' was not observed'
    WHEN twins IS NOT NULL AND platform = 'gke' THEN cluster || ' shares the network ' || network || ' with ' || twins || ': right only if these GKE clusters are on one VPC, which cannot be seen from inside'
    WHEN twins IS NOT NULL THEN cluster || ' shares the network ' || network || ' with ' || twins || ', and their platform is not known: only GKE clusters on one VPC may'
    ELSE 'The network of ' || unseen || ' was not observed: it could be ' || network || ' too'
  END AS finding,
  CASE WHEN mates IS NULL THEN 'own' ELSE 'shared' END AS reason,
  coalesce(network, '') AS own,
  mates,
  coalesce(strangers, '') AS twins,
  flags
FROM seen
