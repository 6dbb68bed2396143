"""A collector that publishes something else: passes on what the real one says, altered."""

import json
import threading
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import TIMEOUT_S


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        with urllib.request.urlopen(self.server.real + self.path, timeout=TIMEOUT_S) as answer:
            body = answer.read()
            kind = answer.headers["Content-Type"]
        if self.path.startswith("/api/v1/changes"):
            lines = [json.loads(line) for line in body.splitlines()]
            lines = self.server.alter(lines) or lines
            body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        else:
            for path, alter in self.server.others.items():
                if self.path.startswith(path):
                    answer = json.loads(body)
                    body = json.dumps(alter(answer) or answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def altered(api, alter=lambda lines: lines, others=None):
    """The URL of a collector like the one at `api`; `alter` gets the lines of /changes and
    changes them, or returns others; so does each of `others` with what its path answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.real, server.alter, server.others = api, alter, others or {}
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
