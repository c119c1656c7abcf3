# title: Pods of one cluster do not get to the API server of another
# symptom: istiod of west starts slowly, then does not know the endpoints in east; kubectl works from this machine.
# evidence: A pod of west gets no answer from 198.51.100.1:6443; this machine does.
# cause: The control plane's authorized networks hold the operators' addresses, and not those from which west's pods
#   come.
# remedy: gcloud container clusters update east --location=europe-west1 --project=isthmus-east
#   --enable-master-authorized-networks --master-authorized-networks=10.10.1.1/32,10.10.2.2/32
# level: probe
# expect-fail: control-plane-reachable-from-pods
# first: control-plane-reachable-from-pods
# expect-reach: west>east control-plane tcp timed-out
apply() { wan_rule -i ist-west -d 198.51.100.1 -p tcp --dport 6443 -j DROP; }
undo() { put_back; }
