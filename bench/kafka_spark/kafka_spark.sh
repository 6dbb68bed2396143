# shellcheck shell=sh disable=SC2154
# kafka_spark.sh - sourced by bench/run: the same votes through Spark as the voting demos use it,
# through Kafka Streams, and through Psephos.

run_kafka_spark() {
    [ -z "$json" ] || set -- "$@" --json "$json"
    python=$(/usr/bin/python3 -c 'import sys
sys.path.insert(0, sys.argv[1])
from servers import have
try:
    print(have.python("spark"))
except have.Missing as missing:
    sys.exit(f"bench: {missing}")' "$root/tests/bridges") || exit 2
    PSEPHOS_BIN="$bin" PYTHONDONTWRITEBYTECODE=1 "$python" "$here/kafka_spark/kafka_spark.py" "$@"
}
