/*---
id: kubeconfig-credential-lasts
title: The kubeconfig's client certificate is not about to end
severity: error
subject: cluster
span: cluster
level: read
requires: []
pass: "The client certificate in {kubeconfig} is valid until {until}"
fail: "The client certificate in {kubeconfig} ended on {until}: every request with it is refused"
warning: "The client certificate in {kubeconfig} ends on {until}, in {days} days"
unknown: "When the client certificate in {kubeconfig} ends cannot be read"
not_applicable: "The credential is no client certificate ({credential})"
remedy: "kubectl {flags} config view --minify --raw --flatten | sed -n 's/.*client-certificate-data: //p' | base64 -d | openssl x509 -noout -subject -enddate"
shell: [flags]
docs: https://kubernetes.io/docs/setup/best-practices/certificates/
why: |
  Looks at the end date of the client certificate, where the kubeconfig authenticates with one. Kubeconfigs of Google
  Distributed Cloud carry an administrator certificate that lasts one year; once it has ended, every call is answered with 401
  and the cluster seems broken when only the file is old. Fails when the certificate has ended, warns 30 days ahead. Tokens
  and exec plugins have no date here: whether they work is what api-answers says. Mend by fetching a new kubeconfig
  (gkectl or bmctl on Google Distributed Cloud, gcloud container clusters get-credentials on GKE).
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN k.cluster IS NULL THEN 'unknown'
    WHEN k.credential <> 'client-certificate' THEN 'not_applicable'
    WHEN k.client_certificate_not_after IS NULL OR k.client_certificate_not_after = 0 THEN 'unknown'
    WHEN k.client_certificate_not_after <= r.now THEN 'fail'
    WHEN k.client_certificate_not_after < r.now + 30 * 86400 THEN 'warning'
    WHEN k.client_certificate_not_after >= r.now + 30 * 86400 THEN 'pass'
  END AS status,
  CASE
    WHEN k.cluster IS NULL THEN 'no kubeconfig was read'
    WHEN k.credential <> 'client-certificate' THEN k.credential
    ELSE 'client certificate until ' || coalesce(strftime('%Y-%m-%d', k.client_certificate_not_after, 'unixepoch'), 'an unknown day')
  END AS observed,
  'a credential that lasts 30 days and more' AS expected,
  c.kubeconfig || ', context ' || c.context AS evidence,
  coalesce(k.credential, '') AS credential,
  coalesce(strftime('%Y-%m-%d', k.client_certificate_not_after, 'unixepoch'), '') AS until,
  coalesce((k.client_certificate_not_after - r.now) / 86400, '') AS days,
  c.kubeconfig AS kubeconfig,
  c.flags AS flags
FROM cluster AS c
CROSS JOIN run AS r
LEFT JOIN kubeconfig_use AS k ON k.cluster = c.cluster
