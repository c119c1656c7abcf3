/*---
id: ranges-do-not-overlap
title: Ranges of addresses do not overlap on the way between clusters
severity: error
subject: cluster_pair
span: pair
level: read
requires: [{check: gke-cluster-running, of: source, blocks: unknown}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
optional: [cluster_identity, google_cluster]
pass: "What {source} uses and what {target} can be reached at are apart"
fail: "{a_kind} of {source} have the range {a_range}, and {b_kind} of {target} is in it ({b_range}): packets from {source} to it stay in {source}'s own network"
unknown: "Not all ranges of {source} and {target} are known: {missing}"
not_applicable: "Not a way between GKE and another network"
remedy: "gcloud container clusters list --project={fleet} --format='table(name,clusterIpv4Cidr,servicesIpv4Cidr)'    # a range cannot be changed: choose another address on the side of {target}, or make {source} anew with other ranges"
docs: https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips
guide: [addresses-reachable]
why: |
  Compares the ranges of a GKE cluster's pods, Services and nodes with the addresses at which a cluster of another network must be reached: its
  control plane, its gateway, its nodes. Where they overlap, GKE's network takes the packet for its own and it never leaves. Overlaps
  that harm nothing are left alone: pods behind gateways may have the same addresses in every cluster.
---*/
WITH platform AS MATERIALIZED (
  SELECT
    c.cluster, coalesce(p.platform, nullif(c.declared_platform, ''), CASE WHEN g.cluster IS NOT NULL THEN 'gke' END) AS platform,
    r.known, r.missing
  FROM cluster AS c
  LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
  LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
  LEFT JOIN range_known AS r ON r.cluster = c.cluster
),
-- The first of each pair is told: SQLite takes the other columns from the row that has the minimum.
overlap AS MATERIALIZED (
  SELECT
    source, target, a_kind, a_range, b_kind, b_range,
    min(a_kind || ' ' || a_range || ' ' || b_kind || ' ' || b_range) AS first
  FROM range_overlap
  GROUP BY source, target
)
SELECT
  p.source || ' → ' || p.target AS subject,
  CASE
    WHEN s.platform <> 'gke' OR t.platform = 'gke' THEN 'not_applicable'
    WHEN o.source IS NOT NULL THEN 'fail'
    WHEN s.platform = 'gke' AND t.platform IS NOT NULL AND s.known = 1 AND t.known = 1 THEN 'pass'
    ELSE 'unknown'
  END AS status,
  CASE WHEN o.source IS NOT NULL THEN o.a_range || ' and ' || o.b_range ELSE 'no overlap that breaks a way' END AS observed,
  'none' AS expected,
  'ranges of clusters, subnetworks and load balancers' AS evidence,
  p.source,
  p.target,
  CASE o.a_kind WHEN 'pods' THEN 'The pods' WHEN 'services' THEN 'The Services' WHEN 'nodes' THEN 'The nodes' ELSE 'The control plane' END AS a_kind,
  o.a_range,
  CASE o.b_kind WHEN 'nodes' THEN 'a node' WHEN 'control-plane' THEN 'the control plane' WHEN 'gateway' THEN 'the gateway' WHEN 'ingress' THEN 'the ingress' ELSE 'the load balancer''s pool' END AS b_kind,
  o.b_range,
  coalesce(
    (SELECT group_concat(value, ', ') FROM (SELECT value FROM json_each(s.missing) UNION SELECT value FROM json_each(t.missing))),
    'nothing that names them') AS missing,
  (SELECT CASE fleet_project WHEN '' THEN 'PROJECT' ELSE fleet_project END FROM mesh) AS fleet
FROM cluster_pair AS p
JOIN platform AS s ON s.cluster = p.source
JOIN platform AS t ON t.cluster = p.target
LEFT JOIN overlap AS o ON o.source = p.source AND o.target = p.target
