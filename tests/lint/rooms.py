"""Opening any folder of code shows at most 15 names and says what happens there.

A .c and its .h are one name; README.md and CMakeLists.txt are none. What happens there stands
in the folder's README.md, or in that of the folder above, as `name/`. Prints one line per
finding; exit code 1 when there is any.
"""

import subprocess
import sys
from pathlib import Path

NAMES_MAX = 15
CODE = {".c", ".h", ".py", ".sh", ".ts", ".tsx", ".mjs", ".proto", ".cmake"}
NO_NAMES = {"README.md", "CMakeLists.txt"}


def folders(files):
    """folder -> the names that opening it shows, folders of code only, the root left out."""
    shown, code = {}, set()
    for file in files:
        if file.suffix in CODE:
            code.add(file.parent)
        for below, above in zip([file, *file.parents], file.parents):
            name = below.stem if below.suffix in (".c", ".h") else below.name
            if name not in NO_NAMES:
                shown.setdefault(above, set()).add(name)
    return {folder: names for folder, names in shown.items() if folder in code and folder.name}


def findings(files, text_of):
    for folder, names in sorted(folders(files).items()):
        if len(names) > NAMES_MAX:
            yield f"{folder}: shows {len(names)} names, at most {NAMES_MAX}"
        above = folder.parent / "README.md"
        told = folder / "README.md" in files or (
            folder.parent.name and above in files and f"`{folder.name}/`" in text_of(above))
        if not told:
            yield f"{folder}: no README.md says what happens there"


def main():
    out = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True).stdout
    files = {Path(name) for name in out.decode().split("\0") if name}
    found = list(findings(files, Path.read_text))
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
