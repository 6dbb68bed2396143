#!/bin/sh
# Runs every fuzz target in FOLDER/fuzz for SECONDS each; called by ./run fuzz.
# New inputs are kept in FOLDER/corpus, so that the next run starts from them; the
# seeds in tests/fuzz/corpus/TARGET are only read.
set -eu

folder=$1
seconds=$2
cd "$(dirname "$0")/../.."

export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
ran=0
crashed=0
for target in "$folder"/fuzz/fuzz_*; do
    [ -x "$target" ] || continue
    name=$(basename "$target")
    corpus=$folder/corpus/$name
    crashes=$folder/crashes/$name
    mkdir -p "$corpus" "$crashes"
    seeds=tests/fuzz/corpus/$name
    [ -d "$seeds" ] || seeds=
    ran=$((ran + 1))
    printf '%s: %s s ... ' "$name" "$seconds"
    if "$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -verbosity=0 -artifact_prefix="$crashes/" "$corpus" ${seeds:+"$seeds"} \
        >"$folder/$name.log" 2>&1; then
        printf '%s runs, no finding\n' \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$name.log")"
    else
        crashed=$((crashed + 1))
        printf 'FOUND SOMETHING\n'
        tail -n 40 "$folder/$name.log"
        printf 'reproduce with: %s %s\n' "$target" \
            "$(sed -n 's/.*Test unit written to //p' "$folder/$name.log" | tail -n 1)"
    fi
done
if [ "$ran" -eq 0 ]; then
    echo 'no fuzz target was built' >&2
    exit 1
fi
printf '%s passed, %s failed\n' "$((ran - crashed))" "$crashed"
[ "$crashed" -eq 0 ]
