# shellcheck shell=bash
# One cluster = one network namespace, and one mount namespace for the node, so that every mount ends with its processes.
#   root namespace (the WAN, 10.10.N.1)  --veth-->  isthmus-<name> (the node, 10.10.N.2)  --ptp-->  pods 10.244.N.0/24

# Directories of the host that the node's processes insist on; the node sees its own in their place.
NODE_MOUNTS=(/var/log/pods /var/log/containers /var/lib/cni /run/containerd)

cluster_variables() {
  CLUSTER=$1
  N=$(cluster_number "$1")
  DIR=$STATE/$CLUSTER
  NETNS=isthmus-$CLUSTER
  # Named by the state as well: a lab that stops ends every process in there, and another lab may run beside it.
  CGROUP=${STATE##*/}-$CLUSTER
  NODE_IP=10.10.$N.2
  GATEWAY_IP=203.0.113.$N
  # The load balancer's addresses; the gateway's Service is the first that asks for one.
  ADDRESS_POOL=("$GATEWAY_IP" "203.0.113.1$N")
  POD_CIDR=10.244.$N.0/24
  SERVICE_PREFIX=10.$((100 + N)).0
  DNS_IP=$SERVICE_PREFIX.10
  # GKE's control planes are asked at a public address; on premises it is one that only those who are routed to it can use.
  API_IP=$NODE_IP
  [[ $CLUSTER != east ]] || API_IP=198.51.100.1
  SERVER=https://$API_IP:6443
  # By these a cluster is seen to be one of GKE, or of Google Distributed Cloud on bare metal.
  case $CLUSTER in
    east) PLATFORM_FLAGS=(--provider-id=gce://isthmus-east/europe-west1-b/east-node --node-labels=cloud.google.com/gke-nodepool=default-pool) ;;
    *) PLATFORM_FLAGS=("--provider-id=baremetal://$CLUSTER-node" "--node-labels=baremetal.cluster.gke.io/node-pool=$CLUSTER") ;;
  esac
}

# --- network -----------------------------------------------------------------------------------------------------

# The WAN between the clusters is this machine. Its chain is where faults put their firewalls. Nothing of the lab gets
# further than that: kubelet would ask for clouds' metadata servers, and wait for them.
WAN_RULES=("FORWARD -i ist-+ -o ist-+ -j ISTHMUS-WAN" "OUTPUT -o ist-+ -j ISTHMUS-WAN"
  "FORWARD -i ist-+ ! -o ist-+ -j REJECT --reject-with icmp-net-unreachable")

start_wan() {
  local rule
  [[ -e $STATE/ip_forward ]] || cp /proc/sys/net/ipv4/ip_forward "$STATE/ip_forward"
  echo 1 >/proc/sys/net/ipv4/ip_forward
  iptables -w -N ISTHMUS-WAN 2>/dev/null || iptables -w -F ISTHMUS-WAN
  iptables -w -A ISTHMUS-WAN -i ist-+ -o ist-+ -j ACCEPT
  # What stands in the way of connections and answers in another's place.
  iptables -w -t nat -N ISTHMUS-WAN 2>/dev/null || iptables -w -t nat -F ISTHMUS-WAN
  iptables -w -t nat -C PREROUTING -i ist-+ -j ISTHMUS-WAN 2>/dev/null || iptables -w -t nat -I PREROUTING -i ist-+ -j ISTHMUS-WAN
  # shellcheck disable=SC2086 # a rule is several words
  for rule in "${WAN_RULES[@]}"; do iptables -w -C $rule 2>/dev/null || iptables -w -I $rule; done
}

stop_wan() {
  local rule
  # shellcheck disable=SC2086 # a rule is several words
  for rule in "${WAN_RULES[@]}"; do iptables -w -D $rule 2>/dev/null || true; done
  iptables -w -F ISTHMUS-WAN 2>/dev/null || true
  iptables -w -X ISTHMUS-WAN 2>/dev/null || true
  iptables -w -t nat -D PREROUTING -i ist-+ -j ISTHMUS-WAN 2>/dev/null || true
  iptables -w -t nat -F ISTHMUS-WAN 2>/dev/null || true
  iptables -w -t nat -X ISTHMUS-WAN 2>/dev/null || true
  forget_names
  if [[ -e $STATE/ip_forward ]]; then cat "$STATE/ip_forward" >/proc/sys/net/ipv4/ip_forward; fi
}

# Names that this machine knows and pods do not. In place, because a container's /etc/hosts cannot be replaced.
know_name() { printf '%s %s # isthmus-lab\n' "$1" "$2" >>/etc/hosts; }
forget_names() {
  local rest
  grep -q '# isthmus-lab$' /etc/hosts || return 0
  rest=$(grep -v '# isthmus-lab$' /etc/hosts || true)
  printf '%s\n' "$rest" >/etc/hosts
}

