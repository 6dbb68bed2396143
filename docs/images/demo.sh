#!/bin/sh
# Makes docs/images/demo.svg from a real run of ./run demo: the terminal a little past half of
# the count. Needs tmux and python3.
set -eu
cd "$(dirname "$0")/../.."

session=psephos-picture-$$
folder=$(mktemp -d)
# shellcheck disable=SC2317 # called by trap
clean_up() {
    tmux kill-session -t "$session" 2>/dev/null || :
    rm -rf "$folder"
}
trap clean_up EXIT

capture() { tmux capture-pane -t "$session" -e -p; }

# wait_for TEXT SECONDS
wait_for() {
    left=$2
    until tmux capture-pane -t "$session" -p -S - | grep -q "$1"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || { echo "\"$1\" did not come" >&2; exit 1; }
        sleep 1
    done
}

tmux new-session -d -s "$session" -x "${COLUMNS_WANTED:-92}" -y "${LINES_WANTED:-34}" ./run demo
wait_for 'ready to count' 300
sleep 32 # a little past half
capture >"$folder/half"
wait_for 'exact' 120
tmux send-keys -t "$session" C-c
python3 docs/images/terminal_svg.py <"$folder/half" >docs/images/demo.svg
