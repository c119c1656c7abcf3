/*---
id: authorized-networks-admit-peers
title: Authorized networks admit the other clusters' control planes
severity: error
subject: cluster_pair
span: pair
level: read
requires: [{check: gke-cluster-running, of: target, blocks: unknown}, {check: gke-not-private, of: target, when: failed, blocks: unsound}, {check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
optional: [cluster_identity, google_cluster]
pass: "The control plane of {target} admits {source} ({decided})"
fail: "The authorized networks of {target} do not admit {uncovered}, from which {source} comes: istiod of {source} gets no answer from its API server"
warning: "The control plane of {target} admits {source} now ({decided}), but {source} comes from its nodes' own addresses ({egress}): the next node may have one that is not on the list"
unknown:
  egress: "The control plane of {target} admits listed networks only, and from which addresses {source} comes is not known{detail}: say it in mesh.yaml, egress: [CIDR], or try the way itself with --level probe"
  undecided: "Whether the control plane of {target} admits {source} could not be decided{detail}"
  unread: "The authorized networks of {target} are not known: they are not in the cluster itself; --level probe tries the way itself"
not_applicable: "{target} is not a GKE cluster"
remedy:
  refused: "gcloud container clusters update {name} --location={location} --project={project} --enable-master-authorized-networks --master-authorized-networks={wanted}    # the list replaces the old one, which is part of it"
  changing: "gcloud compute addresses create egress-of-{source} --project=PROJECT --region=REGION    # give it to Cloud NAT, then admit that one address"
  egress: "kubectl {flags} run isthmus-egress --rm -it --restart=Never --image=curlimages/curl -- curl -s https://checkip.amazonaws.com    # the address from which its pods leave"
  undecided: "gcloud container clusters describe {name} --location={location} --project={project} --format='yaml(controlPlaneEndpointsConfig,masterAuthorizedNetworksConfig)'"
  unread: "gcloud container clusters list --project={fleet} --format='yaml(name,controlPlaneEndpointsConfig,masterAuthorizedNetworksConfig)'"
shell: [flags]
docs: https://cloud.google.com/kubernetes-engine/docs/how-to/authorized-networks
guide: [authorized-networks]
why: |
  Looks at the authorized networks of a GKE control plane and at the addresses from which the pods of each other cluster leave
  (external addresses of nodes, Cloud NAT, those that mesh.yaml declares). The control plane of every cluster watches the API
  servers of all others; packets from an address that is not on the list are dropped without a word. Addresses of nodes change when
  the cluster grows: a list of them is right until then, which is warned of. Where the addresses are not known, nothing passes
  but a control plane that admits everybody. The remedy's list has the old entries, too: gcloud replaces the whole list.
---*/
WITH platform AS MATERIALIZED (
  SELECT
    c.cluster, coalesce(p.platform, nullif(c.declared_platform, ''), CASE WHEN g.cluster IS NOT NULL THEN 'gke' END) AS platform,
    g.name, g.location, g.project
  FROM cluster AS c
  LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
  LEFT JOIN google_cluster AS g ON g.cluster = c.cluster
)
SELECT
  p.source || ' → ' || p.target AS subject,
  CASE
    WHEN t.platform <> 'gke' THEN 'not_applicable'
    WHEN a.admits = 0 THEN 'fail'
    WHEN a.admits = 1 AND a.changes_with_nodes = 1 THEN 'warning'
    WHEN a.admits = 1 THEN 'pass'
    ELSE 'unknown'
  END AS status,
  CASE
    WHEN t.platform <> 'gke' THEN t.platform
    WHEN a.admits IS NULL THEN 'nothing that decides'
    ELSE CASE a.admits WHEN 1 THEN 'admits ' ELSE 'does not admit all of ' END || a.egress
  END AS observed,
  'every address of ' || p.source || ' in an authorized network of ' || p.target AS expected,
  'container.googleapis.com: authorizedNetworksConfig; addresses of ' || p.source || ' by ' || coalesce(nullif(a.egress_from, ''), 'nothing') AS evidence,
  CASE
    WHEN a.admits = 0 THEN 'refused'
    WHEN a.admits = 1 THEN 'changing'
    WHEN a.target IS NULL THEN 'unread'
    WHEN a.egress_known = 0 THEN 'egress'
    ELSE 'undecided'
  END AS reason,
  p.source,
  p.target,
  a.decided_by AS decided,
  (SELECT group_concat(value, ', ') FROM json_each(a.uncovered)) AS uncovered,
  (SELECT group_concat(value, ', ') FROM json_each(a.egress)) AS egress,
  (SELECT group_concat(value, ',') FROM json_each(a.wanted)) AS wanted,
  CASE coalesce(a.detail, '') WHEN '' THEN '' ELSE ' (' || a.detail || ')' END AS detail,
  t.name, t.location, t.project,
  (SELECT flags FROM cluster WHERE cluster = p.source) AS flags,
  (SELECT CASE fleet_project WHEN '' THEN 'PROJECT' ELSE fleet_project END FROM mesh) AS fleet
FROM cluster_pair AS p
JOIN platform AS t ON t.cluster = p.target
LEFT JOIN google_authorized_path AS a ON a.source = p.source AND a.target = p.target
