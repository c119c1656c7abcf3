/*---
id: gateway-has-address
title: The gateway has an address
severity: error
subject: cluster
span: cluster
level: read
requires:
  - gateway-service-ports
  - {check: load-balancer-allowed, when: failed, blocks: unsound}
  - {check: load-balancer-on-premises-ready, when: failed, blocks: unsound}
pass: "{addresses}"
fail: "{finding}"
warning: "The gateway's address is a name ({names}): istiod of every other cluster must be able to resolve it"
unknown: "{seen}"
remedy: "kubectl {flags} -n {namespace} describe service {name}"
shell: [flags]
docs: https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer
guide: [addresses-reachable]
why: |
  Looks at the addresses under which the other clusters find the gateway: status.loadBalancer.ingress of its Service, and
  spec.externalIPs. Without one, istiod of the other clusters knows no gateway for this network and sends requests straight to pod
  addresses, where they time out. The reason stands in the Service's events, which the message repeats: organization policy
  (restrictLoadBalancerCreationForTypes), quota, an exhausted address pool, a load balancer that an administrator must
  configure by hand (spec.loadBalancerIP), firewall rights in a shared VPC. A Service of type NodePort is a gateway only with the
  annotation traffic.istio.io/nodeSelector; then istiod takes the addresses of those nodes, which isthmus does not look up: unknown. Warns for a name, which each istiod has to
  resolve by itself.
---*/
WITH gateway AS (
  -- Of several, the one that stands before the gateway's pods and bears the network's label.
  SELECT * FROM (
    SELECT
      cluster, namespace, name, type, addresses, pending_reason, node_selector,
      row_number() OVER (PARTITION BY cluster ORDER BY selects_gateway DESC, network = '', name <> 'istio-eastwestgateway', namespace, name) AS place
    FROM gateway_service
  ) WHERE place = 1
),
address AS (
  SELECT
    g.cluster, count(a.value) AS addresses, group_concat(a.value, ', ') AS words,
    group_concat(CASE WHEN a.value NOT LIKE '%:%' AND a.value GLOB '*[A-Za-z]*' THEN a.value END, ', ') AS names
  FROM gateway AS g, json_each(g.addresses) AS a
  GROUP BY g.cluster
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN g.cluster IS NULL THEN 'unknown'
    WHEN coalesce(a.addresses, 0) = 0 AND g.type = 'NodePort' AND coalesce(g.node_selector, '?') <> '' THEN 'unknown'
    WHEN coalesce(a.addresses, 0) = 0 THEN 'fail'
    WHEN a.names IS NOT NULL THEN 'warning'
    WHEN a.addresses > 0 THEN 'pass'
  END AS status,
  coalesce(a.words, 'no address') AS observed,
  'an address' AS expected,
  'Service ' || coalesce(g.namespace || '/' || g.name, 'of the gateway') || ', status.loadBalancer and spec.externalIPs' AS evidence,
  CASE
    WHEN g.cluster IS NULL THEN 'Whether the gateway has an address was not observed'
    ELSE 'Service ' || g.namespace || '/' || g.name || ' is of type NodePort: istiod takes the addresses of nodes for it where it bears traffic.istio.io/nodeSelector'
      || coalesce(' (' || nullif(g.node_selector, '') || ')', '') || '; isthmus does not look those up'
  END AS seen,
  CASE
    WHEN g.type = 'NodePort' THEN 'Service ' || g.namespace || '/' || g.name || ' is of type NodePort and lacks the annotation traffic.istio.io/nodeSelector, without which istiod takes no node''s address for it: the other clusters find no way in'
    WHEN g.type <> 'LoadBalancer' THEN 'Service ' || g.namespace || '/' || g.name || ' is of type ' || g.type || ' and has no external address: the other clusters find no way in'
    ELSE 'Service ' || g.namespace || '/' || g.name || ' still waits for an address: the other clusters find no way in'
  END || CASE coalesce(g.pending_reason, 'its events could not be read') WHEN '' THEN '' ELSE ' (' || coalesce(g.pending_reason, 'its events could not be read') || ')' END AS finding,
  coalesce(a.words, '') AS addresses,
  coalesce(a.names, '') AS names,
  coalesce(g.namespace, 'istio-system') AS namespace,
  coalesce(g.name, 'istio-eastwestgateway') AS name,
  c.flags
FROM cluster AS c
LEFT JOIN gateway AS g ON g.cluster = c.cluster
LEFT JOIN address AS a ON a.cluster = c.cluster
