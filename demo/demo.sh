#!/bin/sh
# Counts a real election on this machine: Vermont 2020, President and Governor,
# 370,968 ballots, on a cluster of four shards, in about a minute. Called by
# `./run demo`, which builds first.
set -eu

usage() {
    cat <<'END'
usage: ./run demo [--exit] [--rate N] [--http ADDR:PORT] [--no-page] [--yes]

Builds, starts a cluster of four shards on this machine and counts Vermont 2020 before your
eyes, 370,968 ballots in about a minute; then it shows the books, counts the journal again
and compares every row with what was published.
  --exit            end when the count is done instead of waiting for Ctrl-C
  --rate N          ballots a second (default 6500)
  --http ADDR:PORT  where page and API are served (default: 127.0.0.1, a free port)
  --no-page         build no page: no Node.js, no npm, nothing fetched but from Debian
  --yes             install what is missing without asking
Exit code 0: the result is exact; anything else: it is not, or something failed.
END
}

here=$(cd "$(dirname "$0")" && pwd)
PATH=${PSEPHOS_BIN:-$(cd "$here/.." && pwd)/build/bin}:$PATH # as the tests have it
returns=$here/vermont-2020-county.csv
shards=4
rate=6500
http=
stay=yes
check= # --check: only look whether the options are good, before anything is built
while [ $# -gt 0 ]; do
    case $1 in
    --exit) stay= ;;
    --no-page) ;; # for ./run, which builds
    --check) check=yes ;;
    --http)
        [ $# -gt 1 ] || { usage >&2; exit 2; }
        http=$2
        shift
        ;;
    --rate)
        [ $# -gt 1 ] || { usage >&2; exit 2; }
        rate=$2
        shift
        ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done

[ -z "$check" ] || exit 0

folder=$(mktemp -d "${TMPDIR:-/tmp}/psephos-demo.XXXXXX")
watcher=
caster=
sleeper=

end_process() { # by its number, if it is still there
    [ -z "$1" ] || kill "$1" 2>/dev/null || :
    [ -z "$1" ] || wait "$1" 2>/dev/null || :
}

# shellcheck disable=SC2317 # called by the trap
clean_up() {
    trap '' INT TERM HUP
    end_process "$watcher"
    end_process "$caster"
    end_process "$sleeper"
    [ ! -e "$folder/cluster/cluster.json" ] || psephos down --dir "$folder/cluster" >/dev/null || :
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say() { printf '%s\n' "$*"; }

say "Vermont, 3 November 2020: President and Governor in 14 counties."
psephos import "$returns" --out "$folder/election"
psephos up --dir "$folder/cluster" --election "$folder/election/election.json" --shards $shards \
    ${http:+--http "$http"}
say
say "Casting 370,968 ballots, $rate a second, in shuffled order."

# The live table goes to a terminal only; to a file, a line now and then.
psephos cast --dir "$folder/cluster" --returns "$returns" --rate "$rate" --json \
    >"$folder/cast.json" 2>"$folder/cast.err" &
caster=$!
if [ -t 1 ]; then
    psephos results --dir "$folder/cluster" --watch 2>/dev/null &
    watcher=$!
    wait $caster && code=0 || code=$?
    caster=
    sleep 1 # the last table
    end_process $watcher
    watcher=
else
    while kill -0 $caster 2>/dev/null; do
        sleep 5
        say "$(psephos accounting --dir "$folder/cluster" | awk 'END { print $3 }') counted"
    done
    wait $caster && code=0 || code=$?
    caster=
fi
if [ "$code" -ne 0 ]; then
    cat "$folder/cast.err" "$folder/cast.json" >&2
    say "the ballots could not all be cast (exit code $code)" >&2
    exit 1
fi

# All ballots are in: every county has reported.
psephos results --dir "$folder/cluster" --format csv --level county | sed 1d | cut -d, -f2 |
    LC_ALL=C sort -u | xargs psephos unit-complete --dir "$folder/cluster" >/dev/null
[ -t 1 ] || { say; psephos results --dir "$folder/cluster"; }

say
say "The books:"
psephos accounting --dir "$folder/cluster"

say
say "The journal, counted again:"
psephos recount --dir "$folder/cluster"

# Row by row, in any order: what was published against what was counted.
psephos results --dir "$folder/cluster" --format openelections | LC_ALL=C sort >"$folder/counted"
LC_ALL=C sort "$returns" >"$folder/published"
rows=$(($(wc -l <"$returns") - 1))
say
if diff "$folder/published" "$folder/counted" >"$folder/diff"; then
    say "exact: all $rows rows of the published result came out as published"
    exact=0
else
    say "NOT exact; the first differences (< published, > counted):"
    head -n 20 "$folder/diff"
    exact=1
fi

if [ -n "$stay" ] && [ $exact -eq 0 ]; then
    say
    say "The cluster runs on; look around:"
    psephos up --dir "$folder/cluster"
    say
    say "Ctrl-C ends it and removes $folder"
    trap 'exit 0' INT
    while :; do
        sleep 3600 &
        sleeper=$!
        wait $sleeper
    done
fi
exit $exact
