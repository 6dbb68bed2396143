"""The documents that tell a newcomer where things are name what is there."""

import re

GUIDES = ["docs/architecture.md", "docs/how-to-add.md", "CONTRIBUTING.md"]
NAME = re.compile(r"[\w.-]+\.(?:c|h|py|sh|ts|tsx|mjs|json|proto|cmake)$")
TICKED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.-]+(/[\w.*\[\]-]+)*/?$")


def exists(tree, path):
    """`path` is a file or folder of the tree; `*` and `[ch]` as a shell reads them."""
    pattern = re.escape(path.rstrip("/")).replace(r"\*", "[^/]*")
    pattern = re.sub(r"\\\[(\w+)\\\]", r"[\1]", pattern)
    return any(re.match(pattern + "(/|$)", name) for name in tree.names)


def readme_findings(tree, readme):
    """A room's README.md speaks of its own names, of the rooms of lib/, and of paths."""
    folder = readme.rpartition("/")[0]
    for number, line in enumerate(tree.lines(readme), 1):
        for word in TICKED.findall(line):
            if (NAME.match(word) or "/" in word and PATH.match(word)) \
                    and not word.startswith("build") \
                    and not any(exists(tree, at + word) for at in (folder + "/", "lib/", "")):
                yield readme, number, f"there is no {word}"


def findings(tree):
    for name in tree.names:
        if name.endswith("/README.md") and not name.startswith(("demo/", "deploy/", "docs/")):
            yield from readme_findings(tree, name)
    for guide in GUIDES:
        if guide not in tree.known:
            continue
        for number, line in enumerate(tree.lines(guide), 1):
            for word in TICKED.findall(line):
                if "/" in word and PATH.match(word) and not word.startswith("build") \
                        and not exists(tree, word):
                    yield guide, number, f"there is no {word}"
