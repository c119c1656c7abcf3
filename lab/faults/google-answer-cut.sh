# title: An answer of Google's API is cut off
# symptom: What Google knows of the GKE cluster cannot be said.
# evidence: clusters.list of isthmus-east answers 200 with half a JSON document.
# cause: A proxy on the way that limits answers.
# remedy: Let requests to *.googleapis.com past the proxy: NO_PROXY=.googleapis.com
# expect-warning: gke-not-private
# expect-unknown: gke-cluster-running vpn-tunnels-established
apply() {
  google_variables
  change_file "$WWW/$GOOGLE_CLUSTERS_OF_EAST.json" 's/"networkConfig".*//'
}
undo() { put_back; }