start_network() {
  local inside=(ip -n "$NETNS")
  ip netns add "$NETNS"
  ip link add "ist-$CLUSTER" type veth peer name eth0 netns "$NETNS"
  ip addr add "10.10.$N.1/24" dev "ist-$CLUSTER"
  ip link set "ist-$CLUSTER" up
  "${inside[@]}" link set lo up
  "${inside[@]}" addr add "$NODE_IP/24" dev eth0
  "${inside[@]}" link set eth0 up
  "${inside[@]}" route add default via "10.10.$N.1"
  nsenter --net="/run/netns/$NETNS" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
  # The load balancer's addresses: the WAN routes them to the node, whose kube-proxy takes it from there.
  local address
  for address in "${ADDRESS_POOL[@]}"; do ip route replace "$address/32" via "$NODE_IP"; done
  "${inside[@]}" addr add "$DNS_IP/32" dev lo
  if [[ $API_IP != "$NODE_IP" ]]; then
    "${inside[@]}" addr add "$API_IP/32" dev lo
    ip route replace "$API_IP/32" via "$NODE_IP"
  fi
}

stop_network() {
  ip link del "ist-$CLUSTER" 2>/dev/null || true
  ip netns del "$NETNS" 2>/dev/null || true
}

# --- identities --------------------------------------------------------------------------------------------------

# client_certificate NAME SUBJECT [OPENSSL-ARGUMENT…]
client_certificate() {
  local name=$1 subject=$2
  shift 2
  new_certificate ec "$DIR/pki/$name" "$subject" "$DIR/pki/ca" -addext extendedKeyUsage=clientAuth "$@"
}

make_pki() {
  mkdir -p "$DIR/pki"
  new_ca ec "$DIR/pki/ca" "/CN=kubernetes-$CLUSTER"
  new_certificate ec "$DIR/pki/apiserver" /CN=kube-apiserver "$DIR/pki/ca" -addext extendedKeyUsage=serverAuth -addext \
    "subjectAltName=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:api.$CLUSTER.isthmus.lab,IP:$NODE_IP,IP:$API_IP,IP:127.0.0.1,IP:$SERVICE_PREFIX.1"
  new_certificate ec "$DIR/pki/kubelet" "/O=system:nodes/CN=system:node:$CLUSTER-node" "$DIR/pki/ca" \
    -addext extendedKeyUsage=clientAuth,serverAuth -addext "subjectAltName=IP:$NODE_IP"
  client_certificate admin /O=system:masters/CN=admin
  client_certificate controller-manager /O=system:masters/CN=system:kube-controller-manager
  client_certificate scheduler /CN=system:kube-scheduler
  client_certificate proxy /CN=system:kube-proxy
  client_certificate isthmus-reader /CN=isthmus-reader
  client_certificate isthmus-operator /CN=isthmus-operator
  openssl ecparam -name prime256v1 -genkey -noout -out "$DIR/pki/service-account.key" 2>/dev/null
  openssl pkey -in "$DIR/pki/service-account.key" -pubout -out "$DIR/pki/service-account.pub" 2>/dev/null
  local who
  for who in admin controller-manager scheduler proxy kubelet; do
    write_kubeconfig "$DIR/$who.kubeconfig" "$who" "$SERVER"
  done
}

# write_kubeconfig FILE WHO SERVER: the certificate of WHO as a kubeconfig that needs no other file.
write_kubeconfig() {
  local who=$2 server=$3
  local ca certificate key
  ca=$(base64 -w0 "$DIR/pki/ca.crt") certificate=$(base64 -w0 "$DIR/pki/$who.crt") key=$(base64 -w0 "$DIR/pki/$who.key")
  (
    umask 077
    cat >"$1.new" <<END
apiVersion: v1
kind: Config
clusters:
- name: $CLUSTER
  cluster:
    server: $server
    certificate-authority-data: $ca
users:
- name: $who
  user:
    client-certificate-data: $certificate
    client-key-data: $key
contexts:
- name: $CLUSTER
  context: {cluster: $CLUSTER, user: $who}
current-context: $CLUSTER
END
  )
  mv "$1.new" "$1"
}

# --- processes ---------------------------------------------------------------------------------------------------

# component NAME COMMAND…: launches a process inside the cluster's network.
component() {
  local name=$1
  shift
  launch "$DIR/run/$name.pid" "$DIR/log/$name.log" nsenter --net="/run/netns/$NETNS" "$@"
}

start_etcd() {
  component etcd etcd --data-dir "$DIR/etcd" --unsafe-no-fsync --log-level error \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
    --initial-cluster default=http://127.0.0.1:2380
}

