"""A PostgreSQL of our own on a Unix socket, that may be killed; it refuses to run as root."""

import atexit
import csv
import functools
import io
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

from harness import ROOT, is_running, wait_until

FETCHED = ROOT / "build" / "tools"  # by ./run, where none is installed
SERVERS = sorted((at for root in ("/", FETCHED)
                  for at in Path(root, "usr/lib/postgresql").glob("*/bin")
                  if (at / "initdb").exists()), key=lambda p: int(p.parent.name))
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00")
NO_SERVER = "no PostgreSQL here (Debian: postgresql)"


def plain(value):
    """Times as the API writes them."""
    if isinstance(value, str) and TIME.fullmatch(value):
        moment = datetime.fromisoformat(value).isoformat(timespec="milliseconds")
        return moment.replace("+00:00", "Z")
    return value


class Rows(list):
    """Tuples, and the names of their columns, as a cursor of sqlite3 has them."""

    def __init__(self, pairs):
        super().__init__(tuple(plain(value) for _, value in row) for row in pairs)
        self.description = [(name,) for name, _ in pairs[0]] if pairs else []

    fetchall = list.copy

    def fetchone(self):
        return self[0] if self else None


class View:
    """A database and a schema in it, asked as a connection of sqlite3 is."""

    def __init__(self, server, database, schema="psephos"):
        self.server, self.database, self.schema = server, database, schema

    def execute(self, query):
        printed = self.server.run_sql(
            f"SELECT row_to_json(q) FROM ({query}) q", self.database, self.schema, "-At")
        return Rows([json.loads(line, object_pairs_hook=list) for line in printed.splitlines()])


@functools.cache
def reachable(binaries):
    """Where nobody, who runs the server when root runs the tests, may go: /root is closed."""
    if os.getuid() != 0 or FETCHED not in binaries.parents:
        return binaries
    copy = Path(tempfile.mkdtemp(prefix="psephos-pg-bin-", dir="/tmp"))
    copy.chmod(0o755)
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    for part in ("lib", "share"):
        shutil.copytree(FETCHED / "usr" / part / "postgresql", copy / "usr" / part / "postgresql",
                        symlinks=True)
    return copy / binaries.relative_to(FETCHED)


class Server:
    """Trusts everybody on its socket but role `locked`, who needs a password."""

    def __init__(self, binaries=None):
        self.bin = reachable(binaries or SERVERS[-1])
        self.folder = Path(tempfile.mkdtemp(prefix="psephos-pg-", dir="/tmp"))
        self.user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)

    def attempt(self, *command, stdin=None):
        as_root = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} \
            if os.getuid() == 0 else {}
        return subprocess.run(list(map(str, command)), input=stdin, capture_output=True, text=True,
                              timeout=120, cwd=self.folder,
                              env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, **as_root)

    def run(self, *command, stdin=None):
        done = self.attempt(*command, stdin=stdin)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self):
        self.run(self.bin / "initdb", "-D", self.folder / "data", "-A", "trust", "-U", "postgres",
                 "-E", "UTF8", "--no-sync")
        access = self.folder / "data" / "pg_hba.conf"
        access.write_text("local all locked scram-sha-256\nlocal all all trust\n")
        return self.start_again()

    def start_again(self):
        """After a kill it is refused as long as one of the old processes has not noticed."""
        # pg_ctl's child must not keep our pipes. A server out of its package has no LLVM.
        command = ["-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o",
                   f"-k {self.folder} -c listen_addresses= -c fsync=off -c jit=off", "start"]
        wait_until(lambda: self.attempt(self.bin / "pg_ctl", *command).returncode == 0,
                   60, what="a start of PostgreSQL")
        return self

    @property
    def pid_file(self):
        return self.folder / "data" / "postmaster.pid"

    def end(self, mode="fast"):
        if self.pid_file.exists():
            self.run(self.bin / "pg_ctl", "-D", self.folder / "data", "-m", mode, "-w", "stop")

    def kill(self):
        """kill -9; its children see that and end."""
        pid = int(self.pid_file.read_text().split()[0])
        try:
            ours = str(self.folder) in Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:
            return
        if ours:
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not is_running(pid), what="the end of PostgreSQL")

    def stop(self):
        if self.pid_file.exists():
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def conninfo(self, database="postgres", user="postgres", more=""):
        return f"host={self.folder} dbname={database} user={user} {more}"

    def run_sql(self, text, database="postgres", schema="psephos", *options):
        return self.run("env", f"PGOPTIONS=-c search_path={schema},public -c TimeZone=UTC "
                        "-c client_min_messages=warning",
                        self.bin / "psql", "-h", self.folder, "-U", "postgres", "-d", database,
                        "-qX", "-v", "ON_ERROR_STOP=1", *options, "-c", text)

    def sql(self, text, database="postgres", schema="psephos"):
        """Rows of the last query; NULL is None."""
        printed = self.run_sql(text, database, schema, "--csv", "-P", "null=\\N")
        return [[None if cell == "\\N" else cell for cell in row]
                for row in list(csv.reader(io.StringIO(printed)))[1:]]
