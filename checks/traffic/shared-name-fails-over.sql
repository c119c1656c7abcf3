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
pass: "While the server of {subject} was away, clients of all {asking} clusters were answered by all others; then it came back"
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
  where clients keep asking for endpoints that are gone, or where only their own cluster ever answers.
---*/
WITH away AS (
  SELECT
    target,
    count(*) AS asking,
    sum(heard >= expected AND expected > 0) AS answered,
    min(restored) AS restored,
    count(restored) AS told,
    group_concat(CASE WHEN heard < expected THEN source END, ', ') AS failing,
    max(CASE WHEN heard < expected THEN detail ELSE '' END) AS detail
  FROM workload_failover
  GROUP BY target
),
judged AS (
  SELECT
    *,
    CASE
      WHEN failing IS NOT NULL THEN 'lost'
      WHEN restored = 0 THEN 'not-restored'
      WHEN answered = asking AND asking = (SELECT count(*) FROM cluster) AND told = asking AND restored = 1 THEN 'sound'
    END AS reason
  FROM away
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN (SELECT count(*) FROM cluster) = 1 THEN 'not_applicable'
    WHEN j.reason = 'sound' THEN 'pass'
    WHEN j.reason IN ('lost', 'not-restored') THEN 'fail'
    ELSE 'unknown'
  END AS status,
  coalesce(j.answered || ' of ' || j.asking || ' clients were answered by all others', 'not tried') AS observed,
  'every client is answered by all others' AS expected,
  'requests to the shared name while the server of ' || c.cluster || ' was scaled to zero' AS evidence,
  j.reason,
  coalesce(j.asking, 0) AS asking,
  coalesce(j.failing, '') AS failing,
  coalesce(': ' || nullif(j.detail, ''), '') AS words,
  c.flags
FROM cluster AS c
LEFT JOIN judged AS j ON j.target = c.cluster
