/*---
id: requests-cross
title: Requests cross to the other cluster under mutual TLS
severity: error
subject: cluster_pair
span: pair
level: mutate
requires:
  - {check: root-ca-custom, when: failed}
  - {check: cacerts-loaded, when: failed}
  - {check: clusters-share-root-ca, when: failed}
  - {check: trust-domain-shared, when: failed}
  - {check: networks-distinct, when: failed}
  - network-identity-consistent
  - {check: remote-secret-present, when: failed}
  - {check: remote-secret-credential-alive, of: source, when: failed}
  - {check: services-exposed, of: target}
  - gateway-reachable-from-pods
pass: "A request from {source} was answered by {identity} in {target}"
fail: "{finding}"
unknown: "{finding}"
remedy: "istioctl {source_flags} proxy-config endpoints deployment/CLIENT -n NAMESPACE | grep 15443"
shell: [source_flags]
docs: https://istio.io/latest/docs/setup/install/multicluster/verify/
why: |
  Deploys a client in the calling cluster and a server in the called one, sends requests, and looks at who answered and under which
  SPIFFE identity: the proof that everything before adds up to. Fails when no answer of the called cluster arrives, and when one
  arrives without a mesh identity, that is, past mutual TLS.
---*/
SELECT
  p.source || ' → ' || p.target AS subject,
  CASE
    WHEN w.source IS NULL THEN 'unknown'
    WHEN w.answered = 0 THEN 'fail'
    WHEN w.server_identity IS NULL THEN 'unknown'
    WHEN w.server_identity NOT LIKE 'spiffe://%' THEN 'fail'
    WHEN w.answered = 1 AND w.server_identity LIKE 'spiffe://%' THEN 'pass'
  END AS status,
  CASE
    WHEN w.source IS NULL THEN 'not tried'
    WHEN w.answered = 0 THEN 'no answer' || CASE w.detail WHEN '' THEN '' ELSE ': ' || w.detail END
    ELSE 'answered by ' || coalesce(nullif(w.server_identity, ''), 'a server without identity')
  END AS observed,
  'an answer of ' || p.target || ', from a SPIFFE identity' AS expected,
  'request of a client that isthmus verify deployed in ' || p.source AS evidence,
  CASE
    WHEN w.source IS NULL THEN 'No request was sent from ' || p.source || ' to ' || p.target
    WHEN w.answered = 0 THEN 'Requests from ' || p.source || ' are not answered by ' || p.target || CASE w.detail WHEN '' THEN '' ELSE ': ' || w.detail END
    WHEN w.server_identity IS NULL THEN 'A request from ' || p.source || ' was answered by ' || p.target || ', but under which identity was not seen'
    ELSE 'A request from ' || p.source || ' was answered by ' || p.target || ' without a mesh identity: it did not cross under mutual TLS'
  END AS finding,
  coalesce(w.server_identity, '') AS identity,
  cs.flags AS source_flags,
  p.source,
  p.target
FROM cluster_pair AS p
LEFT JOIN cluster AS cs ON cs.cluster = p.source
LEFT JOIN workload_request AS w ON w.source = p.source AND w.target = p.target
