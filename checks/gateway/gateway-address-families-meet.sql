/*---
id: gateway-address-families-meet
title: The gateway has an address of a family that the other cluster's pods have
severity: error
subject: cluster_pair
span: pair
level: read
requires: [{check: gateway-has-address, of: target}]
optional: [pod_reachability]
pass:
  family: "The gateway of {target} is at {addresses}, and pods of {source} have {families}"
  tried: "A pod of {source} came through to the gateway of {target}: {addresses}"
fail: "The gateway of {target} has {addresses}, and pods of {source} have no {lacking}: their requests to it fail at once (network is unreachable)"
warning:
  part: "The gateway of {target} has {addresses}, and pods of {source} have no {lacking}: where istiod gives them every address, a part of their requests fails (newer ones leave out what a proxy cannot use)"
  pods: "The gateway of {target} has {addresses}, and some pods of {source} have no {lacking}, as {example}: requests of these can fail"
unknown:
  pods: "Of which families the addresses of pods of {source} are was not seen: it has none of istiod, of a gateway, or with a sidecar"
  name: "Whether the gateway of {target}, {addresses}, has an address of a family that pods of {source} have ({families}) is not known: each istiod resolves the name by itself; --level probe tries it"
  address: "At which addresses the gateway of {target} stands is not known"
remedy: |
  See which families the Service asks for (IP Families) and was given:
  kubectl {target_flags} -n {namespace} describe service {name}
  In a cluster that has both, spec.ipFamilyPolicy: PreferDualStack gives it both. Else make the Service anew, with spec.ipFamilies as pods of {source} have them ({families}).
shell: [target_flags]
data: [families, addresses]
docs: https://kubernetes.io/docs/concepts/services-networking/dual-stack/#services
guide: [addresses-reachable]
why: |
  Holds the addresses of the called cluster's gateway against the families (IPv4, IPv6) that pods of the calling cluster have an address
  of. What has no address of a family has no way to one: proxies get "network is unreachable" before any packet leaves, which
  looks like a missing route. istiod gives proxies every address of a gateway, so that of two families one fails; newer ones leave out what
  a proxy cannot use (istio/istio#59767), and give it none where nothing is left. Looks at istiod's own pods, the gateway's, and
  those with a sidecar. What a name leads to is known where a pod reached it at level probe. That a cluster translates what its pods send into the
  other family (464XLAT) is not seen: accept the finding there.
---*/
WITH labelled AS (
  -- istiod takes every Service with the network's label; where none bears it, the one that was meant.
  SELECT
    cluster, namespace, name, addresses, gateway_port,
    network <> '' OR NOT EXISTS (SELECT 1 FROM gateway_service AS o WHERE o.cluster = s.cluster AND o.network <> '') AS counts
  FROM gateway_service AS s
),
address AS (
  SELECT
    s.cluster, s.namespace, s.name, a.value AS address,
    CASE WHEN a.value LIKE '%:%' THEN '[' || a.value || ']' ELSE a.value END || ':' || s.gateway_port AS place,
    CASE WHEN a.value LIKE '%:%' THEN 6 WHEN a.value NOT GLOB '*[^0-9.]*' THEN 4 ELSE 0 END AS family
  FROM labelled AS s, json_each(s.addresses) AS a
  WHERE s.counts
),
gateway AS MATERIALIZED (
  SELECT
    cluster, count(*) AS addresses, sum(family = 4) AS ipv4, sum(family = 6) AS ipv6, sum(family = 0) AS names,
    group_concat(address, ', ') AS words, min(namespace) AS namespace, min(name) AS name
  FROM address
  GROUP BY cluster
),
-- have4, have6: 2 where every pod has that family, 1 where some have, 0 where none has.
pods AS MATERIALIZED (
  SELECT
    cluster, max(ipv4) AS some4, max(ipv6) AS some6, min(ipv4) + max(ipv4) AS have4, min(ipv6) + max(ipv6) AS have6,
    max(CASE ipv4 WHEN 0 THEN example END) AS without4, max(CASE ipv6 WHEN 0 THEN example END) AS without6
  FROM pod_family
  GROUP BY cluster
),
-- Of addresses of which nothing is known else: a pod that came through proves that there is a way.
tried AS MATERIALIZED (
  SELECT r.source, r.target, count(*) AS addresses
  FROM pod_reachability AS r
  JOIN address AS a ON a.cluster = r.target AND a.place = r.address
  LEFT JOIN pods AS o ON o.cluster = r.source
  WHERE r.kind = 'gateway' AND r.tcp_ms IS NOT NULL AND (a.family = 0 OR o.cluster IS NULL)
  GROUP BY r.source, r.target
),
counted AS (
  SELECT
    p.source, p.target, o.cluster IS NOT NULL AS seen, o.some4, o.some6, o.without4, o.without6, g.addresses, g.words, g.namespace, g.name,
    o.cluster IS NULL OR g.names > 0 AS guessed,
    coalesce(g.ipv4 * (o.have4 = 2) + g.ipv6 * (o.have6 = 2), 0) + coalesce(t.addresses, 0) AS by_all,
    coalesce(g.ipv4 * (o.have4 = 1) + g.ipv6 * (o.have6 = 1), 0) AS by_some,
    coalesce(g.ipv4 * (o.have4 = 0) + g.ipv6 * (o.have6 = 0), 0) AS by_none,
    g.ipv4 > 0 AND o.have4 < 2 AS lacks4, g.ipv6 > 0 AND o.have6 < 2 AS lacks6
  FROM cluster_pair AS p
  LEFT JOIN gateway AS g ON g.cluster = p.target
  LEFT JOIN pods AS o ON o.cluster = p.source
  LEFT JOIN tried AS t ON t.source = p.source AND t.target = p.target
)
SELECT
  g.source || ' → ' || g.target AS subject,
  CASE
    WHEN g.by_all = g.addresses THEN 'pass'
    WHEN g.by_none = g.addresses THEN 'fail'
    WHEN g.by_none + g.by_some > 0 AND g.by_all + g.by_some > 0 THEN 'warning'
    ELSE 'unknown'
  END AS status,
  'gateway: ' || coalesce(g.words, 'no address') || '; pods: ' || CASE WHEN NOT g.seen THEN 'not seen' ELSE
    CASE WHEN g.some4 = 1 AND g.some6 = 1 THEN 'IPv4 and IPv6' WHEN g.some4 = 1 THEN 'IPv4' ELSE 'IPv6' END END AS observed,
  'an address of a family that pods of ' || g.source || ' have' AS expected,
  'status.podIPs in ' || g.source || ', and the gateway''s Service in ' || g.target AS evidence,
  CASE
    WHEN g.addresses IS NULL THEN 'address'
    WHEN g.by_all = g.addresses THEN CASE WHEN g.guessed THEN 'tried' ELSE 'family' END
    WHEN g.by_none + g.by_some > 0 AND g.by_all + g.by_some > 0 THEN CASE WHEN g.by_none > 0 THEN 'part' ELSE 'pods' END
    WHEN NOT g.seen THEN 'pods'
    ELSE 'name'
  END AS reason,
  CASE WHEN g.some4 = 1 AND g.some6 = 1 THEN 'IPv4 and IPv6' WHEN g.some4 = 1 THEN 'IPv4' WHEN g.some6 = 1 THEN 'IPv6' ELSE 'addresses' END AS families,
  g.words AS addresses,
  CASE WHEN g.lacks4 AND g.lacks6 THEN 'IPv4 and no IPv6' WHEN g.lacks4 THEN 'IPv4' WHEN g.lacks6 THEN 'IPv6' END AS lacking,
  CASE WHEN g.lacks4 AND g.without4 IS NOT NULL THEN g.without4 WHEN g.lacks6 THEN g.without6 END AS example,
  coalesce(g.namespace, 'istio-system') AS namespace,
  coalesce(g.name, 'istio-eastwestgateway') AS name,
  ct.flags AS target_flags,
  g.source,
  g.target
FROM counted AS g
LEFT JOIN cluster AS ct ON ct.cluster = g.target
