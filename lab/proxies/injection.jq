# From what is injected (injected.json) to the JSON patches of the two templates: {gateway: [...], sidecar: [...]}.
def key: gsub("~"; "~0") | gsub("/"; "~1");
def set($where; $map): $map | to_entries[] | {op: "add", path: "\($where)/\(.key | key)", value: .value};
def append($where; $list): $list[] | {op: "add", path: "\($where)/-", value: .};

. as $in
| {
  gateway: [
    {op: "replace", path: "/spec/containers/0/image", value: .image},
    {op: "add", path: "/spec/containers/0/imagePullPolicy", value: "Never"},
    {op: "add", path: "/spec/containers/0/command", value: .command},
    {op: "add", path: "/spec/containers/0/readinessProbe", value: .readinessProbe},
    append("/spec/containers/0/env"; $in.env),
    append("/spec/containers/0/volumeMounts"; $in.volumeMounts),
    append("/spec/volumes"; $in.volumes),
    set("/metadata/annotations"; $in.annotations)
  ],
  sidecar: [
    {op: "add", path: "/spec/containers/-", value: {
      name: "istio-proxy", image, imagePullPolicy: "Never", command, readinessProbe, env, volumeMounts,
      ports: [{containerPort: 15090, name: "http-envoy-prom", protocol: "TCP"}],
      securityContext: {runAsUser: 1337, runAsGroup: 1337, runAsNonRoot: true, readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false, capabilities: {drop: ["ALL"]}}}},
    append("/spec/volumes"; $in.volumes),
    set("/metadata/labels"; $in.labels),
    set("/metadata/annotations"; $in.annotations)
  ]
}
