/*---
id: connect-agent-alive
title: The Connect agent reports to Google
severity: warning
subject: cluster
span: cluster
level: read
requires: [{check: clusters-distinct, when: failed, blocks: unsound}, {check: fleet-membership-ready, blocks: unknown}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
optional: [cluster_identity]
pass: "Last seen {minutes} minutes ago"
warning:
  never: "Google has never heard of the Connect agent of {subject}: the console and the fleet's features do not reach the cluster; traffic of the mesh does not need it"
  silent: "Google last heard of the Connect agent of {subject} on {last}, {ago} before this run: the console and the fleet's features do not reach the cluster; traffic of the mesh does not need it"
unknown: "When the Connect agent of {subject} was last seen is not known"
not_applicable:
  gke: "A GKE cluster needs no Connect agent"
  fleet: "The mesh has no fleet"
remedy: "kubectl {flags} -n gke-connect rollout restart deployment && kubectl {flags} -n gke-connect logs -l app=gke-connect-agent --tail=50    # it needs gkeconnect.googleapis.com:443"
shell: [flags]
docs: https://cloud.google.com/kubernetes-engine/fleet-management/docs/connect-agent
why: |
  Looks at when Google last heard of the Connect agent, which clusters outside Google Cloud keep a connection with. Without it the fleet's
  features, the console and the Connect gateway lose the cluster, often because a site's firewall changed. It carries no traffic of the
  mesh, so this is a warning.
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN coalesce(p.platform, nullif(c.declared_platform, '')) = 'gke' THEN 'not_applicable'
    WHEN m.cluster IS NULL AND mesh.fleet_project = '' THEN 'not_applicable'
    WHEN coalesce(m.found, 0) = 0 OR coalesce(p.platform, nullif(c.declared_platform, '')) IS NULL THEN 'unknown'
    WHEN m.last_connection_at = 0 OR run.now - m.last_connection_at > 600 THEN 'warning'
    WHEN run.now - m.last_connection_at <= 600 THEN 'pass'
  END AS status,
  CASE WHEN coalesce(m.last_connection_at, 0) = 0 THEN 'no connection' ELSE strftime('%Y-%m-%dT%H:%M:%SZ', m.last_connection_at, 'unixepoch') END AS observed,
  'within the last 10 minutes' AS expected,
  'gkehub.googleapis.com: lastConnectionTime' AS evidence,
  CASE
    WHEN coalesce(p.platform, nullif(c.declared_platform, '')) = 'gke' THEN 'gke'
    WHEN m.cluster IS NULL THEN 'fleet'
    WHEN m.last_connection_at = 0 THEN 'never'
    ELSE 'silent'
  END AS reason,
  max((run.now - m.last_connection_at) / 60, 0) AS minutes,
  strftime('%Y-%m-%d %H:%M UTC', m.last_connection_at, 'unixepoch') AS last,
  CASE
    WHEN run.now - m.last_connection_at >= 172800 THEN ((run.now - m.last_connection_at) / 86400) || ' days'
    WHEN run.now - m.last_connection_at >= 7200 THEN ((run.now - m.last_connection_at) / 3600) || ' hours'
    ELSE ((run.now - m.last_connection_at) / 60) || ' minutes'
  END AS ago,
  c.flags
FROM cluster AS c
CROSS JOIN mesh
CROSS JOIN run
LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
LEFT JOIN google_membership AS m ON m.cluster = c.cluster
