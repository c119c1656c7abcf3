/*---
id: root-ca-valid
title: The root certificate is valid and may sign
severity: error
subject: cluster
span: cluster
level: read
requires: [istiod-ready]
pass: "Root {short} ({name}, {key_kind}) is valid until {until}"
fail: "{finding}"
warning: "{finding}"
unknown: "Whether {subject} has a root certificate was not observed"
remedy: "kubectl {flags} -n istio-system get configmap istio-ca-root-cert -o go-template='{{index .data \"root-cert.pem\"}}' | openssl crl2pkcs7 -nocrl -certfile /dev/stdin | openssl pkcs7 -print_certs -text -noout"
shell: [flags]
docs: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
why: |
  Looks at the certificates in ConfigMap istio-system/istio-ca-root-cert, the roots that this cluster's proxies trust: their dates,
  basicConstraints CA:true, and keyUsage keyCertSign. A root that has ended, or that may not sign, is refused by every
  proxy, in both directions, from one moment to the next, in the whole mesh. Fails when no certificate of the bundle is fit to be a
  root. Warns when one of several is not, when the first one ends within 30 days, or when what is called root was issued by
  somebody else. A new root is brought in beside the old one (a bundle of both, with ISTIO_MULTIROOT_MESH), never instead.
---*/
WITH certificates AS (
  SELECT
    r.cluster, r.fingerprint, r.name, r.key_kind, r.not_before, r.not_after, r.self_signed, run.now,
    CASE WHEN length(r.fingerprint) > 12 THEN substr(r.fingerprint, 1, 4) || '…' || substr(r.fingerprint, -4) ELSE r.fingerprint END AS short,
    CASE
      WHEN r.not_after <= run.now THEN 'ended on ' || strftime('%Y-%m-%d', r.not_after, 'unixepoch')
      WHEN r.not_before > run.now THEN 'is not valid before ' || strftime('%Y-%m-%d', r.not_before, 'unixepoch')
      WHEN r.is_ca = 0 THEN 'is no CA certificate (basicConstraints CA:false)'
      WHEN r.signs_certificates = 0 THEN 'may not sign certificates (keyUsage lacks keyCertSign)'
      WHEN r.is_ca = 1 AND r.signs_certificates = 1 THEN ''
    END AS fault
  FROM root_certificate AS r
  CROSS JOIN run
),
counted AS (
  SELECT
    c.cluster, c.flags,
    count(t.fingerprint) AS certificates,
    count(CASE WHEN t.fault = '' THEN 1 END) AS fit,
    count(CASE WHEN t.fault = '' AND t.self_signed = 0 THEN 1 END) AS issued,
    min(CASE WHEN t.fault = '' THEN t.not_after END) AS first_end,
    min(t.now) AS now
  FROM cluster AS c
  LEFT JOIN certificates AS t ON t.cluster = c.cluster
  GROUP BY c.cluster
),
-- The certificate to speak of: the one at fault, else the one that ends first.
shown AS (
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY cluster ORDER BY fault = '', not_after, fingerprint) AS place FROM certificates
  ) WHERE place = 1
)
SELECT
  n.cluster AS subject,
  CASE
    WHEN n.fit = 0 THEN 'fail'
    WHEN n.fit < n.certificates OR n.issued > 0 OR n.first_end < n.now + 30 * 86400 THEN 'warning'
    WHEN n.fit = n.certificates AND n.fit > 0 THEN 'pass'
  END AS status,
  CASE n.certificates
    WHEN 0 THEN 'no certificate'
    ELSE n.fit || ' of ' || n.certificates || ' fit to be a root; sha256 ' || s.fingerprint || ' ' || s.name || ' until ' || strftime('%Y-%m-%d', s.not_after, 'unixepoch')
  END AS observed,
  'valid for 30 days and more, CA:true, keyCertSign' AS expected,
  'ConfigMap istio-system/istio-ca-root-cert, key root-cert.pem' AS evidence,
  CASE
    WHEN n.certificates = 0 THEN 'ConfigMap istio-system/istio-ca-root-cert of ' || n.cluster || ' is absent or holds no certificate: proxies have nothing to trust by'
    WHEN n.fit = 0 THEN 'Root ' || s.short || ' (' || s.name || ') ' || s.fault || ': every proxy refuses every certificate under it'
    WHEN n.fit < n.certificates THEN 'One of ' || n.certificates || ' roots, ' || s.short || ' (' || s.name || '), ' || s.fault || ': remove it from the bundle once nothing is issued by it'
    WHEN n.first_end < n.now + 30 * 86400 THEN 'Root ' || s.short || ' (' || s.name || ') ends on ' || strftime('%Y-%m-%d', s.not_after, 'unixepoch') || ', in ' || ((s.not_after - n.now) / 86400) || ' days, and with it every certificate under it'
    ELSE 'What the bundle calls root is an intermediate, issued by another certificate: a verifier that wants the whole chain refuses it'
  END AS finding,
  coalesce(s.short, '') AS short,
  coalesce(s.name, '') AS name,
  coalesce(s.key_kind, '') AS key_kind,
  coalesce(strftime('%Y-%m-%d', n.first_end, 'unixepoch'), '') AS until,
  n.flags
FROM counted AS n
LEFT JOIN shown AS s ON s.cluster = n.cluster
