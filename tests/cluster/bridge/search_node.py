"""A stand-in for an OpenSearch node: keeps documents by external version, and can refuse.

It knows what the bridge asks and no more. `refuse` is asked of every request and of every
document of a bulk: a status in place of the answer, or None. It is no proof of what a real node
does (`./run bridges` is): it makes refusals come when a test wants them.
"""

import base64
import json
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class SearchNode:
    def __init__(self, user=None, bytes_max=None, certificate=None):
        self.user, self.bytes_max = user, bytes_max
        self.indices, self.template, self.sequence = {}, None, 0
        self.lock = threading.RLock()
        self.bulks, self.largest = [], 0  # documents of each _bulk; bytes of the largest taken
        self.refuse_request = lambda path: None
        self.refuse_document = lambda identity: None
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                status, value = node.answer(self.command, self.path, body,
                                            self.headers.get("Authorization"))
                text = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:  # a PEM file with its key
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def documents(self, index):
        with self.lock:
            return {key: kept["source"] for key, kept in self.indices.get(index, {}).items()}

    def answer(self, method, target, body, authorization):
        path = urlsplit(target).path
        with self.lock:
            if self.user and authorization != "Basic " + base64.b64encode(
                    ":".join(self.user).encode()).decode():
                return 401, {"error": "who are you?"}
            status = self.refuse_request(path)
            if status:
                return status, {"error": "refused by the test"}
            if self.bytes_max and len(body) > self.bytes_max:
                return 413, {"error": "too large"}
            if path == "/_bulk":
                return self.bulk(body)
            if path.startswith("/_index_template/"):
                self.template = json.loads(body)
                return 200, {"acknowledged": True}
            parts = path.strip("/").split("/")
            if len(parts) == 1 and method == "PUT":
                return self.make(parts[0])
            if parts[1] == "_doc":
                return self.document(method, parts[0], parts[2], parse_qs(urlsplit(target).query),
                                     body)
            return 200, self.search(parts[0], json.loads(body)) if parts[1] == "_search" else {}

    def make(self, index):
        if index in self.indices:
            return 400, {"error": {"type": "resource_already_exists_exception"}}
        self.indices[index] = {}
        return 200, {"acknowledged": True}

    def keep(self, index, key, version, source):
        self.sequence += 1
        self.indices[index][key] = {"version": version, "source": source,
                                    "sequence": self.sequence}
        return {"_seq_no": self.sequence, "_primary_term": 1}

    def document(self, method, index, key, query, body):
        kept = self.indices[index].get(key)
        if method == "GET":
            return (404, {"found": False}) if kept is None else (200, {
                "_seq_no": kept["sequence"], "_primary_term": 1, "_source": kept["source"]})
        fits = kept is None if "op_type" in query else (
            kept is not None and query["if_seq_no"] == [str(kept["sequence"])])
        if not fits:
            return 409, {"error": {"type": "version_conflict_engine_exception"}}
        return 200, self.keep(index, key, None, json.loads(body))

    def bulk(self, body):
        lines = [json.loads(line) for line in body.decode().splitlines()]
        assert body.endswith(b"\n") and len(lines) % 2 == 0
        self.bulks.append([head["index"]["_id"] for head in lines[::2]])
        self.largest = max(self.largest, len(body))
        return 200, {"items": [{"index": self.put(head["index"], source)}
                               for head, source in zip(lines[::2], lines[1::2])]}

    def put(self, head, source):
        index, key, version = head["_index"], head["_id"], head["version"]
        assert head["version_type"] == "external_gte"
        status = self.refuse_document(key)
        if status:
            return {"_id": key, "status": status,
                    "error": {"type": "refused", "reason": "by the test"}}
        kept = self.indices[index].get(key)
        if kept and kept["version"] > version:
            return {"_id": key, "status": 409, "error": {"type": "version_conflict"}}
        self.keep(index, key, version, source)
        return {"_id": key, "status": 200 if kept else 201}

    def search(self, index, body):
        """Only of the one question that the bridge has: what is shown as of before."""
        found = re.search(r'"lt": (\d+)', json.dumps(body))
        hits = [{"_id": key} for key, kept in self.indices[index].items()
                if kept["source"]["held"] is False
                and kept["source"]["version"]["number"] < int(found[1])]
        return {"hits": {"hits": hits[:body["size"]]}} if hits else {}
