"""How a test of each kind is built and run, and which of its cases says no."""

import os
import re
import signal
import subprocess

UNIT_S = 90
TEST_S = 300
WIDE_S = 1800
CASE = re.compile(r"^\[  FAILED  \] (?:\S+: )?([a-z_]\w*)$", re.M)
PYTEST = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.M)
PAGE = re.compile(r"^FAILED (.+)$", re.M)


def target(check):
    """What to build for it."""
    kind, argument = check
    if kind == "ctest":
        return [argument] if argument.startswith("test_") else []
    if kind == "sim":
        return ["psephos-sim"]
    return [] if kind == "page" else ["all"]


def command(check, copy):
    kind, argument = check
    if kind == "ctest" and argument.startswith("test_"):
        return [str(copy.build / "tests" / argument)]
    if kind == "ctest":
        return ["ctest", "--test-dir", str(copy.build), "-R", f"^{argument}$",
                "--output-on-failure", "--no-tests=error"]
    if kind == "pytest":
        return ["/usr/bin/python3", "-m", "pytest", "-q", "-x", "--tb=line", *argument.split()]
    if kind == "page":
        return ["node", "tests/unit/page/run.mjs", *argument.split()]
    if kind == "sim":
        return [str(copy.build / "bin/psephos-sim"), "--seeds", argument, "--jobs", "2", "--quiet"]
    return ["node", "--test", *argument.split()]


class Ran:
    def __init__(self, passed, by):
        self.passed, self.by = passed, by


def run(argv, copy, limit_s):
    """(exit status, output); a test that hangs is ended with all that it started."""
    environment = dict(os.environ, PSEPHOS_BIN=str(copy.build / "bin"),
                       PYTHONDONTWRITEBYTECODE="1")
    with subprocess.Popen(argv, cwd=copy.source, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", start_new_session=True) as process:
        try:
            output, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return "it hangs", output
        return process.returncode, output


def said(kind, argument, status, output):
    """The case that failed, in the words of its runner."""
    if status == "it hangs":
        return f"{argument}: it hangs"
    if kind == "ctest":
        cases = CASE.findall(output)
        names = re.findall(r"^\s*\d+ - (\S+) \(", output, re.M)
        name = argument if argument.startswith("test_") or not names else names[0]
        return f"{name}: {cases[0]}" if cases else f"{name}: an assertion or a crash"
    if kind == "pytest":
        found = PYTEST.findall(output)
        return found[0] if found else f"{argument}: pytest ends with {status}"
    if kind == "page":
        found = PAGE.findall(output)
        return f"{argument}: {found[0]}" if found else argument
    if kind == "sim":
        found = re.findall(r"^(seed \d+: .*)$", output, re.M)
        return f"sim: {found[0][:100]}" if found else "sim"
    return argument


def run_check(check, copy):
    kind, argument = check
    limit_s = UNIT_S if kind in ("ctest", "page") else TEST_S
    status, output = run(command(check, copy), copy, limit_s)
    (copy.folder / "test.log").write_text(output or "")
    if status == 0:
        return Ran(True, None)
    return Ran(False, said(kind, argument, status, output))


def wide(copy):
    """When those named pass: every unit test, simulated clusters, then whole clusters."""
    build, jobs = str(copy.build), str(os.cpu_count() or 2)
    pytest = ["/usr/bin/python3", "-m", "pytest", "-q", "-x", "--tb=line", "-n", "3"]
    yield "ctest", ["ctest", "--test-dir", build, "-j", jobs, "-E", "^sim", "--stop-on-failure",
                    "--output-on-failure", "--no-tests=error", "--timeout", "60"]
    yield "sim", [f"{build}/bin/psephos-sim", "--seeds", "400", "--jobs", "2", "--quiet"]
    yield "pytest", pytest + ["-m", "quick"]
    yield "pytest", pytest + ["-m", "not quick"]


def run_wide(copy):
    if not copy.make(["all", "psp_tests"]):
        return Ran(False, "the compiler")
    for kind, argv in wide(copy):
        status, output = run(argv, copy, WIDE_S)
        (copy.folder / "test.log").write_text(output or "")
        if status != 0:
            return Ran(False, said(kind, f"every {kind}", status, output))
    return Ran(True, None)
