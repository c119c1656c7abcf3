# title: A perimeter of VPC Service Controls lets nobody in from here
# symptom: What Google knows of the GKE cluster and of its network cannot be said; gcloud is refused here, and works in the office.
# evidence: GKE and Compute answer 403 for isthmus-east and isthmus-net: a violation of the type VPC_SERVICE_CONTROLS, with its id.
# cause: Both projects are in a perimeter, and no access level admits this machine. Nothing is wrong with the mesh.
# remedy: An access level or an ingress rule for isthmus-reader@isthmus-lab.iam.gserviceaccount.com, or a machine inside the
#   perimeter. Which one it is: gcloud logging read
#   'protoPayload.metadata.vpcServiceControlsUniqueId="dm3T-9qZkX0aYw7uJr_LhP5cVnE2sGtBfOi8"' --project=isthmus-east
# expect-warning: gke-not-private
# expect-unknown: gke-cluster-running vpn-tunnels-established
apply() {
  local id=dm3T-9qZkX0aYw7uJr_LhP5cVnE2sGtBfOi8 answer api
  google_variables
  for api in container compute; do
    while IFS= read -r answer; do
      refuse_google "${answer%.json}" 403 PERMISSION_DENIED \
        "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: $id" SECURITY_POLICY_VIOLATED \
        "{\"uid\": \"$id\", \"service\": \"$api.googleapis.com\", \"consumer\": \"projects/100200300400\"}" \
        "{\"@type\": \"type.googleapis.com/google.rpc.PreconditionFailure\", \"violations\": [{\"type\": \"VPC_SERVICE_CONTROLS\", \"description\": \"$id\"}]}"
    done < <(cd "$WWW" && find "$api" -type f -name '*.json')
  done
}
undo() { put_back; }
