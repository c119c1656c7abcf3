/*---
id: mesh-id-shared
title: Every cluster carries the mesh's id
severity: warning
subject: cluster
span: mesh
level: read
requires: [istiod-ready]
pass: "Mesh id {own}"
warning: "{finding}"
unknown: "{finding}"
remedy: "kubectl {flags} -n istio-system edit configmap {configmap}    # defaultConfig.meshId: {wanted}; then restart istiod and workloads, or reinstall with asmcli install --fleet_id FLEET"
shell: [flags]
docs: https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-multi-cluster
why: |
  Looks at defaultConfig.meshId in the mesh configuration, against the id of the mesh: declared, else proj- and the number of the
  fleet host project (never that of the cluster's own project). The id tells telemetry and the console which mesh a
  workload belongs to; traffic flows without it, so a difference only warns. It is also an early sign that a cluster
  was installed with another fleet.
---*/
WITH config AS (
  SELECT c.cluster, m.mesh_id, m.revision, m.parse_error
  FROM cluster AS c
  JOIN wanted_revision AS w ON w.cluster = c.cluster
  JOIN mesh_config AS m ON m.cluster = c.cluster AND m.revision = w.revision
),
seen AS (
  SELECT
    c.cluster, c.flags, f.mesh_id, f.revision, f.parse_error, m.mesh_id AS wanted,
    (
      SELECT min(o.cluster || ' carries ' || o.mesh_id) FROM config AS o
      WHERE o.cluster <> c.cluster AND o.parse_error = '' AND o.mesh_id <> f.mesh_id AND o.mesh_id <> ''
    ) AS other
  FROM cluster AS c
  CROSS JOIN mesh AS m
  LEFT JOIN config AS f ON f.cluster = c.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN mesh_id IS NULL OR parse_error <> '' THEN 'unknown'
    WHEN mesh_id = '' OR mesh_id <> wanted THEN 'warning'
    WHEN wanted IS NULL AND other IS NOT NULL THEN 'warning'
    WHEN wanted IS NULL THEN 'unknown'
    WHEN mesh_id = wanted THEN 'pass'
  END AS status,
  CASE coalesce(mesh_id, '') WHEN '' THEN 'no mesh id' ELSE mesh_id END AS observed,
  coalesce(wanted, 'one mesh id, proj- and the fleet host project''s number') AS expected,
  'ConfigMap istio-system/istio' || CASE coalesce(revision, '') WHEN '' THEN '' ELSE '-' || revision END || ', key mesh: defaultConfig.meshId' AS evidence,
  CASE
    WHEN coalesce(parse_error, '') <> '' THEN 'The mesh configuration of ' || cluster || ' cannot be read: ' || parse_error
    WHEN mesh_id IS NULL THEN 'The mesh configuration of ' || cluster || ' was not observed'
    WHEN mesh_id = '' THEN cluster || ' carries no mesh id' || coalesce(', it should be ' || wanted, '')
    WHEN wanted IS NOT NULL THEN cluster || ' carries the mesh id ' || mesh_id || ', the mesh is ' || wanted
    WHEN other IS NOT NULL THEN cluster || ' carries the mesh id ' || mesh_id || ', ' || other
    ELSE 'What the mesh id should be needs the number of the fleet host project, which nobody states (gcloud projects describe FLEET)'
  END AS finding,
  coalesce(mesh_id, '') AS own,
  coalesce(wanted, 'proj-PROJECT_NUMBER') AS wanted,
  'istio' || CASE coalesce(revision, '') WHEN '' THEN '' ELSE '-' || revision END AS configmap,
  flags
FROM seen
