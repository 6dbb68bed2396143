"""Subjects of commits are at most 72 characters. Looks at what came since the last tag, or, as
long as there is none, since the rule does."""

import subprocess
import sys

SUBJECT_MAX = 72
RULE_SINCE = "2026-11-29T22:00:00Z"


def git(*arguments):
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout


def main():
    tag = git("describe", "--tags", "--abbrev=0").strip()
    commits = git("log", "--no-merges", "--format=%h %s", f"--since={RULE_SINCE}",
                  *([f"{tag}..HEAD"] if tag else []))
    long = [line for line in commits.splitlines() if len(line.split(" ", 1)[1]) > SUBJECT_MAX]
    for line in long:
        print(f"subject over {SUBJECT_MAX} characters: {line}")
    return 1 if long else 0


if __name__ == "__main__":
    sys.exit(main())
