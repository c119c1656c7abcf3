/*---
id: requests-cross
title: Requests cross to the other cluster under mutual TLS
severity: error
subject: cluster_pair
span: pair
level: mutate
requires:
  - {check: workloads-ran, blocks: unsound}
  - {check: root-ca-custom, when: failed, blocks: unsound}
  - {check: cacerts-loaded, when: failed, blocks: unsound}
  - {check: clusters-share-root-ca, when: failed, blocks: unsound}
  - {check: trust-domain-shared, when: failed, blocks: unsound}
  - {check: networks-distinct, when: failed, blocks: unsound}
  - {check: network-identity-consistent, when: failed, blocks: unsound}
  - {check: gateway-ready, of: target, when: failed, blocks: unsound}
  - {check: gateway-has-address, of: target, when: failed, blocks: unsound}
  - {check: gateway-address-families-meet, when: failed, blocks: unsound}
  - {check: gateway-namespace-discovered, of: target, when: failed, blocks: unsound}
  - {check: gateway-has-endpoints, of: target, when: failed, blocks: unsound}
  - {check: gateway-unambiguous, of: target, when: failed, blocks: unsound}
  - {check: services-exposed, of: target, when: failed, blocks: unsound}
  - {check: services-exposed-once, of: target, when: failed, blocks: unsound}
  - {check: remote-secret-present, when: failed, blocks: unsound}
  - {check: remote-secret-credential-alive, of: source, when: failed, blocks: unsound}
  - {check: gateway-passes-through, of: target, when: failed, blocks: unsound}
  - {check: gateway-reachable-from-pods, when: failed, blocks: unsound}
  - {check: gateway-config-current, of: target, when: failed, blocks: unsound}
  - {check: istiod-follows-peer, when: failed, blocks: unsound}
  - {check: istiod-knows-gateway, when: failed, blocks: unsound}
  - {check: remote-workloads-trusted, when: failed, blocks: unsound}
  - {check: destination-rules-keep-mutual-tls, of: source, when: failed, blocks: unsound}
  - {check: services-not-cluster-local, of: source, when: failed, blocks: unsound}
  - {check: peer-authentication-keeps-mutual-tls, when: failed, blocks: unsound}
optional: [sidecar_endpoint, sidecar_certificate]
pass: "A request from {source} was answered by {server} in {target}, which saw {client}"
fail:
  name: "{host} cannot be resolved in {source}: its Service is not there, or the cluster's DNS does not know it{words}"
  untold: "The sidecar in {source} does not know the Service of the server in {target}: istiod of {source} has not told it, and the request went past the mesh{words}"
  no-endpoint: "The sidecar in {source} knows no endpoint in {target}, though it knows the Service: istiod of {source} does not see the pods there, or drops them because a rule takes mutual TLS from them{words}"
  refused: "The sidecar in {source} is refused where it looks for {target}: nothing listens at the address that istiod gave it{words}"
  timeout: "The sidecar in {source} gets no answer where it looks for {target}: the address that istiod gave it does not lead to the gateway there{words}"
  refused-pod: "The sidecar in {source} looks for {target} at {addresses}, which is no gateway there: istiod of {source} knows no gateway of that network, or takes both networks for one{words}"
  timeout-pod: "The sidecar in {source} looks for {target} at {addresses}, which is no gateway there: istiod of {source} knows no gateway of that network, or takes both networks for one{words}"
  cut-pod: "The sidecar in {source} looks for {target} at {addresses}, which is no gateway there: istiod of {source} knows no gateway of that network, or takes both networks for one{words}"
  refused-gateway: "The gateway of {target} at {addresses} refuses the sidecar in {source}{words}"
  timeout-gateway: "The gateway of {target} at {addresses} does not answer the sidecar in {source}{words}"
  cut: "The connection of the sidecar in {source} to {target} is cut: the gateway there has no such service or no endpoint of it, or the two sides disagree on TLS{words}"
  tls: "The sidecars of {source} and {target} do not trust each other{words}"
  tls-roots: "The sidecars of {source} and {target} trust different roots (serial {source_roots}, and {target_roots}){words}"
  denied: "An AuthorizationPolicy of {target} denies the request from {source}{words}"
  other-server: "A request from {source} for the server of {target} was answered by another{words}"
  http: "A request from {source} for the server of {target} got another answer than the server gives{words}"
  other: "A request from {source} for the server of {target} failed{words}"
  client-identity: "The server in {target} saw {client}, and a client of {source} is {expected_client}"
  server-identity: "The server in {target} showed {server}, and is {expected_server}"
unknown:
  nobody: "No client of {source} asked a server of {target}"
  no-identity: "A request from {source} was answered in {target}, but the server's sidecar does not say by whom it came (X-Forwarded-Client-Cert): whether it crossed under mutual TLS is not seen"
  trust-domain: "A request from {source} was answered by {server} in {target}; whether that is right is not known without the trust domains of both"
remedy:
  name: "kubectl {source_flags} get services --all-namespaces    # a Service must exist in every cluster whose clients call it"
  untold: |
    istioctl {source_flags} proxy-status    # what istiod has sent, and proxies have not taken
    kubectl {source_flags} get sidecars --all-namespaces    # spec.egress.hosts keeps from proxies what it does not name
  no-endpoint: |
    kubectl {source_flags} get destinationrules --all-namespaces    # tls.mode DISABLE or SIMPLE for *.local takes mutual TLS from every service
    kubectl {target_flags} get peerauthentications --all-namespaces
    istioctl {source_flags} remote-clusters
  refused: "istioctl {source_flags} proxy-config endpoints POD -n NAMESPACE    # the endpoints of {target} must be its gateway's address with port 15443"
  timeout: "istioctl {source_flags} proxy-config endpoints POD -n NAMESPACE    # the endpoints of {target} must be its gateway's address with port 15443"
  refused-pod: |
    kubectl {target_flags} get namespace istio-system --show-labels    # topology.istio.io/network must be there, and another than in {source}
    kubectl {target_flags} get services --all-namespaces -l topology.istio.io/network    # the gateway must bear the same, and have an address
  timeout-pod: |
    kubectl {target_flags} get namespace istio-system --show-labels    # topology.istio.io/network must be there, and another than in {source}
    kubectl {target_flags} get services --all-namespaces -l topology.istio.io/network    # the gateway must bear the same, and have an address
  cut-pod: |
    kubectl {target_flags} get namespace istio-system --show-labels    # topology.istio.io/network must be there, and another than in {source}
    kubectl {target_flags} get services --all-namespaces -l topology.istio.io/network    # the gateway must bear the same, and have an address
  refused-gateway: "kubectl {target_flags} -n istio-system get services,endpoints istio-eastwestgateway    # and the firewalls between {source} and {addresses}"
  timeout-gateway: "kubectl {target_flags} -n istio-system get services,endpoints istio-eastwestgateway    # and the firewalls between {source} and {addresses}"
  cut: |
    istioctl {target_flags} proxy-config listeners deployment/istio-eastwestgateway -n istio-system --port 15443
    istioctl {target_flags} proxy-config endpoints deployment/istio-eastwestgateway -n istio-system
    kubectl {source_flags} get destinationrules --all-namespaces    # tls.mode DISABLE or SIMPLE speaks plain text to a server that takes mutual TLS alone
  tls: "istioctl {source_flags} proxy-config secret POD -n NAMESPACE    # and the same of {target}: ROOTCA must be one certificate"
  denied: "kubectl {target_flags} get authorizationpolicies --all-namespaces"
  client-identity: "kubectl {source_flags} -n istio-system get configmaps -o yaml | grep -i trustDomain"
  server-identity: "kubectl {target_flags} -n istio-system get configmaps -o yaml | grep -i trustDomain"
shell: [source_flags, target_flags]
data: [outcome, tries, http_status, client_identity, server_identity, milliseconds, detail, addresses]
docs: https://istio.io/latest/docs/setup/install/multicluster/verify/
why: |
  Deploys a client in the calling cluster and a server in the called one, sends requests to that server's own name, and looks at who
  answered: the proof that everything before adds up to. The server says which cluster it is, and sends back what its sidecar wrote
  of the connection (X-Forwarded-Client-Cert): the identity that it verified, and the one that it showed. Both must be the test
  account's, in the trust domain of the client's and of the server's cluster. Where no answer comes, the words of the client's
  sidecar say at which rung it ended: name, service, endpoint, address, gateway, certificate, policy; and the sidecar itself is asked where it
  would have sent the request, and which roots it trusts. What earlier checks find of the Service, the network, the gateway, the
  remote secret or the roots, and what istiod itself says, explains it first.
---*/
WITH domain AS (
  SELECT m.cluster, m.trust_domain
  FROM wanted_revision AS w
  JOIN mesh_config AS m ON m.cluster = w.cluster AND m.revision = w.revision
  WHERE m.parse_error = ''
),
asked AS (
  SELECT
    w.source, w.target, w.outcome, w.sidecar_knows, w.tries, w.client_identity, w.server_identity, w.http_status, w.milliseconds, w.detail,
    'spiffe://' || s.trust_domain || w.account AS expected_client,
    'spiffe://' || t.trust_domain || w.account AS expected_server
  FROM workload_request AS w
  LEFT JOIN domain AS s ON s.cluster = w.source
  LEFT JOIN domain AS t ON t.cluster = w.target
),
way AS (
  SELECT
    source, target, group_concat(address || ':' || port, ', ') AS addresses,
    CASE
      WHEN sum(is_gateway = 1) = count(*) THEN '-gateway'
      WHEN sum(is_gateway = 0) = count(*) THEN '-pod'
    END AS leads_to
  FROM sidecar_endpoint
  GROUP BY source, target
),
judged AS (
  SELECT
    asked.*,
    w.addresses,
    CASE
      WHEN outcome IN ('refused', 'timeout', 'cut', 'http') AND sidecar_knows = 0 THEN 'untold'
      WHEN outcome IN ('refused', 'timeout', 'cut') THEN outcome || coalesce(w.leads_to, '')
      WHEN outcome = 'tls' AND sr.root_serials IS NOT NULL AND tr.root_serials IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM json_each(sr.root_serials) AS s JOIN json_each(tr.root_serials) AS t ON t.value = s.value)
        THEN 'tls-roots'
      WHEN outcome <> 'answered' THEN outcome
      WHEN coalesce(client_identity, '') = '' OR coalesce(server_identity, '') = '' THEN 'no-identity'
      WHEN expected_client IS NULL OR expected_server IS NULL THEN 'trust-domain'
      WHEN client_identity <> expected_client THEN 'client-identity'
      WHEN server_identity <> expected_server THEN 'server-identity'
      WHEN client_identity = expected_client AND server_identity = expected_server THEN 'sound'
    END AS reason,
    (SELECT group_concat(value, ', ') FROM json_each(sr.root_serials)) AS source_roots,
    (SELECT group_concat(value, ', ') FROM json_each(tr.root_serials)) AS target_roots
  FROM asked
  LEFT JOIN way AS w ON w.source = asked.source AND w.target = asked.target
  LEFT JOIN sidecar_certificate AS sr ON sr.cluster = asked.source
  LEFT JOIN sidecar_certificate AS tr ON tr.cluster = asked.target
)
SELECT
  p.source || ' → ' || p.target AS subject,
  CASE
    WHEN j.reason IS NULL OR j.reason IN ('no-identity', 'trust-domain') THEN 'unknown'
    WHEN j.reason = 'sound' THEN 'pass'
    ELSE 'fail'
  END AS status,
  CASE
    WHEN j.source IS NULL THEN 'not tried'
    WHEN j.outcome = 'answered' THEN 'answered by ' || coalesce(nullif(j.server_identity, ''), 'a server whose identity was not seen') || ', which saw ' || coalesce(nullif(j.client_identity, ''), 'no identity')
    ELSE j.outcome || coalesce(': ' || nullif(j.detail, ''), '')
  END AS observed,
  'an answer of ' || coalesce(j.expected_server, p.target) || ', which sees ' || coalesce(j.expected_client, 'the identity of a client of ' || p.source) AS expected,
  'request of a client that isthmus verify deployed in ' || p.source || coalesce(', the last of ' || j.tries, '') || coalesce('; its sidecar sends it to ' || j.addresses, '') AS evidence,
  CASE WHEN j.source IS NULL THEN 'nobody' ELSE j.reason END AS reason,
  coalesce(': ' || nullif(j.detail, ''), '') AS words,
  'The name of the server of ' || p.target AS host,
  coalesce(nullif(j.client_identity, ''), 'no identity') AS client,
  coalesce(nullif(j.server_identity, ''), 'no identity') AS server,
  coalesce(j.expected_client, '') AS expected_client,
  coalesce(j.expected_server, '') AS expected_server,
  coalesce(j.addresses, '') AS addresses,
  coalesce(j.source_roots, '') AS source_roots,
  coalesce(j.target_roots, '') AS target_roots,
  j.outcome, j.tries, j.http_status, j.client_identity, j.server_identity, j.milliseconds, j.detail,
  cs.flags AS source_flags,
  ct.flags AS target_flags,
  p.source,
  p.target
FROM cluster_pair AS p
LEFT JOIN cluster AS cs ON cs.cluster = p.source
LEFT JOIN cluster AS ct ON ct.cluster = p.target
LEFT JOIN judged AS j ON j.source = p.source AND j.target = p.target
