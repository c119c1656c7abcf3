/*---
id: injector-webhook-ready
title: The sidecar injector's webhook can be called
severity: error
subject: cluster
span: cluster
level: read
requires: [istiod-ready]
pass: "{configuration} has a CA bundle that fits"
fail: "{finding}"
unknown: "{finding}"
remedy:
  absent: "istioctl upgrade {flags}    # or asmcli install, if it came from there: both write the configuration anew"
  absent-revision: "istioctl upgrade {flags} --revision={wanted}    # or asmcli install, if it came from there: both write the configuration anew"
  bundle: "kubectl {flags} -n istio-system rollout restart deployment -l app=istiod"
shell: [flags]
docs: https://istio.io/latest/docs/ops/common-problems/injection/
why: |
  Looks at the MutatingWebhookConfigurations whose label istio.io/rev is the wanted revision, and at their caBundle, which istiod
  itself writes when it starts. The API server calls the injector with it for every pod: with an empty or stale bundle the call
  fails (x509: certificate signed by unknown authority), and gateways and workloads do not start, or start without a proxy. A
  gateway pod that was not injected keeps the image "auto". Fails when there is no configuration of the revision itself (one of
  a revision tag alone does not count), when a bundle is empty, or when it does not hold the root that the cluster's
  istiod issues by. A restart of istiod writes the bundle anew.
---*/
WITH seen AS (
  SELECT
    c.cluster, c.flags, w.revision,
    (SELECT min(i.ca_kind) FROM istiod AS i WHERE i.cluster = c.cluster AND i.namespace = 'istio-system' AND i.revision = w.revision AND i.bundled = 0) AS ca_kind,
    min(CASE WHEN h.tag = '' THEN h.configuration END) AS configuration,
    min(CASE WHEN h.ca_certificates = 0 THEN h.configuration END) AS empty_one,
    min(CASE WHEN h.ca_bundle_trusts_root = 0 THEN h.configuration END) AS stale_one,
    min(CASE WHEN h.configuration IS NOT NULL AND h.ca_bundle_trusts_root IS NULL THEN h.configuration END) AS unclear_one
  FROM cluster AS c
  LEFT JOIN wanted_revision AS w ON w.cluster = c.cluster
  LEFT JOIN webhook AS h ON h.cluster = c.cluster AND h.revision = w.revision AND h.url = ''
  GROUP BY c.cluster
),
judged AS (
  SELECT
    *,
    CASE
      WHEN revision IS NULL OR ca_kind IS NULL THEN 'unseen'
      WHEN configuration IS NULL THEN 'absent'
      WHEN empty_one IS NOT NULL THEN 'empty'
      WHEN unclear_one IS NOT NULL THEN 'unclear'
      -- Only istiod's own certificate authority signs both istiod's certificate and the workloads'.
      WHEN stale_one IS NOT NULL AND ca_kind = 'istio-ca' THEN 'stale'
      WHEN stale_one IS NULL OR ca_kind <> 'istio-ca' THEN 'ready'
    END AS reason
  FROM seen
)
SELECT
  cluster AS subject,
  CASE
    WHEN reason IN ('unseen', 'unclear') THEN 'unknown'
    WHEN reason IN ('absent', 'empty', 'stale') THEN 'fail'
    WHEN reason = 'ready' THEN 'pass'
  END AS status,
  CASE reason
    WHEN 'absent' THEN 'no configuration of the revision'
    WHEN 'empty' THEN empty_one || ': caBundle without a certificate'
    WHEN 'stale' THEN stale_one || ': caBundle with another root'
    WHEN 'ready' THEN configuration || ': caBundle holds the root'
    ELSE 'nothing that decides'
  END AS observed,
  'a configuration of revision ' || CASE coalesce(revision, '?') WHEN '' THEN 'default' ELSE coalesce(revision, '?') END || ' whose caBundle holds the cluster''s root' AS expected,
  'MutatingWebhookConfigurations by label istio.io/rev; ConfigMap istio-system/istio-ca-root-cert' AS evidence,
  CASE reason
    WHEN 'unseen' THEN 'The wanted control plane and its issuer were not observed, and with them which webhook and which root count'
    WHEN 'unclear' THEN 'Whether the caBundle of ' || unclear_one || ' holds the cluster''s root is not known: the root was not observed'
    WHEN 'absent' THEN 'No MutatingWebhookConfiguration bears the revision ' || CASE revision WHEN '' THEN 'default' ELSE revision END || ': no pod of this revision gets a proxy'
    WHEN 'empty' THEN 'The caBundle of ' || empty_one || ' holds no certificate: the API server cannot call the injector, and pods start without a proxy or not at all'
    WHEN 'stale' THEN 'The caBundle of ' || stale_one || ' does not hold the cluster''s root: the API server does not trust the injector, and pods start without a proxy or not at all'
    ELSE ''
  END AS finding,
  coalesce(configuration, '') AS configuration,
  CASE WHEN reason = 'absent' AND revision <> '' THEN 'absent-revision' WHEN reason = 'absent' THEN 'absent' ELSE 'bundle' END AS reason,
  revision AS wanted,
  flags
FROM judged
