/*---
id: signing-key-readable
title: The signing key was there for the identity proof, and is kept nowhere
severity: info
subject: cluster
span: cluster
level: read
requires: [api-answers]
pass: "The key in Secret istio-system/{secret} of {subject} was read into memory, signed {issued} client certificates that end within {minutes} minutes, and is kept nowhere"
unknown:
  absent: "No Secret of {subject} holds the key with which its istiod signs{detail}"
  denied: "This user may not read the key with which istiod of {subject} signs{detail}"
  unreadable: "The key with which istiod of {subject} signs cannot be used{detail}"
  nothing: "What became of the signing key of {subject} was not observed"
not_applicable: "There is no other cluster to which {subject} could prove itself"
remedy:
  denied: "kubectl {flags} auth can-i get secrets/cacerts -n istio-system"
  absent: "kubectl {flags} -n istio-system get secrets cacerts istio-ca-secret"
  unreadable: "kubectl {flags} -n istio-system get secret cacerts -o jsonpath={template}    # ca-cert.pem, ca-key.pem and cert-chain.pem belong together"
shell: [flags, template]
docs: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
why: |
  With --with-ca-key, and only then, isthmus verify reads the private key with which a cluster's istiod signs (Secret cacerts, else
  istio-ca-secret), to come to the other clusters with a certificate that is as good as any workload's. Whoever holds this key can be
  anybody in the mesh. So it is kept in memory alone, for as long as the proof takes, overwritten afterwards, and it signs nothing
  but client certificates that end within ten minutes, in the name of the account isthmus/probe. This verdict records that it was used.
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN k.outcome = 'used' THEN 'pass'
    WHEN k.cluster IS NULL AND (SELECT count(*) FROM cluster) = 1 THEN 'not_applicable'
    ELSE 'unknown'
  END AS status,
  coalesce(k.outcome, 'nothing') AS observed,
  'used' AS expected,
  'Secret istio-system/' || coalesce(nullif(k.secret, ''), 'cacerts') || ' of ' || c.cluster || ', in memory alone' AS evidence,
  CASE WHEN k.outcome <> 'used' THEN k.outcome ELSE 'nothing' END AS reason,
  coalesce(': ' || nullif(k.detail, ''), '') AS detail,
  coalesce(k.secret, '') AS secret,
  coalesce(k.issued, 0) AS issued,
  coalesce(k.lifetime_seconds / 60, 0) AS minutes,
  '''{.data.ca-cert\.pem}''' AS template,
  c.flags
FROM cluster AS c
LEFT JOIN ca_key_use AS k ON k.cluster = c.cluster
