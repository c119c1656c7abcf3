/*---
id: google-projects-active
title: The projects that the mesh stands on are active
severity: error
subject: google_project
span: mesh
level: read
requires: [{check: google-credentials-work, when: failed, blocks: unknown}]
pass: "Active"
fail:
  deleted: "Project {project} is to be deleted ({state}): its clusters, networks and memberships stop with it, at the latest after 30 days"
  absent: "Google knows no project {project}: a wrong name in mesh.yaml or a kubeconfig, or a project that is gone for good"
  other: "Project {project} is in the state {state}, not ACTIVE"
unknown:
  unread: "Whether project {project} is active is not known: {detail}"
remedy:
  deleted: "gcloud projects undelete {project}"
  absent: "gcloud projects describe {project}"
  other: "gcloud projects describe {project}"
  unread: "gcloud projects describe {project}"
  unread-known: "{mend}"
shell: [mend]
docs: https://cloud.google.com/resource-manager/docs/creating-managing-projects
guide: [same-fleet]
why: |
  Looks at the state of every project that the mesh stands on: the fleet host, the clusters' own, the hosts of their networks. A
  project that was shut down goes on answering for up to 30 days while its resources are taken away one by one, which looks like
  many faults. Unknown where the caller may not read the project.
---*/
SELECT
  subject,
  CASE
    WHEN state = 'ACTIVE' THEN 'pass'
    WHEN state IS NULL THEN 'unknown'
    ELSE 'fail'
  END AS status,
  coalesce(state, 'nothing') AS observed,
  'ACTIVE' AS expected,
  'cloudresourcemanager.googleapis.com: projects.get' AS evidence,
  CASE
    WHEN state IS NULL AND mend = '' THEN 'unread'
    WHEN state IS NULL THEN 'unread-known'
    WHEN state LIKE 'DELETE%' THEN 'deleted'
    WHEN state = 'NOT_FOUND' THEN 'absent'
    ELSE 'other'
  END AS reason,
  project,
  state,
  CASE detail WHEN '' THEN 'it could not be read' ELSE detail END AS detail,
  mend
FROM google_project
