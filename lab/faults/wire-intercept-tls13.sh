# title: A proxy that speaks TLS 1.3 alone stands between pods and a gateway
# symptom: Requests from east to west end with 503 and CERTIFICATE_VERIFY_FAILED.
# evidence: To a pod of east, 203.0.113.2:15443 refuses TLS 1.2; to this machine it speaks it.
# cause: A security appliance opens all TLS that leaves the network of east.
# remedy: Exempt 203.0.113.2:15443 from inspection for 10.10.1.2.
# level: probe
# expect-unknown: gateway-reachable-from-pods
# expect-reach: east>west gateway certificate not-tried
apply() {
  new_ca ec "$FAULT_STATE/authority" "/O=Example Corp/CN=Example Corp Inspection CA"
  helper intercept east openssl s_server -accept 10.10.1.1:16443 -tls1_3 -www -cert "$FAULT_STATE/authority.crt" -key "$FAULT_STATE/authority.key"
  wait_for 30 "the proxy" listens 10.10.1.1 16443
  wan_redirect -i ist-east -d 203.0.113.2 -p tcp --dport 15443 -j DNAT --to-destination 10.10.1.1:16443
}
undo() { put_back; }
