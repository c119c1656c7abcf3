/*---
id: mesh-feature-healthy
title: The fleet's mesh feature reports no error for the cluster
severity: error
subject: cluster
span: cluster
level: read
requires: [{check: fleet-membership-ready, blocks: unknown}, {check: fleet-membership-ready, when: failed, blocks: unsound}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
pass: "Active, no condition"
fail: "The fleet's feature servicemesh reports for {subject}: {conditions}"
warning:
  off: "The fleet's feature servicemesh is not enabled: Google's side of the mesh (telemetry, console) is missing; traffic with Istio's own CA does not need it"
  moving: "The fleet's feature servicemesh is {state}, not ACTIVE"
  conditions: "The fleet's feature servicemesh warns for {subject}: {conditions}"
unknown: "What the fleet's feature servicemesh says of {subject} is not known"
not_applicable: "The mesh has no fleet"
remedy:
  errors: "gcloud container fleet mesh describe --project={fleet}"
  off: "gcloud container fleet mesh enable --project={fleet}"
  moving: "gcloud container fleet mesh describe --project={fleet}"
  conditions: "gcloud container fleet mesh describe --project={fleet}"
docs: https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-intro
why: |
  Looks at the state of the fleet's feature servicemesh and at the conditions that it reports for this cluster: missing rights of its service
  account across projects, several control planes, quotas, Google's plan to migrate the fleet to another control plane. Codes that
  isthmus does not know are judged by the severity that Google gives them.
---*/
WITH conditions AS (
  SELECT
    m.cluster,
    group_concat(CASE WHEN v.value ->> 'severity' = 'ERROR' THEN coalesce(v.value ->> 'code', 'no code') || coalesce(' (' || nullif(v.value ->> 'details', '') || ')', '') END, '; ') AS errors,
    group_concat(CASE WHEN v.value ->> 'severity' = 'WARNING' THEN coalesce(v.value ->> 'code', 'no code') || coalesce(' (' || nullif(v.value ->> 'details', '') || ')', '') END, '; ') AS warnings
  FROM mesh_feature AS m, json_each(m.conditions) AS v
  GROUP BY m.cluster
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN m.cluster IS NULL AND mesh.fleet_project = '' THEN 'not_applicable'
    WHEN m.cluster IS NULL THEN 'unknown'
    WHEN n.errors IS NOT NULL OR m.code = 'ERROR' THEN 'fail'
    WHEN m.feature_state <> 'ACTIVE' OR n.warnings IS NOT NULL OR m.code = 'WARNING' THEN 'warning'
    WHEN m.feature_state = 'ACTIVE' THEN 'pass'
  END AS status,
  coalesce(nullif(m.feature_state, ''), 'not enabled') || coalesce(', ' || nullif(m.code, ''), '') AS observed,
  'ACTIVE, without errors' AS expected,
  'gkehub.googleapis.com: features/servicemesh' AS evidence,
  CASE
    WHEN n.errors IS NOT NULL OR m.code = 'ERROR' THEN 'errors'
    WHEN m.feature_state = '' THEN 'off'
    WHEN m.feature_state <> 'ACTIVE' THEN 'moving'
    ELSE 'conditions'
  END AS reason,
  coalesce(n.errors, n.warnings, nullif(m.detail, ''), m.code) AS conditions,
  m.feature_state AS state,
  CASE mesh.fleet_project WHEN '' THEN 'FLEET' ELSE mesh.fleet_project END AS fleet
FROM cluster AS c
CROSS JOIN mesh
LEFT JOIN mesh_feature AS m ON m.cluster = c.cluster
LEFT JOIN conditions AS n ON n.cluster = c.cluster
