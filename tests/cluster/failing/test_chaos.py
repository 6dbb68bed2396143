"""One short round of ./run chaos; the campaign's figures are in docs/guarantees.md."""

import json
import subprocess
import sys

import pytest

from harness import ROOT, SLOWER

CHAOS = ROOT / "tests" / "faults" / "chaos" / "chaos.py"


@pytest.mark.skipif(SLOWER > 1, reason="sanitized daemons start too slowly for this many kills")
def test_a_count_under_kills_pauses_and_cuts_is_exact(tmp_path):
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, CHAOS, "--minutes", "0", "--seed", "7", "--rate", "16000", "--gap", "0.3",
         "--json", figures], capture_output=True, text=True, timeout=600)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text())
    assert found["exact"] and found["sigkill"] > 0 and found["ballots"] > 300_000
