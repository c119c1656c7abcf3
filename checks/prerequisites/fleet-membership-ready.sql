/*---
id: fleet-membership-ready
title: Google knows the cluster's membership, and it is ready
severity: error
subject: cluster
span: cluster
level: read
requires: [{check: api-answers, blocks: unknown}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}, {check: fleet-same, when: failed, blocks: unsound}]
optional: [google_cluster]
pass: "{membership} is ready"
fail:
  absent: "The fleet of {fleet} has no membership for {subject}: Google's side of the mesh does not know it, and asmcli refuses to join it"
  other: "{membership} was made for another cluster: its external id is {external}, and the UID of kube-system in {subject} is {uid}"
  gone: "{membership} is there, but Google says that the cluster behind it is gone"
  lightweight: "{membership} is lightweight: no feature of the fleet reaches the cluster, the mesh among them"
  leaving: "{membership} is in the state {state}: the cluster is leaving the fleet"
warning:
  moving: "{membership} is in the state {state}, not READY"
  identity: "{membership} has no identity provider: fleet Workload Identity is off, and asmcli refuses such a cluster"
  twice: "{membership} is ready, and there are others for the same cluster: {also}"
unknown:
  partial: "No membership for {subject} was found, but the list is not complete ({unreachable}): it may be there"
  unmatched: "{membership} seems to be that of {subject}, but the two could not be matched by the UID of kube-system"
  unread: "The memberships of the fleet could not be read"
not_applicable: "The mesh has no fleet"
remedy:
  absent: "gcloud container fleet memberships register {subject} --project={fleet} {flags} --enable-workload-identity --has-private-issuer"
  absent-gke: "gcloud container clusters update {gke_name} --location={gke_location} --project={gke_project} --fleet-project={fleet}"
  other: "gcloud container fleet memberships delete {membership}    # then register the cluster anew"
  gone: "gcloud container fleet memberships delete {membership}    # then register the cluster anew"
  lightweight: "gcloud container fleet memberships describe {membership}    # then register the cluster anew, without --membership-type=LIGHTWEIGHT"
  lightweight-gke: "gcloud container clusters update {gke_name} --location={gke_location} --project={gke_project} --unset-membership-type"
  leaving: "gcloud container fleet memberships describe {membership}    # when it is gone: register the cluster again"
  moving: "gcloud container fleet memberships describe {membership}"
  identity: "gcloud container fleet memberships register {subject} --project={fleet} {flags} --enable-workload-identity --has-private-issuer"
  identity-gke: "gcloud container fleet memberships register {subject} --project={fleet} --gke-uri={gke_link} --enable-workload-identity"
  twice: "gcloud container fleet memberships list --project={fleet}    # delete those that are stale"
  partial: "gcloud container fleet memberships list --project={fleet}"
  unmatched: "kubectl {flags} get namespace kube-system -o jsonpath='{.metadata.uid}'; gcloud container fleet memberships describe {membership} --format='value(externalId)'"
  unread: "gcloud container fleet memberships list --project={fleet}"
shell: [flags]
docs: https://cloud.google.com/kubernetes-engine/fleet-management/docs/fleet-creation
guide: [same-fleet]
why: |
  Looks for this cluster among the memberships that Google keeps for the fleet, over all locations, by the UID of kube-system: names
  and addresses can be reused, that cannot. The object in the cluster (fleet-membership-registered) says what the cluster believes;
  this is what Google believes, and the features of the fleet follow it. Fails where there is none, where it is that of a
  cluster which no longer exists, where it is lightweight, and where it is being deleted. A list that lacks a location proves
  presence, never absence.
---*/
WITH seen AS (
  SELECT
    c.cluster, c.flags, mesh.fleet_project, i.kube_system_uid AS uid, m.cluster AS asked, m.found, m.name AS membership, m.external_id,
    m.state, m.unreachable, m.also, m.detail,
    g.name AS gke_name, g.location AS gke_location, g.project AS gke_project, g.self_link AS gke_link,
    CASE
      WHEN m.cluster IS NULL THEN 'unread'
      WHEN m.found = 0 AND m.list_complete = 1 THEN 'absent'
      WHEN m.found = 0 THEN 'partial'
      WHEN m.external_id_matches = 0 THEN 'other'
      WHEN m.cluster_missing = 1 THEN 'gone'
      WHEN m.membership_type = 'LIGHTWEIGHT' THEN 'lightweight'
      WHEN m.state = 'DELETING' THEN 'leaving'
      WHEN m.external_id_matches IS NULL THEN 'unmatched'
      WHEN m.state <> 'READY' THEN 'moving'
      WHEN m.identity_provider = '' THEN 'identity'
      WHEN m.also <> '[]' THEN 'twice'
      WHEN m.external_id_matches = 1 AND m.state = 'READY' THEN 'ready'
    END AS finding
  FROM cluster AS c
  CROSS JOIN mesh
  LEFT JOIN cluster_identity AS i ON i.cluster = c.cluster
  LEFT JOIN google_membership AS m ON m.cluster = c.cluster
  LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN asked IS NULL AND fleet_project = '' THEN 'not_applicable'
    WHEN finding = 'ready' THEN 'pass'
    WHEN finding IN ('absent', 'other', 'gone', 'lightweight', 'leaving') THEN 'fail'
    WHEN finding IN ('moving', 'identity', 'twice') THEN 'warning'
    ELSE 'unknown'
  END AS status,
  CASE WHEN found = 1 THEN state WHEN asked IS NULL THEN 'nothing' ELSE 'no membership' END AS observed,
  'READY, for this cluster' AS expected,
  'gkehub.googleapis.com: memberships of ' || fleet_project || ', all locations' AS evidence,
  finding || CASE WHEN gke_name IS NULL THEN '' ELSE '-gke' END AS reason,
  coalesce(nullif(membership, ''), 'The membership') AS membership,
  CASE fleet_project WHEN '' THEN 'FLEET' ELSE fleet_project END AS fleet,
  CASE external_id WHEN '' THEN 'not stated' ELSE external_id END AS external,
  coalesce(uid, 'not known') AS uid,
  state,
  (SELECT group_concat(value, ', ') FROM json_each(also)) AS also,
  coalesce((SELECT group_concat(value, ', ') FROM json_each(unreachable)) || ' did not answer', nullif(detail, ''), 'pages are missing') AS unreachable,
  gke_name, gke_location, gke_project, gke_link,
  flags
FROM seen
