"""Some seconds of ./run soak, so that it works when it is wanted; figures: docs/guarantees.md."""

import json
import os
import subprocess
import sys

import pytest

from harness import ROOT


# promise 1, 3
def test_a_short_soak_is_exact(tmp_path):
    if os.environ.get("PSEPHOS_SANITIZER"):
        pytest.skip("two libraries that want to be loaded first: the sanitizer's and libfaketime")
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "faults" / "soak" / "soak.py", "--minutes", "0.25",
         "--gap", "1.5", "--json", figures], capture_output=True, text=True, timeout=900,
        env=os.environ | {"TMPDIR": str(tmp_path)})
    print(done.stdout + done.stderr)
    found = json.loads(figures.read_text())
    # So short a time says nothing of what grows.
    assert found["ballots"] > 0 and sum(found["faults"].values()) > 0, done.stdout + done.stderr
