"""A PostgreSQL of Debian on 127.0.0.1 and on a socket; user postgres, no password asked.

It refuses to run as root, so that its folder belongs to another. Data survives kill() and
start(); `version` picks one of several that are installed.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from servers.have import Missing
from servers.server import Broken, Server, free_port, wait_for

INSTALLED = Path("/usr/lib/postgresql")


def programs(version=None):
    found = {int(path.parent.name): path for path in INSTALLED.glob("*/bin")
             if (path / "initdb").exists()}
    if not found or version and version not in found:
        raise Missing(f"no PostgreSQL {version or ''} here (Debian: postgresql)")
    return found[version or max(found)]


class Postgres(Server):
    name = "PostgreSQL"

    def __init__(self, version=None, **settings):
        self.bin = programs(version)
        super().__init__(Path(tempfile.mkdtemp(prefix="psephos-pg-", dir="/tmp")))
        self.owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        os.chown(self.folder, self.owner.pw_uid, self.owner.pw_gid)
        self.port = free_port()
        self.settings = {"shared_buffers": "32MB"} | settings
        self.conninfo = f"host=127.0.0.1 port={self.port} user=postgres"
        done = subprocess.run(
            [*self.as_owner(), self.bin / "initdb", "-D", self.folder / "data", "-A", "trust", "-U",
             "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], cwd=self.folder,
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=90, check=False)
        if done.returncode:
            raise Broken(done.stdout + done.stderr)

    def as_owner(self):
        if os.getuid():
            return []
        return ["setpriv", f"--reuid={self.owner.pw_uid}", f"--regid={self.owner.pw_gid}",
                "--clear-groups"]

    def command(self):
        settings = [part for key, value in self.settings.items()
                    for part in ("-c", f"{key}={value}")]
        return [*self.as_owner(), self.bin / "postgres", "-D", self.folder / "data", "-p",
                self.port, "-k", self.folder, "-c", "listen_addresses=127.0.0.1", *settings]

    def is_ready(self):
        done = subprocess.run([self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p",
                               str(self.port)], stdin=subprocess.DEVNULL, check=False)
        return done.returncode == 0

    def stop(self, timeout_s=30):
        self.end(2, timeout_s)  # SIGINT is its fast end

    def kill(self):
        """kill -9; its children see that and end, or the next start would be refused."""
        pid = self.pid
        super().kill()
        wait_for(lambda: not self.children_of(pid), 20, "PostgreSQL: the end of its children")

    def children_of(self, session):
        """Processes of the session that the server had made for itself."""
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parts = path.read_text().rpartition(")")[2].split()
                if int(parts[3]) == session and parts[0] != "Z":
                    found.append(path.parent.name)
        return found

    def connect(self, database="postgres", autocommit=True):
        import psycopg2
        connection = psycopg2.connect(f"{self.conninfo} dbname={database}")
        connection.autocommit = autocommit
        return connection

    def sql(self, text, database="postgres"):
        """The rows of a statement, none of one without."""
        with contextlib.closing(self.connect(database)) as connection:
            with connection.cursor() as cursor:
                cursor.execute(text)
                return cursor.fetchall() if cursor.description else []

    def database(self, name):
        """Made anew; its conninfo."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}"')
        self.sql(f'CREATE DATABASE "{name}"')
        return f"{self.conninfo} dbname={name}"

    def remove(self):
        self.end(3, 20)  # SIGQUIT: at once
        shutil.rmtree(self.folder, ignore_errors=True)
