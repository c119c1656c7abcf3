/*---
id: server-address-usable
title: The API server's address is one that other clusters can use
severity: error
subject: cluster
span: cluster
level: read
requires: [kubeconfig-verifies-server]
optional: [declared_server]
pass: "{finding}"
fail: "{finding}"
warning: "{finding}"
unknown: "{finding}"
remedy: |
  Tell isthmus the address that the others can use, in mesh.yaml at {subject}: remoteServer: https://ADDRESS. Setup makes the remote secrets with it. By hand:
  istioctl create-remote-secret {flags} --name=CLUSTER_ID --server=https://ADDRESS
shell: [flags]
docs: https://istio.io/latest/docs/reference/commands/istioctl/#istioctl-create-remote-secret
guide: [addresses-reachable]
why: |
  Looks at the form of the server in the kubeconfig, or of the one that mesh.yaml declares in its place (remoteServer). istioctl
  create-remote-secret copies the kubeconfig's address, as it is, into the Secret with which the other control planes watch this
  cluster; they use it from their pods, with a service-account token and the cluster's own certificate authority. Fails for an
  address that only means something on the operator's machine (loopback, a dotless name, host.docker.internal), for Google's
  Connect gateway and management proxies (/k8s/clusters/…), which take no service-account token, for GKE's DNS endpoint, whose
  certificate is signed by a public authority, and for the private endpoint of a GKE cluster, unless mesh.yaml declares it.
  Warns about what the kubeconfig adds and the Secret would not carry: a proxy, a TLS server name, a path. The Connect gateway
  and the DNS endpoint pass where every other cluster already has a remote secret that leads here by another address. The form
  proves no route: control-plane-reachable-from-pods does.
---*/
WITH seen AS (
  SELECT
    c.cluster, c.kubeconfig, c.context, c.flags,
    coalesce(d.server, c.server) AS server, coalesce(d.server_host, c.server_host) AS server_host,
    coalesce(d.server_path, c.server_path) AS server_path, coalesce(d.server_kind, c.server_kind) AS server_kind,
    d.cluster IS NOT NULL AS declared,
    -- How this machine gets there says nothing of an address that was declared for others.
    CASE WHEN d.cluster IS NULL THEN k.proxy_host ELSE '' END AS proxy_host,
    CASE WHEN d.cluster IS NULL THEN k.tls_server_name ELSE '' END AS tls_server_name,
    p.platform,
    -- An older snapshot does not tell whether another address was declared.
    coalesce(
      (SELECT min(l.status = 'collected') FROM collection AS l WHERE l.fact = 'declared_server' AND l.cluster = c.cluster), 0
    ) AS told,
    (SELECT count(*) FROM cluster AS o WHERE o.cluster <> c.cluster) AS others,
    (
      SELECT count(DISTINCT s.cluster)
      FROM remote_secret AS s
      WHERE s.target = c.cluster AND s.cluster <> c.cluster
        AND s.server_kind IN ('public', 'private', 'hostname') AND s.server_host <> coalesce(d.server_host, c.server_host)
    ) AS led_here_otherwise
  FROM cluster AS c
  LEFT JOIN declared_server AS d ON d.cluster = c.cluster
  LEFT JOIN kubeconfig_use AS k ON k.cluster = c.cluster
  LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
),
judged AS (
  SELECT
    *,
    CASE
      WHEN server_kind = 'none' OR proxy_host IS NULL THEN 'none'
      WHEN server_kind IN ('connect-gateway', 'dns-endpoint') AND others > 0 AND led_here_otherwise = others THEN 'led here otherwise'
      WHEN server_kind IN ('loopback', 'unspecified', 'link-local', 'unqualified', 'connect-gateway', 'dns-endpoint', 'local-alias', 'not-https') THEN server_kind
      WHEN server_path LIKE '/k8s/clusters/%' THEN 'management proxy'
      -- A private endpoint that is declared for the others is one that they are routed to.
      WHEN server_kind = 'private' AND declared = 0 AND platform IS NULL THEN 'platform'
      WHEN server_kind = 'private' AND declared = 0 AND platform = 'gke' THEN 'private endpoint'
      WHEN server_path NOT IN ('', '/') THEN 'path'
      WHEN tls_server_name <> '' THEN 'tls-server-name'
      WHEN proxy_host <> '' THEN 'proxy'
      WHEN server_kind IN ('public', 'private', 'hostname') THEN 'usable'
    END AS reason
  FROM seen
)
SELECT
  cluster AS subject,
  CASE
    WHEN reason IN ('none', 'platform') THEN 'unknown'
    WHEN reason IN ('path', 'tls-server-name', 'proxy') THEN 'warning'
    WHEN reason IN ('usable', 'led here otherwise') THEN 'pass'
    WHEN reason IS NOT NULL AND told = 0 THEN 'unknown'
    WHEN reason IS NOT NULL THEN 'fail'
  END AS status,
  CASE server WHEN '' THEN 'no server' ELSE server || ' (' || server_kind || ')' END AS observed,
  'an address that pods of other clusters can resolve and that accepts service-account tokens' AS expected,
  CASE declared WHEN 1 THEN 'mesh.yaml, remoteServer of ' || cluster ELSE kubeconfig || ', context ' || context END AS evidence,
  CASE reason
    WHEN 'usable' THEN server || CASE server_kind
      WHEN 'private' THEN ' is a private address: clusters can use it that are routed to it'
      WHEN 'hostname' THEN ' is a name: clusters can use it whose DNS knows it'
      ELSE ' is a public address'
    END
    WHEN 'led here otherwise' THEN 'Every other cluster has a remote secret that leads here by another address than ' || server_host
    WHEN 'loopback' THEN server || ' is this machine''s own address: to the pods of other clusters it means their own'
    WHEN 'unspecified' THEN server || ' is no address that can be called'
    WHEN 'link-local' THEN server || ' is a link-local address, which means something on one link only'
    WHEN 'unqualified' THEN 'The name ' || server_host || ' has no domain: other clusters do not resolve it'
    WHEN 'local-alias' THEN server_host || ' means something on this machine only'
    WHEN 'not-https' THEN server || ' is not https: a remote secret''s token would travel in clear'
    WHEN 'connect-gateway' THEN server_host || ' is Google''s Connect gateway, which does not accept the service-account token of a remote secret'
    WHEN 'dns-endpoint' THEN server_host || ' is GKE''s DNS endpoint: its certificate is signed by a public authority, a remote secret carries the cluster''s own'
    WHEN 'management proxy' THEN server || ' leads through a management proxy, which does not accept the service-account token of a remote secret'
    WHEN 'none' THEN kubeconfig || CASE server_kind WHEN 'none' THEN ' names no server' ELSE ' was not read' END
    WHEN 'platform' THEN server || ' is a private address, and the platform is not known: on GKE it would be the private endpoint, which clusters outside the VPC cannot use'
    WHEN 'private endpoint' THEN server || ' is the private endpoint of a GKE cluster: clusters outside its VPC cannot use it'
    WHEN 'path' THEN server || ' has the path ' || server_path || ': something stands before the API server, and must accept service-account tokens'
    WHEN 'tls-server-name' THEN 'The kubeconfig verifies the server as ' || tls_server_name || ', which istioctl create-remote-secret does not carry over'
    WHEN 'proxy' THEN 'The kubeconfig reaches the server through the proxy ' || proxy_host || ', which istioctl create-remote-secret does not carry over'
    ELSE ''
  END AS finding,
  flags
FROM judged
