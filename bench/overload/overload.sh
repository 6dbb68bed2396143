# shellcheck shell=sh disable=SC2154
# overload.sh - sourced by bench/run: three times what the machine can take for a
# minute, then a tenth of it; and a shard that has lost its leader beside one that
# has not. Every count is verified by the load tool: a lost ballot is exit 1.

number_in() { # FILE KEY: the first
    sed -n "s/.*\"$2\": *\\([-0-9.e+]*\\).*/\\1/p" "$1" | head -n 1
}

# Half seconds of a load's report, as "at_s receipts p50 p99" lines: points_of FILE
points_of() {
    tr -d '\n' <"$1" | sed 's/.*"points": *\[//; s/\].*//; s/}/\n/g' |
        sed -n 's/.*"at_s": *\([0-9.]*\).*"receipts_per_second": *\([0-9.]*\).*"p50_ms": *\([0-9.]*\).*"p99_ms": *\([0-9.]*\).*/\1 \2 \3 \4/p'
}

peak_mib() { # FILE PROCESS
    tr -d '\n' <"$1" | sed 's/}/\n/g' | sed -n "s/.*\"name\": *\"$2\".*\"peak_rss_bytes\": *\\([0-9]*\\).*/\\1/p" |
        awk '{ printf "%.0f", $1 / 1048576 }'
}

flood() { # SECONDS
    up cluster-flood "$((seconds * 3000000))" 1 1
    "$tools/load" --dir "$folder/cluster-flood" --ballots 6000000 --quiet --json "$folder/peak.json" 2>>"$folder/load.log"
    peak=$(number_in "$folder/peak.json" ballots_per_second)
    say "sustainable: $(printf %.0f "$peak") ballots a second; three times that for $1 s ..." >&2
    "$tools/load" --dir "$folder/cluster-flood" --rate "$(awk -v p="$peak" 'BEGIN { printf "%.0f", 3 * p }')" --seconds "$1" \
        --warm-up 1 --clients 4 --inflight 131072 --quiet --json "$folder/flood.json" 2>>"$folder/load.log"
    "$tools/load" --dir "$folder/cluster-flood" --rate "$(awk -v p="$peak" 'BEGIN { printf "%.0f", p / 10 }')" --seconds 10 \
        --warm-up 0 --quiet --json "$folder/after.json" 2>>"$folder/load.log"
    "$bin/psephos" down --dir "$folder/cluster-flood" >/dev/null
    # Recovered: the first half second from which on p99 stays within 50 ms for two seconds.
    recovered=$(points_of "$folder/after.json" | awk '
        { good = $4 <= 50 ? good + 1 : 0; if (good == 4) { printf "%.1f", $1 - 2; found = 1; exit } }
        END { if (!found) print "null" }')
}

# Two shards of three replicas; two replicas of shard 0 stand still from second 3 to 6.
orphan() {
    up cluster-orphan 1000000 2 3
    "$tools/load" --dir "$folder/cluster-orphan" --rate 20000 --seconds 9 --warm-up 0 --inflight 262144 --quiet \
        --json "$folder/orphan.json" 2>>"$folder/load.log" &
    load=$!
    sleep 3
    kill -STOP "$(cat "$folder/cluster-orphan/run/shard-0-0.pid")" "$(cat "$folder/cluster-orphan/run/shard-0-1.pid")"
    sleep 3
    kill -CONT "$(cat "$folder/cluster-orphan/run/shard-0-0.pid")" "$(cat "$folder/cluster-orphan/run/shard-0-1.pid")"
    wait "$load"
    points_of "$folder/orphan.json" | awk '
        function median(values, n,    i, j, t) {
            for (i = 2; i <= n; i++) for (j = i; j > 1 && values[j] < values[j - 1]; j--) {
                t = values[j]; values[j] = values[j - 1]; values[j - 1] = t
            }
            return n ? values[int((n + 1) / 2)] : 0
        }
        $1 > 1 && $1 <= 3 { both50[++b] = $3; both99[b] = $4; both += $2 }
        $1 > 4 && $1 <= 6 { one50[++o] = $3; one99[o] = $4; one += $2 }
        END {
            printf "\"both_lead\":{\"receipts_per_second\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f},", both / b, median(both50, b), median(both99, b)
            printf "\"one_leads\":{\"receipts_per_second\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f}", one / o, median(one50, o), median(one99, o)
        }' >"$folder/orphan.part"
}

run_overload() {
    seconds=60
    while [ $# -gt 1 ]; do
        case $1 in
        --seconds) seconds=$2 ;;
        *) die "overload does not know '$1'." ;;
        esac
        shift 2
    done
    [ $# -eq 0 ] || die "overload does not know '$1'."
    load_before=$(load_average)
    if ! { flood "$seconds" && orphan; }; then
        cat "$folder/load.log" >&2
        exit 1
    fi
    {
        printf '{"what":"overload","verified":true,"seconds":%s,"sustainable_per_second":%.0f,' "$seconds" "$peak"
        printf '"receipts_per_second":%.0f,"counted":%s,"busy":%s,"resent":%s,' \
            "$(number_in "$folder/flood.json" ballots_per_second)" "$(number_in "$folder/flood.json" counted)" \
            "$(number_in "$folder/flood.json" busy)" "$(number_in "$folder/flood.json" resent)"
        printf '"router_peak_mib":%s,"shard_peak_mib":%s,"recovered_after_seconds":%s,"after_p50_ms":%s,"after_p99_ms":%s,' \
            "$(peak_mib "$folder/flood.json" router-0)" "$(peak_mib "$folder/flood.json" shard-0-0)" "$recovered" \
            "$(number_in "$folder/after.json" p50)" "$(number_in "$folder/after.json" p99)"
        cat "$folder/orphan.part"
        printf ',"load_average_before":%s,"load_average_after":%s}\n' "$load_before" "$(load_average)"
    } >"$folder/overload.json"
    emit "$folder/overload.json"
}