start_apiserver() {
  component kube-apiserver "$KUBERNETES_BIN/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 \
    --advertise-address="$NODE_IP" --allow-privileged --authorization-mode=RBAC,Node --profiling=false \
    --tls-cert-file="$DIR/pki/apiserver.crt" --tls-private-key-file="$DIR/pki/apiserver.key" \
    --client-ca-file="$DIR/pki/ca.crt" --service-cluster-ip-range="$SERVICE_PREFIX.0/16" \
    --kubelet-client-certificate="$DIR/pki/admin.crt" --kubelet-client-key="$DIR/pki/admin.key" \
    --kubelet-preferred-address-types=InternalIP --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$DIR/pki/service-account.pub" \
    --service-account-signing-key-file="$DIR/pki/service-account.key" \
    --audit-policy-file="$LAB_DIR/lib/audit-policy.yaml" --audit-log-path="$DIR/audit.log"
}

# start_dns CLUSTER: every Service's name, and none else; the controller writes them.
start_dns() {
  (
    cluster_variables "$1"
    mkdir -p "$DIR/dns"
    component dns dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --no-resolv --no-hosts --bind-interfaces \
      --listen-address="$DNS_IP" --local=/#/ --hostsdir="$DIR/dns"
  )
}

start_controllers() {
  component kube-controller-manager "$KUBERNETES_BIN/kube-controller-manager" --kubeconfig="$DIR/controller-manager.kubeconfig" \
    --leader-elect=false --bind-address=127.0.0.1 --port=0 --node-monitor-period=1s --root-ca-file="$DIR/pki/ca.crt" \
    --service-account-private-key-file="$DIR/pki/service-account.key"
  # A pod that found no node is tried again at once: while the lab starts, the node is only moments away.
  cat >"$DIR/scheduler.yaml" <<END
apiVersion: kubescheduler.config.k8s.io/v1beta1
kind: KubeSchedulerConfiguration
clientConnection: {kubeconfig: $DIR/scheduler.kubeconfig}
leaderElection: {leaderElect: false}
healthzBindAddress: ""
metricsBindAddress: ""
podInitialBackoffSeconds: 1
podMaxBackoffSeconds: 1
END
  component kube-scheduler "$KUBERNETES_BIN/kube-scheduler" --config="$DIR/scheduler.yaml" --bind-address=127.0.0.1
}

