/*---
id: probes-ran
title: The short-lived pod ran, and its two controls hold
severity: error
subject: cluster
span: cluster
level: probe
requires: [api-answers]
pass: "The pod of {subject} tried {targets} addresses in {seconds} s; its own API server answered, and nothing answered at 192.0.2.1"
fail:
  denied: "isthmus may not start or read its pod in {subject}{detail}"
  image-pull: "{subject} cannot pull the image {image}{detail}"
  quota: "A quota of {subject} leaves no room for one small pod{detail}"
  admission: "{subject} refuses the pod at admission{detail}"
  unschedulable: "No node of {subject} takes the pod{detail}"
  hung: "{subject} accepted the pod, and it did not end in time{detail}"
  lost: "The API server of {subject} went away while its pod ran{detail}"
  failed: "The pod of {subject} ended, and its log is not complete{detail}"
  own-api: "The pod of {subject} gets no answer from its own API server, so what else it does not reach proves nothing{detail}"
  void: "In {subject} something answers for every address: 192.0.2.1 belongs to nobody (RFC 5737), and a connection to it opened. A proxy on the way takes all connections, so what the pod reaches proves nothing"
unknown: "What became of the pod of {subject} was not observed"
not_applicable: "There is no other cluster for a pod of {subject} to reach"
remedy:
  denied: |
    Let somebody who may grant roles give what isthmus rbac prints:
    isthmus rbac --level probe | kubectl {flags} apply -f -
  image-pull: |
    Mirror the image to a registry that the nodes reach, and name it. Which one it is:
    isthmus probe-images
    Where the registry asks who pulls, its credential must be a Secret in the namespace of the pod, which isthmus neither copies nor reads:
    isthmus rbac --level probe | kubectl {flags} apply -f -
    kubectl {flags} -n isthmus-probe create secret generic NAME --type=kubernetes.io/dockerconfigjson --from-file=.dockerconfigjson=$HOME/.docker/config.json
    isthmus preflight --level probe --probe-image REGISTRY/curl@DIGEST --probe-pull-secret NAME
  quota: |
    kubectl {flags} -n isthmus-probe describe resourcequota
  admission: |
    Let the policy that refuses it admit pods in the namespace isthmus-probe; the message names it. Those that Kubernetes asks:
    kubectl {flags} get validatingwebhookconfigurations,mutatingwebhookconfigurations,validatingadmissionpolicies
  unschedulable: |
    Say which nodes may take it, and what it must tolerate. What the nodes have:
    kubectl {flags} get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints,LABELS:.metadata.labels
    isthmus preflight --level probe --probe-toleration KEY=VALUE:EFFECT --probe-node-selector KEY=VALUE
  hung: |
    kubectl {flags} -n isthmus-probe get pods -o wide
    kubectl {flags} get nodes
    isthmus cleanup
  lost: |
    kubectl {flags} version
    isthmus cleanup
  failed: |
    kubectl {flags} -n isthmus-probe get events
    isthmus cleanup
  own-api: |
    Look for a NetworkPolicy that holds pods of new namespaces, and whether the Service kubernetes leads anywhere:
    kubectl {flags} get networkpolicies --all-namespaces
    kubectl {flags} -n default get endpointslices -l kubernetes.io/service-name=kubernetes
  void: |
    Take the namespace isthmus-probe out of what that proxy catches. Who answers there:
    kubectl {flags} run isthmus-try --rm -i --restart=Never --image=curlimages/curl -- curl -kv --connect-timeout 5 https://192.0.2.1
shell: [flags]
docs: https://kubernetes.io/docs/concepts/workloads/controllers/job/
guide: [addresses-reachable]
why: |
  At level probe one short-lived Job runs in every cluster, and its pod tries to reach all other clusters. This check says what became
  of it: nothing that it saw counts unless it ran to its end and its log is complete. Two controls guard its word. Its own API
  server must answer, else a NetworkPolicy or a broken network holds the pod itself, and that it reaches nobody says nothing of
  the others. An address at which nothing can be must not answer, else a proxy that takes every connection makes all look
  reached. Fails with the reason that Kubernetes gives: a missing permission, an image that cannot be pulled, a quota, a refusal at
  admission, no node that fits, a node that hangs, an API server that went away.
---*/
WITH seen AS (
  SELECT
    *,
    CASE
      WHEN outcome <> 'ran' THEN outcome
      WHEN own_api_ok = 0 THEN 'own-api'
      WHEN void_silent = 0 THEN 'void'
      WHEN own_api_ok = 1 AND void_silent = 1 AND answered = targets THEN 'sound'
    END AS reason
  FROM probe_run
)
SELECT
  c.cluster AS subject,
  CASE
    WHEN s.reason = 'sound' THEN 'pass'
    WHEN s.reason IS NOT NULL THEN 'fail'
    WHEN s.cluster IS NULL AND (SELECT count(*) FROM cluster) = 1 THEN 'not_applicable'
    ELSE 'unknown'
  END AS status,
  CASE
    WHEN s.cluster IS NULL THEN 'no pod'
    WHEN s.reason = 'own-api' THEN 'its own API server does not answer'
    WHEN s.reason = 'void' THEN '192.0.2.1 answers'
    WHEN s.outcome = 'ran' THEN 'ran, ' || s.answered || ' of ' || s.targets || ' addresses tried'
    ELSE s.outcome
  END AS observed,
  'ran; its own API server answers, 192.0.2.1 does not' AS expected,
  'the Job in namespace isthmus-probe' || coalesce(', pod ' || nullif(s.pod_address, ''), '') AS evidence,
  s.reason,
  CASE s.reason WHEN 'own-api' THEN coalesce(': ' || nullif(s.own_api_detail, ''), '') ELSE coalesce(': ' || nullif(s.detail, ''), '') END AS detail,
  coalesce(s.image, '') AS image,
  coalesce(s.targets, 0) AS targets,
  coalesce(round(s.seconds, 1), '?') AS seconds,
  c.flags
FROM cluster AS c
LEFT JOIN seen AS s ON s.cluster = c.cluster
