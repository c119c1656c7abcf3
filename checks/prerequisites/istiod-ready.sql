/*---
id: istiod-ready
title: The wanted control plane is there and ready
severity: error
subject: cluster
span: cluster
level: read
requires: [api-answers]
pass: "{name} is ready, {ready} of {wanted} replicas"
fail: "{finding}"
warning: "{name} has {ready} of {wanted} replicas ready"
unknown: "{finding}"
remedy:
  zero: "kubectl {flags} -n istio-system scale deployment/{name} --replicas=1"
  pods: "kubectl {flags} -n istio-system describe pods -l app=istiod && kubectl {flags} -n istio-system logs deployment/{name} -c discovery --tail=50"
  none-fleet: "asmcli install {flags} --fleet_id {fleet} --platform multicloud --enable_all --ca citadel --ca_cert ca-cert.pem --ca_key ca-key.pem --root_cert root-cert.pem --cert_chain cert-chain.pem"
  none-fleet-revision: "asmcli install {flags} --fleet_id {fleet} --platform multicloud --enable_all --revision_name {revision} --ca citadel --ca_cert ca-cert.pem --ca_key ca-key.pem --root_cert root-cert.pem --cert_chain cert-chain.pem"
  none: "istioctl install {flags}"
  none-revision: "istioctl install {flags} --revision={revision}"
  other: "kubectl {flags} -n istio-system get deployments -l app=istiod -L istio.io/rev"
shell: [flags]
docs: https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/
why: |
  Looks for the Deployment of istiod in istio-system whose label istio.io/rev is the wanted revision (declared, else the only one
  there), and at its ready replicas. Each cluster of a multi-primary mesh runs its own control plane; without it no proxy
  starts, no certificate is issued, and nothing else that the control plane states can be judged, so those checks are
  blocked. Fails when the revision is absent (the other revisions that exist are named), is scaled to zero or has no
  ready pod. The wrong revision is the classic: a gateway that asks for a revision that does not exist stays with the image
  "auto" for ever.
---*/
WITH seen AS (
  SELECT
    c.cluster, c.flags, w.revision, w.chosen_by, m.fleet_project,
    min(i.name) AS name, i.wanted_replicas, i.ready_replicas,
    (
      SELECT group_concat(revision, ', ')
      FROM (
        SELECT coalesce(nullif(o.revision, ''), 'default') AS revision
        FROM istiod AS o
        WHERE o.cluster = c.cluster AND o.namespace = 'istio-system' AND o.bundled = 0
        ORDER BY 1
      )
    ) AS revisions
  FROM cluster AS c
  CROSS JOIN mesh AS m
  LEFT JOIN wanted_revision AS w ON w.cluster = c.cluster
  LEFT JOIN istiod AS i
    ON i.cluster = c.cluster AND i.namespace = 'istio-system' AND i.revision = w.revision AND i.bundled = 0
  GROUP BY c.cluster
),
judged AS (
  SELECT
    *,
    CASE
      WHEN chosen_by IS NULL THEN 'unseen'
      WHEN chosen_by = 'several' THEN 'several'
      WHEN chosen_by = 'none' THEN 'none'
      WHEN revision IS NULL THEN 'unseen'
      WHEN name IS NULL AND revisions IS NULL THEN 'none'
      WHEN name IS NULL THEN 'other revision'
      WHEN wanted_replicas = 0 THEN 'scaled to zero'
      WHEN ready_replicas = 0 THEN 'not ready'
      WHEN ready_replicas < wanted_replicas THEN 'partly ready'
      WHEN ready_replicas >= wanted_replicas THEN 'ready'
    END AS reason
  FROM seen
)
SELECT
  cluster AS subject,
  CASE
    WHEN reason IN ('unseen', 'several') THEN 'unknown'
    WHEN reason IN ('none', 'other revision', 'scaled to zero', 'not ready') THEN 'fail'
    WHEN reason = 'partly ready' THEN 'warning'
    WHEN reason = 'ready' THEN 'pass'
  END AS status,
  CASE
    WHEN name IS NOT NULL THEN name || ', ' || ready_replicas || ' of ' || wanted_replicas || ' replicas ready'
    ELSE 'revisions in istio-system: ' || coalesce(revisions, 'none')
  END AS observed,
  CASE
    WHEN revision IS NULL THEN 'one istiod in istio-system'
    WHEN revision = '' THEN 'istiod of the default revision, ready'
    ELSE 'istiod of revision ' || revision || ', ready'
  END AS expected,
  'Deployments in istio-system with the label app=istiod' AS evidence,
  CASE reason
    WHEN 'unseen' THEN 'Which control planes ' || cluster || ' runs was not observed'
    WHEN 'several' THEN 'istio-system has several control planes (' || revisions || ') and none was declared as the wanted one: add revision to mesh.yaml, or --revision'
    WHEN 'none' THEN 'There is no istiod in istio-system of ' || cluster
    WHEN 'other revision' THEN 'There is no istiod of revision ' || CASE revision WHEN '' THEN 'default' ELSE revision END || ' in istio-system of ' || cluster || '; there is: ' || revisions
    WHEN 'scaled to zero' THEN name || ' is scaled to zero'
    WHEN 'not ready' THEN 'None of the ' || wanted_replicas || ' replicas of ' || name || ' is ready'
    ELSE ''
  END AS finding,
  CASE
    WHEN reason = 'scaled to zero' THEN 'zero'
    WHEN name IS NOT NULL THEN 'pods'
    WHEN reason = 'none' THEN 'none' || CASE fleet_project WHEN '' THEN '' ELSE '-fleet' END || CASE coalesce(revision, '') WHEN '' THEN '' ELSE '-revision' END
    ELSE 'other'
  END AS reason,
  fleet_project AS fleet,
  revision,
  flags,
  coalesce(name, '') AS name,
  coalesce(ready_replicas, 0) AS ready,
  coalesce(wanted_replicas, 0) AS wanted
FROM judged
