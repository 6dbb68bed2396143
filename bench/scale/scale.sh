# shellcheck shell=sh disable=SC2154
# scale.sh - sourced by bench/run: what a ballot costs as voters, shards and
# replicas grow: CPU of router and shard, RAM, disk, and how long a restart takes.

value_in() { # FILE KEY
    sed -n "s/.*\"$2\": *\\([-0-9.e+]*\\).*/\\1/p" "$1" | head -n 1
}

seconds_since() { # SECONDS.NANOSECONDS
    awk -v begun="$1" -v ended="$(date +%s.%N)" 'BEGIN { printf "%.2f", ended - begun }'
}

counted_now() {
    "$bin/psephos" accounting --api "$1" --json |
        awk '/"total"/ { total = 1 } total && /"counted"/ { gsub(/[^0-9]/, ""); print; exit }'
}

load_quietly() {
    "$tools/load" "$@" --quiet 2>"$folder/load.log" || {
        cat "$folder/load.log" >&2
        exit 1
    }
}

# Only the figures of the last million are its own: cost at this size, not on the way.
one_size() { # VOTERS SHARDS REPLICAS
    name=cluster-$1-$2-$3
    last=1000000
    [ "$1" -gt "$last" ] || last=$(($1 / 2))
    up "$name" "$1" "$2" "$3"
    api=$(sed -n 's/^results *\(http:.*\)\/api.*/\1/p' "$folder/$name.log")
    load_quietly --dir "$folder/$name" --ballots "$(($1 - last))" --seed 1
    load_quietly --dir "$folder/$name" --ballots "$last" --seed 2 --json "$folder/last.json"
    sleep 2 # the last checkpoint
    ram=$(cat "$folder/$name"/run/shard-*-0.pid | while read -r pid; do
        awk '$1 == "RssAnon:" { print $2 }' "/proc/$pid/status"
    done | awk '{ sum += $1 } END { printf "%.0f", sum * 1024 }')
    disk=$(du -s --block-size=1 -c "$folder/$name"/data/shard-*-0 | tail -n 1 | cut -f 1)
    router=$(sed -n '/cpu_us_per_ballot/,/}/p' "$folder/last.json" | value_in - router)
    shard=$(sed -n '/cpu_us_per_ballot/,/}/p' "$folder/last.json" | value_in - shard)
    "$bin/psephos" down --dir "$folder/$name" >/dev/null
    begun=$(date +%s.%N)
    "$bin/psephos" up --dir "$folder/$name" >/dev/null
    restart=$(seconds_since "$begun")
    restart_cpu=$(cat "$folder/$name"/run/shard-*-0.pid | while read -r pid; do
        awk '{ sub(/.*\) /, ""); print ($12 + $13) / 100 }' "/proc/$pid/stat"
    done | awk '{ sum += $1 } END { printf "%.2f", sum }')
    counted=$(counted_now "$api")
    "$bin/psephos" down --dir "$folder/$name" >/dev/null
    rm -rf "${folder:?}/$name"
    [ "$counted" = "$1" ] || { say "bench: $1 cast, $counted counted after the restart" >&2; exit 1; }
    awk -v voters="$1" -v shards="$2" -v replicas="$3" -v router="$router" -v shard="$shard" \
        -v ram="$ram" -v disk="$disk" -v restart="$restart" -v restart_cpu="$restart_cpu" -v load="$(load_average)" \
        -v rate="$(value_in "$folder/last.json" ballots_per_second)" 'BEGIN {
        printf "{\"voters\":%d,\"shards\":%d,\"replicas\":%d,\"router_cpu_us\":%.3f,\"shards_cpu_us\":%.3f,", voters, shards, replicas, router, shard
        printf "\"cpu_us_per_ballot\":%.3f,\"ballots_per_second\":%.0f,\"ram_bytes_per_voter\":%.1f,\"disk_bytes_per_ballot\":%.1f,", router + shard, rate, ram / voters, disk / voters
        printf "\"restart_seconds\":%s,\"restart_cpu_seconds\":%s,\"load_average\":%s}\n", restart, restart_cpu, load
    }'
}

run_scale() {
    sizes="1000000 2000000 5000000 10000000"
    shapes="4:1 1:3"
    while [ $# -gt 0 ]; do
        case $1 in
        --full)
            sizes="$sizes 20000000 50000000"
            shapes="2:1 4:1 8:1 1:3"
            shift
            ;;
        --sizes)
            [ $# -gt 1 ] || die "--sizes needs a list."
            sizes=$2
            shapes=
            shift 2
            ;;
        *) die "scale does not know '$1'." ;;
        esac
    done
    for size in $sizes; do one_size "$size" 1 1; done >"$folder/scale.lines"
    for shape in $shapes; do one_size 2000000 "${shape%:*}" "${shape#*:}"; done >>"$folder/scale.lines"
    awk 'BEGIN { printf "{\"what\":\"scale\",\"runs\":[" } { printf "%s%s", (NR > 1 ? ",\n" : "\n"), $0 } END { print "]}" }' \
        "$folder/scale.lines" >"$folder/scale.json"
    emit "$folder/scale.json"
}
