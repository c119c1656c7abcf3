/*---
id: network-identity-formed
title: The network id that GKE's tools form can be used, and is used
severity: error
subject: cluster
span: cluster
level: read
requires: [{check: gke-cluster-running, blocks: unknown}]
optional: [cluster_identity]
pass:
  formed: "{formed}, as GKE's own tools form it"
  unlabelled: "No network is stated yet; GKE's own tools would form {formed}, which is a valid label"
  explicit: "{stated} is stated; {formed}, which GKE's own tools would form, is no valid label"
fail: "GKE's own tools would give {subject} the network {formed}, which is no valid label ({fault}), and none is stated yet: asmcli install fails on it"
warning: "{subject} states the network {stated}; asmcli would form {formed} and give it to proxies at its next run, while the namespace keeps {stated}: endpoints and proxies would then be of two networks"
unknown: "Which network id GKE's own tools would form for {subject} is not known"
not_applicable: "Not a GKE cluster"
remedy:
  invalid: "kubectl {flags} label namespace istio-system topology.istio.io/network={subject}-network"
  other: "kubectl {flags} label namespace istio-system topology.istio.io/network={formed} --overwrite    # then the gateway and the workloads likewise; or never run asmcli install without an overlay that sets global.network"
shell: [flags]
docs: https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-multi-cluster
why: |
  Forms the network id as asmcli does on GKE, PROJECT-NETWORK, and holds it against what a label may be and against what the namespace
  istio-system states. It is longer than the 63 characters of a label where both names are long, and domain-scoped projects have a
  colon. asmcli never changes a label that is there, and always gives the id that it forms to the proxies: a label of
  one's own works until it runs again. Where two GKE clusters of different projects share a VPC, their ids differ,
  and traffic between them goes through the gateways.
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN coalesce(p.platform, nullif(c.declared_platform, '')) <> 'gke' THEN 'not_applicable'
    WHEN g.cluster IS NULL THEN 'unknown'
    WHEN coalesce(n.network, '') = '' AND g.network_id_fault <> '' THEN 'fail'
    WHEN coalesce(n.network, '') = '' OR n.network = g.network_id OR g.network_id_fault <> '' THEN 'pass'
    WHEN n.network <> g.network_id THEN 'warning'
  END AS status,
  coalesce(nullif(n.network, ''), 'none stated') AS observed,
  g.network_id AS expected,
  'container.googleapis.com: project and networkConfig.network; Namespace istio-system' AS evidence,
  CASE
    WHEN coalesce(n.network, '') = '' AND g.network_id_fault <> '' THEN 'invalid'
    WHEN coalesce(n.network, '') = '' THEN 'unlabelled'
    WHEN n.network = g.network_id THEN 'formed'
    WHEN g.network_id_fault <> '' THEN 'explicit'
    ELSE 'other'
  END AS reason,
  coalesce(n.network, '') AS stated,
  g.network_id AS formed,
  g.network_id_fault AS fault,
  c.flags
FROM cluster AS c
LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
LEFT JOIN network_statement AS n ON n.cluster = c.cluster AND n.kind = 'namespace'
