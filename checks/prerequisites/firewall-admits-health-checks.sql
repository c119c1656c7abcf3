/*---
id: firewall-admits-health-checks
title: Firewall rules admit Google's health checks
severity: error
subject: cluster
span: cluster
level: read
requires: [{check: gke-cluster-running, blocks: unknown}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
optional: [cluster_identity, google_cluster]
pass: "Google's health checks reach port {port} ({decided})"
fail: "Google's health checks ({refused}) do not reach port {port} of the nodes of {subject} ({decided}): the load balancer counts no node as healthy and drops every connection"
unknown: "Whether the firewall admits Google's health checks to {subject} could not be decided{detail}"
not_applicable: "Not a GKE cluster"
remedy: "gcloud compute firewall-rules create isthmus-health-checks --project={host} --network={network} --direction=INGRESS --priority=900 --allow=tcp:{checked} --source-ranges={ranges} --target-tags={tags}"
docs: https://cloud.google.com/load-balancing/docs/firewall-rules
guide: [firewall]
why: |
  Evaluates the effective firewall for the ranges from which Google checks the nodes behind a load balancer, at the port that it checks.
  Where they are refused every node counts as unhealthy, and the load balancer answers nobody, although the gateway itself is well.
  GKE makes the rule itself, unless it may not change the firewall of a shared VPC's host project.
---*/
SELECT
  c.cluster AS subject,
  CASE
    WHEN coalesce(p.platform, nullif(c.declared_platform, '')) <> 'gke' THEN 'not_applicable'
    WHEN h.admits = 0 THEN 'fail'
    WHEN h.admits = 1 THEN 'pass'
    ELSE 'unknown'
  END AS status,
  CASE h.admits WHEN 1 THEN 'admitted by ' || h.decided_by WHEN 0 THEN 'refused by ' || h.decided_by ELSE 'nothing that decides' END AS observed,
  'tcp ' || coalesce(h.port, 10256) || ' allowed from Google''s ranges' AS expected,
  'compute.googleapis.com: networks.getEffectiveFirewalls' AS evidence,
  h.port,
  h.decided_by AS decided,
  (SELECT group_concat(value, ', ') FROM json_each(h.refused)) AS refused,
  coalesce((SELECT group_concat(value, ',') FROM json_each(h.refused)), '35.191.0.0/16,130.211.0.0/22,209.85.152.0/22,209.85.204.0/22') AS ranges,
  coalesce((SELECT group_concat(value, ',') FROM json_each(h.node_tags)), 'NODE_TAG') AS tags,
  coalesce(h.network, 'NETWORK') AS network,
  coalesce(h.host_project, 'HOST_PROJECT') AS host,
  coalesce(h.port, 10256) AS checked,
  CASE coalesce(h.detail, '') WHEN '' THEN '' ELSE ' (' || h.detail || ')' END AS detail
FROM cluster AS c
LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
LEFT JOIN google_firewall_health AS h ON h.cluster = c.cluster
