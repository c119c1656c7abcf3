# shellcheck shell=bash
# One small image holds everything that the lab's own pods run: Envoy with its libraries, and busybox. It goes under several
# names, because the names are what isthmus looks at. Another stands for curlimages/curl, which isthmus' pods run: curl with its
# libraries, and busybox under all its names. Both are imported once, into a containerd root that the cache keeps.

IMAGE_TAGS=(isthmus.lab/pause:1 "isthmus.lab/asm/pilot:$ISTIO_VERSION" "isthmus.lab/asm/proxyv2:$ISTIO_VERSION" isthmus.lab/helloworld:1
  isthmus.lab/asm/pilot:1.23.5-asm.2 isthmus.lab/asm/pilot:1.21.6-asm.1)
CURL_IMAGE=isthmus.lab/curl:1
IMAGE_RECIPE=3
IMAGE_ROOT=$CACHE/containerd-root-$IMAGE_RECIPE-envoy-$ENVOY_VERSION-istio-$ISTIO_VERSION-$(uname -m)

# copy_program FILE ROOT/PLACE ROOT: with the libraries that it is linked to.
copy_program() {
  local root=$3 library
  cp "$1" "$2"
  ldd "$1" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
}

# The layers: the files under $1.
fill_layer() {
  local root=$1
  mkdir -p "$root"/{bin,etc,tmp,proc,sys,dev,usr/local/bin,www}
  chmod 1777 "$root/tmp"
  cp /bin/busybox "$root/bin/busybox"
  ln -s busybox "$root/bin/sh"
  copy_program "$ENVOY" "$root/usr/local/bin/envoy" "$root"
  printf 'root:x:0:0:root:/:/bin/sh\nistio-proxy:x:1337:1337::/:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nistio-proxy:x:1337:\n' >"$root/etc/group"
}

# As curlimages/curl has them: curl, busybox, a user 100 of its own. glibc finds names without further files.
fill_curl_layer() {
  local root=$1 name
  mkdir -p "$root"/{bin,etc,tmp,proc,sys,dev,usr/bin}
  chmod 1777 "$root/tmp"
  cp /bin/busybox "$root/bin/busybox"
  for name in $(busybox --list); do [[ $name == busybox ]] || ln -s busybox "$root/bin/$name"; done
  copy_program /usr/bin/curl "$root/usr/bin/curl" "$root"
  printf 'root:x:0:0:root:/:/bin/sh\ncurl_user:x:100:101::/home/curl_user:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\ncurl_group:x:101:\n' >"$root/etc/group"
}

# add_image IMAGE-DIRECTORY FILL CONFIGURATION TAG…: one layer, its configuration, and a line for the manifest.
add_image() {
  local image=$1 fill=$2 configuration=$3 root layer digest config
  shift 3
  root=$(mktemp -d "$image/root.XXXXXX")
  layer=$fill.tar
  "$fill" "$root"
  tar -C "$root" --sort=name --mtime=@0 --numeric-owner --owner=0 --group=0 -cf "$image/$layer" .
  rm -rf "$root"
  digest=$(sha256sum "$image/$layer" | cut -d' ' -f1)
  jq -nc --arg digest "sha256:$digest" --arg arch "$(dpkg --print-architecture)" --argjson config "$configuration" '{
    architecture: $arch, os: "linux", created: "1970-01-01T00:00:00Z", $config, rootfs: {type: "layers", diff_ids: [$digest]}}' >"$image/config.json"
  config=$(sha256sum "$image/config.json" | cut -d' ' -f1).json
  mv "$image/config.json" "$image/$config"
  jq -nc --arg config "$config" --arg layer "$layer" '{Config: $config, RepoTags: $ARGS.positional, Layers: [$layer]}' --args "$@" >>"$image.manifest"
}

# A docker-archive: layers, their configurations, and a manifest that gives the names.
build_archive() {
  local archive=$1 work
  work=$(mktemp -d "$CACHE/image.XXXXXX")
  mkdir "$work/image"
  add_image "$work/image" fill_layer '{"Entrypoint": ["/bin/busybox", "sleep", "2147483647"], "Env": ["PATH=/usr/local/bin:/bin"]}' "${IMAGE_TAGS[@]}"
  add_image "$work/image" fill_curl_layer '{"Cmd": ["curl"], "User": "curl_user", "WorkingDir": "/", "Env": ["PATH=/usr/bin:/bin"]}' "$CURL_IMAGE"
  jq -cs . "$work/image.manifest" >"$work/image/manifest.json"
  tar -C "$work/image" -cf "$archive" .
  rm -rf "$work"
}

# Makes $IMAGE_ROOT: a containerd root into which the images were imported and unpacked.
build_image_root() {
  [[ ! -d $IMAGE_ROOT ]] || return 0
  say "lab: importing the pods' images into the cache, once"
  local work
  work=$(mktemp -d "$CACHE/import.XXXXXX")
  build_archive "$work/image.tar"
  printf 'version = 2\nroot = "%s"\nstate = "%s"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "%s"\n' \
    "$work/root" "$work/state" "$work/sock" >"$work/config.toml"
  launch "$work/pid" "$work/log" unshare --mount containerd --config "$work/config.toml"
  wait_for 30 "containerd (log: $work/log)" ctr --address "$work/sock" version || die "containerd did not start"
  ctr --address "$work/sock" --namespace k8s.io images import --snapshotter overlayfs "$work/image.tar" >>"$work/log" 2>&1 ||
    die "the images could not be imported (log: $work/log)"
  stop_processes "$work/pid"
  mv "$work/root" "$IMAGE_ROOT"
  rm -rf "$work"
}

# The image root for one cluster. The layers and blobs are never written to, so they are links where the file system allows.
copy_image_root() {
  local to=$1
  if ! cp -al "$IMAGE_ROOT" "$to" 2>/dev/null; then
    rm -rf "$to"
    cp -a --reflink=auto "$IMAGE_ROOT" "$to"
    return 0
  fi
  # The databases are written to: these are real copies.
  local database
  find "$to" -name '*.db' | while read -r database; do
    cp -a "$database" "$database.copy"
    mv "$database.copy" "$database"
  done
}
