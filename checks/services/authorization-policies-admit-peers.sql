/*---
id: authorization-policies-admit-peers
title: AuthorizationPolicies know callers of other clusters
severity: warning
subject: cluster
span: mesh
level: read
requires: [api-answers]
pass: "No AuthorizationPolicy of {subject} tells callers by what callers of other clusters do not have"
warning:
  trust-domain: "AuthorizationPolicy {policy} ({action}) names the trust domain {domain}, which no cluster of the mesh has or knows as an alias: no caller is ever who it means{more}"
  address: "AuthorizationPolicy {policy} ({action}) tells callers by their address: those of other clusters come with the address of the east-west gateway{more}"
unknown: "Whether AuthorizationPolicies of {subject} admit callers of other clusters is not known"
remedy:
  trust-domain: "kubectl {flags} -n {namespace} edit authorizationpolicies.security.istio.io {name}    # {own}, or cluster.local, which stands for it"
  address: "kubectl {flags} -n {namespace} edit authorizationpolicies.security.istio.io {name}    # principals or namespaces in the place of ipBlocks"
shell: [flags]
docs: https://istio.io/latest/docs/reference/config/security/authorization-policy/#Source
why: |
  An AuthorizationPolicy tells callers by identity (principals, with a trust domain), by namespace or by address. One that was written
  before the trust domain changed names one that nobody has any more: what it allows is allowed to nobody, and requests end with 403
  "RBAC: access denied". One that goes by address (ipBlocks) sees, for callers of other networks, the address of the cluster's own
  east-west gateway. Looks at every policy's principals, and at addresses in those policies that are not for single workloads and whose
  namespace has services of the mesh. cluster.local stands for the mesh's own trust domain.
---*/
WITH domain AS (
  SELECT m.cluster, m.trust_domain, m.trust_domain_aliases
  FROM wanted_revision AS w
  JOIN mesh_config AS m ON m.cluster = w.cluster AND m.revision = w.revision
  WHERE m.parse_error = ''
),
known AS (
  SELECT trust_domain AS domain FROM domain
  UNION
  SELECT a.value FROM domain, json_each(domain.trust_domain_aliases) AS a
),
found AS (
  SELECT p.cluster, p.namespace, p.name, p.action, 'trust-domain' AS reason, d.value AS domain
  FROM authorization_policy AS p, json_each(p.trust_domains) AS d
  WHERE d.value NOT IN (SELECT domain FROM known)
  UNION ALL
  SELECT p.cluster, p.namespace, p.name, p.action, 'address', ''
  FROM authorization_policy AS p
  WHERE p.by_address = 1 AND p.reach <> 'workloads'
    AND EXISTS (
      SELECT 1 FROM mesh_service AS m
      WHERE m.cluster = p.cluster AND m.mesh_pods > 0 AND (p.reach = 'mesh' OR m.namespace = p.namespace)
    )
),
first AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY cluster ORDER BY CASE reason WHEN 'trust-domain' THEN 1 ELSE 2 END, namespace, name, domain) AS rank,
    count(*) OVER (PARTITION BY cluster) AS findings
  FROM found
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN (SELECT count(*) FROM domain) < (SELECT count(*) FROM cluster) THEN 'unknown'
    WHEN f.cluster IS NOT NULL THEN 'warning'
    WHEN d.trust_domain <> '' THEN 'pass'
  END AS status,
  coalesce(f.namespace || '/' || f.name || CASE f.reason WHEN 'address' THEN ': ipBlocks' ELSE ': principals of ' || f.domain END, 'no such policy') AS observed,
  'principals of ' || coalesce(d.trust_domain, 'the mesh''s trust domain') || ', namespaces, or no condition on callers' AS expected,
  'AuthorizationPolicies (security.istio.io) of all namespaces' AS evidence,
  f.reason,
  f.namespace || '/' || f.name AS policy,
  f.action,
  coalesce(f.domain, '') AS domain,
  CASE WHEN f.findings > 1 THEN '; ' || (f.findings - 1) || ' more like this' ELSE '' END AS more,
  coalesce(d.trust_domain, '') AS own,
  f.namespace,
  f.name,
  c.flags
FROM cluster AS c
LEFT JOIN domain AS d ON d.cluster = c.cluster
LEFT JOIN first AS f ON f.cluster = c.cluster AND f.rank = 1
