# title: A policy refuses the pod that looks
# symptom: Nobody has looked from inside west.
# evidence: The Job in west makes no pod: admission webhook "policy.example.com" denied the request.
# cause: Images must come from the company's own registry (Gatekeeper, Kyverno).
# remedy: Mirror the image into that registry, and name it: --probe-image REGISTRY/curl@sha256:…
# level: probe
# expect-fail: probes-ran
# first: probes-ran
# expect-reach: west>* * unknown
# expect-run: west admission
apply() {
  new_ca ec "$FAULT_STATE/policy" /CN=policy.example.com -addext subjectAltName=IP:10.10.2.1
  helper policy west socat "OPENSSL-LISTEN:16445,bind=10.10.2.1,fork,reuseaddr,verify=0,cert=$FAULT_STATE/policy.crt,key=$FAULT_STATE/policy.key" \
    EXEC:"$LAB_DIR/wire/refuse"
  wait_for 30 "the policy" listens 10.10.2.1 16445
  add west /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/policy "$(jq -n --arg ca "$(as_base64 "$FAULT_STATE/policy.crt")" '{webhooks: [{
    name: "policy.example.com", clientConfig: {url: "https://10.10.2.1:16445/", caBundle: $ca}, failurePolicy: "Fail", sideEffects: "None",
    admissionReviewVersions: ["v1"], namespaceSelector: {matchLabels: {"app.kubernetes.io/managed-by": "isthmus"}},
    rules: [{operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"]}]}]}')"
}
undo() { put_back; }
