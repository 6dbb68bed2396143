"""Comments that must be there.

A .c file begins with one: the way it is done here, and what would surprise. A header of the
programs begins with one too, and says which threads may use it; who owns what, when it hands
something over or ends it; where the memory comes from, when it makes what lives on. Each
function that a header offers has a comment above or beside it, or stands without a blank line
below one that speaks of its group.
"""

import re

from rules.tree import declarations, line_at

# A header with one of these hands something over, or ends it.
OWNS = re.compile(r"\*\*\s*ret_\w+|_(destroy|free|close|release)\((struct|void)\b")
# A header with one of these makes something that lives until it is ended.
MAKES = re.compile(r"_(create|open)\([^;]*\*\*\s*ret_")


def first_comment(text):
    found = re.match(r"/\*.*?\*/", text, re.DOTALL)
    return found.group() if found else ""


def ours(name):
    return not name.startswith(("tests/", "bench/"))


def head_findings(tree, name):
    comment = first_comment(tree.text(name))
    if not comment:
        yield name, 1, "no comment at its beginning"
    elif name.endswith(".h") and ours(name):
        wanted = ["Threads"]
        code = tree.code(name)
        wanted += ["Ownership"] if OWNS.search(code) else []
        wanted += ["Memory"] if MAKES.search(code) else []
        for word in wanted:
            if f"{word}:" not in comment:
                yield name, 1, f"its first comment does not say {word}:"


def commented(lines, line):
    """The declaration that begins at `line` has a comment above it, or its group has."""
    at = line - 2
    while at >= 0 and lines[at].strip():
        if lines[at].rstrip().endswith("*/"):
            return True
        at -= 1
    return False


def function_findings(tree, name):
    code = tree.code(name)
    lines = tree.lines(name)
    for line, function, _ in declarations(code):
        begin = sum(len(text) + 1 for text in lines[:line - 1])
        end = line_at(code, re.compile(r"[;{]").search(code, begin).start())
        beside = lines[end - 1].split(";")[-1].strip().startswith("/*")
        if not beside and not commented(lines, line):
            yield name, line, f"{function} has no comment"


def findings(tree):
    for name in tree.c_files():
        yield from head_findings(tree, name)
        if name.endswith(".h") and ours(name):
            yield from function_findings(tree, name)
