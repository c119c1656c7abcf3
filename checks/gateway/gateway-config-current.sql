/*---
id: gateway-config-current
title: The gateway runs with what istiod sent it last
severity: error
subject: cluster
span: cluster
level: probe
requires:
  - istiod-ready
  - {check: gateway-ready, when: failed, blocks: unsound}
  - {check: services-exposed-once, when: failed, blocks: unsound}
  - {check: gateway-namespace-discovered, when: failed, blocks: unsound}
pass: "{proxies} of the gateway acknowledged what istiod sent last"
fail:
  stale: "{proxy} has not acknowledged the {kinds} that {pod} sent it: it refused them, or does not answer, and goes on with what it had before"
  unsent: "{pod} has sent {proxy} no {kinds}: it passes nothing on"
  disconnected: "No istiod of {subject} is connected to {proxy}: it goes on with what it had when it lost its istiod, and learns of nothing new"
unknown:
  no-proxy: "No ready proxy of the gateway of {subject} was seen that istiod could speak of"
remedy:
  stale: |
    What the gateway refused, and why; a gateway that does not answer is made anew:
    kubectl {flags} -n {namespace} logs {name} -c istio-proxy --tail=-1 | grep -iE {rejected}
    istioctl {flags} proxy-status {name}.{namespace}
    kubectl {flags} -n {namespace} delete pod {name}
  unsent: "kubectl {flags} -n istio-system logs {pod} -c discovery --tail=-1 | grep {name}"
  disconnected: |
    What keeps it from istiod; then make it anew:
    kubectl {flags} -n {namespace} logs {name} -c istio-proxy --tail=200 | grep -iE {connection}
    kubectl {flags} -n {namespace} delete pod {name}
shell: [flags]
data: [proxy, pod, kinds]
docs: https://istio.io/latest/docs/ops/diagnostic-tools/proxy-cmd/
why: |
  Asks every ready pod of istiod for the state of the proxies that are connected to it (/debug/syncz, over a port-forward), and
  looks at those of the east-west gateway: whether each acknowledged the last clusters and listeners that it was sent. A gateway that
  refuses a configuration, or whose connection to istiod is lost, goes on with an old one: what existed then works, what was
  added since is cut off, and every object in the cluster looks right. The usual reason for a refusal, two Gateway resources that open
  the same port, has a check of its own. What is only under way is asked for again for some seconds before it counts.
---*/
WITH kind AS (
  SELECT p.cluster, p.pod, p.proxy, group_concat(k.value, ' and ') AS unsent
  FROM proxy_sync AS p, json_each('["clusters","listeners"]') AS k
  WHERE p.of_gateway = 1 AND NOT EXISTS (
    SELECT 1 FROM json_each(p.acknowledged) AS a WHERE a.value = k.value
    UNION ALL SELECT 1 FROM json_each(p.unacknowledged) AS u WHERE u.value = k.value
  )
  GROUP BY p.cluster, p.pod, p.proxy
),
judged AS (
  SELECT
    p.cluster, p.pod, p.proxy,
    CASE
      WHEN p.pod = '' THEN 'disconnected'
      WHEN json_array_length(p.unacknowledged) > 0 THEN 'stale'
      WHEN k.unsent IS NOT NULL THEN 'unsent'
      WHEN p.unacknowledged = '[]' THEN 'current'
    END AS reason,
    CASE WHEN json_array_length(p.unacknowledged) > 0 THEN (SELECT group_concat(value, ' and ') FROM json_each(p.unacknowledged)) ELSE k.unsent END AS kinds
  FROM proxy_sync AS p
  LEFT JOIN kind AS k ON k.cluster = p.cluster AND k.pod = p.pod AND k.proxy = p.proxy
  WHERE p.of_gateway = 1
),
worst AS (
  SELECT
    *, count(*) OVER (PARTITION BY cluster) AS proxies,
    row_number() OVER (PARTITION BY cluster ORDER BY CASE reason WHEN 'stale' THEN 1 WHEN 'unsent' THEN 2 WHEN 'disconnected' THEN 3 WHEN 'current' THEN 5 ELSE 4 END, proxy, pod) AS place
  FROM judged
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN w.proxy IS NULL THEN 'unknown'
    WHEN w.reason IN ('stale', 'unsent', 'disconnected') THEN 'fail'
    WHEN w.reason = 'current' THEN 'pass'
  END AS status,
  CASE w.reason
    WHEN 'stale' THEN 'not acknowledged: ' || w.kinds
    WHEN 'unsent' THEN 'not sent: ' || w.kinds
    WHEN 'disconnected' THEN 'connected to no istiod'
    WHEN 'current' THEN 'all acknowledged'
    ELSE 'not seen'
  END AS observed,
  'all acknowledged' AS expected,
  '/debug/syncz of ' || coalesce(nullif(w.pod, ''), 'istiod') || ' in ' || c.cluster AS evidence,
  CASE WHEN w.proxy IS NULL THEN 'no-proxy' ELSE w.reason END AS reason,
  CASE w.proxies WHEN 1 THEN 'The one proxy' ELSE 'All ' || w.proxies || ' proxies' END AS proxies,
  coalesce(w.proxy, '') AS proxy,
  coalesce(w.pod, '') AS pod,
  coalesce(w.kinds, '') AS kinds,
  substr(w.proxy, 1, instr(w.proxy, '/') - 1) AS namespace,
  substr(w.proxy, instr(w.proxy, '/') + 1) AS name,
  'rejected|NACK' AS rejected,
  'xds|istiod|connect' AS connection,
  c.flags
FROM cluster AS c
LEFT JOIN worst AS w ON w.cluster = c.cluster AND w.place = 1
