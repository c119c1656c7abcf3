# shellcheck shell=bash
# Certificates. Kubernetes' own are P-256 (quick to make); the mesh's are RSA, as asmcli and istiod make and expect them.

# new_ca KIND BASE SUBJECT [OPENSSL-ARGUMENT…]: a self-signed certificate BASE.crt with BASE.key.
new_ca() {
  local kind=$1 base=$2 subject=$3
  shift 3
  run_req "$kind" "$base" "$subject" -addext basicConstraints=critical,CA:true \
    -addext keyUsage=critical,digitalSignature,keyCertSign,cRLSign "$@"
}

# new_certificate KIND BASE SUBJECT CA-BASE [OPENSSL-ARGUMENT…]: BASE.crt with BASE.key, signed by CA-BASE.
new_certificate() {
  local kind=$1 base=$2 subject=$3 ca=$4
  shift 4
  run_req "$kind" "$base" "$subject" -CA "$ca.crt" -CAkey "$ca.key" "$@"
}

# A key that exists is used again: a re-issued certificate keeps its key.
run_req() {
  local kind=$1 base=$2 subject=$3 key
  shift 3
  if [[ -e $base.key ]]; then
    key=(-key "$base.key")
  elif [[ $kind == ec ]]; then
    key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout "$base.key")
  else
    key=(-newkey rsa:2048 -keyout "$base.key")
  fi
  # An empty -config: Debian's would add extensions of its own.
  openssl req -new -x509 -sha256 -nodes -config "$LAB_DIR/lib/openssl.cnf" "${key[@]}" -subj "$subject" \
    -out "$base.crt" -days 3650 "$@" 2>"$base.log" || die "openssl could not make $base.crt: $(tail -n 3 "$base.log")"
  rm -f "$base.log"
}

# new_dated_certificate BASE SUBJECT CA-BASE NOT-BEFORE NOT-AFTER EXTENSIONS: as above with dates (YYYYMMDDHHMMSSZ) that
# may lie in the past, which `openssl req` cannot do. CA-BASE may be BASE itself: self-signed. BASE.key must exist or is made.
new_dated_certificate() {
  local base=$1 subject=$2 ca=$3 from=$4 until=$5 extensions=$6 work
  [[ -e $base.key ]] || openssl genrsa -out "$base.key" 2048 2>/dev/null
  work=$(mktemp -d)
  : >"$work/index"
  openssl rand -hex 16 >"$work/serial"
  printf '[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=%s\ndatabase=%s\nserial=%s\ndefault_md=sha256\npolicy=p\nx509_extensions=x\n[p]\n[x]\n%s\n' \
    "$work" "$work/index" "$work/serial" "$extensions" >"$work/cnf"
  printf 'organizationName=optional\ncommonName=optional\nlocalityName=optional\n' >"$work/policy"
  sed -i "/^\[p\]/r $work/policy" "$work/cnf"
  openssl req -new -config "$LAB_DIR/lib/openssl.cnf" -key "$base.key" -subj "$subject" -out "$work/csr"
  local signer=(-cert "$ca.crt" -keyfile "$ca.key")
  [[ $ca != "$base" ]] || signer=(-selfsign -keyfile "$base.key")
  openssl ca -batch -notext -preserveDN -config "$work/cnf" "${signer[@]}" -in "$work/csr" -out "$base.crt" \
    -startdate "$from" -enddate "$until" 2>"$work/log" || die "openssl ca could not make $base.crt: $(tail -n 3 "$work/log")"
  rm -rf "$work"
}
