/*---
id: shared-name-spreads
title: Every cluster answers under the shared name
severity: error
subject: cluster
span: mesh
level: mutate
requires:
  - {check: workloads-ran, blocks: unsound}
  - {check: requests-cross, blocks: unsound}
  - {check: services-not-cluster-local, when: failed, blocks: unsound}
pass: "Clients of {subject} are answered by every cluster in turn: {spread}"
fail: "Under the name that servers of all clusters share, clients of {subject} never hear {missing}, although each answers under its own name: {spread}"
unknown: "Who answers clients of {subject} under the shared name was not observed"
not_applicable: "There is no other cluster that could answer clients of {subject}"
remedy: |
  kubectl {flags} get destinationrules --all-namespaces -o yaml    # outlierDetection with locality load balancing keeps requests where they are
  kubectl {flags} -n istio-system get configmaps -l istio.io/rev -o yaml    # localityLbSetting, serviceSettings.clusterLocal
shell: [flags]
data: [spread, requests, failed]
docs: https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/
why: |
  The servers of all clusters stand behind one name in one namespace. A client asks for that name until everybody has answered, and so
  often that the shares show: requests must reach every cluster, as the guide's last step wants it. Fails where some cluster never
  answers although it does under its own name: load balancing by locality keeps the requests at home (that can be what you want;
  then accept the finding), or the service is made local to its cluster.
---*/
WITH heard AS (
  SELECT
    source,
    count(shared_answers) AS seen,
    count(*) AS asked,
    sum(shared_answers > 0) AS answering,
    max(shared_requests) AS requests,
    max(shared_failed) AS failed,
    group_concat(CASE WHEN shared_answers = 0 THEN target END, ', ') AS missing,
    group_concat(target || ' ' || shared_answers, ', ') AS spread
  FROM workload_request
  GROUP BY source
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN (SELECT count(*) FROM cluster) = 1 THEN 'not_applicable'
    WHEN h.source IS NULL OR h.seen < h.asked OR h.asked < (SELECT count(*) FROM cluster) THEN 'unknown'
    WHEN h.answering < h.asked THEN 'fail'
    WHEN h.answering = (SELECT count(*) FROM cluster) THEN 'pass'
  END AS status,
  coalesce(h.spread, 'not asked') AS observed,
  'an answer of every cluster' AS expected,
  coalesce(h.requests || ' requests of a client in ' || c.cluster || ', ' || h.failed || ' of them failed before all proxies knew all servers', 'none') AS evidence,
  coalesce(h.spread, '') AS spread,
  coalesce(h.missing, '') AS missing,
  h.requests,
  h.failed,
  c.flags
FROM cluster AS c
LEFT JOIN heard AS h ON h.source = c.cluster
