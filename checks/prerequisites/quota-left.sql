/*---
id: quota-left
title: Google's quotas have room for the mesh
severity: error
subject: google_quota
span: mesh
level: read
requires: [{check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
pass: "{usage} of {most} used"
fail: "Quota {metric} of project {project} ({region}) is {most}, {usage} are used, and the mesh needs {needed} more: what is over it is not made"
warning: "Quota {metric} of project {project} ({region}) is {most}, and {total} are used or needed by the mesh: it runs out soon"
unknown: "What is left of quota {metric} of project {project} ({region}) is not known{detail}"
remedy: "gcloud beta quotas info list --service={service} --project={project}    # then ask for more on https://console.cloud.google.com/iam-admin/quotas"
docs: https://cloud.google.com/docs/quotas/view-manage
guide: [load-balancers]
why: |
  Compares what the mesh uses and still needs with Google's quotas: memberships of the fleet, forwarding rules and addresses of the gateways'
  load balancers. Where a quota is used up the gateway stays pending with QUOTA_EXCEEDED, and a cluster cannot be registered. Warns from
  80 percent on, because raising a quota takes days.
---*/
SELECT
  subject,
  CASE
    WHEN quota_limit IS NULL OR usage IS NULL THEN 'unknown'
    WHEN usage + needed > quota_limit THEN 'fail'
    WHEN (usage + needed) * 100 >= quota_limit * 80 THEN 'warning'
    WHEN usage + needed <= quota_limit THEN 'pass'
  END AS status,
  coalesce(usage, '?') || ' of ' || coalesce(quota_limit, '?') || CASE needed WHEN 0 THEN '' ELSE ', ' || needed || ' more needed' END AS observed,
  'room for what the mesh needs' AS expected,
  service AS evidence,
  project, region, metric, service, usage, needed,
  quota_limit AS most,
  usage + needed AS total,
  CASE detail WHEN '' THEN '' ELSE ' (' || detail || ')' END AS detail
FROM google_quota
