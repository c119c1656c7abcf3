# title: The user may not make the pod that looks
# symptom: Nobody has looked from inside west.
# evidence: A SelfSubjectAccessReview says that the user of west.kubeconfig may not create Jobs in isthmus-probe.
# cause: The roles were made for level read.
# remedy: isthmus rbac --level probe --user isthmus-reader | kubectl apply -f -
# level: probe
# expect-fail: probes-ran
# first: probes-ran
# expect-reach: west>* * unknown
# expect-run: west denied
apply() { remove west /apis/rbac.authorization.k8s.io/v1/namespaces/isthmus-probe/rolebindings/isthmus-probe; }
undo() { put_back; }
