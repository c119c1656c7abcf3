# title: A workload was started before its network was renamed
# symptom: One workload's requests to the other cluster time out; those of others arrive.
# evidence: Its sidecar has ISTIO_META_NETWORK=lab-network-old.
# cause: The namespace's label was changed, and the workload has not been restarted since.
# remedy: kubectl rollout restart deployment -n sample
# expect-fail: network-identity-consistent
# first: network-identity-consistent
apply() {
  mesh_variables west
  local injected
  NETWORK=lab-network-old
  injected=$(render "$LAB_DIR/proxies/injected.json" | sed 's/__NETWORK__/lab-network-old/; s/__[A-Z]*__/patient/g')
  add west /api/v1/namespaces/sample/pods/patient "$(jq '{apiVersion: "v1", kind: "Pod",
    metadata: {labels: (.labels + {app: "patient"}), annotations},
    spec: {terminationGracePeriodSeconds: 0, serviceAccountName: "helloworld",
      containers: [{name: "istio-proxy", image, imagePullPolicy: "Never", command: ["busybox", "sleep", "2147483647"], env}]}}' <<<"$injected")"
  wait_for 30 "the old workload" pod_running
}
pod_running() { api west GET /api/v1/namespaces/sample/pods/patient | jq -e '.status.phase == "Running"'; }
undo() { put_back; }
