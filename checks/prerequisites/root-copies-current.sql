/*---
id: root-copies-current
title: Every namespace has the current root
severity: error
subject: cluster
span: cluster
level: read
requires: [root-ca-valid]
pass: "All {namespaces} namespaces have the root of istio-system"
fail: "Another root than in istio-system is in {count} of {namespaces} namespaces ({stale}): their pods do not trust the control plane, nor what it issues now"
warning: "No root is in {count} of {namespaces} namespaces ({absent}): no pod with a proxy can start there"
unknown: "{finding}"
remedy:
  stale: "kubectl {flags} -n {first_stale} delete configmap istio-ca-root-cert && kubectl {flags} -n {first_stale} rollout restart deployment"
  absent: "kubectl {flags} -n istio-system logs -l app=istiod --tail=200 | grep -i namespace"
shell: [flags]
docs: https://istio.io/latest/docs/ops/diagnostic-tools/multicluster/
why: |
  Compares the ConfigMap istio-ca-root-cert of every namespace with that of istio-system. istiod copies it into each namespace, and
  each proxy mounts the copy of its own. A copy that was not refreshed, because istiod could not write there or because
  another control plane did, leaves that namespace's workloads with the old root: they refuse the control plane and every
  workload that was issued a certificate since. Fails on a copy that differs or cannot be read, warns on one that is
  absent. Deleting the copy makes istiod write it anew; then restart the namespace's workloads.
---*/
WITH compared AS (
  SELECT
    b.cluster, b.namespace,
    CASE
      WHEN b.parse_error <> '' THEN 'stale'
      WHEN b.present = 0 OR b.bundle = '' THEN 'absent'
      WHEN b.bundle <> s.bundle THEN 'stale'
      WHEN b.bundle = s.bundle THEN 'current'
    END AS state
  FROM root_bundle AS b
  JOIN root_bundle AS s
    ON s.cluster = b.cluster AND s.namespace = 'istio-system' AND s.present = 1 AND s.parse_error = '' AND s.bundle <> ''
  ORDER BY b.namespace
),
counted AS (
  SELECT
    c.cluster, c.flags,
    count(p.namespace) AS namespaces,
    count(CASE WHEN p.state = 'stale' THEN 1 END) AS stale_ones,
    count(CASE WHEN p.state = 'absent' THEN 1 END) AS absent_ones,
    count(CASE WHEN p.state = 'current' THEN 1 END) AS current_ones,
    group_concat(CASE WHEN p.state = 'stale' THEN p.namespace END, ', ') AS stale,
    group_concat(CASE WHEN p.state = 'absent' THEN p.namespace END, ', ') AS absent,
    min(CASE WHEN p.state = 'stale' THEN p.namespace END) AS first_stale
  FROM cluster AS c
  LEFT JOIN compared AS p ON p.cluster = c.cluster
  GROUP BY c.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN namespaces = 0 THEN 'unknown'
    WHEN stale_ones > 0 THEN 'fail'
    WHEN absent_ones > 0 THEN 'warning'
    WHEN current_ones = namespaces THEN 'pass'
  END AS status,
  current_ones || ' of ' || namespaces || ' namespaces with the root of istio-system' AS observed,
  'the root of istio-system in every namespace' AS expected,
  'ConfigMap istio-ca-root-cert of every namespace' AS evidence,
  'There is no readable root in istio-system to compare with' AS finding,
  namespaces,
  CASE WHEN stale_ones > 0 THEN stale_ones ELSE absent_ones END AS count,
  coalesce(stale, '') AS stale,
  coalesce(absent, '') AS absent,
  CASE WHEN stale_ones > 0 THEN 'stale' ELSE 'absent' END AS reason,
  first_stale,
  flags
FROM counted