start_containerd() {
  mkdir -p "$DIR/cni" "$DIR/node" "$DIR/cni-bin"
  ln -s /usr/lib/cni/* "$DIR/cni-bin/"
  ln -s "$LAB_DIR/control/redirect" "$DIR/cni-bin/isthmus-redirect"
  cat >"$DIR/cni/10-isthmus.conflist" <<END
{"cniVersion": "0.4.0", "name": "isthmus-$CLUSTER", "plugins": [{
  "type": "ptp", "ipMasq": true,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "$POD_CIDR"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "isthmus-redirect", "server": "https://$NODE_IP:6443", "pki": "$DIR/pki", "kubelet": "${POD_CIDR%.*}.1"}]}
END
  # restrict_oom_score_adj: without CAP_SYS_RESOURCE (in a container) every sandbox would fail to start.
  cat >"$DIR/containerd.toml" <<END
version = 2
root = "$DIR/containerd"
state = "$DIR/run/containerd"
[grpc]
address = "$DIR/run/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "isthmus.lab/pause:1"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "$DIR/cni-bin"
conf_dir = "$DIR/cni"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
Root = "$DIR/run/runc"
END
  copy_image_root "$DIR/containerd"
  local binds="" mount own
  for mount in "${NODE_MOUNTS[@]}"; do
    own=$DIR/node${mount//\//-}
    mkdir -p "$own"
    binds+="mount --bind '$own' '$mount'; "
  done
  component containerd unshare --mount --propagation private sh -ec "$binds exec containerd --config '$DIR/containerd.toml'"
}

# The mount points must exist on the host; those that the lab made are remembered, so that `down` can take them away.
make_mount_points() {
  local mount
  for mount in "${NODE_MOUNTS[@]}"; do
    [[ -d $mount ]] || { mkdir -p "$mount" && echo "$mount" >>"$STATE/made-directories"; }
  done
}

start_kubelet() {
  cat >"$DIR/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, x509: {clientCAFile: $DIR/pki/ca.crt}}
authorization: {mode: AlwaysAllow}
tlsCertFile: $DIR/pki/kubelet.crt
tlsPrivateKeyFile: $DIR/pki/kubelet.key
address: $NODE_IP
healthzPort: 0
cgroupDriver: cgroupfs
cgroupsPerQOS: false
cgroupRoot: /$CGROUP
enforceNodeAllocatable: []
failSwapOn: false
resolvConf: ""
clusterDNS: [$DNS_IP]
clusterDomain: cluster.local
# The lab's few pods are never to be thrown out, nor its only image.
evictionHard: {memory.available: 50Mi, nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%}
imageGCHighThresholdPercent: 100
syncFrequency: 10s
nodeStatusUpdateFrequency: 1s
END
  # In the node's mount namespace: what kubelet mounts, containerd must see.
  component kubelet nsenter --mount="/proc/$(running_pid "$DIR/run/containerd.pid")/ns/mnt" "$KUBERNETES_BIN/kubelet" \
    --config="$DIR/kubelet.yaml" --kubeconfig="$DIR/kubelet.kubeconfig" --root-dir="$DIR/kubelet" --cert-dir="$DIR/kubelet/pki" \
    --container-runtime=remote --container-runtime-endpoint="unix://$DIR/run/containerd.sock" \
    --node-ip="$NODE_IP" --hostname-override="$CLUSTER-node" "${PLATFORM_FLAGS[@]}"
}

start_proxy() {
  component kube-proxy "$KUBERNETES_BIN/kube-proxy" --kubeconfig="$DIR/proxy.kubeconfig" --proxy-mode=iptables \
    --cluster-cidr="$POD_CIDR" --hostname-override="$CLUSTER-node" --conntrack-max-per-core=0 \
    --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0 --iptables-min-sync-period=0s
}

# Starts everything; returns when the API answers and the node is ready.
start_cluster() {
  cluster_variables "$1"
  mkdir -p "$DIR"/{run,log,proxy}
  start_network
  start_etcd
  make_pki
  start_apiserver
  start_containerd
  # Kubelet spends its first five seconds looking for Docker: meanwhile the API server starts.
  wait_for 30 "containerd of $CLUSTER (log: $DIR/log/containerd.log)" node_entered
  start_kubelet
  wait_for 60 "the API server of $CLUSTER (log: $DIR/log/kube-apiserver.log)" api_ready
  start_controllers
  start_proxy
  start_dns "$CLUSTER"
}

# containerd has replaced the shell that made its mounts.
node_entered() { [[ $(<"/proc/$(running_pid "$DIR/run/containerd.pid")/comm") == containerd ]]; }
api_ready() { [[ $(api "$CLUSTER" GET /readyz) == ok ]]; }

COMPONENTS=(kubelet controller dns kube-proxy kube-scheduler kube-controller-manager kube-apiserver etcd containerd)

cluster_runs() {
  cluster_variables "$1"
  local name
  for name in "${COMPONENTS[@]}"; do
    running_pid "$DIR/run/$name.pid" >/dev/null || return 1
  done
  api_ready 2>/dev/null
}

stop_cluster() {
  cluster_variables "$1"
  [[ -d $DIR || -e /run/netns/$NETNS ]] || return 0
  # Whatever a fault started, then the kubelet before its pods, and the pods before containerd.
  local pidfiles=() name
  for name in "$DIR"/run/fault-*.pid; do [[ ! -e $name ]] || pidfiles+=("$name"); done
  stop_processes "${pidfiles[@]}"
  kill_now "$DIR/run/kubelet.pid"
  stop_pods
  for name in "${COMPONENTS[@]:1}"; do kill_now "$DIR/run/$name.pid"; done
  stop_network
  remove_cgroups
  remove_tree "$DIR"
}

# Nothing of the cluster's data survives `down`: its processes need no time to put it in order.
kill_now() {
  local pid
  if pid=$(running_pid "$1"); then
    kill -KILL "$pid" 2>/dev/null || true
    wait_for 30 "the end of ${1##*/}" not_running "$1"
  fi
  rm -f "$1"
}

# The containers' processes are those of the cluster's own cgroup; their shims name the cluster's socket.
stop_pods() {
  local processes pid
  processes=$(
    find /sys/fs/cgroup -path "*/$CGROUP*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u
    pgrep -f -- "containerd-shim-runc-v2 .*-address $DIR/run/containerd.sock"
  ) || true
  for pid in $processes; do kill -KILL "$pid" 2>/dev/null || true; done
  for pid in $processes; do wait_for 30 "process $pid to end" not_alive "$pid"; done
}
not_alive() { [[ -z $(start_time "$1") ]]; }

remove_cgroups() {
  local group
  # Groups go while this looks for them, which find takes for a failure.
  { find /sys/fs/cgroup -depth -type d -path "*/$CGROUP*" 2>/dev/null || true; } | while read -r group; do
    rmdir "$group" 2>/dev/null || true
  done
}

# Takes a tree away, but never what is mounted in it.
remove_tree() {
  local mount
  while read -r mount; do umount -l "$mount" 2>/dev/null || true; done < <(awk -v tree="$1/" 'index($2, tree) == 1 {print $2}' /proc/self/mounts | sort -r)
  rm -rf --one-file-system "$1"
}
