# title: The Secret cacerts was deleted
# symptom: None yet: istiod signs with what it loaded. After its next restart it makes a root of its own, and everything that
#   crosses fails.
# evidence: istio-system in west has no Secret cacerts.
# cause: A clean-up deleted a Secret that nobody seemed to own.
# remedy: Make the Secret again from the mesh's files: kubectl create secret generic cacerts -n istio-system
#   --from-file=ca-cert.pem --from-file=ca-key.pem --from-file=root-cert.pem --from-file=cert-chain.pem
# expect-fail: root-ca-custom
# first: root-ca-custom
apply() { mesh_variables west && remove west "$SYSTEM/secrets/cacerts"; }
undo() { mesh_variables west && put_back && restart_istiod; }
