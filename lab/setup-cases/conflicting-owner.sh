# title: somebody else's Service stands in the gateway's place: it stays theirs
run() {
  local ports was
  ports='[{"name": "https", "port": 443, "targetPort": 8443, "protocol": "TCP"}]'
  api west PATCH "$GATEWAY_SERVICE?fieldManager=argocd" "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"istio-eastwestgateway\"}, \"spec\": {\"type\": \"ClusterIP\",
    \"selector\": {\"app\": \"shop\"}, \"ports\": $ports}}" application/apply-patch+yaml >/dev/null
  was=$(api west GET "$GATEWAY_SERVICE" | jq -c .spec)
  mark_audit
  apply_fails
  says 'argocd'
  says 'istio-eastwestgateway'
  writes
  [[ $(api west GET "$GATEWAY_SERVICE" | jq -c .spec) == "$was" ]] || echo "the Service is not what it was"
  api west DELETE "$GATEWAY_SERVICE" >/dev/null
}
