/*---
id: trust-domain-shared
title: Every cluster accepts the others' trust domain
severity: error
subject: cluster
span: mesh
level: read
requires: [istiod-ready]
pass: "Trust domain {own}{agreement}"
fail: "{subject} has the trust domain {own}, and {gaps}: requests between them are refused (SAN list, TLS alert certificate_unknown)"
unknown: "{finding}"
not_applicable: "There is no other cluster to accept"
remedy: "kubectl {flags} -n istio-system edit configmap {configmap}    # trustDomain: {wanted}, or under trustDomainAliases what is missing; then restart istiod, gateways and workloads"
shell: [flags]
docs: https://istio.io/latest/docs/tasks/security/authorization/authz-td-migration/
why: |
  Compares trustDomain and trustDomainAliases in the mesh configuration of every cluster. A workload proves itself as
  spiffe://TRUST_DOMAIN/ns/…/sa/…; the server accepts identities of its own trust domain and of the aliases, and the client expects
  the server's identity under its own trust domain and its aliases. So for two clusters with different trust domains each one must
  name the other's as an alias: one direction alone carries no traffic. The classic is cluster.local (a plain Istio or the
  citadel overlay) beside PROJECT.svc.id.goog (Mesh CA). Fails for the clusters that differ from the majority and are not covered on both
  sides (in a tie, from that of the declared fleet), and for all where neither decides.
---*/
WITH config AS (
  SELECT c.cluster, m.trust_domain, m.trust_domain_aliases, m.revision, m.parse_error
  FROM cluster AS c
  JOIN wanted_revision AS w ON w.cluster = c.cluster
  JOIN mesh_config AS m ON m.cluster = c.cluster AND m.revision = w.revision
),
accepted(cluster, trust_domain) AS (
  SELECT cluster, trust_domain FROM config WHERE parse_error = ''
  UNION
  SELECT config.cluster, json_each.value FROM config, json_each(config.trust_domain_aliases) WHERE config.parse_error = ''
),
votes AS (
  SELECT trust_domain, count(*) AS clusters FROM config WHERE parse_error = '' GROUP BY trust_domain
),
-- What more clusters have than anything else; in a tie, what the declared fleet has.
majority AS (
  SELECT v.trust_domain
  FROM votes AS v
  CROSS JOIN mesh AS m
  WHERE NOT EXISTS (
    SELECT 1 FROM votes AS o
    WHERE o.trust_domain <> v.trust_domain
      AND (o.clusters > v.clusters OR (o.clusters = v.clusters AND v.trust_domain <> m.fleet_project || '.svc.id.goog'))
  )
),
-- A pair with different trust domains, and the direction that is not covered.
gap AS (
  SELECT
    a.cluster,
    group_concat(CASE
      WHEN x.cluster IS NULL THEN 'it does not accept ' || b.trust_domain || ' of ' || b.cluster
      ELSE b.cluster || ' (' || b.trust_domain || ') does not accept it'
    END, ', ') AS words
  FROM config AS a
  JOIN config AS b ON b.trust_domain <> a.trust_domain AND a.parse_error = '' AND b.parse_error = ''
  LEFT JOIN accepted AS x ON x.cluster = a.cluster AND x.trust_domain = b.trust_domain
  LEFT JOIN accepted AS y ON y.cluster = b.cluster AND y.trust_domain = a.trust_domain
  WHERE x.cluster IS NULL OR y.cluster IS NULL
  GROUP BY a.cluster
),
seen AS (
  SELECT
    c.cluster, c.flags, f.trust_domain, f.trust_domain_aliases, f.parse_error, f.revision, g.words AS gaps,
    (SELECT count(*) FROM cluster) AS clusters,
    (SELECT count(*) FROM votes) AS domains,
    (
      SELECT group_concat(o.cluster, ', ') FROM cluster AS o
      WHERE o.cluster NOT IN (SELECT cluster FROM config WHERE parse_error = '')
    ) AS unseen
  FROM cluster AS c
  LEFT JOIN config AS f ON f.cluster = c.cluster
  LEFT JOIN gap AS g ON g.cluster = c.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN clusters = 1 THEN 'not_applicable'
    WHEN unseen IS NOT NULL THEN 'unknown'
    WHEN gaps IS NOT NULL AND trust_domain NOT IN (SELECT trust_domain FROM majority) THEN 'fail'
    WHEN gaps IS NULL OR trust_domain IN (SELECT trust_domain FROM majority) THEN 'pass'
  END AS status,
  coalesce(trust_domain || CASE trust_domain_aliases WHEN '[]' THEN '' ELSE ', aliases ' || trust_domain_aliases END, 'nothing') AS observed,
  coalesce((SELECT trust_domain FROM majority), 'one trust domain, or aliases on both sides') AS expected,
  'ConfigMap istio-system/istio' || CASE coalesce(revision, '') WHEN '' THEN '' ELSE '-' || revision END || ', key mesh: trustDomain, trustDomainAliases' AS evidence,
  CASE
    WHEN coalesce(parse_error, '') <> '' THEN 'The mesh configuration of ' || cluster || ' cannot be read: ' || parse_error
    WHEN trust_domain IS NULL THEN 'The mesh configuration of ' || cluster || ' was not observed'
    ELSE 'The mesh configuration of ' || unseen || ' is not known, and with it its trust domain'
  END AS finding,
  coalesce(trust_domain, '') AS own,
  CASE
    WHEN domains = 1 THEN ', the same in all clusters'
    WHEN gaps IS NULL THEN '; it and the others are each other''s aliases'
    ELSE ', as the mesh has'
  END AS agreement,
  coalesce(gaps, '') AS gaps,
  'istio' || CASE coalesce(revision, '') WHEN '' THEN '' ELSE '-' || revision END AS configmap,
  coalesce((SELECT trust_domain FROM majority), 'TRUST_DOMAIN') AS wanted,
  flags
FROM seen
