/*---
id: no-managed-control-plane
title: No control plane managed by Google is at work
severity: error
subject: cluster
span: cluster
level: read
requires: [api-answers]
optional: [mesh_feature, fleet_membership]
pass: "No sign of a managed control plane"
fail: "Google manages a control plane in {subject} ({signs}): it cannot be given remote secrets, and proxies that belong to it do not find the other clusters"
warning: "No managed control plane is at work in {subject}, but its membership asks for one (management: automatic): Google will bring it"
unknown: "Whether a managed control plane is at work was not observed"
remedy:
  cluster: "kubectl {flags} get controlplanerevisions.mesh.cloud.google.com -A; kubectl {flags} get mutatingwebhookconfigurations -l app=sidecar-injector -o yaml | grep url:"
  fleet: "gcloud container fleet mesh update --management=manual --memberships={membership} --project={fleet}    # then move the workloads to the revision of the in-cluster control plane"
shell: [flags]
docs: https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-multi-cluster
why: |
  Looks for what a managed control plane (Traffic Director, or managed istiod) leaves in a cluster: ControlPlaneRevision objects,
  injector webhooks that call a URL instead of a Service, the ConfigMap asm-options; and, where Google can be asked, at what the fleet's
  feature servicemesh says of it. The hybrid mesh joins in-cluster
  control planes only. Workloads that the managed one injects do not read the remote secrets, so they see their own cluster
  alone. Fails on any sign; move the workloads to the in-cluster revision and disable automatic management for the
  membership (gcloud container fleet mesh update --management manual).
---*/
WITH sign AS (
  SELECT cluster, evidence FROM managed_control_plane
  UNION ALL
  SELECT cluster, 'feature servicemesh: ' || CASE implementation WHEN '' THEN 'a control plane' ELSE implementation END || ' is active'
  FROM mesh_feature
  WHERE control_plane_state IN ('ACTIVE', 'DEGRADED', 'NEEDS_ATTENTION', 'STALLED')
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN count(s.evidence) > 0 THEN 'fail'
    WHEN f.management LIKE '%AUTOMATIC' THEN 'warning'
    -- The absence of rows is proof only where the ledger says that they were collected; the engine sees to it.
    WHEN count(s.evidence) = 0 THEN 'pass'
  END AS status,
  CASE count(s.evidence) WHEN 0 THEN 'none' ELSE group_concat(s.evidence, ', ') END AS observed,
  'none' AS expected,
  'ControlPlaneRevision objects, webhooks with a URL, ConfigMap asm-options; the fleet''s feature servicemesh' AS evidence,
  CASE WHEN f.management LIKE '%AUTOMATIC' OR f.control_plane_state = 'ACTIVE' THEN 'fleet' ELSE 'cluster' END AS reason,
  coalesce(group_concat(s.evidence, ', '), '') AS signs,
  coalesce(nullif(m.membership, ''), 'MEMBERSHIP') AS membership,
  (SELECT CASE fleet_project WHEN '' THEN 'FLEET' ELSE fleet_project END FROM mesh) AS fleet,
  c.flags
FROM cluster AS c
LEFT JOIN (SELECT cluster, evidence FROM sign ORDER BY evidence) AS s ON s.cluster = c.cluster
LEFT JOIN mesh_feature AS f ON f.cluster = c.cluster
LEFT JOIN fleet_membership AS m ON m.cluster = c.cluster
GROUP BY c.cluster
