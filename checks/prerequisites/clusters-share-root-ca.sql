/*---
id: clusters-share-root-ca
title: Every cluster trusts the same root certificate
severity: error
subject: cluster
span: mesh
level: read
requires: [{check: root-ca-custom, when: failed}, {check: cacerts-loaded, when: failed}, root-ca-valid]
pass: "Trusts {root}, as {same}"
fail: "{subject} trusts {root}, {others}: {how}; each side refuses the other's workloads (TLS alert unknown_ca)"
warning: "{subject} trusts {root}, {others}: {how}"
unknown: "No root was observed of {unseen}"
not_applicable: "There is no other cluster to share a root with"
remedy:
  odd: "kubectl {flags} -n istio-system create secret generic cacerts --from-file=ca-cert.pem --from-file=ca-key.pem --from-file=root-cert.pem --from-file=cert-chain.pem --dry-run=client -o yaml | kubectl {flags} apply -f - && kubectl {flags} -n istio-system rollout restart deployment -l app=istiod && kubectl {flags} -n istio-system rollout restart deployment -l istio=eastwestgateway"
  tie: |
    Choose the root to keep. Only the clusters without it change: each gets an intermediate of that root.
    {commands}
shell: [flags, commands]
docs: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
guide: [same-root]
why: |
  Compares the root bundles (ConfigMap istio-system/istio-ca-root-cert) of all clusters by the SHA-256 of each whole certificate.
  Names prove nothing: the roots that istiod makes for itself are all called O=cluster.local, and a root that was generated a second
  time bears the name of the first. Two clusters without a common root refuse each other's workloads.
  Fails for the clusters that differ from the majority, and for all of them where there is no majority. Warns while
  bundles overlap without being equal, which is what a rotation looks like half-way, and where a certificate was issued
  anew for the same key: that verifies, as long as the key identifiers agree.
  Mend: sign an intermediate for the odd cluster with the root that the others have, put it into cacerts (ca-cert.pem is the
  intermediate, ca-key.pem its key, cert-chain.pem the intermediate and the root, root-cert.pem the root), and restart
  istiod, then gateways and workloads.
---*/
WITH
-- Clusters whose bundles hold the same certificates form a group.
bundle AS (
  SELECT
    cluster, group_concat(fingerprint, ' ') AS fingerprints, min(name) AS name,
    CASE count(*)
      WHEN 1 THEN 'root ' || CASE WHEN length(fingerprint) > 12 THEN substr(fingerprint, 1, 4) || '…' || substr(fingerprint, -4) ELSE fingerprint END
      ELSE count(*) || ' roots'
    END AS root,
    group_concat('sha256 ' || fingerprint || ' ' || name || ' until ' || strftime('%Y-%m-%d', not_after, 'unixepoch'), '; ') AS words
  FROM (SELECT cluster, fingerprint, name, not_after FROM root_certificate ORDER BY cluster, fingerprint)
  GROUP BY cluster
),
party AS (
  SELECT
    fingerprints, min(cluster) AS speaker, count(*) AS size, root, words,
    CASE WHEN count(*) > 4 THEN count(*) || ' clusters' ELSE group_concat(cluster, ', ') END AS members
  FROM bundle
  GROUP BY fingerprints
),
-- The group that is larger than any other; none where there is a tie.
majority AS (
  SELECT * FROM party AS p
  WHERE NOT EXISTS (SELECT 1 FROM party AS o WHERE o.fingerprints <> p.fingerprints AND o.size >= p.size)
),
-- What each group has in common with those that it is held against: the majority, or all others where there is none.
compared AS (
  SELECT
    p.fingerprints, o.members, o.root, o.size,
    CASE
      WHEN EXISTS (
        SELECT 1 FROM root_certificate AS x JOIN root_certificate AS y ON y.cluster = o.speaker AND y.fingerprint = x.fingerprint
        WHERE x.cluster = p.speaker
      ) THEN 'overlap'
      WHEN EXISTS (
        SELECT 1 FROM root_certificate AS x JOIN root_certificate AS y ON y.cluster = o.speaker AND y.key_fingerprint = x.key_fingerprint
        WHERE x.cluster = p.speaker
      ) THEN 'same key'
      WHEN EXISTS (
        SELECT 1 FROM root_certificate AS x JOIN root_certificate AS y ON y.cluster = o.speaker AND y.name = x.name
        WHERE x.cluster = p.speaker
      ) THEN 'same name'
      ELSE 'nothing'
    END AS common
  FROM party AS p
  JOIN party AS o ON o.fingerprints <> p.fingerprints
  WHERE o.fingerprints IN (SELECT fingerprints FROM majority) OR NOT EXISTS (SELECT 1 FROM majority)
),
differing AS (
  SELECT
    fingerprints,
    group_concat(members || CASE size WHEN 1 THEN ' trusts ' ELSE ' trust ' END || root, ', ') AS others,
    max(common = 'nothing') AS no_trace, max(common = 'same name') AS same_name, max(common = 'same key') AS same_key
  FROM (SELECT * FROM compared ORDER BY members)
  GROUP BY fingerprints
),
-- Where nobody is in the majority: what changes each of them, one of which is to be left out.
choice AS (
  SELECT group_concat(command, char(10)) AS commands FROM (
    SELECT '# to change ' || name || ':' || char(10)
      || 'kubectl ' || flags || ' -n istio-system create secret generic cacerts --from-file=ca-cert.pem --from-file=ca-key.pem --from-file=root-cert.pem --from-file=cert-chain.pem --dry-run=client -o yaml | kubectl ' || flags || ' apply -f - && kubectl ' || flags || ' -n istio-system rollout restart deployment -l app=istiod && kubectl ' || flags || ' -n istio-system rollout restart deployment -l istio=eastwestgateway' AS command
    FROM (
      SELECT replace(replace(cluster, char(10), ' '), char(13), ' ') AS name, flags FROM cluster
      WHERE (SELECT count(*) FROM cluster) <= 6
      UNION ALL SELECT 'a cluster', '--context CLUSTER' WHERE (SELECT count(*) FROM cluster) > 6
    )
    ORDER BY name
  )
),
seen AS (
  SELECT
    c.cluster, c.flags, b.fingerprints, b.root, b.name, b.words,
    (SELECT count(*) FROM cluster) AS clusters,
    (SELECT group_concat(o.cluster, ', ') FROM cluster AS o WHERE o.cluster NOT IN (SELECT cluster FROM bundle)) AS unseen
  FROM cluster AS c
  LEFT JOIN bundle AS b ON b.cluster = c.cluster
)
SELECT
  s.cluster AS subject,
  CASE
    WHEN s.clusters = 1 THEN 'not_applicable'
    WHEN s.unseen IS NOT NULL THEN 'unknown'
    WHEN s.fingerprints IN (SELECT fingerprints FROM majority) THEN 'pass'
    WHEN d.no_trace OR d.same_name THEN 'fail'
    WHEN d.others IS NOT NULL THEN 'warning'
  END AS status,
  coalesce(s.words, 'no root certificate') AS observed,
  coalesce((SELECT words FROM majority), 'the same root in all ' || s.clusters || ' clusters') AS expected,
  'ConfigMap istio-system/istio-ca-root-cert, key root-cert.pem' AS evidence,
  coalesce(s.root, '') AS root,
  CASE
    WHEN s.clusters = 2 THEN 'the other cluster does'
    WHEN (SELECT size FROM party WHERE fingerprints = s.fingerprints) = s.clusters THEN 'all ' || s.clusters || ' clusters do'
    ELSE 'most clusters do'
  END AS same,
  coalesce(d.others, '') AS others,
  CASE
    WHEN d.same_name THEN 'the same name (' || s.name || '), but another certificate and another key'
    WHEN d.no_trace THEN 'they have no root in common'
    WHEN d.same_key THEN 'the certificate was issued anew for the same key, so chains verify for now; bring the same certificate everywhere'
    ELSE 'the bundles overlap, as in a rotation; every cluster must have all the roots before anything is issued by the new one'
  END AS how,
  coalesce(s.unseen, '') AS unseen,
  CASE
    WHEN s.unseen IS NOT NULL THEN 'unseen'
    WHEN EXISTS (SELECT 1 FROM majority) THEN 'odd'
    ELSE 'tie'
  END AS reason,
  (SELECT commands FROM choice) AS commands,
  s.flags
FROM seen AS s
LEFT JOIN differing AS d ON d.fingerprints = s.fingerprints
