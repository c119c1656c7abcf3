# title: The cluster's network is not a shared VPC
# symptom: The guide asks for a shared VPC; GKE clusters of other projects cannot join this network.
# evidence: getXpnHost of isthmus-east answers nothing, and isthmus-net is no host project.
# cause: The project was never attached to the host project.
# remedy: gcloud compute shared-vpc enable isthmus-net && gcloud compute shared-vpc associated-projects add
#   isthmus-east --host-project=isthmus-net
# expect-fail: gke-shared-vpc
# first: gke-shared-vpc
apply() {
  change_google "$GOOGLE_HOST_OF_EAST" '{kind: "compute#project"}'
  change_google "$GOOGLE_HOST_PROJECT" '.xpnProjectStatus = "UNSPECIFIED_XPN_PROJECT_STATUS"'
  change_google "$GOOGLE_HOST_RESOURCES" 'del(.resources)'
}
undo() { put_back; }
