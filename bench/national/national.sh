# shellcheck shell=sh disable=SC2154
# national.sh - sourced by bench/run: the 2024 US presidential count, by county,
# every vote a ballot: 154,863,739 of them. The load generator, router, shards
# and collector share this machine. Exact or exit 1.

# Sum of a memory or CPU figure over the cluster's processes: usage_of PIDS
usage_of() {
    for pid in $1; do
        awk -v name="$(tr '\0' ' ' <"/proc/$pid/cmdline" | awk '{ print $1 }')" '
            FILENAME ~ /status$/ && $1 == "VmHWM:" { peak = $2 * 1024 }
            FILENAME ~ /status$/ && $1 == "RssAnon:" { own = $2 * 1024 }
            FILENAME ~ /stat$/ { sub(/.*\) /, ""); cpu = ($12 + $13) / 100 }
            END { sub(/.*psephos-/, "", name); print name, peak, cpu, own }' "/proc/$pid/status" "/proc/$pid/stat"
    done
}

check_disk() { # BALLOTS
    need=$(($1 * 100 / 1048576 + 1024))
    free=$(df -Pm "$folder" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$need" ] || die "this needs $need MiB free in $folder, and $free are: set TMPDIR to another disk."
    memory=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
    need=$(($1 * 48 / 1048576 + 512))
    [ "$memory" -ge "$need" ] || die "this needs $need MiB of memory, and $memory are available."
}

run_national() {
    shards=1
    returns=$root/../shared/data/us-2024-president-county.csv
    while [ $# -gt 1 ]; do
        case $1 in
        --shards) shards=$2 ;;
        --returns) returns=$2 ;;
        *) die "national does not know '$1'." ;;
        esac
        shift 2
    done
    [ $# -eq 0 ] || die "national does not know '$1'."
    [ -r "$returns" ] || die "$returns is not there: give the county returns with --returns FILE."
    ballots=$(awk -F , 'NR > 1 { votes += $NF } END { printf "%d", votes }' "$returns")
    check_disk "$ballots"
    cluster=$folder/cluster
    "$bin/psephos" import "$returns" --out "$folder/definition" >/dev/null
    "$bin/psephos" up --dir "$cluster" --election "$folder/definition/election.json" \
        --shards "$shards" >"$folder/up.log"
    api=$(sed -n 's/^results *\(http:.*\)\/api.*/\1/p' "$folder/up.log")
    load_before=$(load_average)
    say "counting $ballots ballots, $shards shard(s); load average $load_before" >&2

    begun=$(date +%s.%N)
    status=0
    "$bin/psephos" cast --dir "$cluster" --returns "$returns" --json >"$folder/cast.json" || status=$?
    ended=$(date +%s.%N)
    # shellcheck disable=SC2046 # numbers
    usage_of "$(cat "$cluster"/run/*.pid)" >"$folder/usage"
    "$bin/psephos" results --api "$api" --format openelections | sort >"$folder/shown"
    sort "$returns" >"$folder/published"
    "$bin/psephos" accounting --api "$api" --json >"$folder/books.json"
    exact=false
    if [ "$status" = 0 ] && cmp -s "$folder/shown" "$folder/published" &&
        grep -q '"balanced": *true' "$folder/books.json"; then exact=true; fi
    disk=$(du -s --block-size=1 "$cluster/data" | cut -f 1)
    awk -v ballots="$ballots" -v shards="$shards" -v begun="$begun" -v ended="$ended" -v disk="$disk" \
        -v exact="$exact" -v before="$load_before" -v after="$(load_average)" \
        -v resent="$(sed -n 's/.*"resent": *\([0-9]*\).*/\1/p' "$folder/cast.json")" '
        # Own memory; a peak also has what is mapped of the store, which the system takes back at will.
        { ram += $4; cpu[$1] += $3; peak[$1] += $2; resident += $2 }
        END {
            seconds = ended - begun
            printf "{\"what\":\"national\",\"ballots\":%d,\"shards\":%d,\"exact\":%s,\"seconds\":%.1f,", ballots, shards, exact, seconds
            printf "\"ballots_per_second\":%.0f,\"resent\":%d,\"ram_bytes\":%.0f,\"peak_resident_bytes\":%.0f,\"disk_bytes\":%.0f,", ballots / seconds, resent, ram, resident, disk
            printf "\"ram_bytes_per_voter\":%.1f,\"disk_bytes_per_ballot\":%.1f", ram / ballots, disk / ballots
            for (name in cpu) printf ",\"%s\":{\"cpu_us_per_ballot\":%.3f,\"peak_resident_bytes\":%.0f}", name, cpu[name] / ballots * 1e6, peak[name]
            printf ",\"load_average_before\":%s,\"load_average_after\":%s}\n", before, after
        }' "$folder/usage" >"$folder/national.json"
    emit "$folder/national.json"
    [ "$exact" = true ] || {
        say "bench: the result is not what was cast (cast ended with $status)" >&2
        diff "$folder/published" "$folder/shown" | head -n 5 >&2 || :
        exit 1
    }
}
