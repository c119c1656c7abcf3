/*---
id: istiod-versions-match
title: The control planes are of the same minor version
severity: error
subject: cluster
span: mesh
level: read
requires: [istiod-ready]
pass: "Version {version}, as most are"
fail: "{name} is version {version}, {distance} minor versions {side} {expected} in the rest of the mesh"
warning: "{name} is version {version}, one minor version {side} {expected} in the rest of the mesh"
unknown: "{finding}"
remedy: "istioctl {flags} version"
shell: [flags]
docs: https://istio.io/latest/docs/releases/supported-releases/#control-planedata-plane-skew
why: |
  Looks at the minor version in the image tag of each cluster's wanted istiod and compares it with the version that most
  clusters run (of two, the newer one). Control planes watch each other's clusters: a much older one does not know the fields, and
  lacks the permissions, that a newer one relies on. Warns at one minor version, as during an upgrade, and fails beyond.
---*/
WITH seen AS (
  SELECT
    c.cluster, c.flags, min(i.name) AS name, i.image, i.version,
    CASE WHEN i.version IS NOT NULL THEN printf('%d.%d', i.version / 1000, i.version % 1000) END AS words
  FROM cluster AS c
  LEFT JOIN wanted_revision AS w ON w.cluster = c.cluster
  LEFT JOIN istiod AS i
    ON i.cluster = c.cluster AND i.namespace = 'istio-system' AND i.revision = w.revision AND i.bundled = 0
  GROUP BY c.cluster
),
common AS (
  SELECT version, words FROM seen WHERE version IS NOT NULL GROUP BY version ORDER BY count(*) DESC, version DESC LIMIT 1
)
SELECT
  s.cluster AS subject,
  CASE
    WHEN s.version IS NULL THEN 'unknown'
    WHEN abs(s.version - common.version) > 1 THEN 'fail'
    WHEN abs(s.version - common.version) = 1 THEN 'warning'
    WHEN EXISTS (SELECT 1 FROM seen WHERE version IS NULL) THEN 'unknown'
    WHEN s.version = common.version THEN 'pass'
  END AS status,
  coalesce(nullif(s.image, ''), 'no image') AS observed,
  coalesce(common.words, 'one version everywhere') AS expected,
  'image of the container discovery of ' || coalesce(s.name, 'istiod') AS evidence,
  CASE
    WHEN s.name IS NULL THEN 'There is no istiod of the wanted revision'
    WHEN s.version IS NULL THEN 'The image ' || s.image || ' does not tell istiod''s version'
    ELSE 'The version of another cluster''s istiod is not known'
  END AS finding,
  coalesce(s.name, 'istiod') AS name,
  coalesce(s.words, '') AS version,
  coalesce(abs(s.version - common.version), '') AS distance,
  CASE WHEN s.version < common.version THEN 'behind' ELSE 'ahead of' END AS side,
  s.flags
FROM seen AS s
LEFT JOIN common
