/*---
id: gdc-cluster-running
title: Google Distributed Cloud says that the cluster is running
severity: error
subject: cluster
span: cluster
level: read
requires: [{check: api-answers, blocks: unknown}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
optional: [cluster_identity]
pass: "RUNNING, version {version}"
fail: "Google Distributed Cloud says that {subject} is in the state {state}{added}"
warning: "Google Distributed Cloud says that {subject} is in the state {state}{added}: what is read of it now may change in a moment"
unknown: "Google Distributed Cloud states no state of {subject}"
not_applicable:
  other: "Not a cluster on Google Distributed Cloud"
  local: "Not enrolled in the GKE On-Prem API: Google keeps no state of it, and the cluster itself is looked at by other checks"
remedy:
  vmware: "gcloud container vmware clusters describe {resource}"
  bare-metal: "gcloud container bare-metal clusters describe {resource}"
docs: https://cloud.google.com/kubernetes-engine/distributed-cloud/bare-metal/docs
why: |
  Looks at the state that the GKE On-Prem API gives a cluster on VMware or bare metal. Degraded or failing clusters often run on while their load
  balancer or their upgrade is stuck. Only clusters that were enrolled are known there; for others Google keeps no state.
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN coalesce(p.platform, nullif(c.declared_platform, '')) NOT LIKE 'gdc-%' THEN 'not_applicable'
    WHEN o.source = 'cluster' AND o.state = '' THEN 'not_applicable'
    WHEN coalesce(o.state, '') IN ('', 'STATE_UNSPECIFIED') THEN 'unknown'
    WHEN o.state = 'RUNNING' THEN 'pass'
    WHEN o.state IN ('RECONCILING', 'UPDATING') THEN 'warning'
    ELSE 'fail'
  END AS status,
  coalesce(nullif(o.state, ''), 'nothing') AS observed,
  'RUNNING' AS expected,
  'gkeonprem.googleapis.com: ' || coalesce(nullif(o.resource, ''), 'clusters') AS evidence,
  CASE
    WHEN o.source = 'cluster' AND o.state = '' THEN 'local'
    WHEN o.cluster IS NULL THEN 'other'
    ELSE o.kind
  END AS reason,
  o.state,
  CASE o.state_detail WHEN '' THEN '' ELSE ' (' || o.state_detail || ')' END AS added,
  o.version,
  o.resource
FROM cluster AS c
LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
LEFT JOIN on_premises_cluster AS o ON o.cluster = c.cluster
