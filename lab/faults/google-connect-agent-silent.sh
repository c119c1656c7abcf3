# title: The Connect agent of the on-premises cluster is silent
# symptom: The console cannot reach the cluster; Google's view of it grows old. Traffic of the mesh is not touched.
# evidence: lastConnectionTime of membership west is days old.
# cause: The site's firewall no longer lets the agent out to gkeconnect.googleapis.com.
# remedy: kubectl rollout restart deployment -n gke-connect, and look at the agent's log.
# expect-warning: connect-agent-alive
apply() { change_google "$GOOGLE_MEMBERSHIPS_WEST" '.resources[0].lastConnectionTime = "2026-01-20T10:00:00Z"'; }
undo() { put_back; }
