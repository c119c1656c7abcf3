/*---
id: remote-secret-named
title: The remote secret names the cluster as it names itself, once
severity: warning
subject: remote_secret
span: cluster
level: read
requires: [remote-secret-accepted, {check: istiod-ready, when: failed}, {check: cluster-ids-unique, when: failed}]
pass: "Key {key}, the cluster id of {target}"
warning:
  self: "{secret} has the key {key}, the cluster id of {holder} itself: istiod ignores it"
  twice: "{holder} has registered {target} twice: as {key} ({secret}) and as {id} ({twin}). Its endpoints count double, and stay when one of the credentials ends"
  name: "{secret} registers {target} as {key}, but it calls itself {id}: rules and locality by cluster do not find it"
unknown: "The cluster id of {target} is not known, and with it whether {key} is right"
not_applicable: "It leads to no cluster of this run"
remedy:
  self: "istioctl create-remote-secret {target_flags} --name={id} | kubectl {flags} -n istio-system apply -f - && kubectl {flags} -n istio-system delete secret {secret}"
  self-spare: "kubectl {flags} -n istio-system delete secret {secret}"
  twice: "kubectl {flags} -n istio-system delete secret {secret}    # {twin} stays"
  twice-key: "kubectl {flags} -n istio-system edit secret {secret}    # remove the key {key}; {id} stays"
  name: "istioctl create-remote-secret {target_flags} --name={id} | kubectl {flags} -n istio-system apply -f - && kubectl {flags} -n istio-system delete secret {secret}"
shell: [flags, target_flags]
docs: https://istio.io/latest/docs/ops/diagnostic-tools/multicluster/
why: |
  Compares the key in the remote secret, under which istiod registers the peer, with the cluster id that the peer's own istiod has
  (CLUSTER_ID). With another key endpoints are still found, but everything that goes by topology.istio.io/cluster fails: subsets
  of DestinationRules give 503 no healthy upstream, locality and gateway preference are off. asmcli create-mesh makes it so: it names
  secrets after kubeconfig contexts (gke-P-L-C), while control planes call themselves cn-P-L-C. Once the right Secret is added
  beside it, the cluster is registered twice: istiod watches everything in it twice and gives proxies every endpoint once for each
  name. Envoy keeps the first of those with one address, by chance under the wrong name; weights of localities count double; and when
  one credential ends, istiod keeps what it last read with it, so that requests go where nobody is any more. Then the wrong one is to be
  deleted, and nothing to be made. A key that is the holder's own id is ignored by istiod.
---*/
WITH id AS (
  SELECT w.cluster, min(i.cluster_id) AS cluster_id
  FROM wanted_revision AS w
  JOIN istiod AS i
    ON i.cluster = w.cluster AND i.namespace = 'istio-system' AND i.revision = w.revision AND i.bundled = 0
  GROUP BY w.cluster
),
-- The Secret by which istiod knows the same cluster by its right name; this one itself, if it has both keys.
known AS (
  SELECT
    s.cluster, s.secret, s.key, s.target, t.cluster_id AS id, o.cluster_id AS own_id,
    (
      SELECT coalesce(max(CASE r.secret WHEN s.secret THEN r.secret END), min(r.secret))
      FROM remote_secret AS r
      WHERE r.cluster = s.cluster AND r.target = s.target AND r.key = t.cluster_id AND r.key <> s.key AND r.labelled = 1 AND r.refused = ''
    ) AS twin,
    s.target_evidence
  FROM remote_secret AS s
  LEFT JOIN id AS t ON t.cluster = s.target
  LEFT JOIN id AS o ON o.cluster = s.cluster
)
SELECT
  k.cluster || '/' || k.secret || '/' || k.key AS subject,
  CASE
    WHEN k.target = '' THEN 'not_applicable'
    WHEN k.id IS NULL OR k.own_id IS NULL THEN 'unknown'
    WHEN k.key = k.own_id OR k.key <> k.id THEN 'warning'
    WHEN k.key = k.id THEN 'pass'
  END AS status,
  'key ' || k.key || CASE k.target WHEN '' THEN '' ELSE ', leads to ' || k.target || ' by ' || k.target_evidence END AS observed,
  coalesce('key ' || k.id, 'the target''s cluster id') || CASE WHEN k.twin IS NULL THEN '' ELSE ', and no other' END AS expected,
  'Secret istio-system/' || k.secret || coalesce(', and ' || nullif(k.twin, k.secret), '') || '; environment CLUSTER_ID of istiod' AS evidence,
  CASE
    WHEN k.key = k.own_id AND (k.twin IS NOT NULL OR k.target = k.cluster) THEN 'self-spare'
    WHEN k.key = k.own_id THEN 'self'
    WHEN k.twin = k.secret THEN 'twice-key'
    WHEN k.twin IS NOT NULL THEN 'twice'
    ELSE 'name'
  END AS reason,
  k.key,
  k.secret,
  k.target,
  k.cluster AS holder,
  coalesce(k.twin, '') AS twin,
  coalesce(k.id, 'CLUSTER_ID') AS id,
  coalesce(ct.flags, '--context TARGET') AS target_flags,
  c.flags
FROM known AS k
LEFT JOIN cluster AS c ON c.cluster = k.cluster
LEFT JOIN cluster AS ct ON ct.cluster = k.target
