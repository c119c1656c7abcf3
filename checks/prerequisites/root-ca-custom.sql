/*---
id: root-ca-custom
title: The control plane issues by a custom certificate authority
severity: error
subject: cluster
span: cluster
level: read
requires: [istiod-ready]
pass: "Secret istio-system/cacerts is there for istiod to issue by"
fail: "{subject} has no Secret istio-system/cacerts: istiod issues by a root that it made itself{own}, or will when it starts anew, and no other cluster trusts that"
unknown: "{finding}"
not_applicable: "Certificates are issued by {issuer}, not by istiod's own authority: no cacerts is needed"
remedy: "kubectl {flags} -n istio-system create secret generic cacerts --from-file=ca-cert.pem --from-file=ca-key.pem --from-file=root-cert.pem --from-file=cert-chain.pem && kubectl {flags} -n istio-system rollout restart deployment -l app=istiod"
shell: [flags]
docs: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
guide: [same-root]
why: |
  Looks at who issues the workloads' certificates, and where it is istiod's own authority (Istio CA), whether the Secret cacerts
  exists in istio-system. Without it istiod makes a self-signed root, another one in every cluster, under the same name
  O=cluster.local: the clusters look alike and refuse each other's workloads. The Secret has to hold an intermediate that
  is signed by the root that all clusters share. Only its metadata is read; that its content is sound is seen from outside, in
  root-ca-valid, clusters-share-root-ca and the chain that workloads serve. After the remedy, restart gateways and
  workloads too: each keeps the certificate and the root that it started with.
---*/
WITH seen AS (
  SELECT
    c.cluster, c.flags,
    (SELECT min(i.ca_kind) FROM istiod AS i WHERE i.cluster = c.cluster AND i.namespace = 'istio-system' AND i.revision = w.revision AND i.bundled = 0) AS ca_kind,
    s.present,
    o.present AS own_present
  FROM cluster AS c
  LEFT JOIN wanted_revision AS w ON w.cluster = c.cluster
  LEFT JOIN ca_secret AS s ON s.cluster = c.cluster AND s.name = 'cacerts'
  LEFT JOIN ca_secret AS o ON o.cluster = c.cluster AND o.name = 'istio-ca-secret'
)
SELECT
  cluster AS subject,
  CASE
    WHEN ca_kind IS NULL THEN 'unknown'
    WHEN ca_kind <> 'istio-ca' THEN 'not_applicable'
    WHEN present IS NULL THEN 'unknown'
    WHEN present = 0 THEN 'fail'
    WHEN present = 1 THEN 'pass'
  END AS status,
  CASE present WHEN 1 THEN 'cacerts' WHEN 0 THEN 'no cacerts' ELSE 'nothing' END
    || CASE own_present WHEN 1 THEN ', istio-ca-secret' ELSE '' END AS observed,
  'Secret cacerts in istio-system, where istiod is the issuer' AS expected,
  'metadata of Secrets istio-system/cacerts and istio-ca-secret; environment of istiod' AS evidence,
  CASE
    WHEN ca_kind IS NULL THEN 'Who issues the certificates is not known: no istiod of the wanted revision, or not its settings, could be read'
    ELSE 'Whether Secret istio-system/cacerts exists was not observed'
  END AS finding,
  CASE own_present WHEN 1 THEN ' (Secret istio-ca-secret)' ELSE '' END AS own,
  CASE ca_kind
    WHEN 'mesh-ca' THEN 'Mesh CA'
    WHEN 'cas' THEN 'Certificate Authority Service'
    WHEN 'gke-workload-certificates' THEN 'GKE workload certificates'
    ELSE 'an external authority'
  END AS issuer,
  flags
FROM seen
