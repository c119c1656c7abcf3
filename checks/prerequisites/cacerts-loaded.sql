/*---
id: cacerts-loaded
title: istiod started after its certificate authority was put in place
severity: error
subject: cluster
span: cluster
level: read
requires: [root-ca-custom]
pass: "istiod started on {started}, cacerts is from {made}"
fail: "istiod runs since {started}, cacerts was made later, on {made}: what istiod issues by is not what is in it"
warning: "cacerts was changed on {changed}, after istiod had started on {started}: an intermediate of the same root is taken up by itself, a new root is not"
unknown: "{finding}"
not_applicable: "{finding}"
remedy: "kubectl {flags} -n istio-system rollout restart deployment -l app=istiod && kubectl {flags} -n istio-system rollout restart deployment -l istio=eastwestgateway"
shell: [flags]
docs: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
guide: [same-root]
why: |
  Compares the time at which Secret cacerts was made and last written with the start of the oldest running istiod container. istiod
  looks for cacerts when it starts; if it was not there, it made its own root and keeps it until it is restarted, while
  everything in the Secret looks right. Fails when the Secret is younger than istiod. Warns when it was only changed since: a new
  intermediate under the same root is loaded while running, a new root needs the restart. Restart gateways and workloads
  after istiod, so that they get certificates of the new chain.
---*/
WITH seen AS (
  SELECT
    c.cluster, c.flags, s.present, s.created_at, s.changed_at,
    min(i.ca_kind) AS ca_kind, min(i.started_at) AS started_at, count(i.name) - count(i.started_at) AS not_running
  FROM cluster AS c
  LEFT JOIN wanted_revision AS w ON w.cluster = c.cluster
  LEFT JOIN istiod AS i
    ON i.cluster = c.cluster AND i.namespace = 'istio-system' AND i.revision = w.revision AND i.bundled = 0
  LEFT JOIN ca_secret AS s ON s.cluster = c.cluster AND s.name = 'cacerts'
  GROUP BY c.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN ca_kind IS NULL OR present IS NULL THEN 'unknown'
    WHEN ca_kind <> 'istio-ca' OR present = 0 THEN 'not_applicable'
    WHEN started_at IS NULL OR not_running > 0 THEN 'unknown'
    WHEN created_at > started_at THEN 'fail'
    WHEN changed_at IS NULL THEN 'unknown'
    WHEN changed_at > started_at THEN 'warning'
    WHEN created_at <= started_at AND changed_at <= started_at THEN 'pass'
  END AS status,
  'cacerts made ' || coalesce(strftime('%Y-%m-%d %H:%M:%S', nullif(created_at, 0), 'unixepoch'), 'at an unknown time')
    || ', istiod started ' || coalesce(strftime('%Y-%m-%d %H:%M:%S', started_at, 'unixepoch'), 'at an unknown time') AS observed,
  'istiod started after cacerts was made' AS expected,
  'Secret istio-system/cacerts, metadata; pods of istiod, container discovery' AS evidence,
  CASE
    WHEN ca_kind IS NULL THEN 'Who issues the certificates is not known: no istiod of the wanted revision, or not its settings, could be read'
    WHEN present IS NULL THEN 'Whether Secret istio-system/cacerts exists was not observed'
    WHEN ca_kind <> 'istio-ca' THEN 'Certificates are not issued by istiod''s own authority'
    WHEN present = 0 THEN 'There is no cacerts to load'
    WHEN started_at IS NULL OR not_running > 0 THEN 'When istiod started was not observed'
    ELSE 'When cacerts was last written is not recorded'
  END AS finding,
  coalesce(strftime('%Y-%m-%d %H:%M:%S', started_at, 'unixepoch'), '') AS started,
  coalesce(strftime('%Y-%m-%d %H:%M:%S', created_at, 'unixepoch'), '') AS made,
  coalesce(strftime('%Y-%m-%d %H:%M:%S', changed_at, 'unixepoch'), '') AS changed,
  flags
FROM seen
