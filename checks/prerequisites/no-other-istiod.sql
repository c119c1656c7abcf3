/*---
id: no-other-istiod
title: No other control plane runs in the cluster
severity: error
subject: cluster
span: cluster
level: read
requires: [api-answers]
pass: "No istiod but the wanted one"
fail: "An istiod runs outside istio-system ({strangers}): it has no remote secrets, and it writes the same root ConfigMaps"
warning: "istio-system has other revisions ({others}): their workloads are in the mesh only if that istiod has what this one has"
unknown: "{finding}"
remedy:
  stranger: "kubectl {flags} -n {strange_namespace} get deployment {strange_name} -o yaml    # whose is it? then remove it with the tool that installed it"
  revision: "istioctl {flags} proxy-status    # which workloads still belong to the other revision"
shell: [flags]
docs: https://istio.io/latest/docs/setup/upgrade/canary/
why: |
  Looks at every Deployment with the label app=istiod, in all namespaces, except those that belong to the platform (the bundled
  ingress of Google Distributed Cloud in gke-system). A second control plane outside istio-system reads other remote secrets,
  issues by another authority and fights over the ConfigMap istio-ca-root-cert in every namespace. A second revision in
  istio-system is how an upgrade begins, hence only a warning: it shares the remote secrets, but workloads that
  still belong to it are not what this report judges.
---*/
WITH seen AS (
  SELECT
    c.cluster, c.flags, w.revision, w.chosen_by,
    group_concat(CASE WHEN i.namespace <> 'istio-system' THEN i.namespace || '/' || i.name END, ', ') AS strangers,
    group_concat(CASE WHEN i.namespace = 'istio-system' AND i.revision <> w.revision THEN i.name END, ', ') AS others,
    count(CASE WHEN i.namespace = 'istio-system' THEN 1 END) AS here,
    min(CASE WHEN i.namespace <> 'istio-system' THEN i.namespace END) AS strange_namespace,
    min(CASE WHEN i.namespace <> 'istio-system' THEN i.name END) AS strange_name
  FROM cluster AS c
  LEFT JOIN wanted_revision AS w ON w.cluster = c.cluster
  LEFT JOIN (SELECT cluster, namespace, name, revision FROM istiod WHERE bundled = 0 ORDER BY namespace, name) AS i ON i.cluster = c.cluster
  GROUP BY c.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN strangers IS NOT NULL THEN 'fail'
    WHEN chosen_by IS NULL OR (revision IS NULL AND here > 0) THEN 'unknown'
    WHEN others IS NOT NULL THEN 'warning'
    WHEN revision IS NOT NULL AND here <= 1 THEN 'pass'
    ELSE 'unknown'
  END AS status,
  here || ' in istio-system, elsewhere: ' || coalesce(strangers, 'none') AS observed,
  'one istiod, in istio-system' AS expected,
  'Deployments of all namespaces with the label app=istiod' AS evidence,
  CASE
    WHEN here = 0 THEN 'No istiod was observed that others could be told from'
    ELSE 'Which of ' || here || ' control planes in istio-system is the wanted one is not known'
  END AS finding,
  coalesce(strangers, '') AS strangers,
  coalesce(others, '') AS others,
  CASE WHEN strange_name IS NOT NULL THEN 'stranger' ELSE 'revision' END AS reason,
  strange_namespace,
  strange_name,
  flags
FROM seen
