"""Every call of `psephos` and every option is in the manual page and completed by three shells."""

import os
import re
import shlex
import subprocess

import pytest

from harness import BIN, ROOT, TIMEOUT_S, run_psephos

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


@pytest.fixture(scope="module")
def completions(tmp_path_factory):
    """The folder of what deploy/completions/generate writes of this build's psephos."""
    folder = tmp_path_factory.mktemp("completions")
    subprocess.run([ROOT / "deploy/completions/generate", BIN / "psephos", folder], check=True,
                   timeout=TIMEOUT_S)
    return folder


def completed(completions, *words):
    """What bash offers for the last of these words."""
    script = f"""
        source {completions}/psephos.bash
        COMP_WORDS=({' '.join(map(shlex.quote, ('psephos', *words)))})
        COMP_CWORD={len(words)}
        _psephos
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True,
                          cwd=completions, timeout=TIMEOUT_S)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("call", calls())
def test_a_call_is_in_the_manual_and_completed_with_its_options(call, completions):
    manual = MANUAL.read_text().replace("\\-", "-")
    assert re.search(rf'^\.SS "psephos {call}\b', manual, re.MULTILINE)
    wanted = options(call)
    for shell in SHELLS:
        text = (completions / shell).read_text()
        assert re.search(rf"(?<![\w-]){call}(?![\w-])", text), shell
        missing = {name for name in wanted if not re.search(rf"(--|-l ){name}(?![\w-])", text)}
        assert not missing, shell
    missing = {name for name in wanted if f"--{name}" not in manual}
    assert not missing, MANUAL.name
    assert set(completed(completions, call, "--")) == {f"--{name}" for name in wanted} | {"--help"}


@pytest.mark.parametrize("page, wanted", [
    ("psephos-formats", ["", "import", "generate", "up", "cast", "results"]),
    ("psephos-election.json", ["check", "up"])])
def test_help_says_where_the_files_are_described(page, wanted):
    assert (ROOT / "docs/man" / f"{page}.5").exists()
    for call in wanted:
        told = " ".join(run_psephos(*filter(None, [call]), "--help", check=0).stdout.split())
        assert f"man {page}" in told, call
    assert page.replace("-", "\\-") in MANUAL.read_text()


@pytest.mark.skipif("PSEPHOS_SANITIZER" in os.environ, reason="nothing that is installed")
def test_the_completions_are_in_the_package_of_the_command(completions, tmp_path):
    subprocess.run(["cmake", "--install", BIN.parent, "--component", "cli", "--prefix", tmp_path],
                   check=True, capture_output=True, timeout=TIMEOUT_S)
    for name, shell in (("bash-completion/completions/psephos", "psephos.bash"),
                        ("zsh/vendor-completions/_psephos", "_psephos"),
                        ("fish/vendor_completions.d/psephos.fish", "psephos.fish")):
        installed = (tmp_path / "share" / name).read_text()
        assert installed == (completions / shell).read_text(), name


def test_bash_completes_calls_and_values(completions):
    assert completed(completions, "re") == ["report", "replica", "restore", "results", "recount"]
    assert completed(completions, "up", "--replicas", "") == ["1", "3"]
    assert completed(completions, "up", "--replicas", "=", "3") == ["3"]
    assert completed(completions, "results", "--format", "o") == ["openelections"]
    assert completed(completions, "cast", "--format", "=") == ["ndjson", "votes-topic"]
    assert completed(completions, "replica", "") == ["replace", "new-id", "begun"]
    assert completed(completions, "client", "--dir", "c", "a") == ["add"]
    assert completed(completions, "check", "psephos.b") == ["psephos.bash"]
    assert completed(completions, "up", "--shards", "") == []
