"""./run mutants: puts deliberate defects into a copy of the sources, one at a time, and runs the
tests that should notice. Every one must be caught; what caught it is printed.
"""

import argparse
import fnmatch
import json
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import catalogue
import checks
from copied import Copy

TREE = Path(__file__).resolve().parents[2]
SIM_LINE = re.compile(r"^ *(\d+)  .{34,}? (?:NOT CAUGHT.*| *\d+ +\d+ +\d+  (.*))$")
HAND_LINE = re.compile(r"^by hand, (\d+): (?:NOT CAUGHT|(.*))$")


def options():
    parser = argparse.ArgumentParser(
        prog="./run mutants", description="Puts deliberate defects into a copy of the sources, one "
        "at a time, and runs the tests that should notice.",
        epilog="Exit codes: 0 every one is caught, 1 one is missed, 2 usage or a test that fails "
        "without a defect.")
    parser.add_argument("--list", action="store_true", help="names, rooms, sentences; runs nothing")
    parser.add_argument("--check", action="store_true", help="whether all fit the sources")
    parser.add_argument("--only", metavar="NAME", action="append", default=[],
                        help="a mutant or a room; * stands for anything; may be given again")
    parser.add_argument("--sample", metavar="N", type=int, help="N of them, by chance")
    parser.add_argument("--seed", metavar="S", type=int, help="of that chance")
    parser.add_argument("--json", metavar="FILE", help="writes the result there")
    parser.add_argument("--named", action="store_true",
                        help="only the tests that the catalogue names; else, when these pass, "
                        "all others are tried before a mutant is called missed")
    parser.add_argument("--no-sim", action="store_true", help="without those of the simulator")
    parser.add_argument("--folder", metavar="DIR", default=str(TREE / "build-mutants"),
                        help="where the copy is made (build-mutants)")
    return parser.parse_args()


def chosen(given):
    mutants = catalogue.patches()
    if not given.no_sim:
        mutants += catalogue.simulated(TREE)
    if given.only:
        mutants = [mutant for mutant in mutants
                   if any(fnmatch.fnmatchcase(name, wanted) for wanted in given.only
                          for name in (mutant.name, mutant.room))]
    if given.sample is not None and given.sample < len(mutants):
        seed = given.seed if given.seed is not None else random.randrange(10000)
        print(f"{given.sample} of {len(mutants)}: --sample {given.sample} --seed {seed}")
        kept = set(random.Random(seed).sample(range(len(mutants)), given.sample))
        mutants = [mutant for i, mutant in enumerate(mutants) if i in kept]
    return mutants


class Show:
    """A line a mutant, with how long the rest will take."""

    def __init__(self, total):
        self.total, self.done, self.begun = total, 0, time.monotonic()

    def left(self):
        if self.done == 0:
            return ""
        seconds = (time.monotonic() - self.begun) / self.done * (self.total - self.done)
        return f", {int(seconds) // 60}:{int(seconds) % 60:02} left"

    def begin(self, mutant):
        if sys.stdout.isatty():
            print(f"\r\033[K{self.done + 1} of {self.total}{self.left()}  {mutant.room}: "
                  f"{mutant.name}"[:100], end="", flush=True)

    def end(self, mutant, by):
        self.done += 1
        erase = "\r\033[K" if sys.stdout.isatty() else ""
        told = f"caught by {by}" if by else "NOT CAUGHT"
        print(f"{erase}{self.done:4} of {self.total}{self.left()}  {mutant.room}: {mutant.name}\n"
              f"        {mutant.text}\n        {told}", flush=True)


def first_without_defect(mutants, copy):
    """Every test named must pass as it is. The first that does not, or None."""
    named = list(dict.fromkeys(check for mutant in mutants for check in mutant.by))
    targets = sorted({name for check in named for name in checks.target(check)})
    print(f"building, and {len(named)} tests without a defect ...", flush=True)
    if targets and not copy.make(targets):
        return f"the build fails, see {copy.log}"
    for check in named:
        ran = checks.run_check(check, copy)
        if not ran.passed:
            return f"without any defect fails {ran.by}, see {copy.folder / 'test.log'}"
    return None


