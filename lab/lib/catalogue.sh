# shellcheck shell=bash
# Reading the catalogue: faults/<name>.sh, whose comment header has the keys below. A value goes on over lines that begin
# with `#   `.

FAULT_KEYS=(title symptom evidence cause remedy level expect-fail expect-warning expect-unknown first expect-reach expect-run expect-answers expect-words)

fault_names() { (cd "$LAB_DIR/faults" && printf '%s\n' *.sh | sed 's/\.sh$//'); }

require_fault() {
  [[ $1 != */* && -e $LAB_DIR/faults/$1.sh ]] || {
    say "There is no fault '$1'. See: lab/fault list"
    exit 64
  }
}

# The level at which isthmus is to find it: read, or what the header says. `proof`: by `isthmus verify --with-ca-key`; `workloads`: by
# `isthmus verify --level mutate` alone, to which lab/test-workloads holds it.
fault_level() {
  local level
  level=$(fault_key "$1" level)
  echo "${level:-read}"
}

# fault_names_by_level: those of one level after those of another; not those that take workloads.
fault_names_by_level() {
  local level name
  for level in read probe proof; do
    for name in $(fault_names); do [[ $(fault_level "$name") != "$level" ]] || echo "$name"; done
  done
}

# fault_key NAME KEY: the value, on one line; nothing when the key is absent or empty.
fault_key() {
  awk -v key="$2" '
    !/^#/ { exit }
    /^# [a-z-]+:/ { found = index($0, "# " key ":") == 1; if (found) { sub("^# [a-z-]+: *", ""); value = $0 } ; next }
    found && /^#   / { sub("^#   *", ""); value = value " " $0 }
    END { if (value != "") print value }' "$LAB_DIR/faults/$1.sh"
}

show_fault() {
  local key value
  for key in "${FAULT_KEYS[@]}"; do
    value=$(fault_key "$1" "$key")
    [[ -z $value ]] || printf '%-15s %s\n' "$key:" "$value"
  done
}
