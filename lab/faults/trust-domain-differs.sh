# title: The clusters have different trust domains
# symptom: Requests that cross fail with a certificate error that speaks of SANs (TLS alert 46), although both roots are the same.
# evidence: trustDomain in west's mesh configuration is cluster.local, in east's isthmus-lab.svc.id.goog, and no alias covers it.
# cause: asmcli was run with the overlay for Istio CA in one cluster only.
# remedy: Set the same trustDomain in both (or aliases on both sides), restart istiod, the gateways and the workloads.
# expect-fail: trust-domain-shared
# first: trust-domain-shared
apply() {
  mesh_variables west
  change_text west "$MESH_CONFIG" mesh 's/^trustDomain: .*/trustDomain: cluster.local/; /^trustDomainAliases:/d; /^- isthmus-lab/d'
}
undo() { put_back; }
