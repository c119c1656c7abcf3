/*---
id: kubernetes-version-supported
title: This Kubernetes is one that the control plane supports
severity: warning
subject: cluster
span: cluster
level: read
requires: [api-answers, istiod-ready]
pass: "Kubernetes {kubernetes} is supported by {product} {istio}"
warning: "Kubernetes {kubernetes} is {side} what {product} {istio} supports ({window}): it may work, and nobody tests it"
unknown: "{finding}"
remedy: "{fix}"
shell: [fix]
docs: https://istio.io/latest/docs/releases/supported-releases/
why: |
  Looks at the API server's version and the minor version of the wanted istiod's image, against the window of Kubernetes
  versions that the release supports: Istio's own table, or that of in-cluster Cloud Service Mesh for images of the form
  MAJOR.MINOR.PATCH-asm.N on GKE and Google Distributed Cloud. Outside the window the APIs that istiod uses may be gone (or not
  there yet), and support declines to help. Warns only: a mesh outside the window can still work.
---*/
WITH
-- Lowest and highest Kubernetes minor for each release; versions are major * 1000 + minor.
supported(product, istio, lowest, highest) AS (
  VALUES
    ('Istio', 1020, 1025, 1029), ('Istio', 1021, 1026, 1029), ('Istio', 1022, 1027, 1030), ('Istio', 1023, 1027, 1030), ('Istio', 1024, 1028, 1031),
    ('Istio', 1025, 1029, 1032), ('Istio', 1026, 1029, 1033), ('Istio', 1027, 1029, 1033),
    ('Istio', 1028, 1030, 1034), ('Istio', 1029, 1031, 1035),
    ('Cloud Service Mesh on GKE', 1024, 1029, 1031), ('Cloud Service Mesh on GKE', 1027, 1030, 1033),
    ('Cloud Service Mesh on GKE', 1029, 1032, 1035), ('Cloud Service Mesh on GKE', 1031, 1033, 1036),
    ('Cloud Service Mesh on GDC', 1024, 1029, 1031), ('Cloud Service Mesh on GDC', 1027, 1031, 1033),
    ('Cloud Service Mesh on GDC', 1029, 1033, 1035), ('Cloud Service Mesh on GDC', 1031, 1034, 1036)
),
windows AS (
  SELECT *, printf('%d.%d to %d.%d', lowest / 1000, lowest % 1000, highest / 1000, highest % 1000) AS window FROM supported
),
seen AS (
  SELECT
    c.cluster, c.flags, p.platform, a.kubernetes_version, i.version, i.image, min(i.name) AS istiod,
    CASE WHEN a.kubernetes_version IS NOT NULL THEN printf('%d.%d', a.kubernetes_version / 1000, a.kubernetes_version % 1000) END AS kubernetes,
    CASE WHEN i.version IS NOT NULL THEN printf('%d.%d', i.version / 1000, i.version % 1000) END AS release,
    CASE
      WHEN i.image LIKE '%-asm.%' AND p.platform = 'gke' THEN 'Cloud Service Mesh on GKE'
      WHEN i.image LIKE '%-asm.%' AND p.platform LIKE 'gdc-%' THEN 'Cloud Service Mesh on GDC'
      WHEN p.platform IS NOT NULL THEN 'Istio'
    END AS product
  FROM cluster AS c
  LEFT JOIN api_server AS a ON a.cluster = c.cluster
  LEFT JOIN cluster_identity AS p ON p.cluster = c.cluster
  LEFT JOIN wanted_revision AS w ON w.cluster = c.cluster
  LEFT JOIN istiod AS i
    ON i.cluster = c.cluster AND i.namespace = 'istio-system' AND i.revision = w.revision AND i.bundled = 0
  GROUP BY c.cluster
)
SELECT
  t.cluster AS subject,
  CASE
    WHEN t.kubernetes_version IS NULL OR t.version IS NULL OR s.lowest IS NULL THEN 'unknown'
    WHEN t.kubernetes_version < s.lowest OR t.kubernetes_version > s.highest THEN 'warning'
    WHEN t.kubernetes_version BETWEEN s.lowest AND s.highest THEN 'pass'
  END AS status,
  CASE WHEN t.kubernetes_version IS NULL THEN 'no version' ELSE 'Kubernetes ' || t.kubernetes END AS observed,
  coalesce(s.window, 'a version in the window of the release') AS expected,
  'GET /version; image ' || coalesce(nullif(t.image, ''), 'of istiod unknown') AS evidence,
  CASE
    WHEN t.kubernetes_version IS NULL THEN 'The API server''s version is not known'
    WHEN t.image IS NULL THEN 'There is no istiod of the wanted revision to judge by'
    WHEN t.version IS NULL THEN 'The image ' || t.image || ' does not tell istiod''s version'
    WHEN t.product IS NULL THEN 'The platform is not known, and with it which table of versions counts'
    ELSE 'isthmus does not know which Kubernetes versions ' || t.product || ' ' || t.release || ' supports'
  END AS finding,
  coalesce(t.kubernetes, '') AS kubernetes,
  coalesce(t.release, '') AS istio,
  coalesce(t.product, '') AS product,
  coalesce(s.window, '') AS window,
  CASE WHEN t.kubernetes_version < s.lowest THEN 'older than' ELSE 'newer than' END AS side,
  CASE t.platform
    WHEN 'gke' THEN 'gcloud container clusters upgrade CLUSTER --master --cluster-version=VERSION --location=LOCATION --project=PROJECT'
    ELSE 'kubectl ' || t.flags || ' version'
  END AS fix
FROM seen AS t
LEFT JOIN windows AS s ON s.product = t.product AND s.istio = t.version
