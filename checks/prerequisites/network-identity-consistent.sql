/*---
id: network-identity-consistent
title: Every place in the cluster states the same network
severity: error
subject: cluster
span: cluster
level: read
requires: [api-answers]
pass: "Network {wanted}, stated the same in all {places} places"
fail: "{finding}"
unknown: "No place in {subject} that could state a network was observed"
remedy:
  none: "kubectl {flags} label namespace istio-system topology.istio.io/network=NETWORK"
  declared: "kubectl {flags} label namespace istio-system topology.istio.io/network={wanted} --overwrite    # or correct network in mesh.yaml"
  namespace: "kubectl {flags} label namespace istio-system topology.istio.io/network={wanted} --overwrite"
  injector: "istioctl upgrade {flags} --set values.global.network={wanted} && kubectl {flags} -n istio-system rollout restart deployment -l istio=eastwestgateway    # then restart the workloads"
  gateway-service: "kubectl {flags} -n {namespace} label service {object} topology.istio.io/network={wanted} --overwrite"
  gateway-deployment: "kubectl {flags} -n {namespace} set env deployment/{object} ISTIO_META_REQUESTED_NETWORK_VIEW={wanted}"
  proxies: "kubectl {flags} -n {namespace} rollout restart deployment    # proxies keep the network that they started with"
  other: "kubectl {flags} get namespace istio-system --show-labels"
shell: [flags]
docs: https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/
why: |
  Joins all places that name the network of this cluster: the declaration, the label topology.istio.io/network of istio-system (what
  istiod takes endpoints to be in), the injector's global.network and the environment of running proxies (what a proxy takes
  itself to be in), the label of the gateway Service (by which peers find the way in) and ISTIO_META_REQUESTED_NETWORK_VIEW of
  the gateway (which endpoints it serves). Where two of them differ, istiod sends traffic straight to pod addresses that do not
  exist on this network, or the gateway serves no endpoint; where one is empty, its side counts as one network with everything. The
  symptom is a time-out, in one direction only, with every single object looking right. Fails on any difference and on any
  empty statement; the namespace's label decides what was meant, unless a network is declared. Running proxies keep the
  network that they started with, so that a change needs their restart.
---*/
WITH statement AS (
  SELECT
    cluster, kind, place, namespace, object, network,
    CASE kind
      WHEN 'namespace' THEN 1 WHEN 'injector' THEN 2 WHEN 'gateway-service' THEN 3 WHEN 'gateway-deployment' THEN 4
      WHEN 'proxies' THEN 5 WHEN 'declared' THEN 6
    END AS rank
  FROM network_statement AS n
  WHERE NOT (
    kind = 'declared'
    -- Under a kubeconfig that leads to another cluster (clusters-distinct) the declaration speaks of another one, too.
    AND (network = '' OR EXISTS (
      SELECT 1 FROM cluster_identity AS i JOIN cluster_identity AS o ON o.kube_system_uid = i.kube_system_uid AND o.cluster <> i.cluster
      WHERE i.cluster = n.cluster
    ))
  )
),
-- What the cluster itself says most often, for when its namespace says nothing.
counted AS (
  SELECT cluster, network, count(*) AS times FROM statement WHERE kind <> 'declared' AND network <> '' GROUP BY cluster, network
),
wanted AS (
  SELECT
    c.cluster, c.flags,
    (SELECT network FROM statement AS s WHERE s.cluster = c.cluster AND s.kind = 'declared') AS declared,
    coalesce(
      (SELECT network FROM statement AS s WHERE s.cluster = c.cluster AND s.kind = 'declared'),
      (SELECT network FROM statement AS s WHERE s.cluster = c.cluster AND s.kind = 'namespace' AND s.network <> ''),
      (SELECT network FROM counted AS n WHERE n.cluster = c.cluster ORDER BY n.times DESC, n.network LIMIT 1)
    ) AS network
  FROM cluster AS c
),
joined AS (
  SELECT
    w.cluster, w.flags, w.network AS wanted, w.declared,
    count(CASE WHEN s.kind <> 'declared' THEN 1 END) AS places,
    count(CASE WHEN s.network IS NOT w.network AND s.kind IS NOT NULL THEN 1 END) AS odd_ones,
    count(DISTINCT CASE WHEN s.kind <> 'declared' THEN s.network END) AS spellings,
    min(CASE WHEN s.kind <> 'declared' THEN s.network END) AS found,
    group_concat(CASE WHEN s.network IS NOT w.network THEN s.place || CASE s.network WHEN '' THEN ' states none' ELSE ' states ' || s.network END END, '; ') AS odd,
    min(CASE WHEN s.network IS NOT w.network THEN s.rank END) AS odd_rank
  FROM wanted AS w
  LEFT JOIN (SELECT * FROM statement ORDER BY rank, place) AS s ON s.cluster = w.cluster
  GROUP BY w.cluster
),
-- The first odd place is the one to mend first: what stands behind it follows from it.
shown AS (
  SELECT
    j.*, s.kind, s.namespace, min(s.object) AS object
  FROM joined AS j
  LEFT JOIN statement AS s ON s.cluster = j.cluster AND s.rank = j.odd_rank AND s.network IS NOT j.wanted
  GROUP BY j.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN places = 0 THEN 'unknown'
    WHEN wanted IS NULL OR odd_ones > 0 THEN 'fail'
    WHEN wanted <> '' AND odd_ones = 0 THEN 'pass'
  END AS status,
  coalesce(odd, places || ' places, all ' || coalesce(wanted, 'empty')) AS observed,
  CASE
    WHEN declared IS NOT NULL THEN declared || ', as declared'
    ELSE coalesce(wanted || ' everywhere', 'one network everywhere')
  END AS expected,
  'labels topology.istio.io/network, injector values, environment of gateways and proxies' AS evidence,
  CASE
    WHEN wanted IS NULL THEN 'No place in ' || cluster || ' states a network: istiod takes its pods to be in one network with all others, and sends traffic straight to their addresses'
    WHEN declared IS NOT NULL AND spellings = 1 AND found <> '' THEN 'Every place in ' || cluster || ' states ' || found || ', but the declared network is ' || declared
    ELSE 'The network of ' || cluster || ' is ' || wanted || CASE WHEN declared IS NULL THEN '' ELSE ', as declared' END || ', but ' || odd
  END AS finding,
  coalesce(wanted, '') AS wanted,
  places,
  CASE
    WHEN wanted IS NULL THEN 'none'
    WHEN declared IS NOT NULL AND spellings = 1 AND found <> '' THEN 'declared'
    ELSE coalesce(nullif(kind, 'declared'), 'other')
  END AS reason,
  namespace,
  object,
  flags
FROM shown
