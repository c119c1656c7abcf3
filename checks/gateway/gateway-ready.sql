/*---
id: gateway-ready
title: The east-west gateway runs
severity: error
subject: cluster
span: cluster
level: read
requires: [istiod-ready]
optional: [gateway_service]
pass: "{name} has {available} of {wanted} replicas available"
fail: "{finding}"
warning: "{finding}"
unknown: "{finding}"
remedy:
  absent: "samples/multicluster/gen-eastwest-gateway.sh --network {network} | istioctl install {flags} -y -f -"
  absent-revision: "samples/multicluster/gen-eastwest-gateway.sh --network {network} --revision {revision} | istioctl install {flags} -y -f -"
  zero: "kubectl {flags} -n {namespace} scale deployment/{name} --replicas=1"
  template: "kubectl {flags} -n {namespace} patch deployment/{name} --patch {patch}"
  pods: "kubectl {flags} -n {namespace} describe pods -l istio=eastwestgateway"
shell: [flags]
docs: https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/#install-the-east-west-gateway-in-cluster1
why: |
  Looks at the Deployments with the label istio=eastwestgateway and at their pods. All requests from other clusters come in
  through them. Fails when there is none, when it is scaled to zero, when no replica is available, or when the container istio-proxy
  still has the image "auto": the sidecar injector did not fill it in, because the pod asks for a revision that does
  not exist, the webhook cannot be called, or injection is switched off for it. A gateway that was made by the Kubernetes Gateway API
  is named and not judged: unknown. Warns when only some replicas are available, and
  when the gateway belongs to another revision than the wanted one.
---*/
WITH gateway AS (
  SELECT
    c.cluster, c.flags, n.network, w.revision AS wanted_revision, w.chosen_by,
    min(d.namespace) AS namespace, min(d.name) AS name, count(d.name) AS deployments,
    coalesce(sum(d.wanted_replicas), 0) AS wanted, coalesce(sum(d.available_replicas), 0) AS available,
    coalesce(sum(d.pods_not_injected), 0) AS not_injected,
    max(d.waiting_reason) AS waiting,
    (SELECT min(s.namespace || '/' || s.gateway_api) FROM gateway_service AS s WHERE s.cluster = c.cluster AND s.gateway_api <> '') AS gateway_api,
    group_concat(CASE WHEN d.revision NOT IN ('', w.revision) THEN d.revision END, ', ') AS other_revision
  FROM cluster AS c
  LEFT JOIN wanted_revision AS w ON w.cluster = c.cluster
  LEFT JOIN system_namespace AS n ON n.cluster = c.cluster
  LEFT JOIN gateway_deployment AS d ON d.cluster = c.cluster
  GROUP BY c.cluster
),
judged AS (
  SELECT
    *,
    CASE
      WHEN deployments = 0 AND gateway_api IS NOT NULL THEN 'gateway api'
      WHEN deployments = 0 THEN 'absent'
      WHEN wanted = 0 THEN 'scaled to zero'
      WHEN not_injected > 0 THEN 'not injected'
      WHEN available = 0 THEN 'not available'
      WHEN wanted_revision IS NULL THEN 'unseen'
      WHEN available < wanted THEN 'partly available'
      WHEN other_revision IS NOT NULL THEN 'other revision'
      WHEN available >= wanted THEN 'ready'
    END AS reason
  FROM gateway
)
SELECT
  cluster AS subject,
  CASE
    WHEN reason IN ('unseen', 'gateway api') THEN 'unknown'
    WHEN reason IN ('absent', 'scaled to zero', 'not injected', 'not available') THEN 'fail'
    WHEN reason IN ('partly available', 'other revision') THEN 'warning'
    WHEN reason = 'ready' THEN 'pass'
  END AS status,
  CASE deployments
    WHEN 0 THEN 'no Deployment'
    ELSE namespace || '/' || name || ', ' || available || ' of ' || wanted || ' replicas available'
      || CASE waiting WHEN '' THEN '' ELSE ', ' || waiting END
  END AS observed,
  'a Deployment with all replicas available, injected' AS expected,
  'Deployments and pods with the label istio=eastwestgateway' AS evidence,
  CASE reason
    WHEN 'absent' THEN cluster || ' has no east-west gateway: no Deployment with the label istio=eastwestgateway'
    WHEN 'scaled to zero' THEN name || ' is scaled to zero'
    WHEN 'not injected' THEN not_injected || CASE not_injected WHEN 1 THEN ' pod of ' || name || ' still has' ELSE ' pods of ' || name || ' still have' END || ' the image "auto": the sidecar injector did not fill it in' || CASE waiting WHEN '' THEN '' ELSE ' (' || waiting || ')' END
    WHEN 'not available' THEN 'None of the ' || wanted || ' replicas of ' || name || ' is available' || CASE waiting WHEN '' THEN '' ELSE ' (' || waiting || ')' END
    WHEN 'partly available' THEN name || ' has ' || available || ' of ' || wanted || ' replicas available' || CASE waiting WHEN '' THEN '' ELSE ' (' || waiting || ')' END
    WHEN 'other revision' THEN name || ' belongs to revision ' || other_revision || ', the wanted one is ' || CASE wanted_revision WHEN '' THEN 'default' ELSE wanted_revision END
    WHEN 'gateway api' THEN cluster || ' has no Deployment with the label istio=eastwestgateway, but a gateway of the Kubernetes Gateway API (' || gateway_api || '), which isthmus does not judge'
    WHEN 'unseen' THEN 'The wanted revision is not known, and with it whether the gateway belongs to it'
    ELSE ''
  END AS finding,
  coalesce(name, '') AS name,
  available,
  wanted,
  CASE
    WHEN reason = 'absent' AND coalesce(wanted_revision, '') <> '' THEN 'absent-revision'
    WHEN reason = 'absent' THEN 'absent'
    WHEN reason = 'scaled to zero' THEN 'zero'
    WHEN reason IN ('not injected', 'other revision') THEN 'template'
    ELSE 'pods'
  END AS reason,
  coalesce(nullif(network, ''), 'NETWORK') AS network,
  wanted_revision AS revision,
  coalesce(namespace, 'istio-system') AS namespace,
  json_object('spec', json_object('template', json_object('metadata', json_object('labels', CASE coalesce(wanted_revision, '')
    WHEN '' THEN json_object('sidecar.istio.io/inject', 'true')
    ELSE json_object('sidecar.istio.io/inject', 'true', 'istio.io/rev', wanted_revision)
  END)))) AS patch,
  flags
FROM judged
