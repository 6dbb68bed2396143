# shellcheck shell=sh disable=SC2154
# viewers.sh - sourced by bench/run: the same closed loop without and with many
# viewers of the page's stream, in turn, on one cluster; what they cost the count
# is the ratio of the two. The viewers run on this machine as well: the ratio is
# what they and the collector together take from the count.

figure_in() { # FILE KEY: the first
    sed -n "s/.*\"$2\": *\\([-0-9.e+]*\\).*/\\1/p" "$1" | head -n 1
}

count_for() { # NAME: a closed loop of $seconds
    "$tools/load" --dir "$folder/cluster-viewers" --seconds "$seconds" --warm-up 1 --quiet --json "$folder/$1.json" 2>>"$folder/load.log"
}

watched() { # ROUND
    address=$(sed -n 's/.*"http": *"\([^"]*\)".*/\1/p' "$folder/cluster-viewers/cluster.json" | head -n 1)
    /usr/bin/python3 "$here/viewers/viewers.py" "$address" "$viewers" "$((seconds + 1))" 3000 >"$folder/seen.$1" &
    watching=$!
    until grep -q ready "$folder/seen.$1"; do
        kill -0 "$watching" 2>/dev/null || return 1
        sleep 0.1
    done
    count_for "with.$1" && wait "$watching"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

run_viewers() {
    viewers=500 seconds=6 rounds=5
    while [ $# -gt 1 ]; do
        case $1 in
        --viewers) viewers=$2 ;;
        --seconds) seconds=$2 ;;
        --rounds) rounds=$2 ;;
        *) die "viewers does not know '$1'." ;;
        esac
        shift 2
    done
    [ $# -eq 0 ] || die "viewers does not know '$1'."
    load_before=$(load_average)
    up cluster-viewers $((rounds * seconds * 1000000)) 1 1
    round=1
    while [ "$round" -le "$rounds" ]; do
        if ! { count_for "without.$round" && watched "$round"; }; then
            cat "$folder/load.log" >&2
            exit 1
        fi
        without=$(figure_in "$folder/without.$round.json" ballots_per_second)
        with=$(figure_in "$folder/with.$round.json" ballots_per_second)
        awk -v a="$without" -v b="$with" 'BEGIN { printf "%.3f\n", b / a }' >>"$folder/ratios"
        # What a ballot costs, all processes but the viewers: less at the mercy of other work.
        for part in collector all; do
            figure_in "$folder/without.$round.json" "$part" >>"$folder/cpu.without.$part"
            figure_in "$folder/with.$round.json" "$part" >>"$folder/cpu.with.$part"
        done
        say "round $round: $without ballots/s, with $viewers viewers $with; $(tail -n 1 "$folder/seen.$round")" >&2
        round=$((round + 1))
    done
    {
        printf '{"what":"viewers","verified":true,"seconds":%s,"rounds":%s,"ratio_median":%s,"ratios":[%s],' "$seconds" "$rounds" \
            "$(median <"$folder/ratios")" "$(paste -sd, "$folder/ratios")"
        for part in collector all; do
            printf '"cpu_us_a_ballot_%s":{"without":%s,"with":%s},' "$part" \
                "$(median <"$folder/cpu.without.$part")" "$(median <"$folder/cpu.with.$part")"
        done
        printf '"seen":[%s],' "$(tail -qn 1 "$folder"/seen.* | paste -sd, -)"
        printf '"load_average_before":%s,"load_average_after":%s}\n' "$load_before" "$(load_average)"
    } >"$folder/viewers.json"
    emit "$folder/viewers.json"
}
