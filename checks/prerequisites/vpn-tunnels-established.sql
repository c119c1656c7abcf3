/*---
id: vpn-tunnels-established
title: The VPN tunnels to other sites are up
severity: error
subject: vpn_tunnel
span: mesh
level: read
optional: [google_route]
requires: [{check: google-credentials-work, when: failed, blocks: unknown}, {check: google-apis-enabled, when: failed, blocks: unknown}]
pass: "ESTABLISHED"
fail: "VPN tunnel {name} in {region} of {project} is {state}, and ways of the mesh that it could carry are shut: {ways}"
warning:
  spare: "VPN tunnel {name} in {region} of {project} is {state}; no way of the mesh hangs on it alone now, but none is left over for the next fault"
  open: "VPN tunnel {name} in {region} of {project} is {state}; whether a way of the mesh hangs on it is not known"
unknown: "Whether the BGP session of VPN tunnel {name} in {region} of {project} is up is not known"
remedy: "gcloud compute vpn-tunnels describe {name} --region={region} --project={project} --format='value(status,detailedStatus)'"
docs: https://cloud.google.com/network-connectivity/docs/vpn/how-to/checking-vpn-status
guide: [addresses-reachable]
why: |
  Looks at every VPN tunnel of the networks in which GKE clusters of the mesh stand, and at its BGP session. A tunnel that is up without
  BGP carries nothing, because its routes are gone. It fails where a way from a GKE cluster to a cluster on premises is shut (it leads
  through this tunnel, or no route is left), and warns where another tunnel carries the traffic meanwhile.
---*/
WITH shut AS (
  SELECT host_project, tunnel, covered, source || ' → ' || target AS way
  FROM google_route
  WHERE covered = 0 OR tunnel_status NOT IN ('', 'ESTABLISHED')
),
seen AS (
  SELECT
    v.subject, v.project, v.region, v.name, v.status AS google_status, v.detail, v.router, v.bgp_up,
    CASE
      WHEN v.established = 0 THEN 'down'
      WHEN v.bgp_up = 0 THEN 'silent'
      WHEN v.established = 1 AND (v.bgp_up = 1 OR v.router = '') THEN 'up'
    END AS finding,
    (SELECT group_concat(way, ', ') FROM (SELECT DISTINCT s.way FROM shut AS s WHERE s.host_project = v.project AND (s.covered = 0 OR s.tunnel = v.subject) ORDER BY s.way)) AS ways,
    (SELECT count(*) > 0 AND count(*) = count(r.covered) FROM google_route AS r WHERE r.host_project = v.project) AS ways_known
  FROM vpn_tunnel AS v
)
SELECT
  subject,
  CASE
    WHEN finding = 'up' THEN 'pass'
    WHEN finding IN ('down', 'silent') AND ways IS NOT NULL THEN 'fail'
    WHEN finding IN ('down', 'silent') THEN 'warning'
    ELSE 'unknown'
  END AS status,
  google_status || CASE WHEN bgp_up = 0 THEN ', BGP down' ELSE '' END AS observed,
  'ESTABLISHED' || CASE router WHEN '' THEN '' ELSE ', BGP up' END AS expected,
  'compute.googleapis.com: vpnTunnels, routers.getRouterStatus' AS evidence,
  CASE WHEN ways IS NULL AND ways_known = 1 THEN 'spare' ELSE 'open' END AS reason,
  project, region, name,
  CASE finding WHEN 'silent' THEN 'up, but its BGP session is down' ELSE google_status || CASE detail WHEN '' THEN '' ELSE ' (' || detail || ')' END END AS state,
  ways
FROM seen
