/*---
id: read-permissions
title: The caller may read everything that isthmus judges by
severity: error
subject: cluster
span: cluster
level: read
requires: [api-answers]
pass: "All {asked} permissions are granted"
fail: "{denied} of {asked} permissions are missing, so that isthmus cannot see {blind}: {missing}"
unknown: "{finding}"
remedy: "{fix}"
shell: [fix]
docs: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
why: |
  Asks the API server itself (SelfSubjectAccessReview) for each permission that the level read needs. What may not be read
  becomes unknown in the checks that need it, never passed; this check names the cause once, for all of them. The remedy must be
  run by somebody who may grant roles; CALLER is the user that kubectl auth whoami shows. Reading Secrets in istio-system is
  the only sensitive permission: isthmus reads the remote secrets' servers and expiry there, and keeps no credential.
---*/
WITH needed AS (
  SELECT
    cluster, verb, namespace, allowed, needed_for,
    resource || CASE api_group WHEN '' THEN '' ELSE '.' || api_group END AS kind,
    verb || ' ' || resource || CASE api_group WHEN '' THEN '' ELSE '.' || api_group END
      || CASE name WHEN '' THEN '' ELSE ' ' || name END
      || CASE namespace WHEN '' THEN ' in all namespaces' ELSE ' in ' || namespace END AS words
  FROM permission
  WHERE level = 'read'
),
-- One role for each verb and namespace, so that nothing is granted that is not missing.
role AS (
  SELECT
    n.cluster,
    CASE n.namespace
      WHEN '' THEN 'kubectl ' || c.flags || ' create clusterrole isthmus-' || n.verb || ' --verb=' || n.verb || ' --resource=' || group_concat(DISTINCT n.kind)
        || ' && kubectl ' || c.flags || ' create clusterrolebinding isthmus-' || n.verb || ' --clusterrole=isthmus-' || n.verb || ' --user=CALLER'
      ELSE 'kubectl ' || c.flags || ' -n ' || n.namespace || ' create role isthmus-' || n.verb || ' --verb=' || n.verb || ' --resource=' || group_concat(DISTINCT n.kind)
        || ' && kubectl ' || c.flags || ' -n ' || n.namespace || ' create rolebinding isthmus-' || n.verb || ' --role=isthmus-' || n.verb || ' --user=CALLER'
    END AS command
  FROM (SELECT * FROM needed WHERE allowed = 0 ORDER BY kind) AS n
  JOIN cluster AS c ON c.cluster = n.cluster
  GROUP BY n.cluster, n.namespace, n.verb
),
counted AS (
  SELECT
    c.cluster, c.flags, c.kubeconfig, c.context,
    count(n.words) AS asked,
    count(CASE WHEN n.allowed = 0 THEN 1 END) AS denied,
    count(CASE WHEN n.words IS NOT NULL AND n.allowed IS NULL THEN 1 END) AS unclear
  FROM cluster AS c
  LEFT JOIN needed AS n ON n.cluster = c.cluster
  GROUP BY c.cluster
)
SELECT
  t.cluster AS subject,
  CASE
    WHEN t.asked = 0 THEN 'unknown'
    WHEN t.denied > 0 THEN 'fail'
    WHEN t.unclear > 0 THEN 'unknown'
    WHEN t.denied = 0 AND t.unclear = 0 THEN 'pass'
  END AS status,
  (t.asked - t.denied - t.unclear) || ' of ' || t.asked || ' granted' AS observed,
  'all granted' AS expected,
  'SelfSubjectAccessReview as the user of ' || t.kubeconfig || ', context ' || t.context AS evidence,
  CASE
    WHEN t.asked = 0 THEN 'No permission was asked about'
    ELSE t.unclear || ' of ' || t.asked || ' permissions could not be asked about: the reviews failed'
  END AS finding,
  t.asked AS asked,
  t.denied AS denied,
  coalesce((SELECT group_concat(words, '; ') FROM (SELECT words FROM needed WHERE cluster = t.cluster AND allowed = 0 ORDER BY words)), '') AS missing,
  coalesce((SELECT group_concat(needed_for, ', ') FROM (SELECT DISTINCT needed_for FROM needed WHERE cluster = t.cluster AND allowed = 0 ORDER BY needed_for)), '') AS blind,
  coalesce((SELECT group_concat(command, ' && ') FROM (SELECT command FROM role WHERE role.cluster = t.cluster ORDER BY command)), 'kubectl ' || t.flags || ' auth can-i --list') AS fix
FROM counted AS t
