# title: Both clusters have the same cluster id
# symptom: Each istiod sees only its own endpoints; its log says "ignoring cluster as it would overwrite the config cluster".
# evidence: CLUSTER_ID of west's istiod is cn-isthmus-east-europe-west1-east, which is east's.
# cause: west was installed from a copy of east's overlay.
# remedy: Install west again with its own multiCluster.clusterName, and make the remote secrets anew.
# expect-fail: cluster-ids-unique
# first: cluster-ids-unique
apply() {
  mesh_variables west
  local containers
  containers=$(api west GET "$ISTIOD_PATH" | jq '.spec.template.spec.containers |
    .[0].env |= map(if .name == "CLUSTER_ID" then .value = "cn-isthmus-east-europe-west1-east" else . end)')
  change west "$ISTIOD_PATH" "{\"spec\": {\"template\": {\"spec\": {\"containers\": $containers}}}}"
  change_text west "$INJECTOR_CONFIG" values 's/"clusterName": "[^"]*"/"clusterName": "cn-isthmus-east-europe-west1-east"/'
  wait_deployment "$ISTIOD_PATH"
}
undo() { mesh_variables west && put_back && wait_deployment "$ISTIOD_PATH"; }
