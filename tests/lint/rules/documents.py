"""The documents that tell a newcomer where things are name what is there."""

import re

GUIDES = ["docs/architecture.md", "docs/how-to-add.md", "CONTRIBUTING.md"]
TICKED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.-]+(/[\w.*\[\]-]+)*/?$")


def exists(tree, path):
    """`path` is a file or folder of the tree; `*` and `[ch]` as a shell reads them."""
    pattern = re.escape(path.rstrip("/")).replace(r"\*", "[^/]*")
    pattern = re.sub(r"\\\[(\w+)\\\]", r"[\1]", pattern)
    return any(re.match(pattern + "(/|$)", name) for name in tree.names)


def findings(tree):
    for guide in GUIDES:
        if guide not in tree.known:
            continue
        for number, line in enumerate(tree.lines(guide), 1):
            for word in TICKED.findall(line):
                if "/" in word and PATH.match(word) and not word.startswith("build") \
                        and not exists(tree, word):
                    yield guide, number, f"there is no {word}"
