"""Who may include and call whom: third-party headers, inner.h, floors, circles.

A room is a program's folder or a folder of lib/; its folders are the ones inside it. A file
is x.c and x.h together.
"""

import re
from collections import defaultdict

from rules.tree import declarations

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]')

# Third-party header, or folder of ours that stands for one -> where it may be included.
ROOM_OF_HEADER = {
    "lmdb.h": ["lib/kv/", "shard/store/", "collector/store/"],
    "kv/": ["lib/kv/", "shard/store/", "collector/store/", "cli/audit/inspect/store"],
    "protobuf-c/": ["lib/wire/"],
    ".pb-c.h": ["lib/wire/"],
    "zmq.h": ["lib/wire/"],
    "simdjson.h": ["client/line/nodes"],
    "microhttpd.h": ["lib/http/", "collector/http/", "gateway/http/", "bridge/local/http"],
    "gnutls/": ["gateway/http/tls"],
    "raft.h": ["shard/consensus"],
    "raft/": ["shard/consensus"],
    "uv.h": ["lib/process/loop", "router/", "shard/", "collector/"],
    "curl/": ["cli/", "bridge/feed/feed", "bridge/opensearch/http"],
    "sqlite3.h": ["cli/export/sqlite"],
    "libpq-fe.h": ["cli/prepare/servers/postgres", "bridge/postgres/"],
    "librdkafka/": ["bridge/kafka", "cli/prepare/servers/kafka"],
    "sodium.h": ["lib/election/", "lib/wire/", "lib/cluster/", "lib/count/count", "lib/seal/",
                 "cli/publish/site"],
    "systemd/": ["lib/process/"],
    "zlib.h": ["collector/page/gzip"],
}

# Room -> the rooms below it, which it may include. Only what is true today: a new arrow is
# drawn here first. A program includes no other program.
LIB = ["lib/base", "lib/process", "lib/election", "lib/wire", "lib/cluster"]
MAY_INCLUDE = {
    "lib/base": [],
    "lib/process": ["lib/base"],
    "lib/election": ["lib/base"],
    "lib/sql": ["lib/base", "lib/election"],
    "lib/journal": ["lib/base"],
    "lib/wire": ["lib/base", "lib/election"],
    "lib/seal": ["lib/base", "lib/election", "lib/wire", "lib/journal"],
    "lib/count": ["lib/base", "lib/election", "lib/wire"],
    "lib/cluster": ["lib/base", "lib/election", "lib/wire"],
    "lib/kv": ["lib/base"],
    "lib/http": ["lib/base"],
    "client": ["lib/base", "lib/election", "lib/wire", "lib/cluster"],
    "router": LIB,
    "shard": LIB + ["lib/journal", "lib/seal", "lib/count", "lib/kv"],
    "collector": LIB + ["lib/http", "lib/kv"],
    "gateway": LIB + ["lib/http", "client"],
    "bridge": LIB + ["lib/sql", "client"],
    "cli": ["lib/base", "lib/election", "lib/wire", "lib/cluster", "lib/journal", "lib/seal",
            "lib/count", "lib/sql", "lib/kv", "client"],
}

# (file, room that it includes though the table above says no) -> why.
UPWARD_ALLOWED = {
    ("cli/run/readiness", "shard"): "the role of a replica is a word of shard/core/core.h",
    ("cli/audit/inspect/store", "shard"): "its tables' numbers are part of their checksums",
    ("cli/folder/bridges", "bridge"): "bridge.json has one reader",
    ("cli/prepare/check_bridge", "bridge"): "bridge.json has one reader",
}

# Two folders that include each other -> why that is right.
FOLDER_CIRCLES_ALLOWED = {
    ("client", "client/core"): "psephos.h is the public header; the core speaks in its types",
    ("lib/base", "lib/base/text"): "reason.c cuts at a character; utf8 knows of no reason",
}

# Two files that call each other -> why that is right.
CALL_CIRCLES_ALLOWED = {
    ("lib/election/definition/definition", "lib/election/definition/things"):
        "the names of kinds stand in the public header, and in its file",
}


def ours(name):
    return not name.startswith(("tests/", "bench/"))


def room_of(name):
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "lib" else parts[0]


def folder_of(name):
    return name.rpartition("/")[0]


def stem(name):
    return name.rpartition(".")[0]


