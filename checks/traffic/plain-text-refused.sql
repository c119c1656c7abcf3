/*---
id: plain-text-refused
title: A pod without a sidecar is refused under STRICT
severity: error
subject: cluster
span: cluster
level: mutate
requires:
  - {check: workloads-ran, blocks: unsound}
pass: "A pod without a sidecar reaches the server of {subject} and is cut off, while a client in the mesh is answered{words}"
fail: "A pod without a sidecar is answered by the server of {subject}, although a PeerAuthentication STRICT selects it: the rule does not reach its sidecar, or traffic goes past the sidecar"
unknown:
  nobody: "No pod without a sidecar asked the server of {subject}"
  no-control: "A pod without a sidecar gets no answer of the server of {subject}, but no client in the mesh does either: that proves nothing"
  unclear: "Whether the sidecar of the server in {subject} refuses a pod without one was not seen{words}"
remedy: |
  kubectl {flags} get peerauthentications --all-namespaces
  istioctl {flags} proxy-status
shell: [flags]
docs: https://istio.io/latest/docs/tasks/security/authentication/mtls-migration/
why: |
  That members are answered says little where everybody is. So isthmus makes a PeerAuthentication STRICT for its own server, in its own
  namespace, and lets a pod without a sidecar call it: the connection must open, since the network is not in question, and end
  without an answer, while a client in the mesh is answered by the same server. What other namespaces permit is not judged.
---*/
WITH seen AS (
  SELECT
    r.cluster, r.plain_outcome, r.plain_detail,
    CASE
      WHEN r.plain_outcome = 'answered' THEN 'answered'
      WHEN r.plain_outcome = 'cut' AND r.plain_connected = 1 AND w.outcome = 'answered' THEN 'refused'
      WHEN r.plain_outcome = 'cut' AND r.plain_connected = 1 THEN 'no-control'
      WHEN r.plain_outcome IS NOT NULL THEN 'unclear'
    END AS reason
  FROM workload_run AS r
  LEFT JOIN workload_request AS w ON w.source = r.cluster AND w.target = r.cluster
)
SELECT
  c.cluster AS subject,
  CASE s.reason WHEN 'answered' THEN 'fail' WHEN 'refused' THEN 'pass' ELSE 'unknown' END AS status,
  coalesce(s.plain_outcome, 'not tried') AS observed,
  'cut' AS expected,
  'request of a pod without a sidecar to the server in namespace isthmus-verify of ' || c.cluster || ', which a PeerAuthentication STRICT selects' AS evidence,
  coalesce(s.reason, 'nobody') AS reason,
  coalesce(': ' || nullif(s.plain_detail, ''), '') AS words,
  c.flags
FROM cluster AS c
LEFT JOIN seen AS s ON s.cluster = c.cluster
