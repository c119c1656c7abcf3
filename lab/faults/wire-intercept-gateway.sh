# title: A proxy that opens TLS stands between pods and a gateway
# symptom: Requests from east to west end with 503 and CERTIFICATE_VERIFY_FAILED.
# evidence: What a pod of east sees at 203.0.113.2:15443 is a certificate by "Example Corp Inspection CA".
# cause: A security appliance opens all TLS that leaves the network of east.
# remedy: Exempt 203.0.113.2:15443 from inspection for 10.10.1.2.
# level: probe
# expect-fail: gateway-reachable-from-pods
# first: gateway-reachable-from-pods
# expect-reach: east>west gateway certificate intercepted
apply() { intercept_from_east 203.0.113.2 15443; }
undo() { put_back; }