def includes(tree, name):
    """(line, header as written, its file in the tree or None)."""
    for number, line in enumerate(tree.lines(name), 1):
        found = INCLUDE.match(line)
        if found:
            header = found.group(1)
            places = (header, "lib/" + header, folder_of(name) + "/" + header)
            yield number, header, next((at for at in places if at in tree.known), None)


def third_party_allows(name, header):
    for key, places in ROOM_OF_HEADER.items():
        if header == key or (key.endswith("/") and header.startswith(key)) \
                or (key.startswith(".") and header.endswith(key)):
            return any(name.startswith(place) for place in places)
    return True


def include_findings(tree):
    unneeded = set(UPWARD_ALLOWED)
    for name in filter(ours, tree.c_files()):
        room = room_of(name)
        for line, header, target in includes(tree, name):
            if not third_party_allows(name, header):
                yield name, line, f"{header} is included outside its room"
            if target is None:
                continue
            if target.endswith("/inner.h") and folder_of(target) != folder_of(name):
                yield name, line, f"{target} is included outside its folder"
            other = room_of(target)
            if other == room or other in MAY_INCLUDE.get(room, []):
                continue
            unneeded.discard((stem(name), other))
            if (stem(name), other) not in UPWARD_ALLOWED:
                yield name, line, f"{room} includes {target}, and {other} is not below it"
    for name, other in sorted(unneeded):
        if tree.is_whole:
            yield "tests/lint/rules/arrows.py", 1, f"{name} may include {other} and does not"


def circles(arrows):
    """The sets of nodes that reach one another, and so can only be understood together."""
    reached = {}
    for start in arrows:
        seen, waiting = set(), [start]
        while waiting:
            for following in arrows.get(waiting.pop(), ()):
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
        reached[start] = seen
    found = set()
    for start, seen in reached.items():
        if start in seen:
            found.add(frozenset([start] + [node for node in seen
                                           if start in reached.get(node, ())]))
    return sorted(sorted(circle) for circle in found)


def circle_findings(tree, arrows, allowed, what):
    unneeded = set(allowed)
    for a, b in allowed:
        if b in arrows.get(a, ()) and a in arrows.get(b, ()):
            unneeded.discard((a, b))
            arrows[a].discard(b)
    for circle in circles(arrows):
        yield circle[0], 1, f"{what}: " + " ".join(circle)
    for a, b in sorted(unneeded):
        if tree.is_whole:
            yield "tests/lint/rules/arrows.py", 1, f"the circle {a} {b} is allowed and is none"


def folder_arrows(tree):
    arrows = defaultdict(set)
    for name in filter(ours, tree.c_files()):
        for _, _, target in includes(tree, name):
            if target and folder_of(target) != folder_of(name):
                arrows[folder_of(name)].add(folder_of(target))
    return arrows


def call_arrows(tree):
    """File -> files whose functions it calls; a function counts where it is defined."""
    defined = defaultdict(set)
    offered = set()
    for name in filter(ours, tree.c_files()):
        for _, function, body in declarations(tree.code(name)):
            if body and name.endswith(".c"):
                defined[function].add(stem(name))
            elif not body and name.endswith(".h"):
                offered.add(function)
    arrows = defaultdict(set)
    for name in filter(ours, tree.c_files(".c")):
        for function in offered & set(re.findall(r"\b(\w+)\(", tree.code(name))):
            arrows[stem(name)] |= defined[function] - {stem(name)}
    return arrows


def missing_rooms(tree):
    """A room that has moved away would let its header in nowhere, or a rule fall silent."""
    for header, places in ROOM_OF_HEADER.items():
        for place in places:
            if not any(name.startswith(place) for name in tree.names):
                yield ("tests/lint/rules/arrows.py", 1,
                       f"the room {place} of {header} does not exist")
    for name in filter(ours, tree.c_files()):
        if room_of(name) not in MAY_INCLUDE:
            yield name, 1, f"the room {room_of(name)} has no place among the floors"


def findings(tree):
    if tree.is_whole:
        yield from missing_rooms(tree)
    yield from include_findings(tree)
    yield from circle_findings(tree, folder_arrows(tree), FOLDER_CIRCLES_ALLOWED,
                               "folders include each other")
    yield from circle_findings(tree, call_arrows(tree), CALL_CIRCLES_ALLOWED,
                               "files call each other")
