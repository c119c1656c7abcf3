/*---
id: remote-secret-present
title: Each control plane has a remote secret for each other cluster
severity: error
subject: cluster_pair
span: pair
level: read
requires: [api-answers]
pass: "{secret} of {source} leads to {target} ({told_by})"
fail: "{source} has no remote secret that leads to {target}{elsewhere}: its workloads never see those of {target}"
unknown: "Whether {source} has a remote secret for {target} was not observed"
not_applicable: "{source} and {target} are one cluster: see clusters-distinct"
remedy: "istioctl create-remote-secret {target_flags} --name={id} | kubectl {source_flags} -n istio-system apply -f -"
shell: [source_flags, target_flags]
docs: https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/#enable-endpoint-discovery
why: |
  Looks for a Secret in istio-system of the calling cluster whose kubeconfig leads to the called one. Where it leads is taken from
  what answered through it, its server, its certificate authority or, last, its key; not from its name. istiod watches the
  called cluster's services with it; without it the workloads get answers from their own cluster alone, and nothing looks broken. Each
  direction needs its own. Whether istiod accepts the Secret, and whether its credential works, is asked in
  remote-secret-accepted and remote-secret-credential-alive.
---*/
WITH twin AS MATERIALIZED (
  SELECT a.cluster AS source, b.cluster AS target
  FROM cluster_identity AS a
  JOIN cluster_identity AS b ON b.kube_system_uid = a.kube_system_uid AND b.cluster <> a.cluster
),
id AS (
  SELECT cluster, CASE count(DISTINCT cluster_id) WHEN 1 THEN min(cluster_id) END AS cluster_id
  FROM istiod
  WHERE namespace = 'istio-system' AND bundled = 0
  GROUP BY cluster
)
SELECT
  p.source || ' → ' || p.target AS subject,
  CASE
    WHEN (p.source, p.target) IN (SELECT source, target FROM twin) THEN 'not_applicable'
    WHEN EXISTS (SELECT 1 FROM remote_secret AS r WHERE r.cluster = p.source AND r.target = p.target) THEN 'pass'
    ELSE 'fail'
  END AS status,
  coalesce(s.secret, 'none that leads to ' || p.target) AS observed,
  'a Secret for ' || coalesce((SELECT cluster_id FROM id WHERE id.cluster = p.target), 'the cluster id of ' || p.target) AS expected,
  'Secrets in istio-system of ' || p.source || ' with the label istio/multiCluster' AS evidence,
  coalesce(s.secret, '') AS secret,
  coalesce(s.target_evidence, '') AS told_by,
  CASE
    WHEN s.secret IS NULL THEN coalesce((
      SELECT ' (' || n.secret || ' bears its id, but leads ' || CASE n.target WHEN '' THEN 'elsewhere' ELSE 'to ' || n.target END || ')'
      FROM remote_secret AS n
      WHERE n.cluster = p.source AND n.key = (SELECT cluster_id FROM id WHERE id.cluster = p.target)
      ORDER BY n.secret LIMIT 1
    ), '')
    ELSE ''
  END AS elsewhere,
  coalesce((SELECT cluster_id FROM id WHERE id.cluster = p.target), 'CLUSTER_ID') AS id,
  cs.flags AS source_flags,
  ct.flags AS target_flags,
  p.source,
  p.target
FROM cluster_pair AS p
LEFT JOIN cluster AS cs ON cs.cluster = p.source
LEFT JOIN cluster AS ct ON ct.cluster = p.target
LEFT JOIN remote_secret AS s
  ON s.cluster = p.source AND s.target = p.target
  -- Of several the first; which of them counts is another check's question.
  AND (s.secret, s.key) = (SELECT secret, key FROM remote_secret WHERE cluster = p.source AND target = p.target LIMIT 1)
