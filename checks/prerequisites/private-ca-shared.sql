/*---
id: private-ca-shared
title: Clusters with certificates of Google's CA service have the same roots
severity: error
subject: cluster
span: mesh
level: read
requires: [{check: istiod-ready, blocks: unknown}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
pass: "The roots of {pool}, as all others"
fail: "{subject} gets its certificates from {pool}, whose roots are not those of {others}: their workloads refuse each other"
unknown:
  issuer: "Who issues the certificates of {subject} is not known, or from which pool they come"
  unread: "The roots of {pool}, from which {subject} gets its certificates, are not known"
  others: "The roots of {unread_ones} are not known: whether they are those of {pool} is open"
not_applicable: "Its certificates do not come from Google's Certificate Authority Service"
remedy: "gcloud privateca roots list --location=- --project={project}    # all clusters of one mesh need pools with the same root, best one pool"
docs: https://cloud.google.com/certificate-authority-service/docs/ca-pool
guide: [same-root]
why: |
  Where certificates come from Google's Certificate Authority Service, compares the root certificates of the clusters' pools by fingerprint. Two
  pools with roots of their own make two meshes: mutual TLS fails in both directions. Pools under one root are fine.
---*/
WITH issuer AS (
  SELECT cluster, group_concat(DISTINCT ca_kind) AS kinds, count(*) = count(ca_kind) AS known
  FROM istiod
  WHERE namespace = 'istio-system' AND bundled = 0
  GROUP BY cluster
),
counted AS (
  SELECT count(DISTINCT roots) AS kinds, group_concat(CASE WHEN roots IS NULL THEN pool END, ', ') AS unread_ones FROM private_ca_pool
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN p.cluster IS NULL AND i.known = 1 AND i.kinds NOT LIKE '%cas%' AND i.kinds NOT LIKE '%gke%' THEN 'not_applicable'
    WHEN p.roots IS NULL OR p.roots = '[]' THEN 'unknown'
    WHEN n.kinds > 1 THEN 'fail'
    WHEN n.unread_ones IS NOT NULL THEN 'unknown'
    WHEN n.kinds = 1 THEN 'pass'
  END AS status,
  coalesce(p.roots, 'nothing') AS observed,
  'the same roots everywhere' AS expected,
  'privateca.googleapis.com: caPools.fetchCaCerts' AS evidence,
  CASE WHEN p.cluster IS NULL THEN 'issuer' WHEN p.roots IS NULL OR p.roots = '[]' THEN 'unread' ELSE 'others' END AS reason,
  p.pool,
  n.unread_ones,
  (SELECT group_concat(o.cluster, ', ') FROM private_ca_pool AS o WHERE o.roots <> p.roots) AS others,
  (SELECT CASE fleet_project WHEN '' THEN 'PROJECT' ELSE fleet_project END FROM mesh) AS project
FROM cluster AS c
CROSS JOIN counted AS n
LEFT JOIN issuer AS i ON i.cluster = c.cluster
LEFT JOIN private_ca_pool AS p ON p.cluster = c.cluster
