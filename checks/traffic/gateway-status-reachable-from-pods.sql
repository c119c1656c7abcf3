/*---
id: gateway-status-reachable-from-pods
title: Pods reach the status port of the other cluster's gateway
severity: warning
subject: cluster_pair
span: pair
level: probe
requires:
  - {check: probes-ran, of: source}
  - {check: gateway-has-address, of: target}
  - {check: gateway-address-families-meet, when: failed, blocks: unsound}
  - {check: gateway-ready, of: target, when: failed, blocks: unsound}
  - {check: gateway-reachable-from-pods, when: failed, blocks: unsound}
pass: "A pod of {source} reaches {address} ({time})"
warning: "A pod of {source} does not reach {address}, the status port of the gateway of {target}: {words}"
unknown:
  nobody: "No pod of {source} tried to reach the status port of the gateway of {target}"
  controls: "What the pod of {source} saw of the status port of the gateway of {target} proves nothing: its controls do not hold"
  tool: "The pod of {source} could not try {address}, the status port of the gateway of {target}{words}"
remedy:
  way: |
    Open port 15021 of the gateway beside 15443, or accept this: requests do not need it. Try again:
    kubectl {source_flags} run isthmus-try --rm -i --restart=Never --image=curlimages/curl -- curl -v --connect-timeout 5 http://{address}/healthz/ready
  name: |
    Let the resolver of {source} know the name. Try again:
    kubectl {source_flags} run isthmus-try --rm -i --restart=Never --image=curlimages/curl -- nslookup {host}
  size: |
    Let large packets through, or make them smaller: admit ICMP type 3 code 4 on the way, or clamp the MSS at the tunnel. On the gateway of the tunnel:
    iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
shell: [source_flags]
data: [kind, address, remote_address, rung, outcome, detail, dns_ms, tcp_ms, tls_ms, total_ms, certificate_issuer]
docs: https://istio.io/latest/docs/ops/deployment/application-requirements/
guide: [addresses-reachable]
why: |
  Asks the gateway's status port, 15021, whether it is ready, from a short-lived pod in the calling cluster. Requests do not need
  that port, so this is a warning; but where the mesh port answers and this one does not, or says that it is not ready, the gateway
  is not what it seems: another machine may stand at its address, or its proxy has no configuration.
---*/
WITH tried AS (
  SELECT
    source, target, count(*) AS addresses,
    count(CASE WHEN outcome = 'ok' THEN 1 END) AS reached,
    count(CASE WHEN outcome NOT IN ('ok', 'not-tried') THEN 1 END) AS broken,
    -- Of several addresses the worst: broken before not tried before reached.
    min(CASE outcome WHEN 'ok' THEN '3' WHEN 'not-tried' THEN '2' ELSE '1' END || address) AS worst
  FROM pod_reachability
  WHERE kind = 'gateway-status'
  GROUP BY source, target
)
SELECT
  p.source || ' → ' || p.target AS subject,
  CASE
    WHEN t.source IS NULL THEN 'unknown'
    WHEN r.outcome = 'ran' AND r.own_api_ok = 1 AND r.void_silent = 1 THEN
      CASE
        WHEN t.broken > 0 THEN 'warning'
        WHEN t.reached < t.addresses THEN 'unknown'
        WHEN t.reached > 0 THEN 'pass'
      END
    ELSE 'unknown'
  END AS status,
  coalesce(w.rung || ': ' || w.outcome, 'not tried') AS observed,
  'reached, from a pod of ' || p.source AS expected,
  'a short-lived Job in ' || p.source || coalesce(', pod ' || nullif(r.pod_address, ''), '') AS evidence,
  CASE
    WHEN t.source IS NULL THEN 'nobody'
    WHEN r.outcome = 'ran' AND r.own_api_ok = 1 AND r.void_silent = 1 THEN
      CASE w.outcome
        WHEN 'not-tried' THEN 'tool'
        WHEN 'stalled' THEN 'size'
        WHEN 'intercepted' THEN 'proxy'
        WHEN 'wrong-certificate' THEN 'proxy'
        ELSE CASE w.rung WHEN 'dns' THEN 'name' ELSE 'way' END
      END
    ELSE 'controls'
  END AS reason,
  CASE w.outcome
    WHEN 'not-tried' THEN ''
    WHEN 'name-not-found' THEN 'its name does not resolve there'
    WHEN 'refused' THEN 'the connection is refused: the Service does not open it, or a firewall rejects it'
    WHEN 'timed-out' THEN CASE w.rung WHEN 'dns' THEN 'the resolver gives no answer' WHEN 'tcp' THEN 'no answer to the first packet: a firewall drops it' ELSE 'the connection opens, and no answer comes' END
    WHEN 'reset' THEN 'the connection is cut'
    WHEN 'no-route' THEN 'no route leads there'
    WHEN 'stalled' THEN 'small packets pass, large ones do not: the path MTU'
    WHEN 'other' THEN 'it does not say that it is ready'
    ELSE 'it breaks at the rung ' || w.rung
  END || coalesce(' (' || nullif(w.detail, '') || ')', '') AS words,
  coalesce(round(coalesce(w.total_ms, w.tls_ms, w.tcp_ms), 1) || ' ms', 'time not seen') AS time,
  'gateway-status' AS kind,
  coalesce(w.address, 'ADDRESS') AS address,
  CASE WHEN w.address LIKE '[%' THEN substr(w.address, 2, instr(w.address, ']') - 2) ELSE substr(w.address, 1, instr(w.address, ':') - 1) END AS host,
  w.remote_address, w.rung, w.outcome, w.detail, w.dns_ms, w.tcp_ms, w.tls_ms, w.total_ms, w.certificate_issuer,
  cs.flags AS source_flags,
  p.source,
  p.target
FROM cluster_pair AS p
LEFT JOIN cluster AS cs ON cs.cluster = p.source
LEFT JOIN probe_run AS r ON r.cluster = p.source
LEFT JOIN tried AS t ON t.source = p.source AND t.target = p.target
LEFT JOIN pod_reachability AS w ON w.source = p.source AND w.target = p.target AND w.kind = 'gateway-status' AND w.address = substr(t.worst, 2)
