/// The programs of the workload proof's pods, for what a stock curl image has: curl and busybox, whose nc can serve. They come with
/// a list of all instances (`targets`: place and host of each, a line each) in one ConfigMap.
enum WorkloadScript {
    /// Of every Service, and in every pod.
    static let port = 8080
    /// Requests of a client at the same time.
    static let workers = 24

    /// Serves until it is ended. busybox has two kinds of nc, which say differently that they are to go on.
    static let serve = #"""
        case $(nc --help 2>&1) in
          *-lk*) exec nc -lk -p "$1" -e /isthmus/answer.sh ;;
          *) exec nc -ll -p "$1" -e /isthmus/answer.sh ;;
        esac

        """#

    /// Answers one request with the run's nonce, the cluster's place in the list, and what the sidecar says of the connection's two ends.
    static let answer = #"""
        #!/bin/sh
        end=$(printf '\r')
        ends=
        while IFS= read -r line; do
          line=${line%"$end"}
          [ -n "$line" ] || break
          case $line in
            [Xx]-[Ff]orwarded-[Cc]lient-[Cc]ert:*) ends=${line#*:} ;;
          esac
        done
        body=$(printf 'isthmus %s %s %.2000s' "$ISTHMUS_NONCE" "$ISTHMUS_PLACE" "$ends")
        printf 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s\n' \
          $((${#body} + 1)) "$body"

        """#

    /// Asks, and writes down what came. `ISTHMUS_ASKED` are the places of the instances to be asked one by one, `ISTHMUS_SHARED` the
    /// shared name (empty: it is not asked) and `ISTHMUS_EXPECTED` the places that are to be heard there. Without a sidecar
    /// (`ISTHMUS_SIDECAR` empty) a connection is all that is waited for. With one, and where instances are asked, the last result is what
    /// the sidecar knows of them (`ISTHMUS_ADMIN`).
    static let ask = #"""
        # isthmus: who answers requests of this pod?
        set -u
        nonce=$ISTHMUS_NONCE
        in=${ISTHMUS_IN:-/isthmus} tmp=${ISTHMUS_TMP:-/tmp}
        missing=
        for tool in curl dd base64 tr sed grep head wc cat; do
          command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
        done
        set -- $ISTHMUS_ASKED
        asked=$# count=$#
        [ -z "$ISTHMUS_SHARED" ] || count=$((count + 1))
        [ -z "$ISTHMUS_ADMIN" ] || count=$((count + 1))
        printf 'isthmus %s begin %d%s\n' "$nonce" "$count" "$missing"

        # Hundredths of a second.
        now() { read -r now _ </proc/uptime; now=${now%.*}${now#*.}; }

        now
        started=$now
        deadline=$((started + ISTHMUS_PATIENCE * 100))

        # One request to $1; $answer is the place of who answered, or nothing.
        request() {
          : >"$f.b"
          curl -q -s -S -v -g -o "$f.b" --noproxy '*' --http1.1 --connect-timeout "$ISTHMUS_CONNECT" --max-time "$ISTHMUS_TOTAL" \
            -A isthmus-verify -w 'w %{http_code} %{time_namelookup} %{time_connect} %{time_appconnect} %{time_total} %{remote_ip}\n' \
            "http://$1:$ISTHMUS_PORT/" </dev/null >"$f.w" 2>"$f.v"
          code=$?
          word='' given='' answer=''
          read -r word given answer _ <"$f.b"
          [ "$word $given" = "isthmus $nonce" ] || answer=
        }

        # What came of the last request.
        note() {
          echo "try $1"
          echo "x $code"
          head -c 500 "$f.w"
          tr -d '\r' <"$f.v" | sed -n -e 's/^curl: /m /p' -e '/^\* Connected to /p' -e '/^\* Established /p' | head -c 1000
          printf 'b '
          head -c 2500 "$f.b" | tr '\r\n' '  '
          echo
        }

        connected() { grep -q -e '^\* Connected to ' -e '^\* Established connection ' "$f.v"; }

        # Asks one instance until it answers: $1 is its place in the results, $2 its own, $3 its host.
        instance() {
          f=$tmp/$1 tries=0
          while :; do
            request "$3"
            tries=$((tries + 1))
            [ "$answer" != "$2" ] || break
            if [ -z "$ISTHMUS_SIDECAR" ] && connected; then break; fi
            now
            [ "$now" -lt "$deadline" ] || break
            sleep 1
          done
          { note request; echo "tries $tries"; } >"$f"
          emit "$1"
        }

        # Asks for the shared name until everyone who is expected has answered in one series in which nothing failed and nobody else
        # answered, and the series is long enough to show how the load is spread.
        shared() {
          f=$tmp/shared requests=0 failed=0 series=0
          : >"$f"
          : >"$f.s"
          now
          deadline=$((now + ISTHMUS_PATIENCE * 100))
          set -- $ISTHMUS_EXPECTED
          while :; do
            request "$ISTHMUS_SHARED"
            requests=$((requests + 1))
            case " $ISTHMUS_EXPECTED " in
              *" ${answer:-nobody} "*)
                echo "$answer" >>"$f.s"
                series=$((series + 1))
                ;;
              *)
                note request >"$f"
                failed=$((failed + 1)) series=0
                : >"$f.s"
                sleep 1
                ;;
            esac
            heard=0
            for place in "$@"; do
              ! grep -qx "$place" "$f.s" || heard=$((heard + 1))
            done
            [ "$heard" -lt $# ] || [ "$series" -lt $(($# * 4)) ] || break
            [ "$series" -lt $(($# * 40)) ] || break
            now
            [ "$now" -lt "$deadline" ] || break
          done
          {
            echo "requests $requests"
            echo "failed $failed"
            for place in "$@"; do echo "heard $place $(grep -cx "$place" "$f.s")"; done
          } >>"$f"
        }

        \#(ProbeScript.emit)

        # The sidecar's endpoints of every instance, and its certificates (numbers and names of them, no keys).
        evidence() {
          f=$tmp/evidence
          curl -q -s -f -g -o "$f.a" --noproxy '*' --max-time 5 "$ISTHMUS_ADMIN/clusters" </dev/null
          echo "x $?" >"$f"
          while read -r place host; do
            cluster="outbound|$ISTHMUS_PORT||$host.svc.cluster.local"
            ! grep -q -F "$cluster::" "$f.a" || echo "k $place"
            sed -n "s/^$cluster::\(.*::health_flags::.*\)/e $place \1/p; s/^$cluster::\(.*::cx_total::.*\)/e $place \1/p; s/^$cluster::\(.*::cx_connect_fail::.*\)/e $place \1/p" "$f.a"
          done <"$in/targets" | head -c 200000 >>"$f"
          {
            printf 'c '
            curl -q -s -f -g --noproxy '*' --max-time 5 "$ISTHMUS_ADMIN/certs" </dev/null | tr -d '\r\n' | head -c 50000
            echo
          } >>"$f"
          emit $((count - 1))
        }

        # Takes instances that no other has taken yet.
        work() {
          position=0
          for wanted in $ISTHMUS_ASKED; do
            if (set -C; : >"$tmp/taken-$position") 2>/dev/null; then
              while read -r place host; do
                [ "$place" != "$wanted" ] || instance "$position" "$place" "$host"
              done <"$in/targets"
            fi
            position=$((position + 1))
          done
        }

        if [ -n "$ISTHMUS_SIDECAR" ]; then
          until curl -q -s -f -o /dev/null --noproxy '*' --max-time 2 "$ISTHMUS_SIDECAR"; do
            now
            [ "$now" -lt "$deadline" ] || break
            sleep 1
          done
          now
          deadline=$((now + ISTHMUS_PATIENCE * 100))
        fi
        worker=0
        while [ "$worker" -lt "$ISTHMUS_WORKERS" ] && [ "$worker" -lt "$count" ]; do
          work &
          worker=$((worker + 1))
        done
        wait
        if [ -n "$ISTHMUS_SHARED" ]; then
          shared
          emit "$asked"
        fi
        [ -z "$ISTHMUS_ADMIN" ] || evidence
        now
        printf 'isthmus %s end %d %d\n' "$nonce" "$count" $((now - started))

        """#
}
