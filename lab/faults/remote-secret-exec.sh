# title: The remote secret runs a program for its credential
# symptom: East's workloads get answers from east only; istiod's log says "exec is not allowed".
# evidence: The kubeconfig in the Secret has a user with exec.
# cause: The administrator's own kubeconfig was put into the Secret.
# remedy: Make the secret with istioctl create-remote-secret, which uses a token.
# expect-fail: remote-secret-accepted
# first: remote-secret-accepted
apply() {
  mesh_variables east
  change_remote_kubeconfig 's/^    token: .*/    exec: {apiVersion: client.authentication.k8s.io\/v1beta1, command: gke-gcloud-auth-plugin, interactiveMode: Never}/'
}
undo() { put_back; }
