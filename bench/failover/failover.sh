# shellcheck shell=sh disable=SC2154
# failover.sh - sourced by bench/run: one shard of three replicas, a ballot every few
# milliseconds, and its leader killed again and again (failover.py).

run_failover() {
    load_before=$(load_average)
    up cluster-failover 1000000 1 3
    PSEPHOS_BIN=$bin TRICKLE=$tools/trickle /usr/bin/python3 "$here/failover/failover.py" \
        "$folder/cluster-failover" "$folder/failover.json" --load-before "$load_before" "$@" ||
        exit 1
    emit "$folder/failover.json"
}
