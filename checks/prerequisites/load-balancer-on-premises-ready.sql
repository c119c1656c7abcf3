/*---
id: load-balancer-on-premises-ready
title: The load balancer on premises gives the gateway an address
severity: error
subject: cluster
span: cluster
level: read
requires: [{check: api-answers, blocks: unknown}]
optional: [cluster_identity]
pass:
  has: "The gateway has its address ({mode})"
  free: "{free} of {total} addresses of {pools} are free"
  chosen: "The gateway asks for {address}; {free_by_hand} addresses that are given by hand are free"
fail:
  no-pool: "{subject} has no pool of addresses for Services ({mode}): the gateway stays pending for ever"
  full: "No address is left in {pools} ({total} in all): the gateway stays pending for ever"
  by-hand: "The free addresses of {subject} are in pools that give none by themselves (manualAssign), and the gateway asks for none: it stays pending for ever"
  manual: "{subject} has a load balancer that is set up by hand ({mode}), and the gateway's Service asks for no address: it stays pending for ever"
warning:
  mapping: "{subject} has a load balancer that is set up by hand ({mode}): the gateway asks for {address}, and nothing here shows that it passes port 15443 on to node port {node_port}"
unknown: "Whether {subject} has an address left for the gateway is not known{detail}"
not_applicable: "Not a cluster on Google Distributed Cloud"
remedy:
  no-pool: "kubectl {flags} get ipaddresspools.metallb.io -A    # give the cluster a pool: loadBalancer.addressPools in its configuration"
  full: "kubectl {flags} get services -A --field-selector=spec.type=LoadBalancer    # free one, or add addresses to loadBalancer.addressPools of the cluster's configuration"
  by-hand: "kubectl {flags} -n istio-system patch service istio-eastwestgateway --type=merge --patch '{\"spec\":{\"loadBalancerIP\":\"ADDRESS\"}}'"
  manual: "kubectl {flags} -n istio-system patch service istio-eastwestgateway --type=merge --patch '{\"spec\":{\"loadBalancerIP\":\"ADDRESS\"}}'    # then map ADDRESS:15443 and :15021 to the Service's node ports on the load balancer"
  mapping: "kubectl {flags} -n istio-system get service istio-eastwestgateway    # map {address}:15443 to node port {node_port} on the load balancer"
  unread: "kubectl {flags} get services -A --field-selector=spec.type=LoadBalancer"
shell: [flags]
docs: https://cloud.google.com/kubernetes-engine/distributed-cloud/bare-metal/docs
guide: [load-balancers]
why: |
  Looks at how a cluster on premises gives addresses to Services of type LoadBalancer. Bundled load balancers (MetalLB, BGP) assign one from
  their pools, as long as one is left that is not reserved for assignment by hand. With manual load balancing, F5 or Seesaw somebody
  must choose the address, put it into the Service, and map its ports on the load balancer. Without an address the
  gateway's Service stays pending without a word, and no other cluster finds the way in.
---*/
WITH seen AS (
  SELECT
    c.cluster, c.flags, coalesce(p.platform, nullif(c.declared_platform, ''), CASE WHEN l.cluster IS NOT NULL THEN 'gdc-' END) AS platform,
    l.source, l.mode, l.pools, l.addresses_total, l.automatic_free, l.manual_free, l.declared_address, l.node_port, l.detail,
    CASE
      WHEN l.cluster IS NULL THEN 'unread'
      WHEN l.gateway_has_address = 1 THEN 'has'
      WHEN l.mode IN ('manual', 'f5', 'seesaw') AND l.declared_address = '' THEN 'manual'
      WHEN l.mode IN ('manual', 'f5', 'seesaw') THEN 'mapping'
      WHEN l.addresses_total = 0 THEN 'no-pool'
      WHEN l.automatic_free IS NULL OR l.manual_free IS NULL THEN 'unread'
      WHEN l.automatic_free > 0 THEN 'free'
      WHEN l.manual_free > 0 AND l.declared_address <> '' THEN 'chosen'
      WHEN l.manual_free > 0 THEN 'by-hand'
      WHEN l.automatic_free = 0 THEN 'full'
    END AS finding
  FROM cluster AS c
  LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
  LEFT JOIN on_premises_load_balancer AS l ON l.cluster = c.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN platform NOT LIKE 'gdc-%' THEN 'not_applicable'
    WHEN platform IS NULL THEN 'unknown'
    WHEN finding IN ('has', 'free', 'chosen') THEN 'pass'
    WHEN finding IN ('no-pool', 'full', 'by-hand', 'manual') THEN 'fail'
    WHEN finding = 'mapping' THEN 'warning'
    ELSE 'unknown'
  END AS status,
  coalesce(mode || ', ' || coalesce(automatic_free || ' free', 'free ones not known'), 'nothing') AS observed,
  'an address for the gateway' AS expected,
  CASE source WHEN 'api' THEN 'gkeonprem.googleapis.com: loadBalancer' ELSE 'ipaddresspools.metallb.io, Services' END AS evidence,
  finding AS reason,
  mode,
  coalesce((SELECT group_concat(value, ', ') FROM json_each(pools)), 'no pool') AS pools,
  addresses_total AS total,
  automatic_free AS free,
  manual_free AS free_by_hand,
  declared_address AS address,
  CASE node_port WHEN 0 THEN 'NODE_PORT' ELSE node_port END AS node_port,
  CASE coalesce(detail, '') WHEN '' THEN '' ELSE ' (' || detail || ')' END AS detail,
  flags
FROM seen
