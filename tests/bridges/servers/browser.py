"""A page in headless Chromium, by its debugging port; it reaches nothing but 127.0.0.1."""

import base64
import itertools
import json
import shutil
import tempfile
import urllib.request
from pathlib import Path

from servers import have
from servers.server import Broken, Server, free_port, wait_for

OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-dev-shm-usage", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--remote-allow-origins=*",
           "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]


class Browser(Server):
    name = "Chromium"
    ready_s = 60

    def __init__(self, width=1280, height=900):
        super().__init__(Path(tempfile.mkdtemp(prefix="psephos-chromium-")))
        self.program = have.program("chromium", "chromium")
        self.width, self.height, self.port = width, height, free_port()
        self.socket, self.connection, self.numbers = None, None, itertools.count(1)

    def command(self):
        return [self.program, *OPTIONS, f"--user-data-dir={self.folder / 'profile'}",
                f"--remote-debugging-port={self.port}",
                f"--window-size={self.width},{self.height}", "about:blank"]

    def tabs(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/json", timeout=5) as answer:
                return [tab for tab in json.load(answer) if tab["type"] == "page"]
        except OSError:
            return []

    def kill(self):
        super().kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_ready(self):
        return bool(self.tabs())

    def call(self, method, **parameters):
        from websockets.sync.client import connect
        if self.socket is None:
            self.connection = connect(self.tabs()[0]["webSocketDebuggerUrl"], max_size=None,
                                      proxy=None)
            self.socket = self.connection.__enter__()
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv(timeout=60))
            if answer.get("id") == number:
                if "error" in answer:
                    raise Broken(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, url):
        self.call("Page.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=self.width, height=self.height,
                  deviceScaleFactor=1, mobile=False)
        self.call("Page.navigate", url=url)

    def run(self, script):
        """The value of a JavaScript expression; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Broken(f"{script[:80]}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def text(self):
        return self.run("document.body ? document.body.innerText : ''")

    def wait(self, script, timeout_s=60):
        """The first true value of an expression."""
        return wait_for(lambda: self.run(script), timeout_s, f"{script[:80]}", every_s=0.3)

    def picture(self, path):
        answer = self.call("Page.captureScreenshot", format="png")
        Path(path).write_bytes(base64.b64decode(answer["data"]))

    def end(self, sig, timeout_s):
        if self.socket is not None:
            self.connection.__exit__(None, None, None)
            self.socket = None
        super().end(sig, timeout_s)
