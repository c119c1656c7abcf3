/*---
id: google-apis-enabled
title: The Google APIs that the mesh needs are enabled
severity: error
subject: google_project
span: mesh
level: read
requires: [{check: google-credentials-work, when: failed, blocks: unknown}]
pass: "All {services} APIs that are needed in {project} are enabled"
fail:
  mesh: "Project {project} has not enabled {names}: the mesh does not work without"
  isthmus: "Project {project} has not enabled {names}: what only they tell is unknown to isthmus, and the mesh itself works without"
unknown:
  unread: "Which APIs are enabled in {project} is not known: {detail}"
remedy:
  mesh: "gcloud services enable {list} --project={project}"
  isthmus: "gcloud services enable {list} --project={project}"
  unread: "{mend}"
shell: [list, mend]
docs: https://cloud.google.com/service-usage/docs/enable-disable
why: |
  Asks Service Usage for the state of each API that the mesh needs in a project, and of those that isthmus asks. An API that is not
  enabled answers every request with 403 SERVICE_DISABLED, which is easily taken for a missing permission. This check names
  it once, and what could not be found out because of it is blocked by it.
---*/
WITH counted AS (
  SELECT
    p.subject, p.project, p.mend AS project_mend,
    count(s.service) AS services,
    count(CASE WHEN s.state = 'enabled' THEN 1 END) AS enabled,
    count(CASE WHEN s.state = 'disabled' THEN 1 END) AS disabled,
    count(CASE WHEN s.state = 'disabled' AND s.needed_for = 'mesh' THEN 1 END) AS of_mesh,
    group_concat(CASE WHEN s.state = 'disabled' THEN s.service END, ', ') AS names,
    group_concat(CASE WHEN s.state = 'disabled' THEN s.service END, ' ') AS list,
    max(CASE WHEN s.state IS NULL THEN s.detail END) AS detail,
    max(CASE WHEN s.state IS NULL THEN s.mend END) AS mend
  FROM google_project AS p
  LEFT JOIN google_service AS s ON s.project = p.project
  GROUP BY p.project
)
SELECT
  subject,
  CASE
    WHEN disabled > 0 THEN 'fail'
    WHEN services > 0 AND enabled = services THEN 'pass'
    ELSE 'unknown'
  END AS status,
  coalesce('not enabled: ' || names, enabled || ' of ' || services || ' enabled') AS observed,
  'all enabled' AS expected,
  'serviceusage.googleapis.com: services.batchGet' AS evidence,
  CASE WHEN of_mesh > 0 THEN 'mesh' WHEN disabled > 0 THEN 'isthmus' ELSE 'unread' END AS reason,
  project,
  services,
  names,
  list,
  coalesce(nullif(detail, ''), 'Service Usage gave no state') AS detail,
  coalesce(nullif(mend, ''), nullif(project_mend, ''), 'gcloud services list --enabled') AS mend
FROM counted
