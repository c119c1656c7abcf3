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
optional: [locality_rule, node, workload_failover]
pass:
  spread: "Clients of {subject} are answered by every cluster in turn: {spread}"
  near-away: "Clients of {subject} are answered by {answering} while it is healthy, as {rule} has it, and by {missing} while the server of {subject} is away: {spread}"
fail: "Under the name that servers of all clusters share, clients of {subject} never hear {missing}, although each answers under its own name: {spread}"
warning:
  near: "Under the shared name, clients of {subject} hear {answering} alone: {rule} keeps requests in their locality ({subject}: {here}; {there}) while it is healthy. That is no fault of the mesh; who takes over shows when {answering} is away"
  away: "Under the shared name, clients of {subject} hear {missing} only while the server of {subject} is away, and no rule that was seen has it so: {spread}"
unknown: "Who answers clients of {subject} under the shared name was not observed"
not_applicable: "There is no other cluster that could answer clients of {subject}"
remedy:
  near: "isthmus verify -f mesh.yaml --level mutate --failover    # scales one server after the other to zero; the others must answer then"
  other: |
    kubectl {flags} get destinationrules --all-namespaces -o yaml    # outlierDetection with locality load balancing keeps requests where they are
    kubectl {flags} -n istio-system get configmaps -l istio.io/rev -o yaml    # localityLbSetting, serviceSettings.clusterLocal
  away: |
    kubectl {flags} get destinationrules --all-namespaces -o yaml    # outlierDetection with locality load balancing keeps requests where they are
    kubectl {flags} get nodes -L topology.kubernetes.io/region,topology.kubernetes.io/zone
shell: [flags]
data: [spread, requests, failed, rule]
docs: https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/
why: |
  The servers of all clusters stand behind one name in one namespace. A client asks for that name until everybody has answered, and so
  often that the shares show: requests must reach every cluster, as the guide's last step wants it. Fails where some cluster never
  answers although it does under its own name, as where the service is made local to its cluster. Where a DestinationRule with
  outlierDetection (or distribute) covers the namespace, and the nodes of those who do not answer stand elsewhere (labels
  topology.kubernetes.io/region and zone), Istio itself keeps the requests near: that is said, with the rule, and is a warning, since it
  was not seen that the others would answer. With --failover it is seen, and passes.
---*/
WITH keeping AS (
  SELECT cluster, min(rule) AS rule
  FROM locality_rule
  WHERE place = '' AND clients_namespace IN ('', 'isthmus-verify')
    AND (covers = 'mesh' OR (covers = 'namespace' AND service_namespace = 'isthmus-verify'))
  GROUP BY cluster
),
place AS (
  SELECT cluster, group_concat(CASE locality WHEN '' THEN 'no region' ELSE locality END, ' and ') AS words, count(locality) = count(*) AS is_known,
    count(*) = 1 AS is_one
  FROM (SELECT DISTINCT cluster, locality FROM node ORDER BY cluster, locality)
  GROUP BY cluster
),
-- Pairs of which no node stands where one of the other's does.
apart AS (
  SELECT p.source, p.target, a.words AS here, b.words AS there, b.is_one
  FROM cluster_pair AS p
  JOIN place AS a ON a.cluster = p.source AND a.is_known
  JOIN place AS b ON b.cluster = p.target AND b.is_known
  WHERE NOT EXISTS (
    SELECT 1 FROM node AS n JOIN node AS m ON m.cluster = p.target AND m.locality = n.locality WHERE n.cluster = p.source
  )
),
heard AS (
  SELECT
    w.source,
    count(w.shared_answers) AS seen,
    count(*) AS asked,
    sum(w.shared_answers > 0) AS answering,
    max(w.shared_requests) AS requests,
    max(w.shared_failed) AS failed,
    group_concat(CASE WHEN w.shared_answers > 0 THEN w.target END, ', ') AS who,
    group_concat(CASE WHEN w.shared_answers = 0 THEN w.target END, ', ') AS missing,
    sum(w.shared_answers = 0 AND a.target IS NOT NULL) AS far,
    max(a.here) AS here,
    group_concat(CASE WHEN w.shared_answers = 0 THEN w.target || ': ' || a.there END, '; ') AS there,
    group_concat(w.target || ' ' || w.shared_answers, ', ') AS spread
  FROM workload_request AS w
  LEFT JOIN apart AS a ON a.source = w.source AND a.target = w.target
  GROUP BY w.source
),
-- Of two that stand in one place one answers and the other does not: no distance explains that.
torn AS (
  SELECT DISTINCT h.source
  FROM workload_request AS h
  JOIN apart AS ha ON ha.source = h.source AND ha.target = h.target AND ha.is_one
  JOIN apart AS ma ON ma.source = h.source AND ma.there = ha.there AND ma.is_one
  JOIN workload_request AS m ON m.source = ma.source AND m.target = ma.target
  WHERE h.shared_answers > 0 AND m.shared_answers = 0
),
judged AS (
  SELECT
    h.*, k.rule,
    CASE
      WHEN h.answering = h.asked THEN 'spread'
      WHEN k.rule IS NOT NULL AND h.answering > 0 AND h.far = h.asked - h.answering AND t.source IS NULL THEN 'near'
      WHEN h.answering < h.asked THEN 'other'
    END AS kind,
    EXISTS (
      SELECT 1 FROM workload_failover AS f WHERE f.source = h.source AND f.target = h.source AND f.expected > 0 AND f.heard >= f.expected
    ) AS is_taken_over
  FROM heard AS h
  LEFT JOIN keeping AS k ON k.cluster = h.source
  LEFT JOIN torn AS t ON t.source = h.source
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN (SELECT count(*) FROM cluster) = 1 THEN 'not_applicable'
    WHEN h.source IS NULL OR h.seen < h.asked OR h.asked < (SELECT count(*) FROM cluster) THEN 'unknown'
    WHEN h.kind = 'near' AND h.is_taken_over THEN 'pass'
    WHEN h.kind = 'near' OR (h.kind = 'other' AND h.is_taken_over) THEN 'warning'
    WHEN h.kind = 'other' THEN 'fail'
    WHEN h.kind = 'spread' AND h.answering = (SELECT count(*) FROM cluster) THEN 'pass'
  END AS status,
  coalesce(h.spread, 'not asked') AS observed,
  'an answer of every cluster' AS expected,
  coalesce(h.requests || ' requests of a client in ' || c.cluster || ', ' || h.failed || ' of them failed before all proxies knew all servers', 'none') AS evidence,
  CASE
    WHEN h.kind = 'near' AND h.is_taken_over THEN 'near-away'
    WHEN h.kind = 'other' AND h.is_taken_over THEN 'away'
    ELSE h.kind
  END AS reason,
  coalesce(h.spread, '') AS spread,
  coalesce(h.missing, '') AS missing,
  coalesce(h.who, '') AS answering,
  coalesce(h.rule, '') AS rule,
  coalesce(h.here, '') AS here,
  coalesce(h.there, '') AS there,
  h.requests,
  h.failed,
  c.flags
FROM cluster AS c
LEFT JOIN judged AS h ON h.source = c.cluster
