"""A sample of ./run power; the campaign's figures are in docs/guarantees.md."""

import json
import os
import subprocess
import sys

import pytest

from harness import BIN, ROOT

POWER = ROOT / "tests" / "faults" / "power" / "power.py"


def campaign(figures, *arguments):
    if os.environ.get("PSEPHOS_SANITIZER"):
        pytest.skip("two libraries that want to be loaded first: the sanitizer's and forget.so")
    if not (BIN / "psephos-forget.so").exists():
        pytest.skip("psephos-forget.so is not built: ./run test builds it")
    done = subprocess.run([sys.executable, POWER, *arguments, "--json", figures],
                          capture_output=True, text=True, timeout=900)
    print(done.stdout + done.stderr)
    return done, json.loads(figures.read_text())


# promise 1
def test_what_was_acknowledged_is_counted_after_power_cuts(tmp_path):
    done, found = campaign(tmp_path / "figures.json", "--only", "one", "--cuts", "5")
    assert done.returncode == 0 and found["wrong"] == 0, done.stdout + done.stderr
    assert found["kinds"]["one"]["taken_back"] > 0, "the cuts took nothing back: they show nothing"


def test_a_restore_whose_power_is_cut_can_be_called_again(tmp_path):
    done, found = campaign(tmp_path / "figures.json", "--only", "restore", "--cuts", "3")
    assert done.returncode == 0 and found["wrong"] == 0, done.stdout + done.stderr


def test_a_disk_that_does_not_sync_is_noticed(tmp_path):
    """Else the cuts would show nothing, either."""
    done, found = campaign(tmp_path / "figures.json", "--only", "one", "--cuts", "1", "--lies")
    assert done.returncode == 1 and found["wrong"] == 1, done.stdout + done.stderr
