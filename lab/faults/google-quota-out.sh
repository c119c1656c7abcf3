# title: The fleet can take no more memberships
# symptom: gcloud container fleet memberships register ends with RESOURCE_EXHAUSTED.
# evidence: Quota of global memberships of isthmus-lab: 1, and 2 are there.
# cause: The quota was lowered.
# remedy: Ask for more: https://console.cloud.google.com/iam-admin/quotas?project=isthmus-lab
# expect-fail: quota-left
# first: quota-left
apply() { change_google "$GOOGLE_MEMBERSHIP_QUOTAS" '.quotaInfos[0].dimensionsInfos[0].details.value = "1"'; }
undo() { put_back; }
