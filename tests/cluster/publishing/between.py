"""An HTTP server between a publisher and a collector that changes answers on their way."""

import json
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Between:
    """`change(path, status, body)` -> (status, body), of JSON answers parsed, of lines the last one
    (`last_line`), else all as they are. `pace`: seconds that 64 KiB of lines take; they are not
    changed then."""

    def __init__(self, api, change, pace=None, last_line=True):
        self.api, self.change, self.pace, self.paths = api, change, pace, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.paths.append(self.path)
                if outer.pace and self.path.startswith("/api/v1/changes"):
                    outer.change(self.path, 200, b"")
                    return outer.pass_lines(self)
                status, kind, body = outer.ask(self.path)
                lines = b""
                if kind == "application/x-ndjson" and last_line:
                    lines, _, body = body.rstrip(b"\n").rpartition(b"\n")
                    lines += b"\n"
                is_json = kind.startswith("application/json") or lines
                parsed = json.loads(body) if is_json else body
                status, answer = outer.change(self.path, status, parsed)
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                data = lines + data + b"\n" if lines else data
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def pass_lines(self, reader):
        """As they come, at that pace: the collector is kept waiting."""
        with urllib.request.urlopen(self.api + reader.path, timeout=30) as answer:
            reader.send_response(answer.status)
            reader.send_header("Content-Type", answer.headers["Content-Type"])
            reader.end_headers()
            while piece := answer.read(1 << 16):
                reader.wfile.write(piece)
                time.sleep(self.pace)

    def ask(self, path):
        try:
            with urllib.request.urlopen(self.api + path, timeout=30) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Content-Type"], error.read()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()
