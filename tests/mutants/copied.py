"""A copy of the working tree that is built incrementally and changed for each mutant.

The user's files are read only. The copy has what git tracks and what is new beside it; a file
is written only when it differs, so that a build compiles little.
"""

import os
import shutil
import subprocess
from pathlib import Path


def files_of(tree):
    """Without git (a release's archive): all but what is built and fetched."""
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=tree,
                            capture_output=True, text=True)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.split("\0") if name]
    else:
        names = [str(path.relative_to(tree)) for path in tree.rglob("*")
                 if not path.relative_to(tree).parts[0].startswith("build")
                 and not {"node_modules", "__pycache__", ".git"} & set(path.parts)]
    return [name for name in names if (tree / name).is_file()]


class Copy:
    def __init__(self, tree, folder):
        self.tree, self.folder = tree, folder
        self.source, self.build = folder / "tree", folder / "build"
        self.originals = {}  # of what a mutant changed
        self.log = folder / "build.log"

    def refresh(self):
        names = set(files_of(self.tree))
        for name in names:
            place, content = self.source / name, (self.tree / name).read_bytes()
            if not place.is_file() or place.read_bytes() != content:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
                shutil.copymode(self.tree / name, place)
        for place in [path for path in self.source.rglob("*") if path.is_file()]:
            name = str(place.relative_to(self.source))
            if name not in names and "node_modules" not in name and "__pycache__" not in name:
                place.unlink()
        modules = self.source / "dashboard/node_modules"
        if (self.tree / "dashboard/node_modules").is_dir() and not modules.exists():
            modules.symlink_to(self.tree / "dashboard/node_modules")

    def configure(self):
        # The copy's own git index: some tests ask which files are tracked.
        if not (self.source / ".git").exists():
            self.run(["git", "init", "-q", "."], self.source)
        self.run(["git", "add", "-A"], self.source)
        return self.run(["cmake", "-S", str(self.source), "-B", str(self.build), "-G", "Ninja",
                         "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS=-O1 -g0",
                         "-DPSP_WERROR=OFF"], self.folder)

    def run(self, command, where):
        with open(self.log, "a") as log:
            return subprocess.run(command, cwd=where, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=log).returncode == 0

    def make(self, targets):
        self.log.write_text("")
        jobs = str(os.cpu_count() or 2)
        return self.run(["cmake", "--build", str(self.build), "-j", jobs, "--target", *targets],
                        self.folder)

    def put(self, texts):
        """Writes a mutant's files; restore() puts back what stood there."""
        for name, text in texts.items():
            place = self.source / name
            self.originals[name] = place.read_text()
            place.write_text(text)

    def restore(self):
        for name, text in self.originals.items():
            (self.source / name).write_text(text)
        self.originals = {}
