"""A sample of ./run damage; the campaign's figures are in docs/guarantees.md."""

import json
import subprocess
import sys

from harness import ROOT

DAMAGE = ROOT / "tests" / "faults" / "damage" / "damage.py"


def test_a_damaged_disk_never_gives_a_wrong_count(tmp_path):
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, DAMAGE, "--cuts", "300", "--flips", "10", "--of-three", "3",
         "--ballots", "4000", "--json", figures], capture_output=True, text=True, timeout=900)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text())
    assert found["wrong"] == 0 and found["cuts"]["cuts"] == 300
    assert sum(found["one_replica"]["log"].values()) == 4
