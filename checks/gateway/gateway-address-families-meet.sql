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
    CASE WHEN a.value LIKE '%:%' THEN 'IPv6' WHEN a.value NOT GLOB '*[^0-9.]*' THEN 'IPv4' END AS family
  FROM labelled AS s, json_each(s.addresses) AS a
  WHERE s.counts
),
pods AS (
  SELECT
    cluster, min(ipv4) AS all4, max(ipv4) AS some4, min(ipv6) AS all6, max(ipv6) AS some6,
    max(CASE ipv4 WHEN 0 THEN example END) AS without4, max(CASE ipv6 WHEN 0 THEN example END) AS without6
  FROM pod_family
  GROUP BY cluster
),
-- 2: every pod has that family, 1: some have, 0: none has. NULL: a name, or no pod was seen.
compared AS (
  SELECT
    p.source, p.target, a.*,
    CASE a.family WHEN 'IPv4' THEN o.without4 ELSE o.without6 END AS without,
    CASE a.family WHEN 'IPv4' THEN o.all4 + o.some4 WHEN 'IPv6' THEN o.all6 + o.some6 END AS had,
    -- Where nothing is known, a pod that came through proves that there is a way.
    r.tcp_ms IS NOT NULL AS tried
  FROM cluster_pair AS p
  JOIN address AS a ON a.cluster = p.target
  LEFT JOIN pods AS o ON o.cluster = p.source
  LEFT JOIN pod_reachability AS r ON r.source = p.source AND r.target = p.target AND r.kind = 'gateway' AND r.address = a.place
),
way AS (
  SELECT *, CASE WHEN had IS NULL AND tried THEN 2 ELSE had END AS usable FROM compared
),
gateway AS (
  SELECT
    source, target, count(*) AS addresses, count(CASE usable WHEN 2 THEN 1 END) AS by_all, count(CASE usable WHEN 1 THEN 1 END) AS by_some,
    count(CASE usable WHEN 0 THEN 1 END) AS by_none,
    max(had IS NULL) AS tried, group_concat(address, ', ') AS words, group_concat(DISTINCT CASE WHEN usable < 2 THEN family END) AS lacking,
    max(CASE usable WHEN 1 THEN without END) AS example, min(namespace) AS namespace, min(name) AS name
  FROM way
  GROUP BY source, target
)
SELECT
  p.source || ' → ' || p.target AS subject,
  CASE
    WHEN g.by_all = g.addresses THEN 'pass'
    WHEN g.by_none = g.addresses THEN 'fail'
    WHEN g.by_none + g.by_some > 0 AND g.by_all + g.by_some > 0 THEN 'warning'
    ELSE 'unknown'
  END AS status,
  'gateway: ' || coalesce(g.words, 'no address') || '; pods: ' || CASE WHEN o.cluster IS NULL THEN 'not seen' ELSE
    CASE WHEN o.some4 = 1 AND o.some6 = 1 THEN 'IPv4 and IPv6' WHEN o.some4 = 1 THEN 'IPv4' ELSE 'IPv6' END END AS observed,
  'an address of a family that pods of ' || p.source || ' have' AS expected,
  'status.podIPs in ' || p.source || ', and the gateway''s Service in ' || p.target AS evidence,
  CASE
    WHEN g.addresses IS NULL THEN 'address'
    WHEN g.by_all = g.addresses THEN CASE g.tried WHEN 1 THEN 'tried' ELSE 'family' END
    WHEN g.by_none + g.by_some > 0 AND g.by_all + g.by_some > 0 THEN CASE WHEN g.by_none > 0 THEN 'part' ELSE 'pods' END
    WHEN o.cluster IS NULL THEN 'pods'
    ELSE 'name'
  END AS reason,
  CASE WHEN o.some4 = 1 AND o.some6 = 1 THEN 'IPv4 and IPv6' WHEN o.some4 = 1 THEN 'IPv4' WHEN o.some6 = 1 THEN 'IPv6' ELSE 'addresses' END AS families,
  g.words AS addresses,
  replace(g.lacking, ',', ' and no ') AS lacking,
  g.example,
  coalesce(g.namespace, 'istio-system') AS namespace,
  coalesce(g.name, 'istio-eastwestgateway') AS name,
  ct.flags AS target_flags,
  p.source,
  p.target
FROM cluster_pair AS p
LEFT JOIN gateway AS g ON g.source = p.source AND g.target = p.target
LEFT JOIN pods AS o ON o.cluster = p.source
LEFT JOIN cluster AS ct ON ct.cluster = p.target
