/*---
id: issuing-chain-valid
title: A workload behind the gateway serves a complete and valid chain
severity: error
subject: cluster
span: cluster
level: read
requires: [gateway-passes-through]
pass: "{certificates} certificates, served for {sni}; intermediates are valid until {until}"
fail: "{finding}"
warning: "{finding}"
unknown: "{finding}"
remedy: "{fix}"
shell: [fix]
docs: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
why: |
  Asks through the gateway for a service of this cluster, as a proxy of another cluster would (server name
  outbound_.PORT_._.HOST, ALPN istio), and looks at the certificates that the workload sends: their dates, whether every
  certificate above the leaf is an authority and may sign, and whether the chain leads without a gap to a root. The intermediate
  (cacerts: ca-cert.pem, cert-chain.pem) is the part that ends first and is forgotten: when it does, all that this cluster issued is
  refused at once, by everybody. An intermediate that is missing from cert-chain.pem works inside the cluster and nowhere
  else. Warns 30 days before an intermediate ends. Which root the chain leads to is the question of gateway-serves-mesh-root. Unknown
  where no chain was served: gateway-passes-through says why.
---*/
WITH certificate AS (
  SELECT
    s.cluster, s.address, s.position, s.not_after, s.self_signed, r.now,
    CASE WHEN s.position = 0 THEN 'the workload''s certificate' ELSE 'the intermediate ' || s.name END AS what,
    CASE
      WHEN s.self_signed = 1 THEN ''
      WHEN s.not_after <= r.now THEN ' ended on ' || strftime('%Y-%m-%d', s.not_after, 'unixepoch')
      WHEN s.not_before > r.now THEN ' is not valid before ' || strftime('%Y-%m-%d %H:%M', s.not_before, 'unixepoch')
      WHEN s.position > 0 AND s.is_ca = 0 THEN ' is no CA certificate (basicConstraints CA:false)'
      WHEN s.position > 0 AND s.signs_certificates = 0 THEN ' may not sign certificates (keyUsage lacks keyCertSign)'
      ELSE ''
    END AS fault
  FROM served_certificate AS s
  CROSS JOIN run AS r
),
chain AS (
  SELECT
    cluster, address, count(*) AS certificates,
    min(CASE WHEN fault <> '' THEN position END) AS faulty,
    min(CASE WHEN position > 0 AND self_signed = 0 THEN not_after END) AS first_end,
    min(now) AS now
  FROM certificate
  GROUP BY cluster, address
),
judged AS (
  SELECT
    p.cluster, p.address, p.port, p.sni, p.tls, p.tls_detail, c.certificates, c.first_end, c.now, t.outcome, t.detail,
    f.what || f.fault AS fault,
    CASE
      WHEN p.sni IS NULL THEN 'no service'
      WHEN p.tcp <> 'connected' THEN 'not connected'
      WHEN p.tls <> 'served' OR c.certificates IS NULL THEN 'unclear'
      WHEN c.faulty IS NOT NULL THEN 'fault'
      WHEN t.outcome IS NULL OR t.outcome = 'other' THEN 'not verified'
      WHEN t.outcome IN ('incomplete', 'bad-signature') THEN t.outcome
      -- A path that is too long, for example; what the root lacks is said by root-ca-valid.
      WHEN t.outcome = 'not-a-ca' AND k.self_signed = 0 THEN 'not-a-ca'
      WHEN c.first_end < c.now + 30 * 86400 THEN 'ends soon'
      WHEN t.outcome IN ('trusted', 'unknown-authority', 'expired', 'not-yet-valid', 'not-a-ca') THEN 'valid'
    END AS reason
  FROM gateway_probe AS p
  LEFT JOIN chain AS c ON c.cluster = p.cluster AND c.address = p.address
  LEFT JOIN certificate AS f ON f.cluster = p.cluster AND f.address = p.address AND f.position = c.faulty
  LEFT JOIN chain_trust AS t ON t.source = p.cluster AND t.target = p.cluster AND t.address = p.address
  LEFT JOIN certificate AS k ON k.cluster = p.cluster AND k.address = p.address AND k.position = t.position
),
-- The address to speak of: the worst one.
shown AS (
  SELECT * FROM (
    SELECT
      *,
      row_number() OVER (
        PARTITION BY cluster
        ORDER BY CASE WHEN reason = 'valid' THEN 4 WHEN reason = 'ends soon' THEN 3 WHEN reason IN ('no service', 'not connected', 'unclear', 'not verified') THEN 2 ELSE 1 END, address
      ) AS place
    FROM judged
  ) WHERE place = 1
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN s.reason IS NULL OR s.reason IN ('no service', 'not connected', 'unclear', 'not verified') THEN 'unknown'
    WHEN s.reason = 'ends soon' THEN 'warning'
    WHEN s.reason = 'valid' THEN 'pass'
    ELSE 'fail'
  END AS status,
  CASE
    WHEN s.cluster IS NULL THEN 'nothing'
    WHEN s.tls = 'served' THEN coalesce(s.certificates, 0) || ' certificates' || coalesce('; ' || s.fault, '') || coalesce('; ' || nullif(s.detail, ''), '')
    ELSE s.tls || CASE s.tls_detail WHEN '' THEN '' ELSE ': ' || s.tls_detail END
  END AS observed,
  'leaf and intermediates: valid, authorities, without a gap' AS expected,
  'TLS hello to ' || coalesce(s.address || ':' || s.port, 'the gateway') || ', SNI ' || coalesce(s.sni, '(none)') || ', ALPN istio' AS evidence,
  CASE s.reason
    WHEN 'no service' THEN 'No service with a ready workload of the mesh was found in ' || c.cluster || ' to ask the gateway for: deploy one, such as Istio''s sample helloworld'
    WHEN 'not connected' THEN 'There is no connection to the gateway'
    WHEN 'unclear' THEN 'No certificate was seen' || CASE s.tls_detail WHEN '' THEN '' ELSE ': ' || s.tls_detail END
    WHEN 'not verified' THEN 'The chain could not be verified' || coalesce(': ' || s.detail, '')
    WHEN 'fault' THEN 'In the chain for ' || s.sni || ', ' || s.fault || ': every other cluster refuses what ' || c.cluster || ' issued'
    WHEN 'incomplete' THEN 'The chain for ' || s.sni || ' has a gap (' || s.detail || '): an intermediate is missing from cert-chain.pem in cacerts, or the workload''s certificate is of an earlier authority'
    WHEN 'bad-signature' THEN 'A signature in the chain for ' || s.sni || ' does not verify: ' || s.detail
    WHEN 'not-a-ca' THEN 'A certificate in the chain for ' || s.sni || ' may not issue the one below it: ' || s.detail
    WHEN 'ends soon' THEN 'The intermediate in the chain for ' || s.sni || ' ends on ' || strftime('%Y-%m-%d', s.first_end, 'unixepoch') || ', in ' || ((s.first_end - s.now) / 86400) || ' days: then everything that ' || c.cluster || ' issued is refused'
    ELSE 'No hello was sent to the gateway'
  END AS finding,
  CASE
    WHEN s.reason = 'no service' THEN 'kubectl ' || c.flags || ' create namespace sample && kubectl ' || c.flags || ' label namespace sample istio.io/rev=REVISION && kubectl ' || c.flags || ' -n sample apply -f samples/helloworld/helloworld.yaml'
    ELSE 'kubectl ' || c.flags || ' -n istio-system create secret generic cacerts --from-file=ca-cert.pem --from-file=ca-key.pem --from-file=root-cert.pem --from-file=cert-chain.pem --dry-run=client -o yaml | kubectl ' || c.flags || ' apply -f - && kubectl ' || c.flags || ' -n istio-system rollout restart deployment -l app=istiod    # with a new intermediate; then restart the workloads'
  END AS fix,
  coalesce(s.certificates, 0) AS certificates,
  coalesce(s.sni, '') AS sni,
  coalesce(strftime('%Y-%m-%d', s.first_end, 'unixepoch'), 'none') AS until
FROM cluster AS c
LEFT JOIN shown AS s ON s.cluster = c.cluster
