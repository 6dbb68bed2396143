"""Every call of `psephos` and every option is in the manual page and completed by three shells."""

import re

import pytest

from harness import BIN, ROOT, run_psephos

MANUAL = ROOT / "docs/man/psephos.1"
SHELLS = ("psephos.bash", "_psephos", "psephos.fish")
NOT_COMPLETED = {"help", "usage", "version"}


def calls():
    if not (BIN / "psephos").exists():
        return []
    return re.findall(r"^  ([a-z-]+) ", run_psephos("help").stdout.split("\n\n")[2], re.MULTILINE)


def options(call):
    text = run_psephos(call, "--help").stdout
    return set(re.findall(r"^ +(?:-\w, )?--([a-z-]+)", text, re.MULTILINE)) - NOT_COMPLETED


@pytest.mark.parametrize("call", calls())
def test_a_call_is_in_the_manual_and_completed_with_its_options(call):
    manual = MANUAL.read_text().replace("\\-", "-")
    assert re.search(rf'^\.SS "psephos {call}\b', manual, re.MULTILINE)
    for shell in SHELLS:
        text = (ROOT / "deploy/completions" / shell).read_text()
        assert re.search(rf"(?<![\w-]){call}(?![\w-])", text), shell
        missing = {name for name in options(call) if not re.search(rf"(--|-l ){name}(?![\w-])", text)}
        assert not missing, shell
    missing = {name for name in options(call) if f"--{name}" not in manual}
    assert not missing, MANUAL.name
