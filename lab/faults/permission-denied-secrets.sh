# title: The user may not read Secrets in istio-system
# symptom: Whether the clusters know each other cannot be said.
# evidence: A SelfSubjectAccessReview says that the user of west.kubeconfig may not list Secrets in istio-system.
# cause: The role was made without Secrets, for good reasons: remote secrets are credentials.
# remedy: Grant get and list on Secrets in istio-system for the time of the examination.
# expect-fail: read-permissions
# first: read-permissions
apply() { remove west /apis/rbac.authorization.k8s.io/v1/namespaces/istio-system/rolebindings/isthmus-reader; }
undo() { put_back; }
