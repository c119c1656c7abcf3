/*---
id: clock-skew-small
title: The cluster's clock is right
severity: error
subject: cluster
span: cluster
level: read
requires: [api-answers]
pass: "{offset} s from this machine's clock"
fail: "The API server's clock is {away} s {side} this machine's: certificates issued on one side are not yet valid, or already ended, on the other"
warning: "{finding}"
unknown: "The API server sent no Date header to read its clock by"
remedy: "timedatectl timesync-status || chronyc tracking    # on this machine and on the nodes of {subject}"
docs: https://istio.io/latest/docs/ops/diagnostic-tools/multicluster/
why: |
  Looks at the Date header of the API server's answer, against this machine's clock at the middle of the exchange (the header
  has whole seconds). Istio dates its certificates two minutes back to forgive small differences; beyond that, proxies of a
  cluster whose clock is behind refuse fresh certificates as not yet valid, and tokens are refused as well. It happens to
  nodes on premises that lost their time server. Fails beyond 120 seconds, warns beyond 30. When all clusters agree with
  each other and differ from this machine, it is this machine's clock, and only a warning.
---*/
WITH seen AS (
  SELECT
    c.cluster, a.clock_offset_seconds AS offset,
    (SELECT count(*) FROM api_server AS o WHERE o.cluster <> c.cluster AND abs(o.clock_offset_seconds - a.clock_offset_seconds) <= 30) AS agree,
    (SELECT count(*) FROM api_server AS o WHERE o.cluster <> c.cluster AND abs(o.clock_offset_seconds - a.clock_offset_seconds) > 30) AS differ
  FROM cluster AS c
  LEFT JOIN api_server AS a ON a.cluster = c.cluster
)
SELECT
  cluster AS subject,
  CASE
    WHEN offset IS NULL THEN 'unknown'
    WHEN abs(offset) > 30 AND agree > 0 AND differ = 0 THEN 'warning'
    WHEN abs(offset) > 120 THEN 'fail'
    WHEN abs(offset) > 30 THEN 'warning'
    WHEN abs(offset) <= 30 THEN 'pass'
  END AS status,
  CASE WHEN offset IS NULL THEN 'no Date header' ELSE printf('%+d s', offset) END AS observed,
  'at most 30 s away' AS expected,
  'Date header of GET /version' AS evidence,
  CASE
    WHEN abs(offset) > 30 AND agree > 0 AND differ = 0 THEN 'The clusters agree with each other, and this machine''s clock is ' || abs(offset) || ' s ' || CASE WHEN offset > 0 THEN 'behind' ELSE 'ahead of' END || ' theirs'
    ELSE 'The API server''s clock is ' || abs(offset) || ' s ' || CASE WHEN offset > 0 THEN 'ahead of' ELSE 'behind' END || ' this machine''s: beyond 120 s, fresh certificates are refused'
  END AS finding,
  coalesce(printf('%+d', offset), '') AS offset,
  abs(offset) AS away,
  CASE WHEN offset > 0 THEN 'ahead of' ELSE 'behind' END AS side
FROM seen
