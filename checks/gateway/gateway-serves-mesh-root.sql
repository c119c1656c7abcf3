/*---
id: gateway-serves-mesh-root
title: What is served through the gateway is issued under the mesh's root
severity: error
subject: cluster
span: cluster
level: read
requires:
  - issuing-chain-valid
  - {check: root-ca-custom, when: failed}
  - {check: cacerts-loaded, when: failed}
  - {check: root-ca-valid, when: failed}
  - {check: clusters-share-root-ca, when: failed}
pass: "The chain for {sni} leads to a root that {subject} trusts"
fail: "The chain for {sni} does not lead to the root that {subject} itself trusts ({detail}): this workload still has a certificate of another authority"
unknown: "{finding}"
remedy: "kubectl {flags} -n {namespace} rollout restart deployment"
shell: [flags]
docs: https://istio.io/latest/docs/ops/diagnostic-tools/multicluster/
why: |
  Verifies the chain that a workload serves through the gateway against the cluster's own roots (ConfigMap
  istio-system/istio-ca-root-cert). The ConfigMaps say what should be; this is what is: the issuer that really signed. It fails when
  the authority was changed and istiod, or the workloads, were not restarted since: they go on with certificates of the old
  one, which no other cluster trusts. Asked only where all clusters have the same root (clusters-share-root-ca) and the
  chain itself is sound (issuing-chain-valid).
---*/
WITH judged AS (
  SELECT
    p.cluster, p.address, p.port, p.sni, t.outcome, t.detail,
    CASE
      WHEN p.sni IS NULL OR p.tls <> 'served' OR t.outcome IS NULL OR t.outcome = 'other' THEN 'unclear'
      WHEN t.outcome <> 'trusted' THEN 'foreign'
      WHEN t.outcome = 'trusted' THEN 'trusted'
    END AS reason,
    -- The host in outbound_.PORT_.SUBSET_.HOST, and its namespace.
    substr(p.sni, instr(p.sni, '_._.') + 4) AS host
  FROM gateway_probe AS p
  LEFT JOIN chain_trust AS t ON t.source = p.cluster AND t.target = p.cluster AND t.address = p.address
),
shown AS (
  SELECT
    *,
    substr(substr(host, instr(host, '.') + 1), 1, instr(substr(host, instr(host, '.') + 1), '.') - 1) AS namespace
  FROM (
    SELECT
      *,
      row_number() OVER (PARTITION BY cluster ORDER BY reason <> 'foreign', reason <> 'unclear', address) AS place
    FROM judged
  ) WHERE place = 1
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN s.cluster IS NULL OR s.reason = 'unclear' THEN 'unknown'
    WHEN s.reason = 'foreign' THEN 'fail'
    WHEN s.reason = 'trusted' THEN 'pass'
  END AS status,
  coalesce(s.outcome || CASE s.detail WHEN '' THEN '' ELSE ': ' || s.detail END, 'no chain') AS observed,
  'a chain to a root in istio-system/istio-ca-root-cert of ' || c.cluster AS expected,
  'TLS hello to ' || coalesce(s.address || ':' || s.port, 'the gateway') || ', SNI ' || coalesce(s.sni, '(none)') || ', verified at the time of the run' AS evidence,
  CASE
    WHEN s.cluster IS NULL OR s.outcome IS NULL THEN 'No chain was served through the gateway that could be verified'
    ELSE 'The chain could not be verified: ' || s.detail
  END AS finding,
  coalesce(s.sni, '') AS sni,
  coalesce(nullif(s.detail, ''), s.outcome, '') AS detail,
  coalesce(nullif(s.namespace, ''), 'NAMESPACE') AS namespace,
  c.flags
FROM cluster AS c
LEFT JOIN shown AS s ON s.cluster = c.cluster
