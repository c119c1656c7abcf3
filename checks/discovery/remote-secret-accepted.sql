/*---
id: remote-secret-accepted
title: istiod accepts the remote secret
severity: error
subject: remote_secret
span: cluster
level: read
requires: [api-answers]
pass: "Labelled, and its kubeconfig is one that istiod allows"
fail: "{finding}"
warning: "The key {key} is also in Secret {twin}: istiod registers the cluster once and ignores the other"
unknown: "Whether istiod accepts {secret} was not observed"
remedy:
  label: "kubectl {flags} -n istio-system label secret {secret} istio/multiCluster=true --overwrite"
  refused: "istioctl create-remote-secret {target_flags} --name={key} | kubectl {flags} -n istio-system apply -f -"
  twin: "kubectl {flags} -n istio-system delete secret {secret}    # if it is the stale one of the two"
shell: [flags, target_flags]
docs: https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/#enable-endpoint-discovery
why: |
  Applies istiod's own rules to each remote secret. istiod only sees Secrets of its own namespace whose label istio/multiCluster
  has the value true, exactly. It refuses kubeconfigs that run a program (exec), name files, or use an auth provider, because
  whoever can write such a Secret could run programs as istiod; the usual cause is an administrator's kubeconfig instead of what
  istioctl create-remote-secret prints. A refused cluster does not even show up in /debug/clusterz: only istiod's log says
  so. Warns when two Secrets have the same key.
---*/
-- Nearly no cluster has twins, and to look for them in all is dear.
WITH crowded AS MATERIALIZED (
  SELECT cluster FROM remote_secret WHERE labelled = 1 GROUP BY cluster HAVING count(*) > count(DISTINCT key)
),
twin AS (
  SELECT cluster, key, min(secret) AS first, max(secret) AS last
  FROM remote_secret
  WHERE labelled = 1 AND cluster IN (SELECT cluster FROM crowded)
  GROUP BY cluster, key
  HAVING count(*) > 1
)
SELECT
  s.cluster || '/' || s.secret || '/' || s.key AS subject,
  CASE
    WHEN s.labelled = 0 OR s.refused <> '' THEN 'fail'
    WHEN t.first <> t.last THEN 'warning'
    WHEN s.labelled = 1 AND s.refused = '' THEN 'pass'
  END AS status,
  CASE
    WHEN s.labelled = 0 THEN 'label istio/multiCluster is not "true"'
    WHEN s.refused <> '' THEN s.refused
    ELSE 'labelled, accepted'
  END AS observed,
  'label istio/multiCluster=true, and a kubeconfig with an inline credential' AS expected,
  'Secret istio-system/' || s.secret || ', key ' || s.key AS evidence,
  CASE
    WHEN s.labelled = 0 THEN 'istiod of ' || s.cluster || ' does not see ' || s.secret || ': its label istio/multiCluster does not have the value "true"'
    ELSE 'istiod of ' || s.cluster || ' refuses ' || s.secret || ' (' || s.refused || ')'
  END AS finding,
  CASE WHEN s.labelled = 0 THEN 'label' WHEN s.refused <> '' THEN 'refused' ELSE 'twin' END AS reason,
  c.flags,
  coalesce(t2.flags, '--context TARGET') AS target_flags,
  s.secret,
  s.key,
  CASE WHEN t.first = s.secret THEN t.last ELSE coalesce(t.first, '') END AS twin
FROM remote_secret AS s
LEFT JOIN cluster AS c ON c.cluster = s.cluster
LEFT JOIN cluster AS t2 ON t2.cluster = s.target
LEFT JOIN twin AS t ON t.cluster = s.cluster AND t.key = s.key AND s.labelled = 1
