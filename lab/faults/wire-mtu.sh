# title: A path takes small packets only, and does not say so
# symptom: Connections to other clusters open, and TLS hangs; pings and health checks are well.
# evidence: Pods of east see connections open to west, but no certificate arrives; small answers do. Packets above 576
#   bytes vanish on the way to east.
# cause: A tunnel with a smaller MTU, and a firewall that drops ICMP "fragmentation needed".
# remedy: Let ICMP type 3 code 4 pass, or clamp the MSS on the tunnel: iptables -t mangle -A FORWARD -p tcp
#   --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
# level: probe
# expect-fail: control-plane-reachable-from-pods gateway-reachable-from-pods
# first: control-plane-reachable-from-pods
# expect-reach: east>* control-plane|gateway tls stalled, *>east control-plane tls|answer stalled
apply() { wan_mtu east 576; }
undo() { put_back; }
