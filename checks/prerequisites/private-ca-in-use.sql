/*---
id: private-ca-in-use
title: The cluster trusts the roots of Google's CA service that issues its certificates
severity: error
subject: cluster
span: cluster
level: read
requires: [{check: private-ca-shared, when: failed}, {check: istiod-ready, blocks: unknown}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
pass: "Proxies of {subject} trust every root of {pool}"
fail: "{subject} gets its certificates from {pool}, and its proxies trust another root: whoever has a new certificate is refused by whoever has not"
warning: "{subject} gets its certificates from {pool}, and its proxies trust {trusted} of its {total} roots: what the others sign is refused"
unknown:
  issuer: "Who issues the certificates of {subject} is not known, or from which pool they come"
  unread: "The roots of {pool}, from which {subject} gets its certificates, are not known"
  bundle: "What the proxies of {subject} trust was not seen"
not_applicable: "Its certificates do not come from Google's Certificate Authority Service"
remedy: "kubectl {flags} -n istio-system rollout restart deployment -l app=istiod && kubectl {flags} get configmaps --all-namespaces --field-selector metadata.name=istio-ca-root-cert    # then restart the workloads and the gateways"
shell: [flags]
data: [trusted, total]
docs: https://cloud.google.com/certificate-authority-service/docs/ca-pool
why: |
  A cluster can be told to get its certificates from a pool of Google's Certificate Authority Service while the root that is handed out to
  its proxies is still another authority's: istiod was not restarted, or somebody keeps the ConfigMap. What runs goes on; what is
  restarted gets a certificate that the others refuse. Compares the pool's roots with the ConfigMap istio-ca-root-cert, by fingerprint.
---*/
WITH issuer AS (
  SELECT cluster, group_concat(DISTINCT ca_kind) AS kinds, count(*) = count(ca_kind) AS known
  FROM istiod
  WHERE namespace = 'istio-system' AND bundled = 0
  GROUP BY cluster
),
seen AS (
  SELECT
    c.cluster, c.flags, p.cluster AS pooled, p.pool, p.roots, i.known, i.kinds,
    (SELECT count(*) FROM root_certificate AS r WHERE r.cluster = c.cluster) AS bundled,
    (SELECT count(*) FROM json_each(p.roots)) AS total,
    (SELECT count(*) FROM json_each(p.roots) AS j WHERE j.value IN (SELECT r.fingerprint FROM root_certificate AS r WHERE r.cluster = c.cluster)) AS trusted
  FROM cluster AS c
  LEFT JOIN issuer AS i ON i.cluster = c.cluster
  LEFT JOIN private_ca_pool AS p ON p.cluster = c.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN pooled IS NULL AND known = 1 AND kinds NOT LIKE '%cas%' AND kinds NOT LIKE '%gke%' THEN 'not_applicable'
    WHEN roots IS NULL OR total = 0 OR bundled = 0 THEN 'unknown'
    WHEN trusted = 0 THEN 'fail'
    WHEN trusted < total THEN 'warning'
    WHEN trusted = total THEN 'pass'
  END AS status,
  trusted || ' of ' || total || ' roots of the pool' AS observed,
  'all of them' AS expected,
  'privateca.googleapis.com: caPools.fetchCaCerts; ConfigMap istio-system/istio-ca-root-cert' AS evidence,
  CASE WHEN pooled IS NULL THEN 'issuer' WHEN roots IS NULL OR total = 0 THEN 'unread' ELSE 'bundle' END AS reason,
  pool,
  trusted,
  total,
  flags
FROM seen
