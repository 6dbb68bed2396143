"""Dead functions: a header offers them and no other file of the programs calls them.

A call in tests or bench alone does not keep a function of the programs alive: the test
then tests what nobody needs. Words are compared, not scopes; one name means one thing.

And dead files: a source of the programs that no CMakeLists.txt above it names is built into
nothing, and its assertions hold nothing.
"""

import re
from pathlib import PurePosixPath

from rules.tree import blank_comments, declarations

# Offered to other programs: libpsephos keeps these whether or not ours call them.
EXPORTS = "client/psephos.map"

# Called from outside by tests or bench only, and why that is right.
ALLOWED = {
    "psp_count_memory_bytes": "what bench/micro measures",
    "psp_http_port": "a test listens at port 0",
    "psp_crc32c_table": "compared with the processor's own instruction",
    "psp_key_public_of_secret": "compared with a known pair",
    "psp_media_name_allowed": "a list of names, without a file for each",
    "psp_replica_genesis": "the simulator's replicas begin as real ones do",
    "psp_restore_configuration": "compared with what consensus writes",
    "psp_reading_table": "a test or a fuzzer needs no file",
    "psp_table_print_within": "a test has no terminal",
    "psp_pg_schema_write": "a test needs no server",
    "psp_sign_key_of": "a test and the simulator have a known seed",
    "psp_socket_address": "a test listens at port 0",
    "psp_socket_dropped": "what is thrown away is seen nowhere else",
}


def outside(name):
    return name.startswith(("tests/", "bench/"))


def words_of(tree):
    """File -> its words; build files count, for they rename functions."""
    texts = {name: blank_comments(tree.text(name)) for name in tree.c_files()}
    texts |= {name: tree.text(name) for name in tree.names if name.endswith("CMakeLists.txt")}
    return {name: set(re.findall(r"\w+", text)) for name, text in texts.items()}


def files(tree):
    for name in tree.c_files((".c", ".cc")):
        path = PurePosixPath(name)
        lists = [f"{folder}/CMakeLists.txt".removeprefix("./") for folder in path.parents]
        if not outside(name) and not any(path.name in re.findall(r"[\w.-]+", tree.text(at))
                                         for at in lists if at in tree.known):
            yield name, 1, "no CMakeLists.txt names it: it is built into nothing"


def findings(tree):
    if "CMakeLists.txt" in tree.known:
        yield from files(tree)
    words = words_of(tree)
    exported = set(re.findall(r"\w+", tree.text(EXPORTS))) if EXPORTS in tree.known else set()
    defined_in = {}
    declared_in = {}
    for name in tree.c_files():
        for line, function, body in declarations(tree.code(name)):
            if body:
                defined_in.setdefault(function, name)
            if name.endswith(".h"):
                declared_in.setdefault(function, []).append((name, line))
    needed = set()
    for function, places in sorted(declared_in.items()):
        headers = {header for header, _ in places}
        callers = {name for name in words if function in words[name]}
        callers -= headers | {defined_in.get(function)}
        # An inline function or a macro of the header may be its caller.
        callers |= {header for header in headers
                    if len(re.findall(rf"\b{function}\b", blank_comments(tree.text(header))))
                    > sum(header == at for at, _ in places)}
        header, line = places[0]
        if not outside(header):
            callers = {name for name in callers if not outside(name)}
        if callers or function in exported:
            continue
        needed.add(function)
        if function not in ALLOWED:
            yield header, line, f"{function} is called by no other file" + (
                "" if outside(header) else " outside tests")
    if tree.is_whole:
        for function in sorted(set(ALLOWED) - needed):
            yield "tests/lint/rules/dead.py", 1, f"{function} is allowed and needs no allowance"
