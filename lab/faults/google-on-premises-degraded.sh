# title: The on-premises cluster is in an error state
# symptom: Upgrades and changes of the cluster hang; what runs, runs.
# evidence: state of bare metal cluster west is ERROR.
# cause: A node of the control plane is lost.
# remedy: gcloud container bare-metal clusters describe west --location=europe-west1 --project=isthmus-lab
# expect-fail: gdc-cluster-running
# first: gdc-cluster-running
apply() { change_google "$GOOGLE_BARE_METAL" '.bareMetalClusters[0] |= (.state = "ERROR" | .status.conditions = [{type: "Ready", state: "STATE_FALSE", reason: "ControlPlaneUnhealthy",
    message: "1 of 3 control plane nodes is not ready", lastTransitionTime: "2026-02-01T12:00:00.123456Z"}])'; }
undo() { put_back; }
