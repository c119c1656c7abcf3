# title: The Secret cacerts is newer than the istiod that should have loaded it
# symptom: The certificates were replaced as the guide says, and nothing changed: workloads still get certificates of the old
#   authority.
# evidence: cacerts was made after istiod's container started.
# cause: istiod was not restarted after the Secret was made.
# remedy: kubectl rollout restart deployment/istiod-asm-1246-9 -n istio-system, then the gateways and the workloads.
# expect-fail: cacerts-loaded
# first: cacerts-loaded
apply() { mesh_variables west && remake_cacerts '{}'; }
undo() { mesh_variables west && put_back && restart_istiod; }
