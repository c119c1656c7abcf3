# shellcheck shell=bash
# What every script of the lab shares: where things are, how it speaks, processes by pid, waiting on a condition.

set -Eeuo pipefail
# Never silent: what failed, and where.
trap 'say "lab: failed at ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND"' ERR

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/isthmus
STATE=${ISTHMUS_LAB_STATE:-/var/lib/isthmus-lab}
ALL_CLUSTERS=(east west north)
# How many clusters there are is decided when the lab is started: two, or all three.
CLUSTER_COUNT=$(cat "$STATE/cluster-count" 2>/dev/null || echo "${ISTHMUS_LAB_CLUSTERS:-2}")
CLUSTERS=("${ALL_CLUSTERS[@]:0:$CLUSTER_COUNT}")
export PATH=$PATH:/usr/sbin:/sbin


say() { printf '%s\n' "$*" >&2; }
die() {
  say "lab: $*"
  exit 1
}

# The lab makes network namespaces and runs kubelets: it needs root, and Debian's packages.
# 69 is sysexits' EX_UNAVAILABLE; `make demo` falls back on a recorded snapshot when it sees it.
require_machine() {
  local reason=""
  if [[ $(uname -s) != Linux ]]; then
    reason="it needs Linux, and this is $(uname -s)"
  elif [[ ! -r /etc/debian_version ]] || ! command -v apt-get >/dev/null; then
    reason="it is made of Debian's packages, and this machine is not Debian"
  elif [[ $(id -u) -ne 0 ]]; then
    reason="it needs root (network namespaces, containers), and this is user $(id -un)"
  fi
  if [[ -n $reason ]]; then
    say "The lab cannot run here: $reason."
    exit 69
  fi
}

require_up() {
  require_machine
  [[ -e $STATE/mesh.yaml ]] || die "the lab is not up; start it with lab/up"
}

# Only one script at a time may start, stop or change the lab. The lock lies beside the state, which comes and goes.
lock_lab() {
  mkdir -p "$(dirname "$STATE")"
  exec 8>"$STATE.lock"
  flock -n 8 || {
    say "lab: another lab command is running; waiting for it"
    flock 8
  }
}

# What the package list $1 names, without its comments.
packages_in() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$1"; }

cluster_number() {
  case $1 in
    east) echo 1 ;;
    west) echo 2 ;;
    north) echo 3 ;;
    *) die "there is no cluster '$1'; the lab has: ${CLUSTERS[*]}" ;;
  esac
}

# The cluster that a fault in $1 is about; west's and north's is east.
other_cluster() { if [[ $1 == east ]]; then echo west; else echo east; fi; }

# Every other cluster, one a line.
peers_of() {
  local cluster
  for cluster in "${CLUSTERS[@]}"; do [[ $cluster == "$1" ]] || echo "$cluster"; done
}

# wait_for SECONDS WHAT COMMAND…: runs COMMAND until it succeeds. Its output is dropped.
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= deadline)); then
      say "lab: gave up waiting for $what"
      return 1
    fi
    pause_briefly
  done
}

# A quarter of a second, without starting a process: asking more often costs the two cores more than it gains.
pause_briefly() { read -r -t 0.25 <> <(:) || true; }

# A pid alone can be another process by the time it is used; with its start time it cannot. Nothing for one that has
# ended and only waits to be reaped.
start_time() {
  local line fields
  { line=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
  read -ra fields <<<"${line##*) }"
  [[ ${fields[0]} == Z ]] || echo "${fields[19]}"
}

# launch PIDFILE LOG COMMAND…: starts a process of its own session, and remembers it.
launch() {
  local pidfile=$1 log=$2
  shift 2
  setsid "$@" </dev/null >>"$log" 2>&1 8>&- 9>&- &
  local pid=$!
  disown "$pid"
  printf '%s %s\n' "$pid" "$(start_time "$pid")" >"$pidfile"
}

# The pid in PIDFILE, if that very process still runs.
running_pid() {
  local pid since
  [[ -r $1 ]] && read -r pid since <"$1" && [[ -n $since && $(start_time "$pid") == "$since" ]] && echo "$pid"
}

# stop PIDFILE…: asks, waits, then insists.
stop_processes() {
  local pidfile pid
  for pidfile in "$@"; do
    if pid=$(running_pid "$pidfile"); then kill "$pid" 2>/dev/null || true; fi
  done
  for pidfile in "$@"; do
    if ! wait_for 5 "the end of ${pidfile##*/}" not_running "$pidfile" 2>/dev/null && pid=$(running_pid "$pidfile"); then
      kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -f "$pidfile"
  done
}
not_running() { ! running_pid "$1"; }
