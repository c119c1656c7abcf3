# title: One node pool of the GKE cluster has private nodes
# symptom: Pods on these nodes reach other sites through Cloud NAT only, or not at all.
# evidence: networkConfig.enablePrivateNodes of node pool batch is true, of default-pool false.
# cause: The pool was added later with --enable-private-nodes.
# remedy: gcloud container node-pools update batch --cluster=east --location=europe-west1 --project=isthmus-east
#   --no-enable-private-nodes
# expect-fail: gke-not-private
# first: gke-not-private
apply() { change_google "$GOOGLE_CLUSTERS_OF_EAST" '.clusters[0].nodePools += [.clusters[0].nodePools[0] * {name: "batch", networkConfig: {enablePrivateNodes: true}}]'; }
undo() { put_back; }
