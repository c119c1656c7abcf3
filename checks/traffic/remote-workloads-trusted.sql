/*---
id: remote-workloads-trusted
title: Workloads of the other cluster are trusted
severity: error
subject: cluster_pair
span: pair
level: read
requires:
  - api-answers
  - {check: root-ca-custom, when: failed}
  - {check: cacerts-loaded, when: failed}
  - {check: root-ca-valid, when: failed}
  - {check: clusters-share-root-ca, when: failed}
  - {check: trust-domain-shared, when: failed}
  - {check: issuing-chain-valid, of: target}
  - {check: gateway-serves-mesh-root, of: target}
pass: "{source} trusts {identity}, served by {target}"
fail: "{finding}"
unknown: "{finding}"
remedy:
  chain: "kubectl {source_flags} -n istio-system create secret generic cacerts --from-file=ca-cert.pem --from-file=ca-key.pem --from-file=root-cert.pem --from-file=cert-chain.pem --dry-run=client -o yaml | kubectl {source_flags} apply -f - && kubectl {source_flags} -n istio-system rollout restart deployment -l app=istiod    # with the root of {target} in root-cert.pem, too"
  identity: "kubectl {target_flags} -n {namespace} rollout restart deployment"
shell: [source_flags, target_flags]
docs: https://istio.io/latest/docs/ops/diagnostic-tools/multicluster/
why: |
  Verifies, for every direction, the chain that a workload of the called cluster really serves through its gateway against the roots
  that the calling cluster trusts, and its SPIFFE identity against the trust domains that the calling cluster accepts
  (trustDomain and trustDomainAliases of its mesh configuration). That is what a proxy there does for every request: a chain to
  another root ends in CERTIFICATE_VERIFY_FAILED, an identity of another trust domain in a failed SAN match. The roots, the trust
  domains and the chain are each judged before by themselves; what is left to fail here is the combination, such as a workload
  that keeps an identity from before the trust domain was changed.
---*/
WITH domains AS MATERIALIZED (
  SELECT
    m.cluster, m.trust_domain AS own, m.trust_domain_aliases AS aliases,
    m.trust_domain || coalesce((SELECT ', ' || group_concat(a.value, ', ') FROM json_each(m.trust_domain_aliases) AS a WHERE a.value <> m.trust_domain), '') AS words
  FROM wanted_revision AS w
  JOIN mesh_config AS m ON m.cluster = w.cluster AND m.revision = w.revision
  WHERE m.parse_error = ''
),
leaf AS MATERIALIZED (
  SELECT
    cluster, address, spiffe_id,
    CASE WHEN spiffe_id LIKE 'spiffe://%/%' THEN substr(spiffe_id, 10, instr(substr(spiffe_id, 10), '/') - 1) ELSE '' END AS trust_domain,
    CASE WHEN spiffe_id LIKE '%/ns/%/sa/%' THEN substr(spiffe_id, instr(spiffe_id, '/ns/') + 4, instr(spiffe_id, '/sa/') - instr(spiffe_id, '/ns/') - 4) ELSE 'NAMESPACE' END AS namespace
  FROM served_certificate
  WHERE position = 0
),
judged AS (
  SELECT
    p.source, p.target, t.address, t.outcome, t.detail, l.spiffe_id, l.trust_domain, l.namespace, d.words,
    CASE
      WHEN t.outcome = 'other' OR l.address IS NULL OR d.words IS NULL THEN 'unclear'
      WHEN t.outcome <> 'trusted' THEN 'chain'
      WHEN l.trust_domain = '' THEN 'no identity'
      WHEN l.trust_domain = d.own OR l.trust_domain IN (SELECT value FROM json_each(d.aliases)) THEN 'trusted'
      ELSE 'trust domain'
    END AS reason
  FROM cluster_pair AS p
  LEFT JOIN chain_trust AS t ON t.source = p.source AND t.target = p.target
  LEFT JOIN leaf AS l ON l.cluster = t.target AND l.address = t.address
  LEFT JOIN domains AS d ON d.cluster = t.source
),
-- Of several addresses the worst: SQLite takes the other columns from the row that has the minimum.
shown AS (
  SELECT *, min(CASE reason WHEN 'trusted' THEN 3 WHEN 'unclear' THEN 2 ELSE 1 END) AS worst
  FROM judged
  GROUP BY source, target
)
SELECT
  s.source || ' → ' || s.target AS subject,
  CASE
    WHEN s.reason = 'unclear' THEN 'unknown'
    WHEN s.reason IN ('chain', 'no identity', 'trust domain') THEN 'fail'
    WHEN s.reason = 'trusted' THEN 'pass'
  END AS status,
  coalesce(s.outcome || CASE s.detail WHEN '' THEN '' ELSE ': ' || s.detail END || coalesce(', ' || nullif(s.spiffe_id, ''), ''), 'no chain') AS observed,
  'a chain to a root of ' || s.source || ', and an identity of ' || coalesce(s.words, 'a trust domain that it accepts') AS expected,
  'chain served through ' || coalesce(s.address, 'the gateway of ' || s.target) || '; istio-ca-root-cert and mesh configuration of ' || s.source AS evidence,
  CASE s.reason
    WHEN 'chain' THEN s.source || ' does not trust what workloads of ' || s.target || ' serve: ' || coalesce(nullif(s.detail, ''), s.outcome) || ' (CERTIFICATE_VERIFY_FAILED)'
    WHEN 'no identity' THEN 'The workload of ' || s.target || ' has no SPIFFE identity in its certificate: no proxy accepts it'
    WHEN 'trust domain' THEN s.source || ' does not accept the identity ' || s.spiffe_id || ' that a workload of ' || s.target || ' has: it accepts ' || s.words
    ELSE 'No chain of ' || s.target || ' was verified against the roots of ' || s.source
  END AS finding,
  coalesce(s.spiffe_id, '') AS identity,
  CASE s.reason WHEN 'chain' THEN 'chain' ELSE 'identity' END AS reason,
  coalesce(s.namespace, 'NAMESPACE') AS namespace,
  cs.flags AS source_flags,
  ct.flags AS target_flags,
  s.source,
  s.target
FROM shown AS s
LEFT JOIN cluster AS cs ON cs.cluster = s.source
LEFT JOIN cluster AS ct ON ct.cluster = s.target
