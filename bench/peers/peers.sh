# shellcheck shell=sh disable=SC2154
# peers.sh - sourced by bench/run: the same ballots into Psephos, the floor, Redis
# and PostgreSQL, on this machine, one after the other, in rounds; medians. Every
# result is verified. The servers are private: own folders, Unix sockets, no TCP.

find_program() { # NAME FOLDER...
    for candidate in "$(command -v "$1" 2>/dev/null)" "$2/$1"; do
        [ ! -x "$candidate" ] || { say "$candidate"; return 0; }
    done
}

# As the user postgres when we are root: PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else "$@"; fi
}

start_redis() {
    mkdir "$folder/redis"
    "$redis" "$here/peers/redis.conf" --dir "$folder/redis" --unixsocket "$folder/redis/socket" \
        >"$folder/redis.log" 2>&1 &
    say $! >"$folder/redis.pid"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ ! -S "$folder/redis/socket" ] || return 0
        sleep 0.5
    done
    cat "$folder/redis.log" >&2
    exit 1
}

start_postgres() {
    mkdir "$folder/postgres"
    if [ "$(id -u)" = 0 ]; then
        chmod 711 "$folder"
        chown postgres:postgres "$folder/postgres"
    fi
    (
        cd /
        as_postgres "$postgres_bin/initdb" -D "$folder/postgres" -U postgres -A trust --no-sync \
            -E UTF8 --locale=C >"$folder/postgres.log" 2>&1
    ) || { cat "$folder/postgres.log" >&2; exit 1; }
    cat "$here/peers/postgresql.conf" >>"$folder/postgres/postgresql.conf"
    (
        cd /
        as_postgres "$postgres_bin/postgres" -D "$folder/postgres" -k "$folder/postgres" \
            >>"$folder/postgres.log" 2>&1
    ) &
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        if "$postgres_bin/psql" -qAt -h "$folder/postgres" -U postgres -c 'SELECT 1' >/dev/null 2>&1; then
            head -n 1 "$folder/postgres/postmaster.pid" >"$folder/postgres.pid"
            return 0
        fi
        sleep 0.5
    done
    cat "$folder/postgres.log" >&2
    exit 1
}

peer_postgres() { # SEED BALLOTS CLIENTS BATCH
    "$postgres_bin/psql" -qAt -h "$folder/postgres" -U postgres -f "$here/peers/postgres.sql" 2>"$folder/psql.log" ||
        { cat "$folder/psql.log" >&2; exit 1; }
    "$postgres_bin/psql" -qAt -h "$folder/postgres" -U postgres -c CHECKPOINT
    "$tools/peer_postgres" "host=$folder/postgres user=postgres dbname=postgres" \
        "$folder/cluster.json" "$1" "$2" "$3" "$4"
}

rate_in() { sed -n 's/.*"ballots_per_second": *\([0-9.]*\).*/\1/p' "$1" | head -n 1; }
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

one_round() { # NUMBER
    round=$1
    "$tools/floor" "$ballots" "$folder/floor.data" >"$folder/floor.json"
    "$tools/load" --dir "$folder/cluster" --ballots "$ballots" --seed "$round" --quiet \
        --json "$folder/psephos.json" 2>"$folder/load.log" || { cat "$folder/load.log" >&2; exit 1; }
    "$tools/load" --dir "$folder/cluster" --ballots "$((ballots / 4))" --seed "$((round + 1000))" --rows \
        --quiet --json "$folder/psephos_rows.json" 2>"$folder/load.log" || { cat "$folder/load.log" >&2; exit 1; }
    "$tools/peer_redis" "$folder/redis/socket" "$here/peers/cast.lua" "$folder/cluster.json" "$round" \
        "$redis_ballots" 16 >"$folder/redis.json"
    peer_postgres "$round" "$batched_ballots" 1 10000 >"$folder/postgres_batched.json"
    peer_postgres "$round" "$rows_ballots" 8 1 >"$folder/postgres_rows.json"
    for name in $names; do
        rate_in "$folder/$name.json" >>"$folder/$name.rates"
    done
    say "round $round of $rounds, ballots a second: $(for name in $names; do
        printf '%s %.0f  ' "$name" "$(rate_in "$folder/$name.json")"
    done) load average $(load_average)" >&2
}

run_peers() {
    rounds=5
    ballots=6000000
    while [ $# -gt 1 ]; do
        case $1 in
        --rounds) rounds=$2 ;;
        --ballots) ballots=$2 ;;
        *) die "peers does not know '$1'." ;;
        esac
        shift 2
    done
    [ $# -eq 0 ] || die "peers does not know '$1'."
    redis_ballots=$((ballots / 4))
    batched_ballots=$((ballots / 8))
    rows_ballots=$((ballots / 60))
    names="floor psephos psephos_rows redis postgres_batched postgres_rows"
    redis=$(find_program redis-server /usr/bin)
    postgres_bin=$(for b in /usr/lib/postgresql/*/bin; do [ ! -x "$b/initdb" ] || say "$b"; done | sort -V | tail -n 1)
    if [ -z "$redis" ] || [ -z "$postgres_bin" ] || [ ! -x "$tools/peer_postgres" ]; then
        die "the comparison needs redis-server, postgresql and libpq-dev: apt-get install them (they may start servers of their own: stop those), then call this again."
    fi
    up cluster "$((rounds * ballots * 5 / 4))" 1 1
    start_redis
    start_postgres
    load_before=$(load_average)
    round=1
    while [ "$round" -le "$rounds" ]; do
        one_round "$round"
        round=$((round + 1))
    done
    for name in $names; do say "$name $(median "$folder/$name.rates")"; done |
        awk -v rounds="$rounds" -v before="$load_before" -v after="$(load_average)" \
            -v redis="$("$redis" --version | sed 's/.* v=\([0-9.]*\).*/\1/')" \
            -v postgres="$("$postgres_bin/postgres" --version | sed 's/[^0-9]*\([0-9.]*\).*/\1/')" '
            { rate[$1] = $2 }
            END {
                printf "{\"what\":\"peers\",\"rounds\":%d,\"verified\":true,\"redis_version\":\"%s\",\"postgres_version\":\"%s\",", rounds, redis, postgres
                printf "\"ballots_per_second\":{"
                for (name in rate) printf "%s\"%s\":%.0f", comma++ ? "," : "", name, rate[name]
                printf "},\"ratios\":{"
                printf "\"redis\":%.2f,\"postgres_batched\":%.2f,\"postgres_rows\":%.2f,\"floor\":%.3f},", rate["psephos"] / rate["redis"], rate["psephos"] / rate["postgres_batched"], rate["psephos"] / rate["postgres_rows"], rate["psephos"] / rate["floor"]
                printf "\"load_average_before\":%s,\"load_average_after\":%s}\n", before, after
            }' >"$folder/peers.json"
    emit "$folder/peers.json"
}
