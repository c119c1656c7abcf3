/*---
id: workloads-ran
title: The test workloads ran, with sidecars
severity: error
subject: cluster
span: cluster
level: mutate
requires:
  - api-answers
  - {check: istiod-ready, when: failed, blocks: unsound}
  - {check: injector-webhook-ready, when: failed, blocks: unsound}
pass: "Server and client ran in {subject}, with sidecars of revision {sidecar}"
fail:
  denied: "isthmus may not deploy its test workloads in {subject}{detail}"
  image-pull: "{subject} cannot pull the image {image}{detail}"
  quota: "A quota of {subject} leaves no room for the {part}{detail}"
  admission: "{subject} refuses the {part} at admission{detail}"
  unschedulable: "No node of {subject} takes the {part}{detail}"
  hung: "{subject} accepted the {part}, and it did not come as far as it should{detail}"
  lost: "The API server of {subject} could not be asked while the test workloads ran{detail}"
  failed: "The {part} in {subject} did not do its work{detail}"
  namespace: "The mesh's discoverySelectors leave out the namespace isthmus-verify of {subject}: to an istiod of the mesh it is not there, and no pod of it would be of the mesh; it lacks {labels}"
  no-sidecar: "The injector of {subject} put no sidecar into pods of namespace isthmus-verify, although they ask for one"
unknown: "What became of the test workloads of {subject} was not observed"
remedy:
  denied: "isthmus rbac --level mutate | kubectl {flags} apply -f -"
  image-pull: |
    Mirror the image to a registry that the nodes reach, and name it with --probe-image. Which one it is:
    isthmus probe-images
  quota: "kubectl {flags} -n isthmus-verify describe resourcequota"
  admission: |
    Let the policy that refuses it admit pods in the namespace isthmus-verify; the message names it. Those that Kubernetes asks:
    kubectl {flags} get validatingwebhookconfigurations,mutatingwebhookconfigurations,validatingadmissionpolicies
  unschedulable: "kubectl {flags} get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints    # --probe-toleration, --probe-node-selector"
  hung: "kubectl {flags} -n isthmus-verify get pods,events; isthmus cleanup"
  lost: "kubectl {flags} version; isthmus cleanup"
  failed: "kubectl {flags} -n isthmus-verify get pods,events; isthmus cleanup"
  namespace: "kubectl {flags} label namespace isthmus-verify {labels}"
  no-sidecar: "kubectl {flags} get mutatingwebhookconfigurations -l app=sidecar-injector -o yaml    # which labels it selects, and which revision"
shell: [flags, labels]
docs: https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/
why: |
  At level mutate isthmus deploys a tiny server in every cluster, and a client, both with the labels that make the wanted revision's
  injector give them a sidecar (istio.io/rev, sidecar.istio.io/inject). This check says what became of them: nothing that a client
  says counts where they did not run to their end. Fails with the reason that Kubernetes gives, as probes-ran does, and where pods
  ran without a sidecar: then the webhook's selectors do not fit, and the cluster's own workloads get none either. A namespace that
  isthmus makes bears what discoverySelectors of all clusters want; of one that somebody else made it says what is missing.
---*/
WITH seen AS (
  SELECT
    cluster, outcome, part, detail, image, sidecar,
    CASE
      WHEN sidecar = '' THEN 'no-sidecar'
      WHEN outcome <> 'ran' AND part = 'namespace' THEN 'namespace'
      WHEN outcome <> 'ran' THEN outcome
      WHEN outcome = 'ran' AND sidecar <> '' THEN 'sound'
    END AS reason
  FROM workload_run
)
SELECT
  c.cluster AS subject,
  CASE WHEN s.reason = 'sound' THEN 'pass' WHEN s.reason IS NOT NULL THEN 'fail' ELSE 'unknown' END AS status,
  CASE
    WHEN s.cluster IS NULL THEN 'no workload'
    WHEN s.reason = 'no-sidecar' THEN 'ran without a sidecar'
    ELSE s.outcome || coalesce(', ' || nullif(s.part, ''), '')
  END AS observed,
  'server and client ran, with sidecars' AS expected,
  'the Jobs in namespace isthmus-verify of ' || c.cluster AS evidence,
  s.reason,
  coalesce(nullif(s.part, ''), 'workload') AS part,
  coalesce(': ' || nullif(s.detail, ''), '') AS detail,
  -- Words that a shell and kubectl take as labels, whoever wrote them.
  CASE WHEN s.detail LIKE '_%=%' AND s.detail NOT GLOB '*[^A-Za-z0-9./_= -]*' AND ' ' || s.detail NOT LIKE '% -%' THEN s.detail ELSE 'LABEL=VALUE' END AS labels,
  coalesce(s.image, '') AS image,
  coalesce(s.sidecar, '') AS sidecar,
  c.flags
FROM cluster AS c
LEFT JOIN seen AS s ON s.cluster = c.cluster
