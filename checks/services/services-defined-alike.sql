/*---
id: services-defined-alike
title: Services of the same name are defined alike everywhere
severity: warning
subject: cluster
span: mesh
level: read
requires: [api-answers]
pass: "{observed}"
warning:
  ports: "{service} has no port {ports} in {subject}, where pods of it stand, and has it in {peers}: the gateway of {subject} resets what their clients send there{more}"
  headless: "{service} is headless in {subject}: clients of it call pods by their addresses, which lead nowhere in other networks, so that they never hear those of {peers}{more}"
unknown: "Whether Services of {subject} are defined as in other clusters is not known"
remedy:
  ports: "kubectl {flags} -n {namespace} edit service {name}    # the same ports as in {peers}"
  headless: "kubectl {flags} -n {namespace} get service {name} -o yaml    # a Service with a cluster IP beside it, for callers of other clusters; clusterIP cannot be changed"
shell: [flags]
docs: https://istio.io/latest/docs/ops/deployment/deployment-models/#namespace-tenancy
why: |
  Services of one name in one namespace are one service of the mesh. A client's sidecar asks for the port of its own cluster's
  definition; the gateway that is asked knows the ports of the definition beside it alone: one that it lacks is reset like an unknown
  name. A headless Service (clusterIP None) is resolved to the addresses of its cluster's own pods, and those of other networks are
  never asked. Looks at Services behind which ready pods with sidecars stand in some cluster. A Service that a client's cluster does not
  have at all cannot be resolved there; since not every service is meant for every cluster, that is no finding.
---*/
WITH differing AS (
  SELECT namespace, name
  FROM mesh_service
  GROUP BY namespace, name
  HAVING min(ports) <> max(ports)
),
port AS (
  SELECT m.cluster, m.namespace, m.name, p.value AS port
  FROM differing AS d
  JOIN mesh_service AS m ON m.namespace = d.namespace AND m.name = d.name, json_each(m.ports) AS p
),
lacking AS (
  SELECT m.cluster, m.namespace, m.name, group_concat(DISTINCT p.port) AS ports, group_concat(DISTINCT p.cluster) AS peers
  FROM mesh_service AS m
  JOIN port AS p ON p.namespace = m.namespace AND p.name = m.name AND p.cluster <> m.cluster
  WHERE m.mesh_pods > 0
    AND NOT EXISTS (SELECT 1 FROM json_each(m.ports) AS own WHERE own.value = p.port)
  GROUP BY m.cluster, m.namespace, m.name
),
peers AS (
  SELECT namespace, name, group_concat(cluster) AS clusters, count(*) AS many
  FROM mesh_service
  WHERE mesh_pods > 0
  GROUP BY namespace, name
),
found AS (
  SELECT cluster, namespace, name, 'ports' AS reason, ports, peers FROM lacking
  UNION ALL
  SELECT m.cluster, m.namespace, m.name, 'headless', '', p.clusters
  FROM mesh_service AS m
  JOIN peers AS p ON p.namespace = m.namespace AND p.name = m.name
  WHERE m.headless = 1 AND (p.many > 1 OR m.mesh_pods = 0)
),
first AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY cluster ORDER BY reason DESC, namespace, name) AS rank,
    count(*) OVER (PARTITION BY cluster) AS findings
  FROM found
),
counted AS (
  SELECT cluster, count(*) AS services
  FROM mesh_service
  GROUP BY cluster
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN f.cluster IS NOT NULL THEN 'warning'
    ELSE 'pass'
  END AS status,
  CASE f.reason
    WHEN 'ports' THEN f.namespace || '/' || f.name || ' without port ' || f.ports
    WHEN 'headless' THEN f.namespace || '/' || f.name || ': clusterIP None'
    ELSE 'The ' || coalesce(n.services, 0) || ' Services of the mesh that ' || c.cluster || ' has are defined as elsewhere'
  END AS observed,
  'the same ports as in other clusters, and a cluster IP' AS expected,
  'Services of all namespaces' AS evidence,
  f.reason,
  f.namespace || '/' || f.name AS service,
  f.ports,
  f.peers,
  CASE WHEN f.findings > 1 THEN '; ' || (f.findings - 1) || ' more Services differ' ELSE '' END AS more,
  f.namespace,
  f.name,
  c.flags
FROM cluster AS c
LEFT JOIN first AS f ON f.cluster = c.cluster AND f.rank = 1
LEFT JOIN counted AS n ON n.cluster = c.cluster
