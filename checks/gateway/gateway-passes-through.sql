/*---
id: gateway-passes-through
title: The gateway passes TLS through, unopened, to a workload of the mesh
severity: error
subject: cluster
span: cluster
level: read
requires:
  - gateway-reachable
  - networks-distinct
  - {check: peer-authentication-keeps-mutual-tls, when: failed, blocks: unsound}
  - {check: workload-namespaces-discovered, when: failed, blocks: unsound}
  - {check: gateway-config-current, when: failed, blocks: unsound}
pass: "A hello for {sni} is answered by a workload that wants a client certificate; one for a name that nobody has is cut off"
fail:
  opened: "{address}:{port} answers a name that no service has ({baseline}): something opens TLS there, the gateway itself or a proxy before it, so that no client certificate ever reaches a workload"
  no-endpoint: "The gateway resets the hello for {sni}: that service has no ready endpoint with a sidecar ({mesh} of {ready} ready endpoints), and to others it passes nothing"
  silent-workload: "The gateway resets the hello for {sni} only after {seconds} s: it waits in vain for the workload, to which something on the way inside the cluster lets no packet through"
  workload: "The gateway resets the hello for {sni}, but passes {control} through: what is wrong is this service's own, such as a port on which its pods do not listen, or a DestinationRule"
  not-routed: "The gateway {cut} the hello for {sni}, just as one for a name that nobody has: its configuration lacks that service, or has no healthy endpoint of it{endpoints}"
  not-tls: "What answers for {sni} does not speak TLS: behind that service stands a workload without a sidecar, or one whose mutual TLS is off ({detail})"
  alert: "The hello for {sni} is answered with a TLS alert ({detail})"
  timeout: "The hello for {sni} gets no answer: the gateway does not reach the workload, or large packets are lost on the way (MTU)"
  no-client-certificate: "What answers for {sni} speaks TLS and wants no client certificate: no sidecar ends it, and whoever reaches the gateway may come in"
warning: "A hello for {sni} is passed to a workload, but one for a name that nobody has is not cut off ({baseline}): something between here and the gateway holds connections"
unknown:
  no-service: "No service with a ready workload of the mesh was found in {subject} to ask the gateway for: deploy one, such as Istio's sample helloworld"
  not-exposed: "The service to ask for, {sni}, is not among the hosts that the gateway exposes: what others are passed to was not seen"
  not-connected: "There is no connection to the gateway"
  unclear: "What the gateway does with a hello was not seen{seen}"
remedy:
  opened: |
    Let connections to {address}:{port} pass unopened (a load balancer of layer 4, no inspection on the way), and the Gateway resource have tls.mode AUTO_PASSTHROUGH. What the gateway itself has:
    istioctl {flags} -n istio-system proxy-config listeners deployment/istio-eastwestgateway --port {port}
  no-endpoint: "kubectl {flags} -n {namespace} get endpointslices,pods -l kubernetes.io/service-name={service} --show-labels"
  silent-workload: |
    Look for a NetworkPolicy or a firewall of the nodes between the pods of the gateway and those of {service}:
    kubectl {flags} -n {namespace} get networkpolicies
  workload: "istioctl {flags} -n istio-system proxy-config endpoints deployment/istio-eastwestgateway --cluster {sni}"
  not-routed: |
    What the gateway runs with, and whether the last configuration of istiod reached it:
    istioctl {flags} proxy-status
    istioctl {flags} -n istio-system proxy-config endpoints deployment/istio-eastwestgateway --cluster {sni}
  not-tls: |
    kubectl {flags} -n {namespace} get pods -o custom-columns=NAME:.metadata.name,CONTAINERS:.spec.containers[*].name
    kubectl {flags} get peerauthentications --all-namespaces
  alert: "istioctl {flags} -n istio-system proxy-config listeners deployment/istio-eastwestgateway --port {port}"
  timeout: "istioctl {flags} -n istio-system proxy-config endpoints deployment/istio-eastwestgateway --cluster {sni}"
  no-client-certificate: |
    kubectl {flags} -n {namespace} get pods -o custom-columns=NAME:.metadata.name,CONTAINERS:.spec.containers[*].name
    kubectl {flags} get peerauthentications --all-namespaces
  no-service: "kubectl {flags} create namespace sample && kubectl {flags} label namespace sample istio.io/rev=REVISION && kubectl {flags} -n sample apply -f samples/helloworld/helloworld.yaml"
shell: [flags]
docs: https://istio.io/latest/docs/ops/diagnostic-tools/multicluster/
why: |
  Sends two TLS hellos to every address of the gateway, without any key: one with the name of a real service of this cluster, as a
  proxy of another cluster would send it (outbound_.PORT_._.HOST, ALPN istio), and one with a name that no service has. The first must
  come out at a workload that asks for a client certificate, the second must be cut off. The gateway's resets look all alike on the
  wire: a name that it does not know, a service without healthy endpoints, a pod that refuses. What tells them apart is the second
  name, the time that the reset takes, another service of the cluster, and what the cluster itself says of the endpoints
  (EndpointSlices; pods with the label security.istio.io/tlsMode). It fails when something opens TLS on the way, when the gateway
  runs with an old configuration, and when the workload behind it speaks no mutual TLS.
---*/
WITH judged AS (
  SELECT
    p.*, a.namespace, a.name AS service, a.ready_endpoints, a.mesh_endpoints,
    CASE
      WHEN p.tcp <> 'connected' THEN 'not-connected'
      WHEN p.baseline IN ('served', 'alert', 'not-tls') THEN 'opened'
      WHEN p.sni IS NULL THEN 'no-service'
      WHEN p.tls IN ('reset', 'closed') AND NOT EXISTS (
        -- The host in outbound_.PORT_.SUBSET_.HOST, against hosts such as *.local and istio-system/*.local.
        SELECT 1
        FROM gateway_resource AS g, json_each(g.hosts) AS h
        WHERE g.cluster = p.cluster AND substr(p.sni, instr(p.sni, '_._.') + 4) GLOB substr(h.value, instr(h.value, '/') + 1)
      ) THEN 'not-exposed'
      WHEN p.tls IN ('reset', 'closed') AND a.mesh_endpoints = 0 THEN 'no-endpoint'
      WHEN p.tls IN ('reset', 'closed') AND p.tls_ms >= 2000 THEN 'silent-workload'
      WHEN p.tls IN ('reset', 'closed') AND p.control_tls = 'served' THEN 'workload'
      WHEN p.tls IN ('reset', 'closed') THEN 'not-routed'
      WHEN p.tls IN ('not-tls', 'alert', 'timeout') THEN p.tls
      WHEN p.tls = 'served' AND p.asks_client_certificate = 0 THEN 'no-client-certificate'
      WHEN p.tls = 'served' AND p.asks_client_certificate = 1 AND p.baseline IN ('reset', 'closed') THEN 'passed'
      WHEN p.tls = 'served' AND p.asks_client_certificate = 1 AND p.baseline IN ('timeout', 'other') THEN 'held'
      ELSE 'unclear'
    END AS reason
  FROM gateway_probe AS p
  LEFT JOIN asked_service AS a ON a.cluster = p.cluster
),
-- The address to speak of: the worst one.
shown AS (
  SELECT * FROM (
    SELECT
      *,
      row_number() OVER (
        PARTITION BY cluster
        ORDER BY CASE WHEN reason = 'passed' THEN 4 WHEN reason = 'held' THEN 3 WHEN reason IN ('no-service', 'not-exposed', 'not-connected', 'unclear') THEN 2 ELSE 1 END, address
      ) AS place
    FROM judged
  ) WHERE place = 1
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN s.reason IS NULL OR s.reason IN ('no-service', 'not-exposed', 'not-connected', 'unclear') THEN 'unknown'
    WHEN s.reason = 'held' THEN 'warning'
    WHEN s.reason = 'passed' THEN 'pass'
    ELSE 'fail'
  END AS status,
  CASE
    WHEN s.cluster IS NULL THEN 'nothing'
    ELSE s.tls || CASE s.asks_client_certificate WHEN 1 THEN ', client certificate wanted' WHEN 0 THEN ', no client certificate wanted' ELSE '' END || '; name of nobody: ' || s.baseline
  END AS observed,
  'served, client certificate wanted; name of nobody: reset' AS expected,
  'TLS hellos from this machine to ' || coalesce(s.address || ':' || s.port, 'the gateway') || ', SNI ' || coalesce(s.sni, '(none)') || ', ALPN istio, no key' AS evidence,
  coalesce(s.reason, 'unclear') AS reason,
  CASE s.tls WHEN 'closed' THEN 'closes the connection at' ELSE 'resets' END AS cut,
  CASE
    WHEN s.mesh_endpoints > 0 THEN ', although ' || s.mesh_endpoints || ' ready pod' || CASE s.mesh_endpoints WHEN 1 THEN '' ELSE 's' END || ' with a sidecar stand behind it'
    ELSE ''
  END AS endpoints,
  coalesce(': ' || nullif(s.tls_detail, ''), '') AS seen,
  coalesce(nullif(s.tls_detail, ''), s.tls, '') AS detail,
  coalesce(s.baseline || coalesce(': ' || nullif(s.baseline_detail, ''), ''), '') AS baseline,
  coalesce(s.control_sni, '') AS control,
  coalesce(s.mesh_endpoints, '?') AS mesh,
  coalesce(s.ready_endpoints, '?') AS ready,
  coalesce(round(s.tls_ms / 1000, 1), '?') AS seconds,
  coalesce(s.sni, '') AS sni,
  coalesce(s.namespace, 'NAMESPACE') AS namespace,
  coalesce(s.service, 'SERVICE') AS service,
  coalesce(s.address, 'ADDRESS') AS address,
  coalesce(s.port, 15443) AS port,
  c.flags
FROM cluster AS c
LEFT JOIN shown AS s ON s.cluster = c.cluster
