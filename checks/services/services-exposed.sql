/*---
id: services-exposed
title: The cluster's services are exposed through the gateway
severity: error
subject: cluster
span: cluster
level: read
requires: [gateway-ready]
pass: "{resource} opens port 15443 for {hosts}"
fail: "{finding}"
warning: "{resource} opens port 15443 for {hosts} only: other services are not found from other clusters"
unknown: "{finding}"
remedy:
  api: "istioctl install {flags}"
  selector: "kubectl {flags} -n {namespace} patch gateways.networking.istio.io {name} --type=merge --patch '{\"spec\":{\"selector\":{\"istio\":\"eastwestgateway\"}}}'"
  apply: "kubectl {flags} -n istio-system apply -f samples/multicluster/expose-services.yaml"
shell: [flags]
docs: https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/#expose-services-in-cluster1
why: |
  Looks for a Gateway resource (networking.istio.io) whose selector matches the east-west gateway's pods, with a server on port 15443,
  protocol TLS, mode AUTO_PASSTHROUGH. Without it the gateway's proxy has no listener on that port and refuses every
  connection. Each cluster needs its own. Fails when there is none, when its selector matches other pods, or when its mode is another
  one; warns when its hosts cover a part of the services only. Hosts should be *.local.
---*/
WITH server AS (
  SELECT
    cluster, namespace || '/' || name AS resource, namespace, name, hosts, selector, tls_mode, protocol,
    CASE
      WHEN port <> 15443 THEN 'port'
      WHEN tls_mode <> 'AUTO_PASSTHROUGH' OR protocol <> 'TLS' THEN 'mode'
      WHEN selects_gateway IS NULL THEN 'unclear'
      WHEN selects_gateway = 0 THEN 'selector'
      WHEN covers_cluster_domain = 0 THEN 'hosts'
      WHEN selects_gateway = 1 AND covers_cluster_domain = 1 THEN 'exposed'
    END AS result
  FROM gateway_resource
),
-- The server that comes nearest to what is needed.
nearest AS (
  SELECT * FROM (
    SELECT
      *,
      row_number() OVER (
        PARTITION BY cluster
        ORDER BY CASE result WHEN 'exposed' THEN 1 WHEN 'hosts' THEN 2 WHEN 'unclear' THEN 3 WHEN 'selector' THEN 4 WHEN 'mode' THEN 5 ELSE 6 END, resource
      ) AS place
    FROM server
  ) WHERE place = 1
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN a.cluster IS NULL THEN 'unknown'
    WHEN a.present = 0 OR n.cluster IS NULL THEN 'fail'
    WHEN n.result = 'unclear' THEN 'unknown'
    WHEN n.result IN ('port', 'mode', 'selector') THEN 'fail'
    WHEN n.result = 'hosts' THEN 'warning'
    WHEN n.result = 'exposed' THEN 'pass'
  END AS status,
  CASE
    WHEN a.present = 0 THEN 'the API networking.istio.io is not served'
    WHEN n.cluster IS NULL THEN 'no Gateway resource with AUTO_PASSTHROUGH'
    ELSE n.resource || ': selector ' || n.selector || ', ' || n.protocol || ' ' || n.tls_mode || ', hosts ' || n.hosts
  END AS observed,
  'a Gateway resource that selects the gateway''s pods, 15443 TLS AUTO_PASSTHROUGH, hosts *.local' AS expected,
  'Gateway resources (networking.istio.io) of all namespaces' AS evidence,
  CASE
    WHEN a.cluster IS NULL THEN 'Whether services are exposed was not observed'
    WHEN a.present = 0 THEN c.cluster || ' does not even serve the API networking.istio.io: Istio''s CRDs are not installed'
    WHEN n.cluster IS NULL THEN 'No Gateway resource opens port 15443 in ' || c.cluster || ': the gateway refuses every connection from other clusters'
    WHEN n.result = 'unclear' THEN 'Whether the selector of ' || n.resource || ' matches the gateway is not known: its pods were not observed'
    WHEN n.result = 'selector' THEN 'The selector of ' || n.resource || ' (' || n.selector || ') does not match the east-west gateway''s pods: port 15443 stays shut'
    WHEN n.result = 'mode' THEN n.resource || ' opens port 15443 as ' || n.protocol || ' ' || CASE n.tls_mode WHEN '' THEN 'without a TLS mode' ELSE n.tls_mode END || ' instead of TLS AUTO_PASSTHROUGH: it does not pass requests on by their server name'
    ELSE n.resource || ' opens AUTO_PASSTHROUGH on another port than 15443'
  END AS finding,
  coalesce(n.resource, '') AS resource,
  coalesce((SELECT group_concat(value, ', ') FROM json_each(n.hosts)), '') AS hosts,
  CASE WHEN a.present = 0 THEN 'api' WHEN n.result = 'selector' THEN 'selector' ELSE 'apply' END AS reason,
  n.namespace,
  n.name,
  c.flags
FROM cluster AS c
LEFT JOIN gateway_api_present AS a ON a.cluster = c.cluster
LEFT JOIN nearest AS n ON n.cluster = c.cluster
