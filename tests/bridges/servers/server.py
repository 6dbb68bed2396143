"""A server as a process of its own: started, ended, killed, and what it said."""

import os
import random
import signal
import socket
import subprocess
import time

# Below the ports that the system hands out, and above those of clusters under test: a server
# that is started again finds its own port free.
PORTS = range(28300, 32000)


class Broken(Exception):
    """A server that should run and does not."""


def free_port():
    while True:
        port = random.choice(PORTS)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_for(condition, timeout_s, what, every_s=0.1):
    """The first true value of condition(); Broken says what did not come."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Broken(f"{what} did not come within {timeout_s} s")
        time.sleep(every_s)


class Server:
    """`folder` is its own; what it says goes to folder/server.log.

    A subclass has command() and is_ready(); start() waits until it is ready.
    """

    name = "server"
    ready_s = 90
    environment = {}

    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "server.log"
        self.process = None

    def start(self):
        assert self.process is None, f"{self.name} runs already"
        with open(self.log, "ab") as log:
            self.begun_at = log.tell()
            self.process = subprocess.Popen(
                [str(part) for part in self.command()], cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
                env=os.environ | self.environment)
        try:
            wait_for(self.is_up, self.ready_s, f"{self.name}: ready")
        except Broken as error:
            self.kill()
            raise Broken(f"{error}\n{self.tail()}") from None
        return self

    def is_up(self):
        if self.process.poll() is not None:
            raise Broken(f"{self.name} ended with {self.process.returncode}")
        return self.is_ready()

    def said(self):
        """What it said since it was started."""
        with open(self.log, "rb") as log:
            log.seek(self.begun_at)
            return log.read().decode(errors="replace")

    def tail(self, lines=40):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, timeout_s=30):
        """As a person would end it; killed when it does not end."""
        self.end(signal.SIGTERM, timeout_s)

    def kill(self):
        self.end(signal.SIGKILL, 30)

    def end(self, sig, timeout_s):
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(sig)
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)

    def restart(self):
        self.stop()
        return self.start()

    @property
    def pid(self):
        return self.process.pid if self.process else None
