# title: The caller may not read the shared VPC's firewall
# symptom: Whether the gateway's port is open cannot be said.
# evidence: Compute answers 403 IAM_PERMISSION_DENIED: compute.networks.getEffectiveFirewalls on isthmus-net.
# cause: The service account has roles in the service project, none in the host project.
# remedy: gcloud projects add-iam-policy-binding isthmus-net
#   --member=serviceAccount:isthmus-reader@isthmus-lab.iam.gserviceaccount.com --role=roles/compute.networkViewer
# expect-warning: google-permissions-granted
# expect-unknown: firewall-admits-gateway firewall-admits-health-checks firewall-narrow
apply() {
  local denied="Required 'compute.networks.getEffectiveFirewalls' permission for 'projects/isthmus-net/global/networks/lab-vpc'" answer
  for answer in "$GOOGLE_FIREWALLS" "$GOOGLE_REGIONAL_FIREWALLS"; do
    refuse_google "$answer" 403 PERMISSION_DENIED "$denied" IAM_PERMISSION_DENIED '{"permission": "compute.networks.getEffectiveFirewalls"}'
  done
  change_google "$GOOGLE_PERMISSIONS_IN_HOST" '.permissions -= ["compute.networks.getEffectiveFirewalls"]'
}
undo() { put_back; }
