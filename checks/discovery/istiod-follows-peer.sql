/*---
id: istiod-follows-peer
title: istiod itself says that it follows the other cluster
severity: error
subject: cluster_pair
span: pair
level: probe
requires:
  - {check: istiod-ready, of: source}
  - {check: clusters-distinct, when: failed, blocks: unsound}
  - {check: cluster-ids-unique, when: failed, blocks: unsound}
  - {check: remote-secret-present, when: failed, blocks: unsound}
  - {check: remote-secret-accepted, of: source, when: failed, blocks: unsound}
  - {check: remote-secret-server-usable, of: source, when: failed, blocks: unsound}
  - {check: remote-secret-credential-alive, of: source, when: failed, blocks: unsound}
  - {check: control-plane-reachable-from-pods, when: failed, blocks: unsound}
pass: "{pods} of {source} has read {target} ({id}) and follows it"
fail:
  absent: "{pod} of {source} does not know {target} ({id}), which the remote secret should have told it: it refused the Secret, has not seen it, or takes it for another cluster's"
  timeout: "{pod} of {source} could not read {target} ({id}) in time, and goes on without it: its workloads get no endpoint of {target}. It does not reach the API server, or may not list something there"
  closed: "{pod} of {source} has given up {target} ({id}), and not taken it in again"
  other: "{pod} of {source} says of {target} ({id}): {word}"
unknown:
  syncing: "{pod} of {source} is still reading {target} ({id}) for the first time: ask again when PILOT_REMOTE_CLUSTER_TIMEOUT (30 s) is over"
  no-id: "Under which id istiod of {source} should know {target} is not known"
  nobody: "No istiod of {source} said which clusters it follows"
remedy:
  absent: |
    What istiod says of the Secret; then make it anew:
    kubectl {source_flags} -n istio-system logs {pod} -c discovery --tail=-1 | grep -iE {pattern}
    istioctl create-remote-secret {target_flags} --name={id} | kubectl {source_flags} -n istio-system apply -f -
  timeout: |
    Give the reader of {target} its rights back, as the chart base (or asmcli) installs them; see what it may do, and what istiod is refused:
    kubectl {target_flags} auth can-i --list --as=system:serviceaccount:istio-system:istio-reader-service-account
    kubectl {source_flags} -n istio-system logs {pod} -c discovery --tail=-1 | grep -iE {pattern}
  closed: "kubectl {source_flags} -n istio-system delete pod {pod}"
  other: "kubectl {source_flags} -n istio-system logs {pod} -c discovery --tail=-1 | grep -iE {pattern}"
shell: [source_flags, target_flags]
data: [pod, id, word]
docs: https://istio.io/latest/docs/ops/diagnostic-tools/multicluster/
why: |
  Asks every ready pod of the calling cluster's istiod which clusters it has taken in (/debug/clusterz, over a port-forward), and
  looks for the called one. It is istiod's own word on what all the checks of the remote secret lead to: that it accepted the Secret,
  reached the API server with it, and could list everything there. A reader that lost a single right, such as to list
  endpoints, fails nowhere else: the credential works, and istiod waits in vain. Every pod must agree: workloads of one that knows less
  get answers from their own cluster alone. One that read the other cluster once says synced for ever: that the connection still
  stands is for control-plane-reachable-from-pods to say.
---*/
WITH said AS (
  SELECT
    e.source, e.target, e.pod, e.peer_id AS id, e.status,
    CASE
      WHEN e.peer_id = '' THEN 'no-id'
      WHEN e.status IN ('absent', 'timeout', 'closed', 'syncing', 'synced') THEN e.status
      ELSE 'other'
    END AS reason
  FROM istiod_peer AS e
  JOIN wanted_revision AS w ON w.cluster = e.source AND w.revision = e.revision
),
-- Of several pods and ids the worst, and beside it how many pods there are.
worst AS (
  SELECT
    source, target, count(DISTINCT pod) AS pods,
    min(CASE reason WHEN 'absent' THEN 1 WHEN 'timeout' THEN 2 WHEN 'closed' THEN 3 WHEN 'other' THEN 4 WHEN 'synced' THEN 6 ELSE 5 END || pod || ' ' || id) AS place,
    pod, id, status, reason
  FROM said
  GROUP BY source, target
)
SELECT
  p.source || ' → ' || p.target AS subject,
  CASE
    WHEN s.reason IS NULL OR s.reason IN ('no-id', 'syncing') THEN 'unknown'
    WHEN s.reason = 'synced' THEN 'pass'
    ELSE 'fail'
  END AS status,
  coalesce(s.status, 'not said') AS observed,
  'synced' AS expected,
  '/debug/clusterz of ' || coalesce(CASE s.pods WHEN 1 THEN s.pod ELSE s.pods || ' pods of istiod' END, 'istiod') || ' in ' || p.source AS evidence,
  coalesce(s.reason, 'nobody') AS reason,
  CASE s.pods WHEN 1 THEN s.pod ELSE 'Each of the ' || s.pods || ' istiods' END AS pods,
  s.pod,
  s.id,
  s.status AS word,
  coalesce(nullif(s.id, ''), 'CLUSTER_ID') || '|remote cluster' AS pattern,
  cs.flags AS source_flags,
  ct.flags AS target_flags,
  p.source,
  p.target
FROM cluster_pair AS p
LEFT JOIN worst AS s ON s.source = p.source AND s.target = p.target
LEFT JOIN cluster AS cs ON cs.cluster = p.source
LEFT JOIN cluster AS ct ON ct.cluster = p.target
