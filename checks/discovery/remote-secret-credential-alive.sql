/*---
id: remote-secret-credential-alive
title: The remote secret's credential works
severity: error
subject: remote_secret
span: cluster
level: read
requires: [api-answers, remote-secret-accepted, remote-secret-server-usable]
pass: "{server} accepts its token{lasting}"
fail: "{finding}"
warning: "{finding}"
unknown: "{finding}"
remedy: "istioctl create-remote-secret {target_flags} --name={key} | kubectl {flags} -n istio-system apply -f -"
shell: [flags, target_flags]
docs: https://istio.io/latest/docs/ops/diagnostic-tools/multicluster/
why: |
  Uses each remote secret as istiod would, with its server, its certificate authority and its token, but from this machine. The
  token dies when its Secret or service account is deleted or made anew, and when the cluster behind the address is rebuilt; istiod
  then serves what it last knew, until it restarts and knows nothing. The certificate authority is wrong when something ends TLS
  before the API server, or the cluster was rebuilt. Fails when the server refuses the token or its certificate does not verify, when the
  connection is refused, and when the token's own date has passed; warns 30 days ahead, and where the credential does not tell when it
  ends. A server that this machine cannot reach is unknown: istiod's pod may have another way
  (control-plane-reachable-from-pods).
---*/
WITH judged AS (
  SELECT
    s.cluster, s.secret, s.key, s.server, s.target, s.token_expires_at, p.outcome, p.detail, r.now,
    coalesce(a.outcome, 'answered') AS target_outcome,
    CASE
      WHEN s.token_expires_at > 0 AND s.token_expires_at <= r.now THEN 'ended'
      WHEN p.outcome IS NULL OR p.outcome = 'not-tried' THEN 'not tried'
      WHEN p.outcome IN ('unauthorized', 'forbidden', 'refused', 'not-tls', 'not-kubernetes') THEN p.outcome
      WHEN p.outcome LIKE 'tls-%' THEN 'tls'
      WHEN p.outcome <> 'answered' THEN 'not reached'
      WHEN s.token_expires_at IS NULL THEN 'no date'
      WHEN s.token_expires_at > 0 AND s.token_expires_at < r.now + 30 * 86400 THEN 'ends soon'
      WHEN p.outcome = 'answered' THEN 'alive'
    END AS reason
  FROM remote_secret AS s
  CROSS JOIN run AS r
  LEFT JOIN api_server AS a ON a.cluster = s.target
  LEFT JOIN remote_secret_probe AS p ON p.cluster = s.cluster AND p.secret = s.secret AND p.key = s.key
)
SELECT
  j.cluster || '/' || j.secret || '/' || j.key AS subject,
  CASE j.reason
    WHEN 'alive' THEN 'pass'
    WHEN 'not tried' THEN 'unknown'
    WHEN 'not reached' THEN 'unknown'
    WHEN 'no date' THEN 'warning'
    WHEN 'ends soon' THEN 'warning'
    ELSE CASE WHEN j.reason IS NOT NULL THEN 'fail' END
  END AS status,
  coalesce(j.outcome, 'not tried') || CASE coalesce(j.detail, '') WHEN '' THEN '' ELSE ': ' || j.detail END AS observed,
  'answered, with the token accepted' AS expected,
  'GET ' || CASE j.server WHEN '' THEN '(no server)' ELSE j.server END || '/version with the kubeconfig in Secret istio-system/' || j.secret || ', from this machine' AS evidence,
  CASE j.reason
    WHEN 'ended' THEN 'The token in ' || j.secret || ' ended on ' || strftime('%Y-%m-%d %H:%M', j.token_expires_at, 'unixepoch') || ': istiod of ' || j.cluster || ' can no longer watch ' || CASE j.target WHEN '' THEN 'its target' ELSE j.target END
    WHEN 'not tried' THEN 'The credential in ' || j.secret || ' was not tried'
    WHEN 'unauthorized' THEN j.server || ' does not accept the token in ' || j.secret || ' (HTTP 401): it was revoked, or the cluster was rebuilt'
    WHEN 'forbidden' THEN j.server || ' knows the token in ' || j.secret || ', but grants it nothing (HTTP 403): the reader''s ClusterRole or its binding is missing'
    WHEN 'refused' THEN 'Nothing listens at ' || j.server || ', where ' || j.secret || ' leads: the address is an old one'
    WHEN 'not-tls' THEN 'What answers at ' || j.server || ', where ' || j.secret || ' leads, does not speak TLS'
    WHEN 'not-kubernetes' THEN 'What answers at ' || j.server || ', where ' || j.secret || ' leads, is not a Kubernetes API server'
    WHEN 'tls' THEN 'The certificate of ' || j.server || ' does not verify against the authority in ' || j.secret || CASE j.detail WHEN '' THEN '' ELSE ' (' || j.detail || ')' END || ': something ends TLS before the API server, or the cluster was rebuilt'
    WHEN 'not reached' THEN CASE WHEN j.target_outcome <> 'answered' THEN j.target || ' answers nobody here, so its credential could not be tried: see api-answers' ELSE j.server || ' was not reached from this machine' || CASE j.detail WHEN '' THEN '' ELSE ' (' || j.detail || ')' END || ': istiod''s pod may have another way, which level probe tries' END
    WHEN 'no date' THEN 'The credential in ' || j.secret || ' works, but does not tell when it ends'
    WHEN 'ends soon' THEN 'The token in ' || j.secret || ' ends on ' || strftime('%Y-%m-%d %H:%M', j.token_expires_at, 'unixepoch') || ': it is not one of the lasting kind that istioctl create-remote-secret makes'
    ELSE ''
  END AS finding,
  j.server,
  j.key,
  CASE WHEN j.token_expires_at > 0 THEN ', which ends on ' || strftime('%Y-%m-%d', j.token_expires_at, 'unixepoch') ELSE ', which has no end' END AS lasting,
  coalesce(ct.flags, '--context TARGET') AS target_flags,
  c.flags
FROM judged AS j
LEFT JOIN cluster AS c ON c.cluster = j.cluster
LEFT JOIN cluster AS ct ON ct.cluster = j.target
