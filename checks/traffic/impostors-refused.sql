/*---
id: impostors-refused
title: Impostors are refused by the other cluster
severity: error
subject: cluster_pair
span: pair
level: read
requires:
  - {check: signing-key-readable, of: source, blocks: unknown}
  - {check: identity-accepted, blocks: unknown}
pass: "{target} refuses whoever comes without a certificate, with one of a foreign root, of another trust domain, one that is over, and without TLS"
fail: "{target} lets an impostor in: {accepted}. Its workloads answer those whom the mesh does not know"
unknown: "Not every impostor was seen to be refused by {target}: {unclear}"
remedy: |
  kubectl {target_flags} get peerauthentications --all-namespaces
  istioctl {target_flags} proxy-config listeners POD.{namespace} -o json    # requireClientCertificate, trustedCa, matchTypedSubjectAltNames
shell: [target_flags]
data: [refused, accepted]
docs: https://istio.io/latest/docs/tasks/security/authentication/authn-policy/
why: |
  A mesh that lets everybody in answers members, too. So the same service is visited by those who must not come in: without a
  certificate, with one that a foreign authority of the root's very name signed, with one of the right root for another trust domain,
  with one that is over, and in plain text. Each of them must be refused, by a TLS alert or an end of the connection, and a member
  must be answered at the same time: otherwise the refusals would prove nothing. Fails where one of them gets an answer, also where
  only the handshake is completed that a server completes after it has verified its client.
---*/
WITH visit AS MATERIALIZED (
  SELECT
    source, target,
    max(CASE WHEN visitor = 'member' AND outcome IN ('answered', 'accepted') THEN 1 ELSE 0 END) AS member,
    count(CASE WHEN visitor <> 'member' AND outcome IN ('refused', 'cut') THEN 1 END) AS refused,
    count(CASE WHEN visitor <> 'member' AND outcome IN ('answered', 'accepted') THEN 1 END) AS let_in,
    group_concat(CASE WHEN visitor <> 'member' AND outcome IN ('answered', 'accepted') THEN
      CASE visitor
        WHEN 'no-certificate' THEN 'one without a certificate'
        WHEN 'foreign-root' THEN 'one whose certificate a foreign root signed'
        WHEN 'wrong-trust-domain' THEN 'one of the trust domain isthmus-impostor.invalid'
        WHEN 'expired' THEN 'one whose certificate is over'
        WHEN 'plaintext' THEN 'one who speaks plain text'
        ELSE visitor
      END || ' (' || detail || ')' END, ', ') AS accepted,
    group_concat(CASE WHEN visitor <> 'member' AND outcome NOT IN ('answered', 'accepted', 'refused', 'cut') THEN visitor || ': ' || outcome END, ', ') AS unclear
  FROM identity_proof
  GROUP BY source, target
)
SELECT
  p.source || ' → ' || p.target AS subject,
  CASE
    WHEN v.let_in > 0 THEN 'fail'
    WHEN v.member = 1 AND v.refused = 5 AND v.let_in = 0 THEN 'pass'
    ELSE 'unknown'
  END AS status,
  coalesce(v.refused || ' of 5 refused', 'nothing') AS observed,
  '5 of 5 refused, and a member answered' AS expected,
  'five visitors from this machine, through the gateway of ' || p.target AS evidence,
  coalesce(v.accepted, '') AS accepted,
  coalesce(v.unclear, CASE WHEN v.source IS NULL THEN 'nobody came' WHEN v.member = 0 THEN 'no member was answered either' ELSE v.refused || ' of 5 came and were refused' END) AS unclear,
  coalesce(v.refused, 0) AS refused,
  coalesce(a.namespace, 'NAMESPACE') AS namespace,
  ct.flags AS target_flags,
  p.source,
  p.target
FROM cluster_pair AS p
LEFT JOIN cluster AS ct ON ct.cluster = p.target
LEFT JOIN asked_service AS a ON a.cluster = p.target
LEFT JOIN visit AS v ON v.source = p.source AND v.target = p.target
