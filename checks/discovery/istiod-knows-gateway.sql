/*---
id: istiod-knows-gateway
title: istiod itself knows the other cluster's gateway
severity: error
subject: cluster_pair
span: pair
level: probe
requires:
  - {check: istiod-follows-peer}
  - {check: network-identity-consistent, of: target, when: failed, blocks: unsound}
  - {check: networks-distinct, when: failed, blocks: unsound}
  - {check: gateway-ready, of: target, when: failed, blocks: unsound}
  - {check: gateway-service-ports, of: target, when: failed, blocks: unsound}
  - {check: gateway-has-address, of: target, when: failed, blocks: unsound}
  - {check: gateway-address-families-meet, when: failed, blocks: unsound}
  - {check: gateway-namespace-discovered, of: target, when: failed, blocks: unsound}
  - {check: gateway-reachable-from-pods, when: failed, blocks: unsound}
pass: "{pods} of {source} knows the gateway of {target}: {known}{words}"
fail:
  none: "{pod} of {source} knows no gateway of {target}, whose Service {service} has {expected_addresses}: it hands its workloads addresses of pods that they cannot reach"
  other: "{pod} of {source} takes {known} for the gateway of {target}, but its Service {service} has {expected_addresses}: what it knows of {target} is old"
unknown:
  no-service: "At which address istiod of {source} should know the gateway of {target} is not known"
  nobody: "No istiod of {source} said which gateways it knows"
remedy:
  none: |
    What istiod says of the Service; a gateway whose name it cannot resolve is left out, and so is one where RESOLVE_HOSTNAME_GATEWAYS is false:
    kubectl {source_flags} -n istio-system logs {pod} -c discovery --tail=-1 | grep -iE {pattern}
    kubectl {target_flags} -n {namespace} get service {name} -o wide --show-labels
  other: |
    istiod no longer hears what changes in {target}. See what it is refused there; it reads everything anew when it starts anew:
    kubectl {source_flags} -n istio-system logs {pod} -c discovery --tail=-1 | grep -iE {pattern}
    kubectl {target_flags} auth can-i watch services --all-namespaces --as=system:serviceaccount:istio-system:istio-reader-service-account
    kubectl {source_flags} -n istio-system delete pod {pod}
shell: [source_flags, target_flags]
data: [pod, known, expected_addresses]
docs: https://istio.io/latest/docs/ops/diagnostic-tools/multicluster/
why: |
  Asks every ready pod of the calling cluster's istiod which gateways between networks it knows (/debug/networkz, over a
  port-forward), and holds that against the addresses that the called cluster's gateway Service has now. That is what its proxies
  connect to: where it knows none, it gives them the pods' own addresses, which time out; where it knows an old one, requests
  go there. It is the proof that everything before it (label of the network, Service, remote secret) came through, and the only place
  where an istiod is seen that read the other cluster once and has heard nothing since. Where the Service has a name, or takes the
  addresses of nodes, istiod's addresses cannot be compared, and that it knows any is what is asked.
---*/
WITH pod AS (
  SELECT DISTINCT e.source, e.target, e.pod
  FROM istiod_peer AS e
  JOIN wanted_revision AS w ON w.cluster = e.source AND w.revision = e.revision
),
-- istiod takes every Service with the label.
address AS (
  SELECT
    s.cluster, s.namespace, s.name, s.network, s.gateway_port AS port, a.value AS address,
    (a.value NOT LIKE '%:%' AND a.value GLOB '*[A-Za-z]*') AS is_name
  FROM gateway_service AS s, json_each(s.addresses) AS a
  WHERE s.network <> ''
),
service AS (
  SELECT
    s.cluster, count(*) AS services, min(s.namespace || '/' || s.name) AS service,
    min(s.namespace) AS namespace, min(s.name) AS name,
    -- Names, and addresses of nodes: what istiod makes of them is its own.
    (
      sum(coalesce(s.node_selector, '') <> '') > 0
      OR EXISTS (SELECT 1 FROM address AS a WHERE a.cluster = s.cluster AND a.is_name)
    ) AS is_resolved,
    (SELECT group_concat(a.address || ':' || a.port, ', ') FROM address AS a WHERE a.cluster = s.cluster) AS words
  FROM gateway_service AS s
  WHERE s.network <> ''
  GROUP BY s.cluster
),
said AS (
  SELECT
    p.source, p.target, p.pod,
    (
      SELECT group_concat(k.address || ':' || k.port, ', ')
      FROM istiod_gateway AS k WHERE k.source = p.source AND k.target = p.target AND k.pod = p.pod
    ) AS known,
    (
      SELECT count(*) FROM address AS a
      WHERE a.cluster = p.target AND NOT a.is_name AND NOT EXISTS (
        SELECT 1 FROM istiod_gateway AS k
        WHERE k.source = p.source AND k.target = p.target AND k.pod = p.pod AND k.address = a.address AND k.port = a.port AND k.network = a.network
      )
    ) AS missing,
    (
      SELECT count(*) FROM istiod_gateway AS k
      WHERE k.source = p.source AND k.target = p.target AND k.pod = p.pod AND NOT EXISTS (
        SELECT 1 FROM address AS a WHERE a.cluster = p.target AND a.address = k.address AND a.port = k.port AND a.network = k.network
      )
    ) AS extra
  FROM pod AS p
),
judged AS (
  SELECT
    s.*, v.is_resolved,
    CASE
      WHEN v.cluster IS NULL THEN 'no-service'
      WHEN s.known IS NULL THEN 'none'
      WHEN s.missing > 0 THEN 'other'
      WHEN s.extra > 0 AND NOT v.is_resolved THEN 'other'
      WHEN s.missing = 0 AND (s.extra = 0 OR v.is_resolved) THEN 'same'
    END AS reason
  FROM said AS s
  LEFT JOIN service AS v ON v.cluster = s.target
),
-- Of several pods the worst, and beside it how many there are.
worst AS (
  SELECT
    source, target, count(*) AS pods,
    min(CASE reason WHEN 'none' THEN 1 WHEN 'other' THEN 2 WHEN 'same' THEN 4 ELSE 3 END || pod) AS place,
    pod, known, is_resolved, reason
  FROM judged
  GROUP BY source, target
)
SELECT
  p.source || ' → ' || p.target AS subject,
  CASE
    WHEN s.pod IS NULL OR s.reason = 'no-service' THEN 'unknown'
    WHEN s.reason = 'same' THEN 'pass'
    WHEN s.reason IN ('none', 'other') THEN 'fail'
  END AS status,
  coalesce(s.known, 'none') AS observed,
  coalesce(v.words, 'an address of the gateway of ' || p.target) AS expected,
  '/debug/networkz of ' || coalesce(CASE s.pods WHEN 1 THEN s.pod ELSE s.pods || ' pods of istiod' END, 'istiod') || ' in ' || p.source AS evidence,
  CASE WHEN s.pod IS NULL THEN 'nobody' ELSE s.reason END AS reason,
  CASE s.pods WHEN 1 THEN s.pod ELSE 'Each of the ' || s.pods || ' istiods' END AS pods,
  CASE WHEN s.is_resolved THEN ', as it resolves ' || coalesce(v.words, 'the addresses of nodes') ELSE '' END AS words,
  s.pod,
  coalesce(s.known, '') AS known,
  coalesce(v.words, 'no address') AS expected_addresses,
  coalesce(v.service, 'istio-eastwestgateway') AS service,
  coalesce(v.namespace, 'istio-system') AS namespace,
  coalesce(v.name, 'istio-eastwestgateway') AS name,
  'remote cluster|gateway' AS pattern,
  cs.flags AS source_flags,
  ct.flags AS target_flags,
  p.source,
  p.target
FROM cluster_pair AS p
LEFT JOIN worst AS s ON s.source = p.source AND s.target = p.target
LEFT JOIN service AS v ON v.cluster = p.target
LEFT JOIN cluster AS cs ON cs.cluster = p.source
LEFT JOIN cluster AS ct ON ct.cluster = p.target
