/*---
id: api-answers
title: The API server answers and accepts the credential
severity: error
subject: cluster
span: cluster
level: read
requires: [{check: kubeconfig-credential-lasts, when: failed}]
optional: [kubeconfig_use]
pass: "{server} answered in {milliseconds} ms"
fail: "{finding}"
unknown: "Whether {server} answers was not observed"
remedy:
  look: "kubectl {flags} get --raw=/version -v=6"
  openid: |
    kubectl renews the token with the refresh token beside it, and writes it into the kubeconfig; where that has ended too, log in again with the tool that wrote the kubeconfig.
    kubectl {flags} get --raw=/version
shell: [flags]
docs: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
why: |
  Looks at the first request to the cluster, GET /version with the credential of its kubeconfig, and at the rung where it
  broke: kubeconfig, credential, DNS, TCP, TLS, certificate, HTTP. Everything else that isthmus reads of the cluster comes
  through this connection, so all checks of the cluster are blocked until it passes. The other control planes of the mesh
  will use the same server to watch its services; whether they reach it is another question (server-address-usable,
  control-plane-reachable-from-pods). Fails when the request ended before an answer that belongs to Kubernetes, or with
  401 or 403. The OpenID token of a legacy auth-provider is used as it is written: kubectl renews it, isthmus does not.
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN a.cluster IS NULL THEN 'unknown'
    WHEN a.outcome <> 'answered' THEN 'fail'
    WHEN a.http_status IS NULL OR a.milliseconds IS NULL THEN 'unknown'
    WHEN a.outcome = 'answered' THEN 'pass'
  END AS status,
  CASE
    WHEN a.cluster IS NULL THEN 'nothing'
    WHEN a.http_status IS NULL THEN a.outcome
    ELSE a.outcome || ', HTTP ' || a.http_status
  END AS observed,
  'HTTP 200 over verified TLS, with the credential accepted' AS expected,
  'GET ' || c.server || '/version with ' || c.kubeconfig || ', context ' || c.context AS evidence,
  CASE a.outcome
    WHEN 'kubeconfig' THEN 'The kubeconfig ' || c.kubeconfig || ' cannot be used'
    WHEN 'credential' THEN 'The kubeconfig ' || c.kubeconfig || ' yields no credential'
    WHEN 'name-not-found' THEN 'The API server''s name ' || c.server_host || ' does not resolve from this machine'
    WHEN 'refused' THEN 'Connection refused by ' || c.server || ': the host is there, but nothing listens on that port'
    WHEN 'timeout' THEN 'No answer from ' || c.server || ' in time: a firewall, an authorized-networks list or a missing route drops the packets, or the server is down'
    WHEN 'no-route' THEN 'No route from this machine to ' || c.server || ': is the VPN up?'
    WHEN 'reset' THEN c.server || ' reset the connection'
    WHEN 'closed' THEN c.server || ' closed the connection without an answer'
    WHEN 'tls-untrusted' THEN 'The certificate of ' || c.server || ' is not signed by the authority in the kubeconfig: another cluster stands at this address, a proxy opens the TLS connection, or the authority was replaced'
    WHEN 'tls-name' THEN 'The certificate of ' || c.server || ' is for another name than ' || c.server_host
    WHEN 'tls-expired' THEN 'The certificate of ' || c.server || ' has expired, or one of the two clocks is wrong'
    WHEN 'tls-other' THEN 'The TLS handshake with ' || c.server || ' failed'
    WHEN 'not-tls' THEN 'What answers at ' || c.server || ' does not speak TLS'
    WHEN 'proxy' THEN 'The proxy on the way to ' || c.server || ' refused or broke the connection'
    WHEN 'unauthorized' THEN c.server || ' does not accept the credential of ' || c.kubeconfig || ' (HTTP 401): it has ended, was revoked, or belongs to another cluster'
      || CASE u.credential WHEN 'oidc' THEN '; it is an OpenID token of an auth-provider, which isthmus uses as it is written and does not renew' ELSE '' END
    WHEN 'forbidden' THEN c.server || ' knows the caller, but refuses even its version (HTTP 403)'
    WHEN 'not-kubernetes' THEN 'What answers at ' || c.server || ' is not a Kubernetes API server'
    WHEN 'server-error' THEN c.server || ' answers with an error of its own'
    ELSE 'The request to ' || c.server || ' failed'
  END || CASE coalesce(a.detail, '') WHEN '' THEN '' ELSE ' (' || a.detail || ')' END AS finding,
  CASE c.server WHEN '' THEN 'The API server of ' || c.cluster ELSE c.server END AS server,
  printf('%.0f', coalesce(a.milliseconds, 0)) AS milliseconds,
  CASE WHEN a.outcome = 'unauthorized' AND u.credential = 'oidc' THEN 'openid' ELSE 'look' END AS reason,
  c.flags AS flags
FROM cluster AS c
LEFT JOIN api_server AS a ON a.cluster = c.cluster
LEFT JOIN kubeconfig_use AS u ON u.cluster = c.cluster
