# title: one credential has ended, another may not make Gateway resources: nothing is begun
run() {
  keep_file "$STATE/west.operator.kubeconfig"
  (
    cluster_variables west
    client_certificate operator-of-old /CN=isthmus-operator
    new_dated_certificate "$DIR/pki/operator-of-old" /CN=isthmus-operator "$DIR/pki/ca" 20240101000000Z 20250101000000Z extendedKeyUsage=clientAuth
    write_kubeconfig "$STATE/west.operator.kubeconfig" operator-of-old "$SERVER"
  )
  change_by_operations north /apis/rbac.authorization.k8s.io/v1/namespaces/istio-system/roles/isthmus-operator \
    "$(api north GET /apis/rbac.authorization.k8s.io/v1/namespaces/istio-system/roles/isthmus-operator |
      jq '[.rules | to_entries[] | select(.value.apiGroups == ["networking.istio.io"]) | {op: "replace", path: "/rules/\(.key)/verbs", value: ["get", "list"]}]')"
  mark_audit
  apply_fails
  says 'ended on 2025-01-01: every request with it is refused'
  says 'permission missing: create, patch gateways.networking.istio.io'
  writes
}
