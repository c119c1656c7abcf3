# title: A proxy accepts every connection, to whatever address
# symptom: Every test of a port says "open", and nothing works.
# evidence: A pod of east is connected to 192.0.2.1:443, an address at which nothing can be: no connection from there
#   proves anything.
# cause: A transparent proxy takes all TCP that leaves the network of east.
# remedy: Exempt 10.10.1.2 from the proxy.
# level: probe
# expect-fail: probes-ran
# first: probes-ran
# expect-reach: east>* control-plane|gateway tls timed-out, east>* gateway-status answer timed-out
apply() {
  # It takes what it is sent, and says nothing.
  helper swallow east socat -T 20 -u TCP-LISTEN:16080,bind=10.10.1.1,fork,reuseaddr OPEN:/dev/null
  wait_for 30 "the proxy" listens 10.10.1.1 16080
  wan_redirect -i ist-east -p tcp -j DNAT --to-destination 10.10.1.1:16080
}
undo() { put_back; }
