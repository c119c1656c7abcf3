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
  export: "{service} is exported to {export} in {subject}, so that the gateway of {subject} does not know it: it resets what clients of {peers} send there{more}"
unknown: "Whether Services of {subject} are defined as in other clusters is not known{lacking}"
remedy:
  ports: "kubectl {flags} -n {namespace} edit service {name}    # the same ports as in {peers}"
  headless: "kubectl {flags} -n {namespace} get service {name} -o yaml    # a Service with a cluster IP beside it, for callers of other clusters; clusterIP cannot be changed"
  export: |
    kubectl {flags} -n {namespace} annotate --overwrite service {name} 'networking.istio.io/exportTo=*'
    Where it is meant for its own cluster alone, let the others keep it out instead: serviceSettings with clusterLocal for it, in the mesh configuration of {peers}.
shell: [flags]
docs: https://istio.io/latest/docs/ops/deployment/deployment-models/#namespace-tenancy
why: |
  Services of one name in one namespace are one service of the mesh. A client's sidecar asks for the port of its own cluster's
  definition; the gateway that is asked knows the ports of the definition beside it alone: one that it lacks is reset like an unknown
  name. A headless Service (clusterIP None) is resolved to the addresses of its cluster's own pods, and those of other networks are
  never asked. The annotation networking.istio.io/exportTo decides whose proxies know a Service, and the gateway is one: a Service that is
  exported to its own namespace is not hidden from clients of that namespace in other clusters, who are reset. Looks at Services behind which ready pods with sidecars stand in some cluster. A Service that a client's cluster does not
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
  UNION ALL
  -- One that the others do not see either is at home on purpose.
  SELECT m.cluster, m.namespace, m.name, 'export', '', group_concat(o.cluster)
  FROM mesh_service AS m
  JOIN mesh_service AS o ON o.namespace = m.namespace AND o.name = m.name AND o.cluster <> m.cluster AND o.export_to <> '~'
  WHERE m.gateway_sees = 0 AND m.mesh_pods > 0
  GROUP BY m.cluster, m.namespace, m.name
),
first AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY cluster ORDER BY reason DESC, namespace, name) AS rank,
    count(*) OVER (PARTITION BY cluster) AS findings
  FROM found
),
counted AS (
  SELECT cluster, count(*) AS services, count(CASE WHEN export_to IS NULL OR gateway_sees IS NULL THEN 1 END) AS unseen
  FROM mesh_service
  GROUP BY cluster
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN f.cluster IS NOT NULL THEN 'warning'
    WHEN (SELECT sum(unseen) FROM counted) > 0 THEN 'unknown'
    ELSE 'pass'
  END AS status,
  CASE f.reason
    WHEN 'ports' THEN f.namespace || '/' || f.name || ' without port ' || f.ports
    WHEN 'headless' THEN f.namespace || '/' || f.name || ': clusterIP None'
    WHEN 'export' THEN f.namespace || '/' || f.name || ': exportTo ' || coalesce(nullif(x.export_to, ''), 'by default')
    ELSE 'The ' || coalesce(n.services, 0) || ' Services of the mesh that ' || c.cluster || ' has are defined as elsewhere'
  END AS observed,
  'the same ports as in other clusters, and a cluster IP' AS expected,
  'Services of all namespaces' AS evidence,
  f.reason,
  f.namespace || '/' || f.name AS service,
  f.ports,
  CASE x.export_to WHEN '' THEN 'what defaultServiceExportTo of the mesh configuration names' WHEN '.' THEN 'its own namespace alone' WHEN '~' THEN 'nobody' ELSE x.export_to || ' alone' END AS export,
  f.peers,
  CASE WHEN (SELECT sum(unseen) FROM counted) > 0 THEN ': to whom they are exported was not seen of all' ELSE '' END AS lacking,
  CASE WHEN f.findings > 1 THEN '; ' || (f.findings - 1) || ' more Services differ' ELSE '' END AS more,
  f.namespace,
  f.name,
  c.flags
FROM cluster AS c
LEFT JOIN first AS f ON f.cluster = c.cluster AND f.rank = 1
LEFT JOIN mesh_service AS x ON x.cluster = f.cluster AND x.namespace = f.namespace AND x.name = f.name
LEFT JOIN counted AS n ON n.cluster = c.cluster
