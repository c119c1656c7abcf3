/*---
id: fleet-same
title: All clusters are in the same fleet
severity: error
subject: cluster
span: mesh
level: read
requires: [fleet-membership-registered]
optional: [google_cluster, google_project]
pass: "In the fleet of {project}, as it should be"
fail:
  own: "{subject} is in the fleet of {project}, but {expected}: it has another trust domain and another mesh id"
  gke: "GKE says that {subject} is in the fleet of {gke_project}, the object membership in it names {project}, and {expected}: one of the two is left over from another registration"
unknown: "{finding}"
not_applicable: "The cluster is in no fleet"
remedy:
  own: "gcloud container fleet memberships unregister {membership} --project={project} {flags} && gcloud container fleet memberships register {membership} --project={wanted} {flags} --enable-workload-identity --has-private-issuer"
  own-gke: "gcloud container clusters update {name} --location={location} --project={own_project} --clear-fleet-project && gcloud container clusters update {name} --location={location} --project={own_project} --fleet-project={wanted}"
  gke: "gcloud container clusters update {name} --location={location} --project={own_project} --clear-fleet-project && gcloud container clusters update {name} --location={location} --project={own_project} --fleet-project={wanted}"
shell: [flags]
docs: https://cloud.google.com/kubernetes-engine/fleet-management/docs/fleet-creation
guide: [same-fleet]
why: |
  Looks at the project in each cluster's membership and compares it with the declared fleet host project, or, where none was
  declared, with the other clusters; for a GKE cluster also what GKE says. Memberships name the project by id or by number; the two
  are taken for the same where Google or somebody else states both, and where nobody does, the check says unknown rather than guess. A cluster of another fleet has
  another workload identity pool, hence another trust domain, and another mesh id. A cluster can be in one fleet only:
  moving it means to unregister it first, and to install the control plane anew. Google Distributed Cloud registers its
  clusters from their configuration (gkeConnect.projectID), where the fleet cannot be changed in place.
---*/
WITH alias AS (
  -- A project's number is written as its id, where both are known.
  SELECT number, min(id) AS id FROM (
    SELECT project_number AS number, project_id AS id FROM google_project WHERE project_number <> '' AND project_id <> ''
    UNION ALL
    SELECT fleet_project_number, fleet_project FROM mesh WHERE fleet_project_number <> '' AND fleet_project GLOB '*[^0-9]*'
  )
  GROUP BY number
),
declaration AS (
  SELECT m.fleet_project AS declared, coalesce(d.id, m.fleet_project) AS fleet FROM mesh AS m LEFT JOIN alias AS d ON d.number = m.fleet_project
),
stated AS (
  SELECT
    c.cluster, c.flags, f.crd_present, f.membership,
    -- Where the cluster itself says nothing, GKE's word is taken.
    coalesce(nullif(f.project, ''), nullif(g.fleet_project, ''), f.project) AS project,
    coalesce(i.id, nullif(f.project, ''), k.id, nullif(g.fleet_project, ''), f.project) AS fleet,
    nullif(g.fleet_project, '') AS gke_project,
    coalesce(k.id, nullif(g.fleet_project, '')) AS gke_fleet,
    g.name, g.location, g.project AS own_project
  FROM cluster AS c
  LEFT JOIN fleet_membership AS f ON f.cluster = c.cluster
  LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
  LEFT JOIN alias AS i ON i.number = f.project
  LEFT JOIN alias AS k ON k.number = g.fleet_project
),
counted AS (
  SELECT fleet, count(*) AS members FROM stated WHERE fleet <> '' GROUP BY fleet
),
compared AS (
  SELECT
    s.*,
    -- The fleet to be in: the declared one, else that of more clusters than any other.
    CASE
      WHEN d.fleet <> '' THEN d.fleet
      ELSE coalesce((
        SELECT a.fleet FROM counted AS a
        WHERE NOT EXISTS (SELECT 1 FROM counted AS b WHERE b.fleet <> a.fleet AND b.members >= a.members)
      ), '')
    END AS wanted,
    d.declared,
    (SELECT count(*) FROM cluster) - (SELECT count(*) FROM stated WHERE fleet <> '') AS unseen
  FROM stated AS s
  CROSS JOIN declaration AS d
),
judged AS (
  SELECT
    *,
    -- An id and a number may be two names of one project, as long as neither has been joined with its other name.
    CASE
      WHEN wanted <> '' AND fleet <> wanted AND (fleet GLOB '*[^0-9]*') <> (wanted GLOB '*[^0-9]*')
        AND NOT EXISTS (SELECT 1 FROM alias WHERE id IN (fleet, wanted)) THEN project
      WHEN wanted <> '' AND gke_fleet <> wanted AND (gke_fleet GLOB '*[^0-9]*') <> (wanted GLOB '*[^0-9]*')
        AND NOT EXISTS (SELECT 1 FROM alias WHERE id IN (gke_fleet, wanted)) THEN gke_project
    END AS unjoined
  FROM compared
)
SELECT
  cluster AS subject,
  CASE
    WHEN fleet IS NULL THEN 'unknown'
    WHEN crd_present = 0 AND declared = '' AND gke_fleet IS NULL THEN 'not_applicable'
    WHEN fleet = '' THEN 'unknown'
    WHEN unjoined IS NOT NULL THEN 'unknown'
    WHEN fleet <> wanted OR gke_fleet <> wanted THEN 'fail'
    WHEN declared = '' AND unseen > 0 THEN 'unknown'
    WHEN fleet = wanted THEN 'pass'
  END AS status,
  'project ' || coalesce(nullif(project, ''), 'unknown') || coalesce('; GKE: ' || gke_project, '') AS observed,
  CASE
    WHEN declared <> '' THEN 'the declared fleet is that of ' || declared
    WHEN wanted <> '' THEN 'most clusters are in that of ' || wanted
    ELSE 'the clusters do not agree on one'
  END AS expected,
  'memberships.hub.gke.io/membership, spec.owner.id' || CASE WHEN gke_project IS NULL THEN '' ELSE '; container.googleapis.com: fleet.project' END AS evidence,
  CASE WHEN fleet <> wanted AND name IS NOT NULL THEN 'own-gke' WHEN fleet <> wanted THEN 'own' ELSE 'gke' END AS reason,
  CASE
    WHEN coalesce(fleet, '') = '' THEN 'The fleet of ' || cluster || ' was not observed'
    WHEN unjoined IS NOT NULL THEN 'One speaks of project ' || unjoined || ', the other of ' || wanted || ': whether they are one needs the project''s number (gcloud projects describe ' || wanted || ')'
    ELSE 'The fleet of another cluster was not observed, and none is declared'
  END AS finding,
  coalesce(project, '') AS project,
  gke_project,
  coalesce(nullif(membership, ''), 'MEMBERSHIP') AS membership,
  coalesce(nullif(wanted, ''), 'FLEET') AS wanted,
  name, location, own_project,
  flags
FROM judged
