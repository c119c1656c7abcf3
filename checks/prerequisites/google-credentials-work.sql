/*---
id: google-credentials-work
title: Google's APIs accept the credentials that were found
severity: error
subject: google_access
span: mesh
level: read
pass: "{source} ({kind}) is accepted"
fail: "{source} ({kind}) is there, and gives no access: {said}"
unknown: "Whether the credentials for Google's APIs work is not known"
remedy: "{mend}"
shell: [mend]
docs: https://cloud.google.com/docs/authentication/application-default-credentials
why: |
  Looks at the credentials that were found where Google's own tools look for them, and at what the token endpoint said. Everything
  that only Google knows hangs on them: fleet, VPC, authorized networks, firewall, organization policy, quotas. Fails where a
  credential is there and is refused: a key that was deleted, a login that ended, a clock that is wrong. Without any credential
  this check, like the others of its kind, is not examined, and what the clusters themselves show is all that is judged.
---*/
SELECT
  subject,
  CASE outcome WHEN 'usable' THEN 'pass' WHEN 'broken' THEN 'fail' END AS status,
  outcome AS observed,
  'usable' AS expected,
  source AS evidence,
  source,
  kind,
  CASE detail WHEN '' THEN 'no reason was given' ELSE detail END AS said,
  CASE mend WHEN '' THEN 'gcloud auth application-default login' ELSE mend END AS mend
FROM google_access
