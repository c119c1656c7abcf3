/*---
id: destination-rules-keep-mutual-tls
title: No DestinationRule takes mutual TLS from services of other clusters
severity: error
subject: cluster
span: mesh
level: read
requires: [api-answers]
pass: "Clients of {subject} begin mutual TLS with every service that other clusters have"
fail:
  mesh: "DestinationRule {rule} ({mode}) takes mutual TLS from every service that clients of {subject} call: istiod then leaves out all endpoints of other networks, and no request crosses{more}"
  service: "DestinationRule {rule} ({mode}) takes mutual TLS from {host}, whose pods stand in {peers}, too: istiod of {subject} then leaves out its endpoints of other networks{more}"
  auto: "The mesh configuration of {subject} has enableAutoMtls false, and no DestinationRule asks for ISTIO_MUTUAL everywhere: clients begin no mutual TLS, and no request crosses"
warning:
  some: "DestinationRule {rule} ({mode}) takes mutual TLS from {host} for some clients of {subject}: theirs are not answered by {peers}{more}"
unknown: "How clients of {subject} begin TLS is not known"
remedy:
  auto: "kubectl {flags} -n istio-system edit configmap {map}    # enableAutoMtls: true, then restart istiod"
  mesh: "kubectl {flags} -n {namespace} patch destinationrules.networking.istio.io {name} --type=merge --patch '{\"spec\":{\"trafficPolicy\":{\"tls\":null}}}'"
  service: "kubectl {flags} -n {namespace} patch destinationrules.networking.istio.io {name} --type=merge --patch '{\"spec\":{\"trafficPolicy\":{\"tls\":null}}}'"
  some: "kubectl {flags} -n {namespace} patch destinationrules.networking.istio.io {name} --type=merge --patch '{\"spec\":{\"trafficPolicy\":{\"tls\":null}}}'"
  mesh-place: "kubectl {flags} -n {namespace} edit destinationrules.networking.istio.io {name}    # remove tls of its {place}"
  service-place: "kubectl {flags} -n {namespace} edit destinationrules.networking.istio.io {name}    # remove tls of its {place}"
  some-place: "kubectl {flags} -n {namespace} edit destinationrules.networking.istio.io {name}    # remove tls of its {place}"
shell: [flags]
docs: https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
why: |
  The way between networks leads through gateways that pass mutual TLS on by its server name, so that only endpoints with mutual TLS are
  given to clients of other networks. A DestinationRule whose tls.mode is DISABLE, SIMPLE or MUTUAL takes it from a service: its pods in
  other clusters are left out, or, where they are its only ones, requests end with 503. Looks for such rules for hosts in the mesh: one
  for *.local in the root namespace stops everything; one for a single service stops that one, and is harmless where no other cluster has
  pods of it. Rules written for a time without sidecars are a common cause. Without a rule, Istio begins mutual TLS by itself
  (enableAutoMtls).
---*/
WITH taking AS (
  SELECT
    *,
    CASE
      WHEN covers = 'mesh' AND clients = 'all' AND place NOT LIKE 'subset%' THEN 'mesh'
      WHEN clients = 'all' AND place NOT LIKE 'subset%' THEN 'service'
      ELSE 'some'
    END AS kind,
    (
      SELECT group_concat(DISTINCT m.cluster)
      FROM mesh_service AS m
      WHERE m.cluster <> d.cluster AND m.mesh_pods > 0
        AND (d.covers = 'mesh' OR (m.namespace = d.service_namespace AND (d.covers = 'namespace' OR m.name = d.service_name)))
    ) AS elsewhere
  FROM destination_rule AS d
  WHERE tls_mode <> 'ISTIO_MUTUAL' AND covers <> 'elsewhere'
),
worst AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY cluster ORDER BY CASE kind WHEN 'mesh' THEN 1 WHEN 'service' THEN 2 ELSE 3 END, namespace, name, place) AS rank,
    count(*) OVER (PARTITION BY cluster) AS rules
  FROM taking
  WHERE kind = 'mesh' OR elsewhere IS NOT NULL
),
configured AS (
  SELECT
    m.cluster, m.auto_mtls, m.revision,
    EXISTS (
      SELECT 1 FROM destination_rule AS d
      WHERE d.cluster = m.cluster AND d.covers = 'mesh' AND d.clients = 'all' AND d.place = '' AND d.tls_mode = 'ISTIO_MUTUAL'
    ) AS asked_for
  FROM wanted_revision AS w
  JOIN mesh_config AS m ON m.cluster = w.cluster AND m.revision = w.revision
  WHERE m.parse_error = ''
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN w.kind IN ('mesh', 'service') THEN 'fail'
    WHEN m.auto_mtls = 0 AND m.asked_for = 0 THEN 'fail'
    WHEN w.kind = 'some' THEN 'warning'
    WHEN m.auto_mtls = 1 OR m.asked_for = 1 THEN 'pass'
    ELSE 'unknown'
  END AS status,
  CASE
    WHEN w.cluster IS NOT NULL THEN w.namespace || '/' || w.name || ': host ' || w.host || ', tls.mode ' || w.tls_mode
    WHEN m.auto_mtls = 0 THEN 'enableAutoMtls false'
    ELSE 'no such rule'
  END AS observed,
  'ISTIO_MUTUAL, or nothing said of TLS' AS expected,
  'DestinationRules (networking.istio.io) of all namespaces, and the mesh configuration' AS evidence,
  CASE
    WHEN w.kind = 'some' AND m.auto_mtls = 0 AND m.asked_for = 0 THEN 'auto'
    WHEN w.cluster IS NOT NULL THEN w.kind || CASE w.place WHEN '' THEN '' ELSE '-place' END
    ELSE 'auto'
  END AS reason,
  w.namespace || '/' || w.name AS rule,
  'tls.mode ' || w.tls_mode AS mode,
  coalesce(w.host, '') AS host,
  coalesce(w.elsewhere, '') AS peers,
  CASE WHEN w.rules > 1 THEN '; so do ' || (w.rules - 1) || ' other places in rules' ELSE '' END AS more,
  w.namespace,
  w.name,
  coalesce(w.place, '') AS place,
  'istio' || CASE m.revision WHEN '' THEN '' ELSE '-' || m.revision END AS map,
  c.flags
FROM cluster AS c
LEFT JOIN worst AS w ON w.cluster = c.cluster AND w.rank = 1
LEFT JOIN configured AS m ON m.cluster = c.cluster
