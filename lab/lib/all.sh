# shellcheck shell=bash
# Everything that the lab's scripts share, in the order in which one part needs another.
LAB_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
source "$LAB_DIR/lib/common.sh"
source "$LAB_DIR/lib/versions.sh"
source "$LAB_DIR/lib/pki.sh"
source "$LAB_DIR/lib/kube.sh"
source "$LAB_DIR/lib/images.sh"
source "$LAB_DIR/lib/cluster.sh"
source "$LAB_DIR/lib/mesh.sh"
source "$LAB_DIR/lib/google.sh"
