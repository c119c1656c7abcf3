/*---
id: shared-name-fails-over
title: The other clusters answer while this one's server is away
severity: error
subject: cluster
span: mesh
level: mutate
requires:
  - {check: workloads-ran, blocks: unsound}
  - {check: requests-cross, blocks: unsound}
pass:
  sound: "While the server of {subject} was away, clients of all {asking} clusters were answered by all others; then it came back"
  near: "While the server of {subject} was away, clients of all {asking} clusters were answered, those of {near} by the nearest others alone, as {rule} has it; then it came back"
fail:
  lost: "While the server of {subject} was away, clients of {failing} were not answered by all others{words}"
  not-restored: "The server of {subject} was taken away and did not come back"
unknown: "Whether the others answer while the server of {subject} is away was not seen from every cluster"
not_applicable: "There is no other cluster that could answer in place of {subject}"
remedy:
  lost: "istioctl {flags} proxy-config endpoints POD -n NAMESPACE    # an endpoint that is gone must leave the proxies within seconds"
  not-restored: "kubectl {flags} -n isthmus-verify get jobs,pods,events"
shell: [flags]
docs: https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/failover/
why: |
  With --failover isthmus scales the server of one cluster after the other to nothing, and lets clients of all clusters ask for the
  shared name: all the others must answer, in a series without a failure, within half a minute. Then the server is brought back. Fails
  where clients keep asking for endpoints that are gone, or where only their own cluster ever answers. Where a rule keeps requests near
  (shared-name-spreads says which), it is enough that somebody answers: those who stand farther away have no need to.
---*/
WITH keeping AS (
  SELECT cluster, min(rule) AS rule
  FROM locality_rule
  WHERE place = '' AND clients_namespace IN ('', 'isthmus-verify')
    AND (covers = 'mesh' OR (covers = 'namespace' AND service_namespace = 'isthmus-verify'))
  GROUP BY cluster
),
tried AS (
  SELECT
    f.*,
    CASE
      WHEN f.heard >= f.expected AND f.expected > 0 THEN 'all'
      -- Of those that are left, some stand nearer than others.
      WHEN f.heard > 0 AND k.rule IS NOT NULL
        AND (SELECT count(DISTINCT n.locality) FROM node AS n WHERE n.cluster <> f.target) > 1 THEN 'near'
      WHEN f.heard < f.expected THEN 'lost'
    END AS kind,
    k.rule
  FROM workload_failover AS f
  LEFT JOIN keeping AS k ON k.cluster = f.source
),
away AS (
  SELECT
    target,
    count(*) AS asking,
    sum(kind IN ('all', 'near')) AS answered,
    min(restored) AS restored,
    count(restored) AS told,
    group_concat(CASE kind WHEN 'lost' THEN source END, ', ') AS failing,
    group_concat(CASE kind WHEN 'near' THEN source END, ', ') AS near,
    max(CASE kind WHEN 'near' THEN rule END) AS rule,
    max(CASE kind WHEN 'lost' THEN detail ELSE '' END) AS detail
  FROM tried
  GROUP BY target
),
judged AS (
  SELECT
    *,
    CASE
      WHEN failing IS NOT NULL THEN 'lost'
      WHEN restored = 0 THEN 'not-restored'
      WHEN answered = asking AND asking = (SELECT count(*) FROM cluster) AND told = asking AND restored = 1 THEN
        CASE WHEN near IS NULL THEN 'sound' ELSE 'near' END
    END AS reason
  FROM away
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN (SELECT count(*) FROM cluster) = 1 THEN 'not_applicable'
    WHEN j.reason IN ('sound', 'near') THEN 'pass'
    WHEN j.reason IN ('lost', 'not-restored') THEN 'fail'
    ELSE 'unknown'
  END AS status,
  coalesce(j.answered || ' of ' || j.asking || ' clients were answered' || CASE WHEN j.near IS NULL THEN ' by all others' ELSE '' END, 'not tried') AS observed,
  'every client is answered by all others' AS expected,
  'requests to the shared name while the server of ' || c.cluster || ' was scaled to zero' AS evidence,
  j.reason,
  coalesce(j.asking, 0) AS asking,
  coalesce(j.failing, '') AS failing,
  coalesce(j.near, '') AS near,
  coalesce(j.rule, '') AS rule,
  coalesce(': ' || nullif(j.detail, ''), '') AS words,
  c.flags
FROM cluster AS c
LEFT JOIN judged AS j ON j.target = c.cluster
