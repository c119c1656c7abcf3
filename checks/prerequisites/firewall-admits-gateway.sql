/*---
id: firewall-admits-gateway
title: Firewall rules admit the other clusters to the gateway
severity: error
subject: cluster_pair
span: pair
level: read
requires: [{check: gke-cluster-running, of: target, blocks: unknown}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
optional: [cluster_identity, google_cluster, google_firewall_path, gateway_service]
pass: "The firewall of {target} admits {source} to port {port} ({decided})"
fail:
  implied: "No firewall rule of network {network} admits {refused}, from which {source} comes, to port {port} of {target}: connections to the gateway hang until they time out"
  manual: "GKE may not change the firewall of {host} and asks an administrator to: until then no rule admits {source} to port {port} of {target}, and connections to the gateway hang until they time out"
  event: "GKE may not change the firewall of the network of {target} and asks an administrator to (event on the gateway's Service): connections to port 15443 hang until they time out"
  deny: "Firewall rule {decided} (priority {priority}) denies {refused}, from which {source} comes, port {port} of {target}: connections to the gateway hang until they time out"
  policy: "Rule {decided} of the network's firewall policy {policy} denies {refused}, from which {source} comes, port {port} of {target}: connections to the gateway hang until they time out"
  hierarchy: "Rule {decided} of the organization's firewall policy {policy} denies {refused}, from which {source} comes, port {port} of {target}: it comes before every rule of the network, and connections to the gateway hang until they time out"
unknown:
  undecided: "Whether the firewall of {target} admits {source} to port {port} could not be decided{detail}"
  unread: "The firewall rules before {target} are not known: they are not in the cluster itself; --level probe tries the way itself"
not_applicable: "{target} is not a GKE cluster"
remedy:
  implied: "gcloud compute firewall-rules create isthmus-ew-{port} --project={host} --network={network} --direction=INGRESS --allow=tcp:{port} --source-ranges={ranges} --target-tags={tags}"
  manual: "gcloud compute firewall-rules create isthmus-ew-{port} --project={host} --network={network} --direction=INGRESS --allow=tcp:{port} --source-ranges={ranges} --target-tags={tags}"
  event: "kubectl {flags} get events --all-namespaces --field-selector=reason=LoadBalancerManualChange    # has the command that an administrator of the network must run"
  deny: "gcloud compute firewall-rules create isthmus-ew-{port} --project={host} --network={network} --direction=INGRESS --priority={before} --allow=tcp:{port} --source-ranges={ranges} --target-tags={tags}"
  policy: "gcloud compute network-firewall-policies rules create {before} --firewall-policy={policy} --global-firewall-policy --project={host} --direction=INGRESS --action=allow --layer4-configs=tcp:{port} --src-ip-ranges={ranges}"
  hierarchy: "gcloud compute firewall-policies rules create {before} --firewall-policy={policy} --direction=INGRESS --action=goto_next --layer4-configs=tcp:{port} --src-ip-ranges={ranges}    # by an administrator of the organization"
  undecided: "gcloud compute networks get-effective-firewalls {network} --project={host}"
  unread: "gcloud compute networks list --project={host}"
shell: [flags]
docs: https://cloud.google.com/kubernetes-engine/docs/concepts/firewall-rules
guide: [firewall]
why: |
  Evaluates the effective firewall of the network in which the target's nodes stand (hierarchical policies, network policies, VPC rules, in
  their order of precedence, a deny winning at equal priority) for the gateway's port from the addresses of the source. GKE makes a
  rule for every load balancer; in a shared VPC without the rights to do so it only writes an event, LoadBalancerManualChange, with
  the command that an administrator must run. Rules with matchers that cannot be evaluated here (FQDNs, regions, address
  groups, secure tags) make the answer unknown, not a guess.
---*/
WITH platform AS MATERIALIZED (
  SELECT
    c.cluster, coalesce(p.platform, nullif(c.declared_platform, ''), CASE WHEN g.cluster IS NOT NULL THEN 'gke' END) AS platform,
    g.name, g.location, g.project
  FROM cluster AS c
  LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
  LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
),
-- The cluster's own word, where Google's is not to be had.
event AS MATERIALIZED (
  SELECT DISTINCT cluster FROM gateway_service WHERE pending_reason LIKE '%Firewall change required by%admin%'
)
SELECT
  p.source || ' → ' || p.target AS subject,
  CASE
    WHEN t.platform <> 'gke' THEN 'not_applicable'
    WHEN f.admits = 0 THEN 'fail'
    WHEN f.admits = 1 THEN 'pass'
    WHEN t.platform = 'gke' AND e.cluster IS NOT NULL THEN 'fail'
    ELSE 'unknown'
  END AS status,
  CASE
    WHEN t.platform <> 'gke' THEN t.platform
    WHEN f.admits = 1 THEN 'admitted by ' || f.decided_by
    WHEN f.admits = 0 THEN 'refused by ' || f.decided_by
    WHEN e.cluster IS NOT NULL THEN 'event LoadBalancerManualChange'
    ELSE 'nothing that decides'
  END AS observed,
  'tcp ' || coalesce(f.port, 15443) || ' allowed from ' || p.source AS expected,
  CASE WHEN f.target IS NULL AND e.cluster IS NOT NULL THEN 'events of the gateway''s Service' ELSE 'compute.googleapis.com: networks.getEffectiveFirewalls' END AS evidence,
  CASE
    WHEN f.admits = 0 AND f.decided_kind = 'hierarchical' THEN 'hierarchy'
    WHEN f.admits = 0 AND f.decided_kind = 'network-policy' THEN 'policy'
    WHEN f.admits = 0 AND f.action = 'deny' AND f.decided_kind = 'vpc-rule' THEN 'deny'
    WHEN f.admits = 0 AND f.events_command <> '' THEN 'manual'
    WHEN f.admits = 0 THEN 'implied'
    WHEN e.cluster IS NOT NULL THEN 'event'
    WHEN f.target IS NULL THEN 'unread'
    ELSE 'undecided'
  END AS reason,
  p.source,
  p.target,
  coalesce(f.port, 15443) AS port,
  f.decided_by AS decided,
  f.policy,
  f.priority,
  max(f.priority - 1, 0) AS before,
  coalesce((SELECT group_concat(value, ', ') FROM json_each(f.refused)), 'any address') AS refused,
  coalesce((SELECT group_concat(value, ',') FROM json_each(f.refused)), 'CIDR') AS ranges,
  coalesce((SELECT group_concat(value, ',') FROM json_each(f.node_tags)), 'NODE_TAG') AS tags,
  coalesce(f.network, 'NETWORK') AS network,
  coalesce(f.host_project, 'HOST_PROJECT') AS host,
  CASE coalesce(f.detail, '') WHEN '' THEN '' ELSE ' (' || f.detail || ')' END AS detail,
  (SELECT flags FROM cluster WHERE cluster = p.target) AS flags
FROM cluster_pair AS p
JOIN platform AS t ON t.cluster = p.target
LEFT JOIN google_firewall_path AS f ON f.source = p.source AND f.target = p.target
LEFT JOIN event AS e ON e.cluster = p.target
