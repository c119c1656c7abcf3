/*---
id: firewall-narrow
title: The firewall opens the gateway's ports to nobody but the other clusters
severity: warning
subject: cluster
span: cluster
level: read
requires: [{check: gke-cluster-running, blocks: unknown}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
optional: [cluster_identity, google_cluster]
pass: "No port of the gateway is open to the world"
warning:
  istiod: "The firewall opens {ports} of {subject} to the world ({decided}); 15012 and 15017 are istiod's, and this topology does not use them"
  gateway: "The firewall opens {ports} of {subject} to the world ({decided}): mutual TLS still guards it, but everybody may try"
unknown: "Whether the firewall opens ports of {subject} to the world could not be decided{detail}"
not_applicable: "Not a GKE cluster"
remedy:
  istiod: "kubectl {flags} -n istio-system edit service istio-eastwestgateway    # take out the ports 15012 and 15017, and set spec.loadBalancerSourceRanges to the other clusters' addresses: GKE makes its rules from it"
  gateway: "kubectl {flags} -n istio-system edit service istio-eastwestgateway    # set spec.loadBalancerSourceRanges to the other clusters' addresses: GKE makes its rules from it"
shell: [flags]
docs: https://cloud.google.com/kubernetes-engine/docs/concepts/service-load-balancer-parameters
guide: [firewall]
why: |
  Evaluates the effective firewall for connections from any address to the gateway's ports. The gateway passes on only mutual TLS of the
  mesh, so an open 15443 is a risk and no fault. The ports 15012 and 15017 belong to istiod; they are in the gateway's Service
  for another topology, and opened to the world they offer istiod to whoever asks.
---*/
WITH exposed AS (
  SELECT
    cluster,
    count(*) AS judged,
    count(CASE WHEN open_to_world IS NULL THEN 1 END) AS unclear,
    group_concat(CASE WHEN open_to_world = 1 THEN port END, ', ') AS ports,
    max(CASE WHEN open_to_world = 1 AND port <> 15443 THEN 1 ELSE 0 END) AS istiod,
    max(CASE WHEN open_to_world = 1 THEN decided_by END) AS decided,
    max(CASE WHEN open_to_world IS NULL THEN detail END) AS detail
  FROM google_firewall_exposure
  GROUP BY cluster
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN coalesce(p.platform, nullif(c.declared_platform, '')) <> 'gke' THEN 'not_applicable'
    WHEN x.ports IS NOT NULL THEN 'warning'
    WHEN x.judged > 0 AND x.unclear = 0 THEN 'pass'
    ELSE 'unknown'
  END AS status,
  coalesce('open: ' || x.ports, CASE WHEN x.judged > 0 AND x.unclear = 0 THEN 'none open to the world' ELSE 'nothing that decides' END) AS observed,
  'none open to the world' AS expected,
  'compute.googleapis.com: networks.getEffectiveFirewalls' AS evidence,
  CASE x.istiod WHEN 1 THEN 'istiod' ELSE 'gateway' END AS reason,
  x.ports,
  x.decided,
  CASE coalesce(x.detail, '') WHEN '' THEN '' ELSE ' (' || x.detail || ')' END AS detail,
  c.flags
FROM cluster AS c
LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
LEFT JOIN exposed AS x ON x.cluster = c.cluster
