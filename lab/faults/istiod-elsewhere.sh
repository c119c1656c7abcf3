# title: A second control plane runs in another namespace
# symptom: Some namespaces are injected by another istiod, which has no remote secrets and another root.
# evidence: west has a Deployment labelled app=istiod in the namespace default.
# cause: Somebody tried open-source Istio with its default profile and left it there.
# remedy: istioctl uninstall --revision default, after its namespaces were moved to asm-1246-9.
# expect-fail: no-other-istiod
# first: no-other-istiod
apply() {
  mesh_variables west
  add west /apis/apps/v1/namespaces/default/deployments/istiod "$(jq -n --arg image "$PILOT_IMAGE" '
    {app: "istiod"} as $labels | {apiVersion: "apps/v1", kind: "Deployment", metadata: {labels: $labels},
    spec: {selector: {matchLabels: $labels}, template: {metadata: {labels: $labels}, spec: {terminationGracePeriodSeconds: 0,
      containers: [{name: "discovery", image: $image, imagePullPolicy: "Never", command: ["busybox", "sleep", "2147483647"]}]}}}}')"
  wait_deployment /apis/apps/v1/namespaces/default/deployments/istiod
}
undo() { put_back; }
