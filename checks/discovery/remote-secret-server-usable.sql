/*---
id: remote-secret-server-usable
title: The remote secret's server is one that istiod can use
severity: error
subject: remote_secret
span: cluster
level: read
requires: [remote-secret-accepted]
optional: [declared_server, pod_family]
pass: "{server}"
fail: "{finding}"
warning: "{secret} sets insecure-skip-tls-verify: istiod of {cluster} takes whoever answers at {server} for {target_words}, and sends it the token"
unknown: "{finding}"
remedy: "istioctl create-remote-secret {target_flags} --name={key} --server=https://ADDRESS | kubectl {flags} -n istio-system apply -f -"
shell: [flags, target_flags]
docs: https://istio.io/latest/docs/reference/commands/istioctl/#istioctl-create-remote-secret
guide: [addresses-reachable]
why: |
  Looks at the form of the server in the remote secret. istiod connects to it from its own pod: a loopback address means istiod's
  own pod there, a dotless name does not resolve, the Connect gateway and management proxies accept no service-account token, and the
  DNS endpoint of GKE has a certificate that the Secret's authority did not sign. Such a cluster stays in the state
  timeout in /debug/clusterz, as does one whose address is of a family (IPv4, IPv6) that no pod of the holder has, and delays every start of istiod by 30 seconds. It happens when the Secret was made from a
  kubeconfig that goes through a tunnel; give istioctl the direct address with --server. The form proves no route:
  control-plane-reachable-from-pods does.
---*/
WITH judged AS (
  SELECT
    s.cluster, s.secret, s.key, s.server, s.server_host, s.server_kind, s.skips_tls_verification, s.target,
    CASE
      WHEN s.server_kind = 'none' THEN 'none'
      WHEN s.server_kind IN ('loopback', 'unspecified', 'link-local', 'unqualified', 'connect-gateway', 'dns-endpoint', 'local-alias', 'not-https') THEN s.server_kind
      WHEN s.server LIKE '%/k8s/clusters/%' THEN 'management proxy'
      WHEN s.server_host LIKE '%:%' AND f.ipv6 = 0 THEN 'IPv6'
      WHEN s.server_host NOT GLOB '*[^0-9.]*' AND f.ipv4 = 0 THEN 'IPv4'
      -- A private endpoint that is declared for the others is one that they are routed to.
      WHEN s.server_kind = 'private' AND s.skips_tls_verification = 0 AND r.server_host = s.server_host THEN 'usable'
      WHEN s.server_kind = 'private' AND s.target <> '' AND coalesce(p.platform, nullif(d.declared_platform, '')) IS NULL THEN 'platform'
      WHEN s.server_kind = 'private' AND coalesce(p.platform, d.declared_platform) = 'gke' THEN 'private endpoint'
      WHEN s.skips_tls_verification = 1 THEN 'insecure'
      WHEN s.server_kind IN ('public', 'private', 'hostname') AND s.skips_tls_verification = 0 THEN 'usable'
    END AS reason,
    -- An older snapshot does not tell whether that address was declared.
    coalesce(
      (SELECT min(l.status = 'collected') FROM collection AS l WHERE l.fact = 'declared_server' AND l.cluster = s.target), 0
    ) AS told
  FROM remote_secret AS s
  LEFT JOIN cluster AS d ON d.cluster = s.target
  LEFT JOIN declared_server AS r ON r.cluster = s.target
  LEFT JOIN cluster_identity AS p ON p.cluster = s.target
  LEFT JOIN (SELECT cluster, max(ipv4) AS ipv4, max(ipv6) AS ipv6 FROM pod_family GROUP BY cluster) AS f ON f.cluster = s.cluster
)
SELECT
  j.cluster || '/' || j.secret || '/' || j.key AS subject,
  CASE j.reason
    WHEN 'usable' THEN 'pass'
    WHEN 'none' THEN 'unknown'
    WHEN 'platform' THEN 'unknown'
    WHEN 'private endpoint' THEN CASE j.told WHEN 1 THEN 'fail' ELSE 'unknown' END
    WHEN 'insecure' THEN 'warning'
    ELSE CASE WHEN j.reason IS NOT NULL THEN 'fail' END
  END AS status,
  CASE j.server WHEN '' THEN 'no server' ELSE j.server || ' (' || j.server_kind || ')' END AS observed,
  'an address that istiod''s pod can resolve and that accepts service-account tokens' AS expected,
  'Secret istio-system/' || j.secret || ', key ' || j.key AS evidence,
  CASE j.reason
    WHEN 'none' THEN 'The server in ' || j.secret || ' cannot be read'
    WHEN 'platform' THEN j.server || ' is a private address, and the platform of ' || j.target || ' is not known: on GKE it would be the private endpoint, which clusters outside the VPC cannot use'
    WHEN 'loopback' THEN j.secret || ' leads to ' || j.server || ', which in istiod''s pod means the pod itself'
    WHEN 'unspecified' THEN j.secret || ' leads to ' || j.server || ', which is no address that can be called'
    WHEN 'link-local' THEN j.secret || ' leads to ' || j.server || ', a link-local address, which means something on one link only'
    WHEN 'unqualified' THEN j.secret || ' leads to the name ' || j.server_host || ', which has no domain: istiod does not resolve it'
    WHEN 'local-alias' THEN j.secret || ' leads to ' || j.server_host || ', which means something on its author''s machine only'
    WHEN 'not-https' THEN j.secret || ' leads to ' || j.server || ': without TLS the token would travel in clear'
    WHEN 'connect-gateway' THEN j.secret || ' leads to Google''s Connect gateway, which does not accept its service-account token'
    WHEN 'dns-endpoint' THEN j.secret || ' leads to GKE''s DNS endpoint ' || j.server_host || ', whose certificate its authority did not sign'
    WHEN 'IPv6' THEN j.secret || ' leads to the IPv6 address ' || j.server_host || ', and pods of ' || j.cluster || ' have no IPv6: istiod has no way there (network is unreachable)'
    WHEN 'IPv4' THEN j.secret || ' leads to the IPv4 address ' || j.server_host || ', and pods of ' || j.cluster || ' have no IPv4: istiod has no way there (network is unreachable)'
    WHEN 'management proxy' THEN j.secret || ' leads through a management proxy (' || j.server || '), which does not accept its service-account token'
    WHEN 'private endpoint' THEN j.secret || ' leads to the private endpoint of the GKE cluster ' || j.target || ' (' || j.server || '): clusters outside its VPC cannot use it'
    ELSE ''
  END AS finding,
  j.server,
  j.secret,
  j.key,
  j.cluster,
  CASE j.target WHEN '' THEN 'the cluster' ELSE j.target END AS target_words,
  coalesce(ct.flags, '--context TARGET') AS target_flags,
  c.flags
FROM judged AS j
LEFT JOIN cluster AS c ON c.cluster = j.cluster
LEFT JOIN cluster AS ct ON ct.cluster = j.target
