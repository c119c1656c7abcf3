/*---
id: gateway-reachable-from-pods
title: Pods reach the other cluster's gateway
severity: error
subject: cluster_pair
span: pair
level: probe
requires:
  - {check: probes-ran, of: source}
  - {check: gateway-has-address, of: target}
  - {check: gateway-address-families-meet, when: failed, blocks: unsound}
  - {check: gateway-namespace-discovered, of: target, when: failed, blocks: unsound}
  - {check: gateway-has-endpoints, of: target, when: failed, blocks: unsound}
  - {check: services-exposed, of: target, when: failed, blocks: unsound}
  - {check: gateway-reachable, of: target, when: failed, blocks: unsound}
  - {check: gateway-config-current, of: target, when: failed, blocks: unsound}
  - {check: gateway-passes-through, of: target, when: failed, blocks: unsound}
  - {check: firewall-admits-gateway, when: failed, blocks: unsound}
  - {check: routes-to-on-premises, when: failed, blocks: unsound}
  - {check: ranges-do-not-overlap, when: failed, blocks: unsound}
optional: [google_firewall_path]
pass: "A pod of {source} reaches {address} ({time})"
fail: "A pod of {source} does not reach {address}, the gateway of {target}: {words}{hint}"
unknown:
  nobody: "No pod of {source} tried to reach the gateway of {target}"
  controls: "What the pod of {source} saw of the gateway of {target} proves nothing: its controls do not hold"
  hidden: "{address}, the gateway of {target}, answers the pod of {source}, but nobody can tell whose certificate it is{words}: a proxy that opens TLS on the way would answer so, too"
  tool: "The pod of {source} could not try {address}, the gateway of {target}{words}"
remedy:
  way: |
    Let the pods of {source} through to {address}: source ranges and firewalls before it must admit the addresses from which they leave, and a route must lead back to those. Try again:
    kubectl {source_flags} run isthmus-try --rm -i --restart=Never --image=curlimages/curl -- curl -kv --connect-timeout 5 https://{address}
  name: |
    Let the resolver of {source} know the name, or give the gateway an address that is none. Try again:
    kubectl {source_flags} run isthmus-try --rm -i --restart=Never --image=curlimages/curl -- nslookup {host}
  proxy: |
    Take {address} out of what the proxy on the way opens: mutual TLS between workloads must pass unopened. See who answers:
    kubectl {source_flags} run isthmus-try --rm -i --restart=Never --image=curlimages/curl -- curl -kv --connect-timeout 5 https://{address}
  size: |
    Let large packets through, or make them smaller: admit ICMP type 3 code 4 on the way, or clamp the MSS at the tunnel. On the gateway of the tunnel:
    iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
shell: [source_flags]
data: [kind, address, remote_address, rung, outcome, detail, dns_ms, tcp_ms, tls_ms, total_ms, certificate_issuer]
docs: https://istio.io/latest/docs/ops/diagnostic-tools/multicluster/
guide: [addresses-reachable]
why: |
  Starts a short-lived pod in the calling cluster and connects from there to every address of the called cluster's gateway, as the
  proxies of that cluster do: DNS where it is a name, TCP, then TLS with the name of a service of the mesh where one is known. Says at
  which rung it breaks. No answer to the first packet is a firewall that drops, source ranges that lack the pods' egress address, or
  a route that is missing in one direction (a VPN must know the way back to the pods' range, too); a refusal is a firewall
  that rejects, or a load balancer without backends; small packets that pass while large ones do not are the MTU of a tunnel:
  then handshakes hang, because certificates are large.
---*/
WITH tried AS (
  SELECT
    source, target, count(*) AS addresses,
    count(CASE WHEN outcome = 'ok' THEN 1 END) AS reached,
    count(CASE WHEN outcome NOT IN ('ok', 'not-tried') THEN 1 END) AS broken,
    -- Of several addresses the worst: broken before not tried before reached.
    min(CASE outcome WHEN 'ok' THEN '3' WHEN 'not-tried' THEN '2' ELSE '1' END || address) AS worst
  FROM pod_reachability
  WHERE kind = 'gateway'
  GROUP BY source, target
)
SELECT
  p.source || ' → ' || p.target AS subject,
  CASE
    WHEN t.source IS NULL THEN 'unknown'
    WHEN r.outcome = 'ran' AND r.own_api_ok = 1 AND r.void_silent = 1 THEN
      CASE
        WHEN t.broken > 0 THEN 'fail'
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
        WHEN 'not-tried' THEN CASE w.rung WHEN 'certificate' THEN 'hidden' ELSE 'tool' END
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
    WHEN 'refused' THEN 'the connection is refused: nothing stands behind the load balancer, or a firewall rejects it'
    WHEN 'timed-out' THEN CASE w.rung WHEN 'dns' THEN 'the resolver gives no answer' WHEN 'tcp' THEN 'no answer to the first packet: a firewall or the source ranges drop it, or no route leads back' ELSE 'the connection opens, and TLS gets no answer' END
    WHEN 'reset' THEN CASE w.rung WHEN 'tcp' THEN 'the connection is reset as it opens' ELSE 'the connection opens, and is cut as TLS begins: the gateway knows no such service, or a firewall looks into it' END
    WHEN 'no-route' THEN 'no route leads there'
    WHEN 'tls-alert' THEN 'TLS ends with an alert'
    WHEN 'wrong-certificate' THEN 'its certificate is not one of the mesh'
    WHEN 'intercepted' THEN 'a proxy on the way ends TLS and shows a certificate of its own'
    WHEN 'stalled' THEN 'small packets pass, large ones do not: the path MTU'
    ELSE 'it breaks at the rung ' || w.rung
  END || coalesce(' (' || nullif(w.detail, '') || ')', '') AS words,
  CASE
    WHEN w.rung = 'tcp' AND w.outcome = 'timed-out' AND g.admits = 1 THEN '. The firewall of Google Cloud admits it (' || g.decided_by || ')'
    WHEN w.rung = 'tcp' AND w.outcome = 'timed-out' AND g.target IS NOT NULL AND g.detail <> '' THEN '. What Google shows of it does not decide: ' || g.detail
    ELSE ''
  END AS hint,
  coalesce(round(coalesce(w.total_ms, w.tls_ms, w.tcp_ms), 1) || ' ms', 'time not seen') AS time,
  'gateway' AS kind,
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
LEFT JOIN pod_reachability AS w ON w.source = p.source AND w.target = p.target AND w.kind = 'gateway' AND w.address = substr(t.worst, 2)
LEFT JOIN google_firewall_path AS g ON g.source = p.source AND g.target = p.target
