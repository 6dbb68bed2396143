#!/bin/sh
# Every static check, over the files that git tracks; called by ./run lint with the
# build folder whose compile_commands.json the C checks use. All checks run even when
# one fails.
set -eu

folder=$1
cd "$(dirname "$0")/../.."
jobs=$(nproc 2>/dev/null || echo 2)
passed=0
failed=0

# check NAME command...
check() {
    name=$1
    shift
    begun=$(date +%s)
    if "$@"; then
        passed=$((passed + 1))
        verdict=ok
    else
        failed=$((failed + 1))
        verdict=FAILED
    fi
    printf '%-12s %s (%s s)\n' "$name" "$verdict" $(($(date +%s) - begun))
}

c_files() { git ls-files -z -- '*.c' '*.cc' '*.h'; }

# Only what the build compiles, generated files left out.
compiled_files() {
    sed -n 's/^ *"file": "\(.*\)",*$/\1/p' "$folder/compile_commands.json" |
        grep -v -e "/$folder/" -e '\.pb-c\.c$' | sort -u
}

format() { c_files | xargs -0 -r clang-format --dry-run -Werror; }

# Findings of one file are printed together.
tidy() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    compiled_files | tr '\n' '\0' | xargs -0 -r -n 1 -P "$jobs" sh -c '
        out=$(clang-tidy -p "$0" --quiet --warnings-as-errors="*" "$1" 2>/dev/null) && exit 0
        printf "%s\n" "$out"
        exit 1' "$folder"
}

cpp_check() {
    cppcheck --quiet -j "$jobs" --std=c11 --enable=warning,performance,portability \
        --suppressions-list=tests/lint/cppcheck.supp --error-exitcode=1 \
        --library=tests/lint/jansson.cfg \
        --project="$folder/compile_commands.json" -i "$folder"
}

shell_files() {
    git ls-files | while read -r file; do
        case $file in
        *.sh) printf '%s\0' "$file" ;;
        *)
            [ ! -f "$file" ] || ! head -n 1 "$file" | grep -q '^#!.*\(bash\|/sh\)' ||
                printf '%s\0' "$file"
            ;;
        esac
    done
}

# Quiet while every promise has code and tests.
promises() {
    out=$(python3 tests/lint/promises.py) || {
        printf '%s\n' "$out"
        return 1
    }
}

shell() { shell_files | xargs -0 -r shellcheck; }

# Types and format of the page, with the tools of its own lock file.
page() (
    cd dashboard
    npm ci --silent --no-audit --no-fund --cache ../build/npm-cache &&
        npm run --silent check >&2
)

check format format
check shellcheck shell
check style python3 tests/lint/style.py
check lint python3 tests/lint/test_lint.py --quiet
check subjects python3 tests/lint/subjects.py
check promises promises
check mutants python3 tests/mutants/mutants.py --check
if command -v npm >/dev/null 2>&1; then check page page; fi
check cppcheck cpp_check
check clang-tidy tidy
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
