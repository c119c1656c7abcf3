/*---
id: load-balancer-allowed
title: Organization policy allows the gateway's load balancer
severity: error
subject: cluster
span: cluster
level: read
requires: [{check: gke-cluster-running, blocks: unknown}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
optional: [cluster_identity, google_cluster, google_load_balancer_policy, gateway_load_balancer, gateway_service]
pass:
  allowed: "{type} is allowed ({decided})"
  exists: "The gateway has its load balancer, so {type} was allowed when it was made; the policy itself is not known"
fail:
  pending: "Organization policy forbids {type} in project {project} ({decided}): the gateway's Service in {subject} stays pending for ever"
  event: "Organization policy forbids the gateway's load balancer in {subject}, as GKE says: {event}"
warning: "Organization policy forbids {type} in project {project} by now ({decided}): the load balancer that the gateway has stays, and is lost for good when it is made anew"
unknown:
  condition: "Whether {type} is allowed in project {project} hangs on a condition that cannot be judged here: {conditions}"
  platform: "Whether {subject} is a GKE cluster is not known, and with it whether an organization policy counts"
  unread: "The organization policy for load balancers of {subject} is not known, and the gateway has none yet that would show it"
not_applicable: "Not a GKE cluster"
remedy:
  pending: "gcloud resource-manager org-policies allow constraints/compute.restrictLoadBalancerCreationForTypes {type} --project={project}    # by an administrator of organization policy; or an internal load balancer"
  event: "gcloud resource-manager org-policies allow constraints/compute.restrictLoadBalancerCreationForTypes EXTERNAL_NETWORK_TCP_UDP --project={project}    # by an administrator of organization policy; or an internal load balancer"
  exists: "gcloud resource-manager org-policies allow constraints/compute.restrictLoadBalancerCreationForTypes {type} --project={project}    # by an administrator of organization policy"
  condition: "gcloud org-policies describe compute.restrictLoadBalancerCreationForTypes --project={project} --effective"
  unread: "gcloud org-policies describe compute.restrictLoadBalancerCreationForTypes --project={project} --effective"
docs: https://cloud.google.com/load-balancing/docs/org-policy-constraints
guide: [load-balancers]
why: |
  Looks at the effective organization policy of the cluster's project for the kind of load balancer that the east-west gateway's
  Service asks for or will ask for: EXTERNAL_NETWORK_TCP_UDP, or INTERNAL_TCP_UDP with the internal annotation. Where it is not allowed, the
  Service never gets an address, and the only trace is an event with HTTP 412. The policy is not retroactive: a load balancer that
  exists stays, and is lost when it is created anew. Where the policy cannot be read, a load balancer that is there shows that it
  was allowed, and the event that it was not.
---*/
WITH service AS (
  SELECT
    cluster,
    max(CASE WHEN load_balancer_class = 'external' AND addresses <> '[]' THEN 1 ELSE 0 END) AS has_external,
    max(CASE WHEN load_balancer_class = 'internal' AND addresses <> '[]' THEN 1 ELSE 0 END) AS has_internal,
    max(CASE WHEN pending_reason LIKE '%restrictLoadBalancerCreationForTypes%' THEN pending_reason END) AS event
  FROM gateway_service
  WHERE selects_gateway = 1
  GROUP BY cluster
),
seen AS (
  SELECT
    c.cluster, coalesce(p.platform, nullif(c.declared_platform, ''), CASE WHEN g.cluster IS NOT NULL THEN 'gke' END) AS platform,
    coalesce(o.project, g.project, 'PROJECT') AS project, o.cluster AS asked, o.allowed, o.decided_by, o.conditions, s.event,
    coalesce(o.type, nullif(b.type, ''), CASE WHEN s.has_internal = 1 AND s.has_external = 0 THEN 'INTERNAL_TCP_UDP' ELSE 'EXTERNAL_NETWORK_TCP_UDP' END) AS type,
    CASE
      WHEN b.cluster IS NOT NULL THEN b.has_address
      WHEN coalesce(o.type, 'EXTERNAL_NETWORK_TCP_UDP') = 'EXTERNAL_NETWORK_TCP_UDP' AND s.has_external = 1 THEN 1
      WHEN coalesce(o.type, 'INTERNAL_TCP_UDP') = 'INTERNAL_TCP_UDP' AND s.has_internal = 1 THEN 1
      ELSE 0
    END AS has_address
  FROM cluster AS c
  LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
  LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
  LEFT JOIN google_load_balancer_policy AS o ON o.cluster = c.cluster
  LEFT JOIN gateway_load_balancer AS b ON b.cluster = c.cluster
  LEFT JOIN service AS s ON s.cluster = c.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN platform <> 'gke' THEN 'not_applicable'
    WHEN platform IS NULL THEN 'unknown'
    WHEN allowed = 0 AND has_address = 1 THEN 'warning'
    WHEN allowed = 0 THEN 'fail'
    WHEN allowed = 1 THEN 'pass'
    WHEN event IS NOT NULL AND has_address = 0 THEN 'fail'
    WHEN asked IS NULL AND has_address = 1 THEN 'pass'
    ELSE 'unknown'
  END AS status,
  CASE
    WHEN platform <> 'gke' THEN platform
    WHEN allowed = 0 THEN 'forbidden'
    WHEN allowed = 1 THEN 'allowed'
    WHEN event IS NOT NULL AND has_address = 0 THEN 'forbidden, by an event'
    WHEN has_address = 1 THEN 'the gateway has an address'
    ELSE 'nothing that decides'
  END AS observed,
  type || ' allowed' AS expected,
  CASE WHEN asked IS NULL THEN 'Services of the gateway and their events' ELSE 'orgpolicy.googleapis.com: effective policy of ' || project END AS evidence,
  CASE
    WHEN platform IS NULL THEN 'platform'
    WHEN allowed = 0 AND has_address = 1 THEN 'exists'
    WHEN allowed = 0 THEN 'pending'
    WHEN allowed = 1 THEN 'allowed'
    WHEN event IS NOT NULL AND has_address = 0 THEN 'event'
    WHEN asked IS NULL AND has_address = 1 THEN 'exists'
    WHEN asked IS NOT NULL THEN 'condition'
    ELSE 'unread'
  END AS reason,
  type,
  project,
  decided_by AS decided,
  event,
  coalesce((SELECT group_concat(value, '; ') FROM json_each(conditions)), 'none stated') AS conditions
FROM seen
