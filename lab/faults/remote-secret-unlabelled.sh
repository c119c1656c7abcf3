# title: istiod does not see the remote secret
# symptom: East's workloads get answers from east only, although the Secret is there.
# evidence: The Secret's label istio/multiCluster is "yes"; istiod looks for "true".
# cause: The Secret was written by hand.
# remedy: kubectl label secret istio-remote-secret-cn-isthmus-lab-global-west -n istio-system istio/multiCluster=true --overwrite
# expect-fail: remote-secret-accepted
# first: remote-secret-accepted
apply() { mesh_variables east && change east "$REMOTE_SECRET" '{"metadata": {"labels": {"istio/multiCluster": "yes"}}}'; }
undo() { put_back; }
