# title: A cluster takes the Job and never runs it
# symptom: Nobody has looked from inside west.
# evidence: The Job in west is there, and no pod is made for it.
# cause: The controller manager hangs.
# remedy: Look at the control plane of west: does its controller manager run?
# level: probe
# expect-fail: probes-ran
# first: probes-ran
# expect-reach: west>* * unknown
# expect-run: west hung
apply() {
  local pid
  pid=$(running_pid "$STATE/west/run/kube-controller-manager.pid")
  put_back_by kill -CONT "$pid"
  kill -STOP "$pid"
}
undo() { put_back; }
