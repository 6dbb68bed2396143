"""The tree that the rules look at: the files git tracks, and what a C file declares."""

import re
import subprocess
from pathlib import Path

STATEMENT_NAME = re.compile(r"(\w+)\s*\(")


class Tree:
    """Files by path from the root, written with slashes; a file's text is read once."""

    def __init__(self, root, names=None):
        self.root = Path(root)
        self.is_whole = names is None  # lists of what is allowed must fit it exactly
        if names is None:
            names = subprocess.run(["git", "ls-files"], cwd=self.root, check=True,
                                   capture_output=True, text=True).stdout.splitlines()
        self.names = sorted(name for name in names if (self.root / name).is_file())
        self.known = set(self.names)
        self.texts = {}
        self.codes = {}

    def text(self, name):
        if name not in self.texts:
            self.texts[name] = (self.root / name).read_text(encoding="utf-8", errors="replace")
        return self.texts[name]

    def lines(self, name):
        return self.text(name).split("\n")

    def code(self, name):
        """The text with comments, literals and directives blanked, line for line."""
        if name not in self.codes:
            self.codes[name] = blank_directives(blank_comments(self.text(name)))
        return self.codes[name]

    def c_files(self, suffixes=(".c", ".cc", ".h")):
        return [name for name in self.names if name.endswith(suffixes)]


def blank_comments(text):
    """Comments and what stands in quotes become spaces."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda found: re.sub(r"[^\n]", " ", found.group()), text,
                  flags=re.DOTALL)


def blank_directives(text):
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda found: re.sub(r"[^\n]", " ", found.group()),
                  text, flags=re.MULTILINE)


def declarations(code):
    """(line, name, body) of each function at the top level; body: it is defined here."""
    depth = 0
    start = None
    for at, char in enumerate(code):
        if char == "{":
            if depth == 0 and start is not None:
                found = function_of(code[start:at])
                if found:
                    yield line_at(code, start), found, True
                    start = None
            depth += 1
        elif char == "}":
            depth -= 1
        elif char == ";" and depth == 0:
            found = function_of(code[start:at]) if start is not None else None
            if found:
                yield line_at(code, start), found, False
            start = None
        elif depth == 0 and start is None and not char.isspace():
            start = at


def function_of(statement):
    """The function that a statement declares, or None."""
    if re.match(r"(typedef|enum\s*\{|enum\s+\w+\s*\{|static_assert|_Static_assert)\b", statement) \
            or "=" in statement.split("(")[0] or re.search(r"\(\s*\*", statement.split(",")[0]):
        return None
    name = STATEMENT_NAME.search(statement)
    if name is None or name.group(1).isupper() or not re.match(r"[\w\s*]+$",
                                                              statement[:name.start()] or "-"):
        return None
    return name.group(1)


def line_at(text, at):
    return text.count("\n", 0, at) + 1
