/*---
id: identity-accepted
title: The other cluster accepts identities of this one
severity: error
subject: cluster_pair
span: pair
level: read
requires:
  - {check: signing-key-readable, of: source}
  - {check: clusters-share-root-ca, when: failed}
  - {check: trust-domain-shared, when: failed}
  - {check: gateway-passes-through, of: target, when: failed}
  - {check: remote-workloads-trusted, when: failed}
pass: "{target} accepts {identity}, signed by the authority of {source}: {words}, from {server}"
fail:
  unknown-authority: "{target} refuses what the authority of {source} signs: it does not trust its root ({words})"
  trust-domain: "{target} refuses {identity}: it does not accept the trust domain of {source} ({words})"
  expired: "{target} takes a certificate that is two minutes old for one that is over or not yet valid ({words}): clocks differ, or the intermediate of {source} has ended"
  no-certificate: "{target} says that no client certificate came, although one was shown ({words}): something between opens TLS"
  refused: "{target} refuses a client certificate of {source}: {words}"
  cut: "{target} ends the connection of {identity} without a word{version}: an AuthorizationPolicy for TCP that denies it, or something between that cuts"
  untrusted-server: "{source} does not trust what {target} serves ({words})"
  unreachable: "The gateway of {target} cannot be reached any more: {words}"
unknown:
  nobody: "No identity of {source} was shown to {target}"
  silent: "{target} gives no answer to {identity} ({words})"
  unclear: "What {target} makes of {identity} was not seen ({words})"
remedy:
  unknown-authority: "kubectl {target_flags} -n istio-system get configmap istio-ca-root-cert -o jsonpath={template} | openssl x509 -noout -fingerprint -sha256    # and the same of {source}"
  trust-domain: "kubectl {target_flags} -n istio-system get configmaps -o yaml | grep -i trustDomain"
  expired: "date -u; kubectl {target_flags} get --raw /version -v=8 2>&1 | grep Date"
  cut: "kubectl {target_flags} get authorizationpolicies --all-namespaces"
  unreachable: "nc -vz {host} {port}"
shell: [source_flags, target_flags, template]
data: [identity, outcome, alert, http_status, tls_version, server_identity, milliseconds]
docs: https://istio.io/latest/docs/ops/configuration/security/security-policy-examples/
why: |
  Issues a client certificate with the calling cluster's own authority, as its istiod would (spiffe://TRUST_DOMAIN/ns/isthmus/sa/probe,
  ten minutes), and shows it to a service of the called cluster through that cluster's gateway: handshake, then an HTTP request.
  Nothing is deployed. It is the whole way of a request but for the two sidecars' own configuration: network, gateway, trust in both
  directions. Any HTTP answer proves it, also 403 of an AuthorizationPolicy, which has recognised the identity. A TLS alert says
  why not: 48 and 51 an unknown authority, 46 a trust domain that is not accepted, 45 a time that does not fit.
---*/
WITH seen AS (
  SELECT
    *,
    CASE
      WHEN outcome IN ('answered', 'accepted') THEN 'accepted'
      WHEN outcome = 'refused' AND alert IN (42, 48, 51) THEN 'unknown-authority'
      WHEN outcome = 'refused' AND alert = 46 THEN 'trust-domain'
      WHEN outcome = 'refused' AND alert = 45 THEN 'expired'
      WHEN outcome = 'refused' AND alert IN (40, 116) THEN 'no-certificate'
      WHEN outcome IN ('refused', 'cut', 'untrusted-server', 'unreachable') THEN outcome
      WHEN outcome = 'timeout' THEN 'silent'
      WHEN outcome = 'other' THEN 'unclear'
    END AS reason
  FROM identity_proof
  WHERE visitor = 'member'
)
SELECT
  p.source || ' → ' || p.target AS subject,
  CASE
    WHEN s.reason IS NULL OR s.reason IN ('silent', 'unclear') THEN 'unknown'
    WHEN s.reason = 'accepted' AND s.server_identity LIKE 'spiffe://%' THEN 'pass'
    WHEN s.reason = 'accepted' THEN 'unknown'
    ELSE 'fail'
  END AS status,
  coalesce(s.outcome || coalesce(' (alert ' || s.alert || ')', ''), 'nothing') AS observed,
  'answered, by a workload with a SPIFFE identity' AS expected,
  'client certificate ' || coalesce(s.identity, '') || ' of ' || p.source || ', shown at ' || coalesce(s.address, 'the gateway of ' || p.target) || ', SNI ' || coalesce(s.sni, '(none)') AS evidence,
  CASE WHEN s.reason IS NULL THEN 'nobody' WHEN s.reason = 'accepted' THEN 'unclear' ELSE s.reason END AS reason,
  coalesce(nullif(s.detail, ''), s.outcome, '') AS words,
  coalesce(nullif(s.server_identity, ''), 'a server without identity') AS server,
  CASE s.tls_version WHEN 'TLSv1.3' THEN ' after the handshake' ELSE '' END AS version,
  coalesce(s.identity, '') AS identity,
  s.outcome, s.alert, s.http_status, s.tls_version, s.server_identity, s.milliseconds,
  CASE WHEN s.address LIKE '[%' THEN substr(s.address, 2, instr(s.address, ']') - 2) ELSE substr(s.address, 1, instr(s.address, ':') - 1) END AS host,
  CASE WHEN s.address LIKE '[%' THEN substr(s.address, instr(s.address, ']') + 2) ELSE substr(s.address, instr(s.address, ':') + 1) END AS port,
  '''{.data.root-cert\.pem}''' AS template,
  cs.flags AS source_flags,
  ct.flags AS target_flags,
  p.source,
  p.target
FROM cluster_pair AS p
LEFT JOIN cluster AS cs ON cs.cluster = p.source
LEFT JOIN cluster AS ct ON ct.cluster = p.target
LEFT JOIN seen AS s ON s.source = p.source AND s.target = p.target
