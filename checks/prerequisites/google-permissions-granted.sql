/*---
id: google-permissions-granted
title: The caller may read what only Google knows
severity: warning
subject: google_project
span: mesh
level: read
requires: [{check: google-credentials-work, when: failed, blocks: unknown}, {check: google-projects-active, when: failed, blocks: unknown}]
pass:
  all: "All {asked} permissions, those of the set-up too"
  reading: "All that reading needs; the set-up would need also: {later}"
warning: "{who} lacks {missing} on project {project}: what they show stays unknown"
unknown: "Which permissions the caller has on project {project} is not known: {detail}"
remedy: "for role in {roles}; do gcloud projects add-iam-policy-binding {project} --member={member} --role=$role; done"
shell: [roles]
docs: https://cloud.google.com/iam/docs/granting-changing-revoking-access
why: |
  Asks Google (testIamPermissions) which permissions the caller has on each project, for reading and for each step of the set-up:
  registering clusters, load balancers with their firewall rules, organization policy. What may not be read becomes unknown in the
  checks that need it, never passed; this one names the least roles that mend it. What only the set-up needs is said, and
  is no finding: who reads need not be who changes. The remedy must be run by somebody who may grant roles.
---*/
WITH counted AS (
  SELECT
    p.subject, p.project,
    count(m.permission) AS asked,
    count(CASE WHEN m.granted IS NULL AND m.permission IS NOT NULL THEN 1 END) AS unclear,
    count(CASE WHEN m.granted = 0 AND m.step = 'preflight' THEN 1 END) AS missing_ones,
    count(CASE WHEN m.granted = 0 AND m.step <> 'preflight' THEN 1 END) AS later_ones,
    group_concat(CASE WHEN m.granted = 0 AND m.step = 'preflight' THEN m.permission END, ', ') AS missing,
    group_concat(CASE WHEN m.granted = 0 AND m.step <> 'preflight' THEN m.permission || ' (' || m.step || ')' END, ', ') AS later,
    (
      SELECT group_concat(role, ' ') FROM (
        SELECT DISTINCT r.role FROM google_permission AS r
        WHERE r.project = p.project AND r.granted = 0 AND r.step = 'preflight' AND r.role NOT GLOB '*[^A-Za-z0-9./]*' ORDER BY r.role
      )
    ) AS roles,
    max(CASE WHEN m.granted IS NULL THEN m.detail END) AS detail
  FROM google_project AS p
  LEFT JOIN google_permission AS m ON m.project = p.project
  GROUP BY p.project
)
SELECT
  c.subject,
  CASE
    WHEN c.missing_ones > 0 THEN 'warning'
    WHEN c.asked = 0 OR c.unclear > 0 THEN 'unknown'
    WHEN c.missing_ones = 0 AND c.unclear = 0 THEN 'pass'
  END AS status,
  coalesce('missing: ' || c.missing, c.asked || ' granted') AS observed,
  'what reading needs' AS expected,
  'cloudresourcemanager.googleapis.com: projects.testIamPermissions' AS evidence,
  CASE c.later_ones WHEN 0 THEN 'all' ELSE 'reading' END AS reason,
  c.project,
  c.asked,
  c.missing,
  c.later,
  coalesce(c.roles, '') AS roles,
  coalesce(nullif(a.principal, ''), 'The caller') AS who,
  CASE
    WHEN coalesce(a.principal, '') = '' THEN 'MEMBER'
    WHEN a.principal LIKE '%.gserviceaccount.com' THEN 'serviceAccount:' || a.principal
    WHEN a.principal LIKE '%:%' THEN a.principal
    ELSE 'user:' || a.principal
  END AS member,
  coalesce(nullif(c.detail, ''), 'they could not be tested') AS detail
FROM counted AS c
LEFT JOIN google_access AS a ON 1
