/*---
id: routes-to-on-premises
title: GKE's network has a way to the clusters on premises, and back
severity: error
subject: cluster_pair
span: pair
level: read
requires:
  - {check: gke-cluster-running, of: source, blocks: unknown}
  - {check: gateway-has-address, of: target, blocks: unknown}
  - {check: gateway-address-families-meet, when: failed, blocks: unsound}
  - {check: server-address-usable, of: target, when: failed, blocks: unsound}
  - {check: vpn-tunnels-established, when: failed, blocks: unsound}
  - {check: google-credentials-work, when: failed, blocks: unknown}
  - {check: google-apis-enabled, when: failed, blocks: unknown}
optional: [cluster_identity, google_cluster]
pass: "Control plane {api} by {api_way}, gateway {gateway} by {gateway_way}, and the way back is known"
fail:
  api: "Network {network}, in which {source} stands, has no route to the control plane of {target} ({api}): istiod of {source} times out"
  gateway: "Network {network}, in which {source} stands, has no route to the gateway of {target} ({gateway}): requests time out"
  tunnel: "The way from {source} to {target} leads through VPN tunnel {tunnel}, which is {tunnel_status}"
  back: "{target} is not told the way back to the pods of {source} ({pods}), which keep their own addresses on the way there: requests go, and no answer comes"
unknown:
  address: "The address of {missing} of {target} is not known yet"
  way: "Whether network {network} has a way from {source} to {target} could not be decided{detail}"
  back: "Whether {target} is told the way back to the pods of {source} ({pods}) is not known{detail}"
  unread: "The routes from {source} to {target} are not known: they are not in the clusters; --level probe tries the way itself"
not_applicable: "Not a way from GKE to a cluster on premises"
remedy:
  api: "gcloud compute routes list --project={host} --filter=network~/{network}$    # then let the site's router announce {api}, or add a static route to it through the tunnel"
  gateway: "gcloud compute routes list --project={host} --filter=network~/{network}$    # then let the site's router announce {gateway}, or add a static route to it through the tunnel"
  tunnel: "gcloud compute vpn-tunnels list --project={host} --format='table(name,region,status,detailedStatus)'"
  back: "gcloud compute routers update {router} --region={region} --project={host} --advertisement-mode=custom --set-advertisement-groups=all_subnets --set-advertisement-ranges={pod_ranges}"
  unread: "gcloud compute networks list --project={host}"
  way: "gcloud compute routes list --project={host} --filter=network~/{network}$"
  address: "kubectl {flags} -n istio-system get service istio-eastwestgateway"
shell: [flags]
docs: https://cloud.google.com/network-connectivity/docs/router/concepts/advertised-routes
guide: [addresses-reachable]
why: |
  Looks, in the network in which a GKE cluster stands, for routes to the control plane and to the gateway of each cluster on premises, and at
  the tunnels that they lead through; and at whether the other side is told the way back to GKE's pods. GKE leaves the addresses
  of pods as they are towards private ranges, so that a site which knows the nodes' subnet alone gets every request and cannot
  answer: the symptom is a time-out in one direction. Google's own routers announce subnets' primary ranges by themselves,
  pods' ranges only where somebody said so.
---*/
WITH platform AS MATERIALIZED (
  SELECT
    c.cluster, coalesce(p.platform, nullif(c.declared_platform, ''), CASE WHEN g.cluster IS NOT NULL THEN 'gke' END) AS platform
  FROM cluster AS c
  LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
  LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
),
seen AS (
  SELECT
    p.source, p.target, s.platform AS source_platform, t.platform AS target_platform,
    a.address AS api, a.route AS api_route, a.next_hop AS api_hop, a.covered AS api_covered, a.tunnel AS api_tunnel, a.tunnel_status AS api_status,
    g.address AS gateway, g.route AS gateway_route, g.next_hop AS gateway_hop, g.covered AS gateway_covered, g.tunnel AS gateway_tunnel, g.tunnel_status AS gateway_status,
    a.source AS asked, g.source AS asked_gateway,
    coalesce(nullif(a.network, ''), g.network) AS network, coalesce(nullif(a.host_project, ''), g.host_project) AS host,
    coalesce(nullif(a.router, ''), g.router) AS router, coalesce(nullif(a.region, ''), g.region) AS region,
    coalesce(a.pod_ranges, g.pod_ranges) AS pod_ranges, coalesce(nullif(a.detail, ''), g.detail) AS detail,
    -- Answers find back to pods that are announced, and to nodes whose address pods bear.
    CASE
      WHEN (a.pod_ranges_advertised = 1 OR a.masqueraded = 1) AND (g.pod_ranges_advertised = 1 OR g.masqueraded = 1) THEN 1
      WHEN (a.pod_ranges_advertised = 0 AND a.masqueraded = 0) OR (g.pod_ranges_advertised = 0 AND g.masqueraded = 0) THEN 0
    END AS back
  FROM cluster_pair AS p
  JOIN platform AS s ON s.cluster = p.source
  JOIN platform AS t ON t.cluster = p.target
  LEFT JOIN google_route AS a ON a.source = p.source AND a.target = p.target AND a.purpose = 'control-plane'
  LEFT JOIN google_route AS g ON g.source = p.source AND g.target = p.target AND g.purpose = 'gateway'
),
judged AS (
  SELECT
    *,
    CASE
      WHEN api_covered = 0 THEN 'api'
      WHEN gateway_covered = 0 THEN 'gateway'
      WHEN api_tunnel <> '' AND api_status NOT IN ('', 'ESTABLISHED') THEN 'tunnel'
      WHEN gateway_tunnel <> '' AND gateway_status NOT IN ('', 'ESTABLISHED') THEN 'tunnel'
      WHEN back = 0 THEN 'back'
      WHEN api_covered = 1 AND gateway_covered = 1 AND back = 1 THEN 'sound'
      WHEN asked IS NULL AND asked_gateway IS NULL THEN 'unread'
      WHEN coalesce(api, '') = '' OR coalesce(gateway, '') = '' THEN 'address'
      WHEN api_covered = 1 AND gateway_covered = 1 THEN 'back-unknown'
      ELSE 'way'
    END AS finding
  FROM seen
)
SELECT
  source || ' → ' || target AS subject,
  CASE
    WHEN source_platform <> 'gke' OR target_platform = 'gke' THEN 'not_applicable'
    WHEN source_platform IS NULL OR target_platform IS NULL THEN 'unknown'
    WHEN finding = 'sound' THEN 'pass'
    WHEN finding IN ('api', 'gateway', 'tunnel', 'back') THEN 'fail'
    ELSE 'unknown'
  END AS status,
  CASE
    WHEN asked IS NULL AND asked_gateway IS NULL THEN 'nothing'
    ELSE 'control plane: ' || CASE api_covered WHEN 1 THEN api_route WHEN 0 THEN 'no route' ELSE 'not known' END
      || '; gateway: ' || CASE gateway_covered WHEN 1 THEN gateway_route WHEN 0 THEN 'no route' ELSE 'not known' END
      || '; way back: ' || CASE back WHEN 1 THEN 'known' WHEN 0 THEN 'not announced' ELSE 'not known' END
  END AS observed,
  'a route to both, and the way back' AS expected,
  'compute.googleapis.com: routes, vpnTunnels, routers.getRouterStatus' AS evidence,
  finding AS reason,
  source, target, network, host, api, gateway,
  api_route || ' (' || api_hop || ')' AS api_way,
  gateway_route || ' (' || gateway_hop || ')' AS gateway_way,
  CASE WHEN api_tunnel <> '' AND api_status NOT IN ('', 'ESTABLISHED') THEN api_tunnel ELSE gateway_tunnel END AS tunnel,
  CASE WHEN api_tunnel <> '' AND api_status NOT IN ('', 'ESTABLISHED') THEN api_status ELSE gateway_status END AS tunnel_status,
  CASE WHEN coalesce(api, '') = '' THEN 'the control plane' ELSE 'the gateway' END AS missing,
  (SELECT group_concat(value, ', ') FROM json_each(pod_ranges)) AS pods,
  (SELECT group_concat(value, ',') FROM json_each(pod_ranges)) AS pod_ranges,
  coalesce(nullif(router, ''), 'ROUTER') AS router,
  coalesce(nullif(region, ''), 'REGION') AS region,
  CASE coalesce(detail, '') WHEN '' THEN '' ELSE ' (' || detail || ')' END AS detail,
  (SELECT flags FROM cluster WHERE cluster = target) AS flags
FROM judged
