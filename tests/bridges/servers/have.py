"""Brings what the servers need into a cache: jars by Maven, Python packages from PyPI.

The cache is PSEPHOS_CACHE, else ~/.cache/psephos: nothing is written into the tree, and what is
there already is not fetched again. What cannot be had raises Missing with the reason.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("PSEPHOS_CACHE")
             or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "psephos")
FETCH_TIMEOUT_S = 420


class Missing(Exception):
    """What cannot be had here, and why."""


def program(name, package):
    found = shutil.which(name)
    if found is None:
        raise Missing(f"no {name} here (Debian: {package})")
    return found


def fetch(command, what):
    """Runs what fetches something; Missing says the last that it said."""
    try:
        done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise Missing(f"{what} could not be fetched in {FETCH_TIMEOUT_S} s") from None
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise Missing(f"{what} could not be fetched: {' / '.join(said[-3:])[-500:]}")


@contextlib.contextmanager
def alone():
    """One process at a time changes the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def made(name, sources, make):
    """CACHE/name-HASH of the sources, by make(folder) if it is not there already."""
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)
                            + sys.version.encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    done = folder / ".done"
    if done.exists():
        return folder
    with alone():
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            begun = time.monotonic()
            make(folder)
            done.write_text(f"{time.monotonic() - begun:.0f} s\n")
    return folder


def java(name, home=HERE / "java"):
    """The class path of home/NAME: the jars of its pom.xml and its compiled sources."""
    maven, javac = program("mvn", "maven"), program("javac", "openjdk-17-jdk-headless")
    pom, sources = home / name / "pom.xml", sorted((home / name).rglob("*.java"))

    def make(folder):
        fetch([maven, "-B", "-q", "-f", pom, f"-Dmaven.repo.local={CACHE / 'm2'}",
               "dependency:copy-dependencies", f"-DoutputDirectory={folder / 'libs'}",
               "-DincludeScope=runtime"], f"the jars of {name} (Maven)")
        if sources:
            fetch([javac, "--release", "17", "-nowarn", "-cp", f"{folder / 'libs'}/*", "-d",
                   folder / "classes", *sources], f"{name}, compiled,")

    folder = made(f"java-{name}", [pom, *sources], make)
    return f"{folder / 'classes'}:{folder / 'libs'}/*"


def python(name, system=False):
    """The interpreter of a virtual environment with what pins/NAME.txt lists."""
    pins = HERE / "pins" / f"{name}.txt"

    def make(folder):
        wanted = ["--system-site-packages"] if system else []
        fetch(["/usr/bin/python3", "-m", "venv", *wanted, folder / "venv"],
              "a virtual environment (Debian: python3-venv)")
        fetch([folder / "venv/bin/python", "-m", "pip", "install", "-q", "--prefer-binary",
               "--disable-pip-version-check", "-r", pins], f"Python packages of {name} (PyPI)")

    return made(f"python-{name}", [pins], make) / "venv" / "bin" / "python"
