"""Adds up the JUnit reports of a test run and prints the closing line.

usage: summary.py FOLDER SUITE...

A suite whose report is missing did not finish: that is one failure. A cmocka
program reports its cases in its output; each case counts. (Debian 13's cmocka
puts the group's name before some of the numbers.)
"""

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

CMOCKA_RUN = re.compile(r"^\[==========\] (?:\S+: )?Running (\d+) test", re.M)
CMOCKA_PASSED = re.compile(r"^\[  PASSED  \] (\d+) test", re.M)
CMOCKA_SKIPPED = re.compile(r"^\[  SKIPPED \] (?:\S+: )?(\d+) test", re.M)
SKIP = re.compile(r"^skipped: (.+)\n(?:\[  SKIPPED \] (\S+)$)?", re.M)


def count_program(case):
    """(passed, failed, skipped) of one ctest program."""
    output = case.findtext("system-out") or ""
    ran = sum(int(n) for n in CMOCKA_RUN.findall(output))
    passed = sum(int(n) for n in CMOCKA_PASSED.findall(output))
    skipped = sum(int(n) for n in CMOCKA_SKIPPED.findall(output))
    program_failed = case.get("status") == "fail" or case.find("failure") is not None
    if ran == 0 and not program_failed:
        return (0, 0, 1) if SKIP.search(output) else (1, 0, 0)
    if ran == 0:
        return (0, 1, 0)
    failed = ran - passed - skipped
    if program_failed and failed <= 0:
        failed = 1  # a crash, a leak or a sanitizer's report after the cases
    return (passed, failed, skipped)


def skips_of(case):
    """Lines of what a ctest program says that it skipped, and why; pytest tells its own."""
    return [f"skipped: {name or case.get('name')}: {why}"
            for why, name in SKIP.findall(case.findtext("system-out") or "")]


def count_case(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return (0, 1, 0)
    if case.find("skipped") is not None:
        return (0, 0, 1)
    return (1, 0, 0)


def main():
    folder = Path(sys.argv[1])
    total = [0, 0, 0]
    for suite in sys.argv[2:]:
        report = folder / f"{suite}.xml"
        counts = [0, 0, 0]
        troubles = []
        try:
            cases = list(ET.parse(report).getroot().iter("testcase"))
        except (OSError, ET.ParseError) as error:
            cases = []
            counts[1] = 1
            troubles.append(f"no report: {error}")
        for case in cases:
            unit = suite.startswith("unit-")
            one = count_program(case) if unit else count_case(case)
            counts = [a + b for a, b in zip(counts, one)]
            if one[1]:
                troubles.append(f"failed: {case.get('classname')} {case.get('name')}")
            troubles += skips_of(case) if unit else []
        if cases and sum(counts) == 0 or not cases and not troubles:
            counts[1] += 1
            troubles.append("ran no test")
        print(f"{suite:<16}{counts[0]:>6} passed {counts[1]:>4} failed {counts[2]:>4} skipped")
        for trouble in troubles:
            print(f"    {trouble}")
        total = [a + b for a, b in zip(total, counts)]
    line = f"{total[0]} passed, {total[1]} failed"
    if total[2]:
        line += f", {total[2]} skipped"
    print(line)
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
