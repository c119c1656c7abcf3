# title: The remote secret names a server that only its author can reach
# symptom: East's istiod never sees west; its log says "connection refused".
# evidence: The server in east's remote secret is https://127.0.0.1:6443.
# cause: The secret was made through a tunnel, or from a kind cluster's kubeconfig.
# remedy: istioctl create-remote-secret --server https://10.10.2.2:6443, applied to east.
# expect-fail: remote-secret-server-usable
# first: remote-secret-server-usable
apply() {
  mesh_variables east
  change_remote_kubeconfig 's#server: .*#server: https://127.0.0.1:6443#'
}
undo() { put_back; }
