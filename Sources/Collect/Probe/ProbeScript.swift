/// The program that a probe's pod runs: a POSIX shell script for what a stock curl image has (busybox and curl).
///
/// It only looks and writes down; what it saw is judged by ``ProbeReading``. Its arguments stand in files of one ConfigMap:
/// `targets` (one line each: index, kind, host, port, name, authority, path, hello; `-` for nothing), `ca-N.pem`, `hello-N`,
/// `small-N` and `pad`. Each result leaves as lines of at most 4096 bytes, each written at once, so that no two interleave.
enum ProbeScript {
    /// Targets that are tried at the same time. A curl takes about 5 MB.
    static let workers = 24
    /// Seconds for the short second attempt after one that hung.
    static let secondAttempt = 4

    /// Sends what stands in the file `$f` as one target's result.
    static let emit = #"""
        # Sends one target's result: $1 is its index.
        emit() {
          base64 <"$f" | tr -d '\n' >"$f.b"
          size=$(wc -c <"$f.b")
          parts=$(((size + 2999) / 3000)) part=0
          while [ "$part" -lt "$parts" ]; do
            {
              printf 'isthmus %s result %d %d %d ' "$nonce" "$1" "$part" "$size"
              dd bs=3000 skip="$part" count=1 <"$f.b" 2>/dev/null
              echo
            } >"$f.l"
            # Not cat: busybox's takes sendfile(2), which loses lines of others where the log is a file.
            dd bs=4096 count=1 <"$f.l" 2>/dev/null
            part=$((part + 1))
          done
        }
        """#

    static let text = #"""
        # isthmus: how far do addresses of other clusters let a pod of this one get?
        set -u
        nonce=$ISTHMUS_NONCE connect=$ISTHMUS_CONNECT total=$ISTHMUS_TOTAL second=$ISTHMUS_SECOND
        in=${ISTHMUS_IN:-/isthmus} tmp=${ISTHMUS_TMP:-/tmp}
        missing=
        for tool in curl nc od dd base64 mkfifo timeout tr sed grep head wc cat; do
          command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
        done
        count=$(wc -l <"$in/targets")
        printf 'isthmus %s begin %d%s\n' "$nonce" "$count" "$missing"

        # Hundredths of a second.
        now() { read -r now _ </proc/uptime; now=${now%.*}${now#*.}; }

        now
        started=$now

        # One attempt with curl; its name is $1.
        fetch() {
          attempt=$1
          shift
          curl -q -s -S -v -g -o /dev/null --noproxy '*' --http1.1 --connect-timeout "$connect" -A isthmus-probe \
            -w 'w %{http_code} %{time_namelookup} %{time_connect} %{time_appconnect} %{time_total} %{remote_ip}\n' \
            "$@" </dev/null >"$f.w" 2>"$f.v"
          code=$?
          {
            echo "try $attempt"
            echo "x $code"
            head -c 500 "$f.w"
            tr -d '\r' <"$f.v" | sed -n -e 's/^curl: /m /p' -e '/^\* Connected to /p' -e '/^\* Established /p' \
              -e '/^\* .*fail/p' -e '/^\* .*subject:/p' -e '/^\* .*issuer:/p' -e '/^\* .*subjectAltName/p' -e '/^\* .*alert/p' -e '/^\* .*SSL certificate/p' | head -c 2000
          } >>"$f"
          stood='' secured='' address=''
          while read -r key _ _ stood secured _ address; do
            [ "$key" != w ] || break
          done <"$f.w"
          # Not by the time: curl 7.88 forgets it where the handshake fails (curl issue 10670).
          connected=no
          if grep -q -e '^\* Connected to ' -e '^\* Established connection ' "$f.v"; then connected=yes; fi
          # How fast the way out of the cluster is; the controls do not tell.
          case $kind in own | void) ;; *) ! some "$stood" || echo "$stood" >>"$tmp/stood" ;; esac
        }

