/*---
id: clusters-distinct
title: Each cluster appears once
severity: error
subject: cluster
span: mesh
level: read
requires: [api-answers]
pass: "No other kubeconfig leads to this cluster"
fail: "{subject} and {twins} are one and the same cluster: both kubeconfigs lead to the kube-system namespace with UID {uid}"
unknown: "{finding}"
remedy: "kubectl {flags} get namespace kube-system -o custom-columns=UID:.metadata.uid"
shell: [flags]
docs: https://istio.io/latest/docs/setup/install/multicluster/before-you-begin/
guide: [trusted-kubeconfigs]
why: |
  Looks at the UID of the namespace kube-system, which every cluster has and no two clusters share, whatever the contexts are
  called. Two contexts that lead to one cluster make a mesh look twice as large as it is: the cluster would get a remote secret
  for itself, which istiod ignores, and half of what this report says would be about nothing. It happens when two files have the same
  current context, or when a copied kubeconfig was not edited. Mend by giving the kubeconfig of the cluster that was meant.
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN i.cluster IS NULL THEN 'unknown'
    WHEN EXISTS (SELECT 1 FROM cluster_identity AS o WHERE o.cluster <> c.cluster AND o.kube_system_uid = i.kube_system_uid) THEN 'fail'
    WHEN EXISTS (SELECT 1 FROM cluster AS o WHERE o.cluster NOT IN (SELECT cluster FROM cluster_identity)) THEN 'unknown'
    WHEN i.kube_system_uid <> '' THEN 'pass'
    ELSE 'unknown'
  END AS status,
  coalesce('kube-system UID ' || i.kube_system_uid, 'nothing') AS observed,
  'a UID that no other cluster has' AS expected,
  'Namespace kube-system, metadata.uid' AS evidence,
  CASE
    WHEN coalesce(i.kube_system_uid, '') = '' THEN 'The identity of ' || c.cluster || ' was not observed'
    ELSE 'The identity of another cluster was not observed: it could be ' || c.cluster || ' again'
  END AS finding,
  coalesce((SELECT group_concat(o.cluster, ', ') FROM cluster_identity AS o WHERE o.cluster <> c.cluster AND o.kube_system_uid = i.kube_system_uid), '') AS twins,
  coalesce(i.kube_system_uid, '') AS uid,
  c.flags AS flags
FROM cluster AS c
LEFT JOIN cluster_identity AS i ON i.cluster = c.cluster
