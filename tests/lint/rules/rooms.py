"""Opening any folder of code shows at most 15 names and says what happens there.

A .c (or .cc) and its .h are one name; README.md and CMakeLists.txt are none. What happens there
stands in the folder's README.md, or in that of the folder above, as `name/`.
"""

from pathlib import PurePosixPath as Path

NAMES_MAX = 15
ONE_NAME = {".c", ".cc", ".h"}
CODE = {".c", ".cc", ".h", ".py", ".sh", ".ts", ".tsx", ".mjs", ".proto", ".cmake"}
NO_NAMES = {"README.md", "CMakeLists.txt"}


def folders(files):
    """folder -> the names that opening it shows, folders of code only, the root left out."""
    shown, code = {}, set()
    for file in files:
        if file.suffix in CODE:
            code.add(file.parent)
        for below, above in zip([file, *file.parents], file.parents):
            name = below.stem if below.suffix in ONE_NAME else below.name
            if name not in NO_NAMES:
                shown.setdefault(above, set()).add(name)
    return {folder: names for folder, names in shown.items() if folder in code and folder.name}


def findings(tree):
    files = {Path(name) for name in tree.names}
    for folder, names in sorted(folders(files).items()):
        if len(names) > NAMES_MAX:
            yield str(folder), 1, f"shows {len(names)} names, at most {NAMES_MAX}"
        above = folder.parent / "README.md"
        told = folder / "README.md" in files or (
            folder.parent.name and above in files
            and f"`{folder.name}/`" in tree.text(str(above)))
        if not told:
            yield str(folder), 1, "no README.md says what happens there"