def try_one(mutant, copy, named_only):
    """What caught it; None: nothing did."""
    copy.put(catalogue.changed(mutant, copy.source))
    try:
        for check in mutant.by:
            targets = checks.target(check)
            if targets and not copy.make(targets):
                return f"nothing: it does not compile, see {copy.log}", False
            ran = checks.run_check(check, copy)
            if not ran.passed:
                return ran.by, True
        if named_only:
            return None, False
        ran = checks.run_wide(copy)
        return (None, False) if ran.passed else (f"{ran.by} (not by those named)", True)
    finally:
        copy.restore()


def run_simulated(mutants, show, results):
    """The simulator puts its own in at run time: one build, one line each. False: it did not
    say anything of them."""
    by_number = {mutant.number: mutant for mutant in mutants}
    told = {}
    chosen = [word for number in by_number for word in ("--mutant", str(number))]
    with subprocess.Popen(["tests/sim/run", "--mutants", "--trials", "1", *chosen], cwd=TREE,
                          stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            found = SIM_LINE.match(line.rstrip()) or HAND_LINE.match(line.rstrip())
            if found is None or int(found[1]) not in by_number or told.get(int(found[1])):
                continue
            mutant = by_number[int(found[1])]
            told[mutant.number] = found[2] and f"{line.startswith('by') and 'by hand' or 'sim'}: " \
                f"{found[2]}"
            if told[mutant.number]:
                show.end(mutant, told[mutant.number])
    if process.returncode not in (0, 1) or not told:
        return False
    for mutant in mutants:
        by = told.get(mutant.number)
        results.append((mutant, by, by is not None))
        if by is None:
            show.end(mutant, None)
    return True


def write_json(path, results):
    rows = [{"name": mutant.name, "room": mutant.room, "caught": caught, "by": by}
            for mutant, by, caught in results]
    Path(path).write_text(json.dumps({"mutants": rows}, indent=1) + "\n")


def run_all(given, mutants):
    patched = [mutant for mutant in mutants if mutant.number == 0]
    show, results = Show(len(mutants)), []
    if patched:
        copy = Copy(TREE, Path(given.folder))
        copy.source.mkdir(parents=True, exist_ok=True)
        copy.refresh()
        if not copy.configure():
            sys.exit(f"mutants: cmake could not configure, see {copy.log}")
        trouble = first_without_defect(patched, copy)
        if trouble:
            print(f"mutants: {trouble}", file=sys.stderr)
            return 2
        show.begun = time.monotonic()
        for mutant in patched:
            show.begin(mutant)
            by, caught = try_one(mutant, copy, given.named)
            results.append((mutant, by, caught))
            show.end(mutant, by)
    simulated = [mutant for mutant in mutants if mutant.number != 0]
    if simulated and not run_simulated(simulated, show, results):
        print("mutants: tests/sim/run --mutants could not be run", file=sys.stderr)
        return 2
    if given.json:
        write_json(given.json, results)
    missed = [mutant.name for mutant, _, caught in results if not caught]
    print(f"{len(results) - len(missed)} of {len(results)} mutants caught"
          + (f"; missed: {', '.join(missed)}" if missed else ""))
    return 1 if missed else 0


def main():
    given = options()
    if given.check:
        troubles = catalogue.check(TREE)
        for trouble in troubles:
            print(f"mutants: {trouble}")
        return 1 if troubles else 0
    try:
        mutants = chosen(given)
    except catalogue.CatalogueError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2
    if not mutants:
        print("mutants: there is none of that name", file=sys.stderr)
        return 2
    if given.list:
        for mutant in mutants:
            print(f"{mutant.room:<12}{mutant.name:<34}{mutant.text}")
        print(f"{len(mutants)} mutants")
        return 0
    return run_all(given, mutants)


if __name__ == "__main__":
    sys.exit(main())
