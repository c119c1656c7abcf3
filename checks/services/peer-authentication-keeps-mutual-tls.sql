/*---
id: peer-authentication-keeps-mutual-tls
title: No PeerAuthentication takes mutual TLS from workloads
severity: error
subject: cluster
span: cluster
level: read
requires: [api-answers]
pass: "{observed}"
fail:
  mesh: "PeerAuthentication {policy} (mode DISABLE) takes mutual TLS from every workload, as istiod of {subject} sees it: its gateway passes nothing on to them, and its clients are given no endpoint of other networks"
  service: "PeerAuthentication {policy} (mode DISABLE) takes mutual TLS from pods behind {services}, as istiod of {subject} sees it: its gateway passes nothing on to them, and its clients are given no endpoint of them in other networks"
unknown: "Whether workloads of {subject} speak mutual TLS is not known"
remedy: "kubectl {flags} -n {namespace} patch peerauthentications.security.istio.io {name} --type=merge --patch '{\"spec\":{\"mtls\":{\"mode\":\"PERMISSIVE\"}}}'"
shell: [flags]
docs: https://istio.io/latest/docs/reference/config/security/peer_authentication/
why: |
  A PeerAuthentication with mode DISABLE makes workloads speak plain text. Then the east-west gateway, which only passes mutual TLS on by
  its server name, has no endpoint for them and resets what asks for them; and since an istiod takes its own cluster's policies for pods
  of other clusters, too, it gives its clients none of their endpoints. Looks for one in force
  for the whole mesh (in the root namespace; of several, the oldest counts), and for every Service whether one of the ready pods behind
  it is under such a policy: its own before its namespace's before the mesh's. PERMISSIVE takes both, STRICT takes mutual TLS alone: both
  are fine.
---*/
WITH mesh_wide AS (
  SELECT cluster, namespace, name, namespace || '/' || name AS policy
  FROM peer_authentication
  WHERE reach = 'mesh' AND mode = 'DISABLE' AND in_force = 1
),
touched AS (
  SELECT cluster, min(disabled_by) AS policy, group_concat(namespace || '/' || name, ', ') AS services
  FROM mesh_service
  WHERE disabled_by <> ''
  GROUP BY cluster
),
counted AS (
  SELECT cluster, count(*) AS services
  FROM mesh_service
  WHERE mesh_pods > 0
  GROUP BY cluster
)
SELECT
  c.cluster AS subject,
  CASE WHEN m.cluster IS NOT NULL OR t.cluster IS NOT NULL THEN 'fail' ELSE 'pass' END AS status,
  CASE
    WHEN m.cluster IS NOT NULL THEN m.policy || ': mode DISABLE'
    WHEN t.cluster IS NOT NULL THEN t.policy || ': mode DISABLE, for ' || t.services
    ELSE 'No PeerAuthentication takes mutual TLS from the workloads behind the ' || coalesce(n.services, 0) || ' Services of ' || c.cluster
  END AS observed,
  'PERMISSIVE or STRICT' AS expected,
  'PeerAuthentications (security.istio.io) of all namespaces' AS evidence,
  CASE WHEN m.cluster IS NOT NULL THEN 'mesh' ELSE 'service' END AS reason,
  coalesce(m.policy, t.policy) AS policy,
  coalesce(m.namespace, substr(t.policy, 1, instr(t.policy, '/') - 1)) AS namespace,
  coalesce(m.name, substr(t.policy, instr(t.policy, '/') + 1)) AS name,
  coalesce(t.services, '') AS services,
  c.flags
FROM cluster AS c
LEFT JOIN mesh_wide AS m ON m.cluster = c.cluster
LEFT JOIN touched AS t ON t.cluster = c.cluster
LEFT JOIN counted AS n ON n.cluster = c.cluster
