/*---
id: fleet-membership-registered
title: The cluster is registered to a fleet
severity: error
subject: cluster
span: cluster
level: read
requires: [api-answers]
optional: [google_cluster]
pass: "Registered as {membership} in the fleet of {project}"
fail: "{finding}"
warning: "Registered as {membership} in the fleet of {project}, but without fleet Workload Identity: spec.identity_provider is empty, and asmcli refuses such a cluster"
unknown: "{finding}"
not_applicable: "No fleet is declared, and the cluster is in none: a plain Istio mesh"
remedy:
  gke: "gcloud container clusters update {name} --location={location} --project={own_project} --fleet-project={fleet}"
  other: "gcloud container fleet memberships register {subject} --project={fleet} {flags} --enable-workload-identity --has-private-issuer"
shell: [flags]
docs: https://cloud.google.com/kubernetes-engine/fleet-management/docs/fleet-creation
guide: [same-fleet]
why: |
  Looks at the object membership of memberships.hub.gke.io, which the registration leaves in the cluster: the cluster's own
  word on its fleet, readable without any Google API. A hybrid mesh needs all its clusters in one fleet: the fleet's workload
  identity pool is the mesh's trust domain, and the fleet's project number its mesh id. Fails when the object or its CRD
  is absent; warns when the registration came without Workload Identity. Not applicable where no fleet was declared and the
  cluster knows of none.
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN f.cluster IS NULL THEN 'unknown'
    WHEN m.fleet_project = '' AND f.crd_present = 0 THEN 'not_applicable'
    WHEN f.crd_present = 0 OR f.object_present = 0 THEN 'fail'
    WHEN f.project = '' THEN 'unknown'
    WHEN f.identity_provider = '' THEN 'warning'
    WHEN f.object_present = 1 AND f.project <> '' THEN 'pass'
  END AS status,
  CASE
    WHEN f.cluster IS NULL THEN 'nothing'
    WHEN f.crd_present = 0 THEN 'no CRD memberships.hub.gke.io'
    WHEN f.object_present = 0 THEN 'the CRD, but no object membership'
    ELSE 'spec.owner.id: ' || CASE f.owner_id WHEN '' THEN '(empty)' ELSE f.owner_id END
  END AS observed,
  CASE m.fleet_project WHEN '' THEN 'a membership' ELSE 'a membership in the fleet of ' || m.fleet_project END AS expected,
  'memberships.hub.gke.io/membership' AS evidence,
  CASE
    WHEN f.cluster IS NULL THEN 'Whether ' || c.cluster || ' is registered was not observed'
    WHEN f.crd_present = 0 THEN c.cluster || ' is registered to no fleet: it does not even have the CRD memberships.hub.gke.io'
    WHEN f.object_present = 0 THEN c.cluster || ' is registered to no fleet: the CRD memberships.hub.gke.io is there, its object membership is not'
    ELSE 'The object membership names no project that could be read: "' || f.owner_id || '"'
  END AS finding,
  coalesce(f.membership, '') AS membership,
  coalesce(f.project, '') AS project,
  CASE
    WHEN g.cluster IS NOT NULL OR c.declared_platform = 'gke' OR c.context LIKE 'gke\_%' ESCAPE '\' THEN 'gke'
    ELSE 'other'
  END AS reason,
  coalesce(g.name, 'CLUSTER') AS name,
  coalesce(g.location, 'LOCATION') AS location,
  coalesce(g.project, 'PROJECT') AS own_project,
  CASE m.fleet_project WHEN '' THEN 'FLEET' ELSE m.fleet_project END AS fleet,
  c.flags
FROM cluster AS c
CROSS JOIN mesh AS m
LEFT JOIN fleet_membership AS f ON f.cluster = c.cluster
LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
