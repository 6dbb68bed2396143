# shellcheck shell=sh disable=SC2154
# gateway.sh - sourced by bench/run: ballots a second by HTTP, through a gateway beside its
# cluster on this machine; whoever sends them runs here as well.

cpu_of() { # NAME: seconds so far
    awk -v hz="$(getconf CLK_TCK)" '{ printf "%.2f", ($14 + $15) / hz }' \
        "/proc/$(cat "$folder/cluster-gateway/run/$1.pid")/stat"
}

run_gateway() {
    ballots=1000000 lines=8192 connections=4 shards=2
    while [ $# -gt 1 ]; do
        case $1 in
        --ballots) ballots=$2 ;;
        --lines) lines=$2 ;;
        --connections) connections=$2 ;;
        --shards) shards=$2 ;;
        *) die "gateway does not know '$1'." ;;
        esac
        shift 2
    done
    [ $# -eq 0 ] || die "gateway does not know '$1'."
    load_before=$(load_average)
    "$bin/psephos" import "$root/demo/vermont-2020-county.csv" --out "$folder/election" \
        >/dev/null
    port=$(/usr/bin/python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
    "$bin/psephos" up --dir "$folder/cluster-gateway" --election "$folder/election/election.json" \
        --shards "$shards" --gateway "127.0.0.1:$port" >/dev/null
    token=$("$bin/psephos" client add bench --http --json --dir "$folder/cluster-gateway" |
        sed -n 's/.*"token": "\(.*\)".*/\1/p')
    before=$(cpu_of gateway-0)
    /usr/bin/python3 "$here/gateway/gateway.py" "127.0.0.1:$port" "$token" \
        "$folder/election/election.json" "$ballots" "$lines" "$connections" \
        >"$folder/sent.json" || die "not every ballot was counted."
    used=$(awk -v a="$before" -v b="$(cpu_of gateway-0)" -v n="$ballots" \
        'BEGIN { printf "%.2f", (b - a) * 1000000 / n }')
    "$bin/psephos" recount --dir "$folder/cluster-gateway" >/dev/null ||
        die "the recount disagrees."
    {
        sed 's/}$//' "$folder/sent.json"
        printf ',"cpu_us_a_ballot_gateway":%s,"verified":true,' "$used"
        printf '"load_average_before":%s,"load_average_after":%s}\n' "$load_before" \
            "$(load_average)"
    } >"$folder/gateway.json"
    emit "$folder/gateway.json"
}