        # Whether a time of curl's is more than nothing.
        some() { case ${1:-0} in *[1-9]*) true ;; *) false ;; esac; }

        # TLS records from standard input, as hexadecimal digits: until the server's first flight is whole, it sends an alert, or
        # it ends.
        flight() {
          records=0
          while [ "$records" -lt 64 ]; do
            head=$(dd bs=1 count=5 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
            printf %s "$head"
            case $head in 1[4-7]03??????) ;; *) return ;; esac
            length=$((0x${head#??????}))
            body=$(dd bs=1 count="$length" 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
            printf %s "$body"
            [ "${#body}" -eq $((length * 2)) ] || return
            case $head$body in 15* | 16*0e000000) return ;; esac
            records=$((records + 1))
          done
        }

        # Sends the file $2 to address $3, port $4, and notes what comes back within $5 seconds; $1 names the attempt.
        hello() {
          rm -f "$f.i" "$f.q"
          mkfifo "$f.i" "$f.q"
          # Open for reading and writing: nc must not see an end of its input, which it would pass on.
          exec 8<>"$f.i"
          cat "$2" >&8
          now
          begun=$now
          timeout "$5" nc "$3" "$4" <&8 >"$f.q" 2>/dev/null 8>&- &
          client=$!
          flight <"$f.q" >"$f.h"
          now
          took=$((now - begun))
          kill "$client" 2>/dev/null
          wait "$client" 2>/dev/null
          exec 8>&-
          { echo "hello $1 $took $(($5 * 100))"; printf 'h '; cat "$f.h"; echo; } >>"$f"
        }

        # An API server: TLS that verifies against its authority, and an answer. The request is padded over several packets.
        api() {
          base=://$name:$port$path
          set -- --connect-to "$name:$port:$url:$port"
          case $authority in
            -) ;;
            none) set -- "$@" -k ;;
            *) set -- "$@" --cacert "$in/$authority" ;;
          esac
          fetch full --max-time "$total" "$@" -H "@$in/pad" "https$base/version"
          case $code in
            28)
              if some "$secured"; then
                fetch small --max-time "$second" "$@" "https$base/version"
              elif [ $connected = yes ]; then
                fetch small --max-time "$second" "$@" "http$base/version"
              fi
              ;;
            51 | 60) fetch unverified --max-time "$total" "$@" -k "https$base/version" ;;
          esac
        }

        # A gateway: a connection (what is said over it does not matter: it is not TLS, and gets no answer that counts); then, where
        # a service is known, a hello for it.
        gateway() {
          fetch tcp --max-time "$connect" "http://$url:$port/"
          [ $connected = yes ] || return
          [ "$greeting" != - ] || return
          case $missing in *nc* | *od* | *dd* | *mkfifo* | *timeout*) return ;; esac
          hello full "$in/$greeting" "${address:-$host}" "$port" "$total"
          if [ "$took" -ge $((total * 100 - 50)) ]; then
            hello small "$in/small-${greeting#hello-}" "${address:-$host}" "$port" "$second"
          fi
        }

        \#(emit)

        probe() {
          f=$tmp/$index
          url=$host
          case $host in *:*) url="[$host]" ;; esac
          : >"$f"
          case $kind in
            api) api ;;
            gateway) gateway ;;
            status) fetch full --max-time "$total" "http://$url:$port$path" ;;
            own)
              own=${KUBERNETES_SERVICE_HOST:-}
              case $own in *:*) own="[$own]" ;; esac
              fetch full --max-time "$total" -k "https://$own:${KUBERNETES_SERVICE_PORT:-443}/version"
              ;;
            void) void ;;
          esac
          emit "$index"
          rm -f "$f" "$f".*
        }

        # How long whoever takes every connection may need for one, in milliseconds: five times what the slowest of the others took;
        # two seconds at most, and where none stood.
        patience() {
          slowest=0
          while read -r time; do
            case $time in *[!0-9.]* | *.*.*) continue ;; [0-9]*.??????) ;; *) continue ;; esac
            # Six digits after the point; with a 1 in front they are not octal.
            time=$(((${time%.*} * 1000000 + 1${time#*.} - 1000000) / 1000))
            [ "$time" -lt "$slowest" ] || slowest=$((time + 1))
          done <"$tmp/stood"
          patience=$((slowest * 5))
          if [ "$patience" -eq 0 ] || [ "$patience" -gt 2000 ]; then patience=2000; fi
        }

        # The control that must not answer. It is tried twice beside the others, since one packet may be lost; and when they are done,
        # once more where their times tell that this was too short.
        void() {
          for limit in 300 300 late; do
            if [ "$limit" = late ]; then
              wait
              patience
              [ "$patience" -gt 300 ] || return
              limit=$patience
            fi
            limit=$((limit / 1000)).$(printf %03d $((limit % 1000)))
            fetch tcp --max-time "$limit" --connect-timeout "$limit" "http://$url:$port/"
            # Anything but silence is an answer.
            [ "$code" -eq 28 ] && [ $connected = no ] || return
          done
        }

        # Takes targets that no other has taken yet.
        work() {
          while read -r index kind host port name authority path greeting; do
            [ "$kind" != void ] || continue
            [ "$path" != - ] || path=
            [ ! -e "$tmp/taken-$index" ] || continue
            if (set -C; : >"$tmp/taken-$index") 2>/dev/null; then probe; fi
          done <"$in/targets"
        }

        : >"$tmp/stood"
        worker=0
        while [ "$worker" -lt "$ISTHMUS_WORKERS" ] && [ "$worker" -lt "$count" ]; do
          work &
          worker=$((worker + 1))
        done
        while read -r index kind host port _; do
          [ "$kind" != void ] || probe
        done <"$in/targets"
        wait
        now
        printf 'isthmus %s end %d %d\n' "$nonce" "$count" $((now - started))

        """#
}
