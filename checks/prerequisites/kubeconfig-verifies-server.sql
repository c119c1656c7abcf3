/*---
id: kubeconfig-verifies-server
title: The kubeconfig verifies the API server's certificate
severity: error
subject: cluster
span: cluster
level: read
requires: [api-answers]
pass: "The server's certificate is verified against {authority}"
fail: "{kubeconfig} names a server without TLS ({server}): the credential travels in clear"
warning: "{kubeconfig} sets insecure-skip-tls-verify: nothing proves that {server} is the cluster, and the credential goes to whoever answers"
unknown: "How {kubeconfig} verifies the server was not observed"
remedy: "kubectl {flags} config set-cluster CLUSTER --certificate-authority=ca.crt --embed-certs --insecure-skip-tls-verify=false"
shell: [flags]
docs: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
guide: [trusted-kubeconfigs]
why: |
  Looks at whether the kubeconfig tells how to verify the API server: a certificate authority of its own, or else the
  system's. With insecure-skip-tls-verify every fact in this report comes from a server that proved nothing, and istioctl
  create-remote-secret run on the same file does not carry the setting over, so that it works here and fails in istiod. Warns on
  insecure-skip-tls-verify, fails on a server without TLS.
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN c.server_kind = 'not-https' THEN 'fail'
    WHEN k.cluster IS NULL OR c.server_kind = 'none' THEN 'unknown'
    WHEN k.skips_tls_verification = 1 THEN 'warning'
    WHEN k.skips_tls_verification = 0 THEN 'pass'
  END AS status,
  CASE
    WHEN c.server_kind = 'not-https' THEN c.server
    WHEN k.cluster IS NULL THEN 'no kubeconfig was read'
    WHEN k.skips_tls_verification = 1 THEN 'insecure-skip-tls-verify: true'
    WHEN k.has_certificate_authority = 1 THEN 'a certificate authority in the kubeconfig'
    ELSE 'no certificate authority in the kubeconfig'
  END AS observed,
  'https, with a certificate authority in the kubeconfig or of the system' AS expected,
  c.kubeconfig || ', context ' || c.context AS evidence,
  CASE k.has_certificate_authority WHEN 1 THEN 'the authority in the kubeconfig' ELSE 'the authorities of this system' END AS authority,
  c.kubeconfig AS kubeconfig,
  c.server AS server,
  c.flags AS flags
FROM cluster AS c
LEFT JOIN kubeconfig_use AS k ON k.cluster = c.cluster
