# shellcheck shell=sh disable=SC2154
# lines.sh - sourced by bench/run: vote messages out of a file into one shard of one replica,
# full ones and short ones in turn, a new cluster each time.

run_lines() {
    messages=1000000 rounds=3
    while [ $# -gt 1 ]; do
        case $1 in
        --messages) messages=$2 ;;
        --rounds) rounds=$2 ;;
        *) die "lines does not know '$1'." ;;
        esac
        shift 2
    done
    [ $# -eq 0 ] || die "lines does not know '$1'."
    load_before=$(load_average)
    lines="/usr/bin/python3 $here/lines/lines.py"
    $lines election >"$folder/election.json"
    for shape in full short; do
        $lines messages "$messages" $shape "$folder/$shape.ndjson" "$folder/$shape.expected"
    done
    round=0
    printf '{"reader":[' >"$folder/lines.json"
    for shape in full short; do
        "$tools/line_read" "$folder/election.json" "$folder/$shape.ndjson" >>"$folder/lines.json"
        [ $shape = short ] || printf ',' >>"$folder/lines.json"
    done
    printf '],"runs":[' >>"$folder/lines.json"
    while [ "$round" -lt "$rounds" ]; do
        round=$((round + 1))
        for shape in full short; do
            cluster=$folder/$shape-$round
            "$bin/psephos" up --dir "$cluster" --election "$folder/election.json" >/dev/null
            $lines cast "$bin" "$cluster" votes-topic "$folder/$shape.ndjson" \
                "$folder/$shape.expected" >"$folder/run" || die "the count is wrong ($cluster)."
            "$bin/psephos" down --dir "$cluster" >/dev/null
            rm -rf "$cluster"
            printf '{"round":%s,"shape":"%s",' "$round" $shape >>"$folder/lines.json"
            sed 's/^{//; s/$/,/' "$folder/run" >>"$folder/lines.json"
        done
    done
    sed -i '$s/,$//' "$folder/lines.json"
    printf '],"load_average_before":%s,"load_average_after":%s}\n' "$load_before" \
        "$(load_average)" >>"$folder/lines.json"
    emit "$folder/lines.json"
}
