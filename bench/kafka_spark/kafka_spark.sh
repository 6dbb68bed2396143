# shellcheck shell=sh disable=SC2154
# kafka_spark.sh - sourced by bench/run: the same votes through Spark as the voting demos use it,
# through Kafka Streams, and through Psephos; and out of a broker into Psephos alone.

# with_python PINS SYSTEM SCRIPT [argument...]: with the packages of tests/bridges/servers/pins.
with_python() {
    python=$(/usr/bin/python3 -c 'import sys
sys.path.insert(0, sys.argv[1])
from servers import have
try:
    print(have.python(sys.argv[2], sys.argv[3] == "system"))
except have.Missing as missing:
    sys.exit(f"bench: {missing}")' "$root/tests/bridges" "$1" "$2") || exit 2
    script=$here/kafka_spark/$3
    shift 3
    [ -z "$json" ] || set -- "$@" --json "$json"
    PSEPHOS_BIN="$bin" PYTHONDONTWRITEBYTECODE=1 "$python" "$script" "$@"
}

run_kafka_spark() { with_python spark own kafka_spark.py "$@"; }

run_kafka_in() { with_python tests system kafka_in.py --tools "$tools" "$@"; }
