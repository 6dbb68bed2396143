"""Checks what no other tool checks: sizes, rooms and leftovers. Run by ./run lint.

Prints one line per finding; exit code 1 when there is any.
"""

import re
import subprocess
import sys
from pathlib import Path

FILE_LINES_MAX = 700
FUNCTION_LINES_MAX = 70

# Third-party header -> where it may be included. A folder ends with a slash.
ROOM_OF_HEADER = {
    "lmdb.h": ["lib/kv/", "shard/store/", "collector/store/"],
    "kv/": ["lib/kv/", "shard/store/", "collector/store/"],
    "protobuf-c/": ["lib/wire/"],
    ".pb-c.h": ["lib/wire/"],
    "zmq.h": ["lib/wire/"],
    "microhttpd.h": ["collector/http/"],
    "raft.h": ["shard/consensus"],
    "raft/": ["shard/consensus"],
    "uv.h": ["lib/process/loop", "router/", "shard/", "collector/"],
    "curl/": ["cli/"],
    "sodium.h": ["lib/election/", "lib/wire/", "lib/cluster/", "lib/count/count"],
    "systemd/": ["lib/process/"],
    "zlib.h": ["collector/http/gzip"],
}

# What may stay although a rule speaks against it: (path, rule) -> reason.
EXCEPTIONS = {}

LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]')
TEXT_SUFFIXES = {".c", ".h", ".py", ".sh", ".md", ".proto", ".cmake", ".ts", ".tsx", ".css", ".html"}


def tracked_files():
    out = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True).stdout
    return [Path(name) for name in out.decode().split("\0") if name]


def functions(lines):
    """(name, first line, number of lines) of every function: its braces stand in column 0."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            head = start - 1
            while head > 1 and lines[head - 2] and not lines[head - 2].endswith((";", "}", "*/")) \
                    and not lines[head - 2].startswith("#"):
                head -= 1
            name = re.search(r"(\w+)\(", lines[head - 1])
            yield (name.group(1) if name else "?", head, number - head + 1)
            start = None


def room_allows(path, header):
    for key, places in ROOM_OF_HEADER.items():
        if header == key or (key.endswith("/") and header.startswith(key)) \
                or (key.startswith(".") and header.endswith(key)):
            return any(str(path).startswith(place) for place in places)
    return True


def check_c(path, lines):
    for name, first, length in functions(lines):
        if length > FUNCTION_LINES_MAX:
            yield first, f"function {name} has {length} lines, at most {FUNCTION_LINES_MAX}"
    if str(path).startswith("tests/"):
        return  # tests look inside the rooms
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if found and not room_allows(path, found.group(1)):
            yield number, f"{found.group(1)} is included outside its room"


def check(path):
    if path.suffix not in TEXT_SUFFIXES and path.name not in ("run", "CMakeLists.txt"):
        return
    lines = path.read_text(encoding="utf-8").split("\n")
    if path.suffix in (".c", ".h", ".py", ".sh") and len(lines) > FILE_LINES_MAX + 1:
        yield FILE_LINES_MAX, f"file has {len(lines) - 1} lines, at most {FILE_LINES_MAX}"
    for number, line in enumerate(lines, 1):
        if LEFTOVER.search(line) and path != Path("tests/lint/style.py"):
            yield number, "a leftover: " + line.strip()[:60]
    if path.suffix in (".c", ".h"):
        yield from check_c(path, lines)


def missing_rooms():
    """A room that has moved away would let its header in nowhere, or a rule fall silent."""
    names = [str(path) for path in tracked_files()]
    for header, places in ROOM_OF_HEADER.items():
        for place in places:
            if not any(name.startswith(place) for name in names):
                yield f"the room {place} of {header} does not exist"


def main():
    findings = 0
    for finding in missing_rooms():
        print(f"tests/lint/style.py:1: {finding}")
        findings += 1
    for path in tracked_files():
        if not path.is_file():
            continue
        for number, finding in check(path):
            rule = finding.split(" ")[0]
            if (str(path), rule) in EXCEPTIONS:
                continue
            print(f"{path}:{number}: {finding}")
            findings += 1
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
