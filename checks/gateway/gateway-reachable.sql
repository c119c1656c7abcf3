/*---
id: gateway-reachable
title: The gateway accepts connections, seen from this machine
severity: error
subject: cluster
span: cluster
level: read
requires:
  - gateway-has-address
  - gateway-has-endpoints
  - services-exposed
  - {check: gateway-namespace-discovered, when: failed, blocks: unsound}
pass: "{address}:{port} accepts connections"
fail: "{finding}"
unknown: "{finding}"
remedy: "nc -vz {address} {port}"
docs: https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-multi-cluster
guide: [addresses-reachable]
why: |
  Connects to every address of the gateway from the machine that isthmus runs on. It is not the view from the other clusters'
  pods, which gateway-reachable-from-pods gives at level probe, but a gateway that nobody can reach is found here. Fails when the
  connection is refused or reset (a firewall that rejects; a load balancer without backends), and when it gets no answer
  although this machine should get one: the address is public and open, or this machine's address is among the Service's source
  ranges. Where the gateway is not meant for this machine, or has an IPv6 address and this machine none, no answer is unknown, not wrong. In the clouds: firewall rules
  for the load balancer; on premises: routes and VPN.
---*/
WITH gateway AS (
  -- Of several, the one that stands before the gateway's pods and bears the network's label.
  SELECT * FROM (
    SELECT
      cluster, namespace, name, addresses, load_balancer_class, source_ranges,
      row_number() OVER (PARTITION BY cluster ORDER BY selects_gateway DESC, network = '', name <> 'istio-eastwestgateway', namespace, name) AS place
    FROM gateway_service
  ) WHERE place = 1
),
tried AS (
  SELECT
    p.cluster, p.address, p.port, p.tcp, p.tcp_detail,
    CASE
      WHEN p.tcp = 'connected' THEN 'connected'
      WHEN p.tcp IN ('refused', 'reset') THEN 'broken'
      -- A machine without IPv6 shows nothing of an address of that family.
      WHEN p.tcp = 'no-route' AND p.address LIKE '%:%' THEN 'family'
      -- Silence is only wrong where this machine should be heard.
      WHEN g.source_ranges <> '[]' AND coalesce(p.source_admitted, 0) = 0 THEN 'not admitted'
      WHEN g.source_ranges = '[]' AND g.load_balancer_class = 'internal' THEN 'internal'
      WHEN g.source_ranges = '[]' AND (
        p.address GLOB '10.*' OR p.address GLOB '192.168.*' OR p.address GLOB '172.1[6-9].*' OR p.address GLOB '172.2[0-9].*'
        OR p.address GLOB '172.3[01].*' OR p.address GLOB '100.6[4-9].*' OR p.address GLOB '100.[7-9][0-9].*'
        OR p.address GLOB '100.1[01][0-9].*' OR p.address GLOB '100.12[0-7].*' OR p.address GLOB 'f[cd][0-9a-f][0-9a-f]:*'
      ) THEN 'private'
      WHEN p.tcp IN ('timeout', 'no-route', 'name-not-found') THEN 'broken'
      ELSE 'unclear'
    END AS result
  FROM gateway_probe AS p
  JOIN gateway AS g ON g.cluster = p.cluster
  JOIN json_each(g.addresses) AS a ON a.value = p.address
),
-- The address to speak of: one that is broken, else one that is not clear.
shown AS (
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY cluster ORDER BY result = 'connected', result <> 'broken', address) AS place FROM tried
  ) WHERE place = 1
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN s.cluster IS NULL THEN 'unknown'
    WHEN s.result = 'broken' THEN 'fail'
    WHEN s.result <> 'connected' THEN 'unknown'
    WHEN json_array_length(g.addresses) > (SELECT count(*) FROM tried AS t WHERE t.cluster = c.cluster) THEN 'unknown'
    WHEN s.result = 'connected' THEN 'pass'
  END AS status,
  coalesce(s.tcp || CASE s.tcp_detail WHEN '' THEN '' ELSE ': ' || s.tcp_detail END, 'not tried') AS observed,
  'connected' AS expected,
  'TCP connection from this machine to ' || coalesce(s.address || ':' || s.port, 'the gateway') AS evidence,
  CASE
    WHEN s.cluster IS NULL THEN 'No connection to the gateway was tried'
    WHEN s.result = 'connected' THEN 'Not every address of the gateway was tried'
    WHEN s.tcp = 'refused' THEN s.address || ':' || s.port || ' refuses the connection: a firewall rejects it, or no node of the load balancer has the gateway'
    WHEN s.tcp = 'reset' THEN s.address || ':' || s.port || ' resets the connection'
    WHEN s.tcp = 'name-not-found' AND s.result = 'broken' THEN 'The gateway''s name ' || s.address || ' does not resolve'
    WHEN s.tcp = 'no-route' AND s.result = 'broken' THEN 'No route leads from this machine to ' || s.address
    WHEN s.result = 'broken' THEN s.address || ':' || s.port || ' gives no answer: a firewall drops the packets, or no route leads there'
    WHEN s.result = 'family' THEN 'No route leads from this machine to ' || s.address || ', an IPv6 address, which this machine may not have any of: level probe asks from the other clusters'' pods'
    WHEN s.result = 'not admitted' THEN s.address || ':' || s.port || ' gives no answer, but this machine is not known to be among the source ranges (' || g.source_ranges || '): level probe asks from the other clusters'' pods'
    WHEN s.result IN ('internal', 'private') THEN s.address || ':' || s.port || ' gives no answer, but it is ' || CASE s.result WHEN 'internal' THEN 'an internal load balancer' ELSE 'a private address' END || ' to which this machine may have no way: level probe asks from the other clusters'' pods'
    ELSE 'The connection to ' || s.address || ':' || s.port || ' failed' || CASE s.tcp_detail WHEN '' THEN '' ELSE ': ' || s.tcp_detail END
  END AS finding,
  coalesce(s.address, 'ADDRESS') AS address,
  coalesce(s.port, 15443) AS port
FROM cluster AS c
LEFT JOIN gateway AS g ON g.cluster = c.cluster
LEFT JOIN shown AS s ON s.cluster = c.cluster
