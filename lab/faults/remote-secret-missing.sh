# title: One cluster has no remote secret for the other
# symptom: East's workloads get answers from east only; west's get them from both.
# evidence: east's istio-system has no Secret labelled istio/multiCluster=true that leads to west.
# cause: asmcli create-mesh broke off between the two directions.
# remedy: istioctl create-remote-secret --name cn-isthmus-lab-global-west against west, applied to east.
# expect-fail: remote-secret-present
# first: remote-secret-present
# expect-answers: east: east, west: east west
apply() { mesh_variables east && remove east "$REMOTE_SECRET"; }
undo() { put_back; }
