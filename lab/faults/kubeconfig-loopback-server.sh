# title: The kubeconfig's server is an address that other clusters cannot use
# symptom: kubectl works from here; the remote secret that create-mesh would make from this kubeconfig works nowhere else.
# evidence: The server in west.kubeconfig is https://127.0.0.1:16443, and east has no remote secret that names another.
# cause: The API server is reached through a tunnel on this machine.
# remedy: Use a kubeconfig with the direct endpoint, or make remote secrets with --server.
# expect-fail: server-address-usable remote-secret-present
# first: server-address-usable
apply() {
  mesh_variables east
  remove east "$REMOTE_SECRET"
  helper tunnel west socat TCP-LISTEN:16443,bind=127.0.0.1,reuseaddr,fork TCP:10.10.2.2:6443
  change_file "$STATE/west.kubeconfig" 's#server: .*#server: https://127.0.0.1:16443#'
  wait_for 30 "the tunnel" listens
}
listens() { (exec 3<>/dev/tcp/127.0.0.1/16443); }
undo() { put_back; }
