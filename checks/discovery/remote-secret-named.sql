/*---
id: remote-secret-named
title: The remote secret names the cluster as it names itself
severity: warning
subject: remote_secret
span: cluster
level: read
requires: [remote-secret-accepted, {check: istiod-ready, when: failed}, {check: cluster-ids-unique, when: failed}]
pass: "Key {key}, the cluster id of {target}"
warning: "{finding}"
unknown: "The cluster id of {target} is not known, and with it whether {key} is right"
not_applicable: "It leads to no cluster of this run"
remedy: "istioctl create-remote-secret {target_flags} --name={id} | kubectl {flags} -n istio-system apply -f - && kubectl {flags} -n istio-system delete secret {secret}"
shell: [flags, target_flags]
docs: https://istio.io/latest/docs/ops/diagnostic-tools/multicluster/
why: |
  Compares the key in the remote secret, under which istiod registers the peer, with the cluster id that the peer's own istiod has
  (CLUSTER_ID). With another key endpoints are still found, but everything that goes by topology.istio.io/cluster fails: subsets
  of DestinationRules give 503 no healthy upstream, locality and gateway preference are off; and once the right Secret is added,
  the cluster is registered twice and counts double. asmcli create-mesh makes it so: it names secrets after kubeconfig contexts
  (gke-P-L-C), while control planes call themselves cn-P-L-C. A key that is the holder's own id is ignored by istiod.
---*/
WITH id AS (
  SELECT w.cluster, min(i.cluster_id) AS cluster_id
  FROM wanted_revision AS w
  JOIN istiod AS i
    ON i.cluster = w.cluster AND i.namespace = 'istio-system' AND i.revision = w.revision AND i.bundled = 0
  GROUP BY w.cluster
)
SELECT
  s.cluster || '/' || s.secret || '/' || s.key AS subject,
  CASE
    WHEN s.target = '' THEN 'not_applicable'
    WHEN t.cluster_id IS NULL OR o.cluster_id IS NULL THEN 'unknown'
    WHEN s.key = o.cluster_id OR s.key <> t.cluster_id THEN 'warning'
    WHEN s.key = t.cluster_id THEN 'pass'
  END AS status,
  'key ' || s.key || CASE s.target WHEN '' THEN '' ELSE ', leads to ' || s.target || ' by ' || s.target_evidence END AS observed,
  coalesce('key ' || t.cluster_id, 'the target''s cluster id') AS expected,
  'Secret istio-system/' || s.secret || '; environment CLUSTER_ID of istiod' AS evidence,
  CASE
    WHEN s.key = o.cluster_id THEN s.secret || ' has the key ' || s.key || ', the cluster id of ' || s.cluster || ' itself: istiod ignores it'
    ELSE s.secret || ' registers ' || s.target || ' as ' || s.key || ', but it calls itself ' || coalesce(t.cluster_id, '?') || ': rules and locality by cluster do not find it'
  END AS finding,
  s.key,
  s.secret,
  s.target,
  coalesce(t.cluster_id, 'CLUSTER_ID') AS id,
  coalesce(ct.flags, '--context TARGET') AS target_flags,
  c.flags
FROM remote_secret AS s
LEFT JOIN cluster AS c ON c.cluster = s.cluster
LEFT JOIN cluster AS ct ON ct.cluster = s.target
LEFT JOIN id AS t ON t.cluster = s.target
LEFT JOIN id AS o ON o.cluster = s.cluster
