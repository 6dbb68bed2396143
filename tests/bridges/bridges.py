"""Tests with real servers: a Kafka broker, an OpenSearch node, PostgreSQL, a browser.

Fetches what they need into a cache (PSEPHOS_CACHE, else ~/.cache/psephos), says what cannot be
had, runs the tests, and prints how many passed, failed and were skipped. Without --long it ends
within 12 minutes, downloads included; what did not end by then has failed.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

from servers import have
from servers.postgres import programs as postgres_programs

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
REPORT = ROOT / "build" / "test-reports" / "bridges.xml"
MINUTES, LONG_MINUTES, LAST_WORDS_S = 11.0, 50.0, 30
BEGUN = time.monotonic()


def wanted(long):
    """(what, how it is had): all of these are looked for before the first test."""
    things = [
        ("Java 17", lambda: have.program("javac", "openjdk-17-jdk-headless")),
        ("Kafka", lambda: have.java("kafka")),
        ("OpenSearch", lambda: have.java("opensearch")),
        ("PostgreSQL", postgres_programs),
        ("Chromium", lambda: have.program("chromium", "chromium")),
        ("clients of the tests", lambda: have.python("tests", system=True)),
        ("Streamlit", lambda: have.python("demos")),
        ("the voting demos", fetched),
    ]
    if long:
        things.append(("Superset", lambda: have.python("superset")))
    return things


def fetched():
    sys.path.insert(0, str(ROOT / "tests" / "cluster"))
    from programs import fetched_demos
    return fetched_demos()


def prepare(long):
    """Fetches all, and says what there is and what not; True when nothing is missing."""
    complete = True
    for what, make in wanted(long):
        begun = time.monotonic()
        try:
            make()
            took = time.monotonic() - begun
            print(f"{what}: here" + (f" after {took:.0f} s" if took > 2 else ""), flush=True)
        except have.Missing as missing:
            complete = False
            print(f"{what}: cannot be had, its tests are skipped: {missing}", flush=True)
    return complete


def run_pytest(options, seconds):
    """The tests, told to end after so many seconds; their servers end with them."""
    try:
        python = have.python("tests", system=True)
    except have.Missing:
        python = "/usr/bin/python3"
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.unlink(missing_ok=True)
    tests = subprocess.Popen(
        [python, "-m", "pytest", "-q", "-rs", f"--junitxml={REPORT}", "-o", "junit_family=xunit1",
         *options, HERE], cwd=ROOT, stdin=subprocess.DEVNULL, env=os.environ | {
             "PSEPHOS_BIN": os.environ.get("PSEPHOS_BIN", str(ROOT / "build" / "bin")),
             "PYTHONDONTWRITEBYTECODE": "1"})
    for sig, patience in ((signal.SIGINT, seconds), (signal.SIGKILL, LAST_WORDS_S)):
        try:
            return tests.wait(patience)
        except subprocess.TimeoutExpired:
            print("the time is up", flush=True)
            tests.send_signal(sig)
        except KeyboardInterrupt:
            pass  # pytest had it, too
    return tests.wait()


def counted():
    """passed, failed, skipped of the report; a run that was cut short has failed."""
    passed = failed = skipped = 0
    try:
        cases = list(ET.parse(REPORT).getroot().iter("testcase"))
    except (OSError, ET.ParseError):
        return 0, 1, 0
    for case in cases:
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main():
    parser = argparse.ArgumentParser(
        prog="./run bridges", formatter_class=argparse.RawDescriptionHelpFormatter,
        description=__doc__, epilog="What else follows goes to pytest: ./run bridges -k kafka -x")
    parser.add_argument("--long", action="store_true", help="the campaigns and Superset, too; "
                        f"ends within {LONG_MINUTES:.0f} minutes")
    parser.add_argument("--prepare", action="store_true", help="only fetch what is needed")
    options, rest = parser.parse_known_args()
    complete = prepare(options.long)
    if options.prepare:
        return 0 if complete else 1
    minutes = LONG_MINUTES if options.long else MINUTES
    code = run_pytest([*(["--long"] if options.long else []), *rest],
                      max(60.0, minutes * 60 - (time.monotonic() - BEGUN)))
    passed, failed, skipped = counted()
    if code not in (0, 1, 5) and not failed:
        failed = 1  # cut short, or no test was collected for what was asked
    if passed + failed + skipped == 0:
        failed = 1
        print("no test ran")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
