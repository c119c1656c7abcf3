# title: The gateway does not know the service that is asked for
# symptom: Requests to helloworld in west are reset right after the TLS hello, although every object is in order.
# evidence: The gateway resets a hello for outbound_.5000_._.helloworld.sample.svc.cluster.local without an alert.
# cause: The gateway runs with an old configuration: istiod's last one was refused, or the connection to istiod is lost.
#   (A service without a healthy endpoint looks the same from outside.)
# remedy: istioctl proxy-status shows what is not in sync; the gateway's log shows what it refused.
# expect-fail: gateway-passes-through
# first: gateway-passes-through
apply() {
  mesh_variables west
  lose_istiod istio-system-istio-eastwestgateway
  change_file "$DIR/proxy/istio-system-istio-eastwestgateway/lds.json" 's/outbound_\.5000_\._\.helloworld\.sample\./outbound_.80_._.web.other./'
  wait_for 30 "the gateway to know helloworld no more" not_served
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's gateway" serves_its_leaf
}
