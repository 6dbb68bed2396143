#!/usr/bin/env python3
"""Asks a running collector everything its /openapi.json documents and checks every answer.

    check_openapi.py http://127.0.0.1:8080 [--local http://127.0.0.1:8081]
                     [--also http://127.0.0.1:9080]
                     [--shards PID,PID] [--busy]

Every path is asked with every documented parameter (one at a time, some together), with right
and with wrong values, with If-None-Match, as HEAD and as POST. Each answer's status and content
type must be documented, its body must match the schema (a small checker of the JSON Schema words
that the document uses; python3-jsonschema checks again where it is installed), and lists must
come whole and without repeats when followed by next_cursor. With --also (a collector of another
election, without a map) and --shards (local processes, stopped for a moment so that the collector
is not ready) every documented answer can be seen but the 503 of a collector that is busy: it needs
1 GiB of answers that nobody reads, which --busy brings about where the election is large enough.
Prints one line a finding; exit code 1 when there is any, also when a documented answer was never
seen (--allow-unseen lets that pass), and at the end what it does not try to see, with the reason.
"""

import argparse
import csv
import gzip
import io
import json
import os
import re
import signal
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

try:
    import jsonschema
except ImportError:
    jsonschema = None

KNOWN_WORDS = {
    "type", "properties", "required", "additionalProperties", "items", "enum", "const", "pattern",
    "minimum", "maximum", "maxLength", "format", "anyOf", "$ref", "description", "default",
}
TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
    "integer": int, "number": (int, float),
}
STREAM, CHANGES, READY = "/api/v1/stream", "/api/v1/changes", "/readyz"
LINES = "application/x-ndjson"
NOT_TRIED = (
    "503 of {}: a collector that starts, has no memory, or 1 GiB of answers under way (--busy)"
)
BUSY_ANSWERS = 400  # of results.csv with every leaf: together more than the collector holds ready
VIEWERS = 801  # one more than a collector serves
VIEWERS_AN_ADDRESS = 400


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def media_type(self):
        return self.headers.get("Content-Type", "").split(";")[0]


def first_event(response):
    """Up to the end of the first event with data; the stream itself never ends."""
    lines, data = [], False
    while not (data and lines[-1] == b"\n"):
        lines.append(response.readline())
        data |= lines[-1].startswith(b"data: ")
    return b"".join(lines)


def ask(url, method="GET", headers=None):
    request = urllib.request.Request(url, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            if response.headers.get_content_type() == "text/event-stream" and method == "GET":
                return Answer(response.status, response.headers, first_event(response))
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def resolved(document, item):
    """What a $ref stands for; anything else is itself."""
    while "$ref" in item:
        target = document
        for part in item["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        item = target
    return item


def operations(document):
    """path -> its GET, with parameters and responses in place of their $ref."""
    return {path: {**item["get"],
                   "parameters": [resolved(document, one) for one in item["get"]["parameters"]],
                   "responses": {status: resolved(document, one)
                                 for status, one in item["get"]["responses"].items()}}
            for path, item in document["paths"].items()}


def check_schema(document, schema, value, where, ret_faults):
    """Checks `value`; appends to ret_faults what does not hold."""
    unknown = set(schema) - KNOWN_WORDS
    if unknown:
        ret_faults.append(f"{where}: the document uses {sorted(unknown)}, which is not checked")
    if "$ref" in schema:
        check_schema(document, resolved(document, schema), value, where, ret_faults)
        return
    if "anyOf" in schema:
        tries = []
        for option in schema["anyOf"]:
            faults = []
            check_schema(document, option, value, where, faults)
            tries.append(faults)
        if all(tries):
            ret_faults.extend(min(tries, key=len))
        return
    types = schema.get("type")
    if types is not None:
        types = [types] if isinstance(types, str) else types
        if not any(is_type(value, name) for name in types):
            ret_faults.append(f"{where}: {value!r} is not {' or '.join(types)}")
            return
    check_value(schema, value, where, ret_faults)
    if isinstance(value, dict):
        check_object(document, schema, value, where, ret_faults)
    if isinstance(value, list) and "items" in schema:
        for position, item in enumerate(value):
            check_schema(document, schema["items"], item, f"{where}[{position}]", ret_faults)


def is_type(value, name):
    if name in ("integer", "number") and isinstance(value, bool):
        return False
    return isinstance(value, TYPES[name])


def check_value(schema, value, where, ret_faults):
    if "enum" in schema and value not in schema["enum"]:
        ret_faults.append(f"{where}: {value!r} is none of {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        ret_faults.append(f"{where}: {value!r} is not {schema['const']!r}")
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            ret_faults.append(f"{where}: {value!r} does not match {schema['pattern']}")
        if schema.get("format") == "date-time" and not re.fullmatch(
                r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
            ret_faults.append(f"{where}: {value!r} is not a time in UTC with milliseconds")
        if schema.get("format") == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            ret_faults.append(f"{where}: {value!r} is not a date")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if "minimum" in schema and value < schema["minimum"]:
            ret_faults.append(f"{where}: {value} is below {schema['minimum']}")


def check_object(document, schema, value, where, ret_faults):
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            ret_faults.append(f"{where}: {name} is missing")
    for name, member in value.items():
        if name in properties:
            check_schema(document, properties[name], member, f"{where}.{name}", ret_faults)
        elif schema.get("additionalProperties") is False:
            ret_faults.append(f"{where}: {name} is not documented")
        elif isinstance(schema.get("additionalProperties"), dict):
            check_schema(document, schema["additionalProperties"], member, f"{where}.{name}",
                         ret_faults)


class Checker:
    def __init__(self, base, local):
        self.base, self.local = base.rstrip("/"), (local or "").rstrip("/")
        self.document = json.loads(ask(self.base + "/openapi.json").body)
        self.operations = operations(self.document)
        self.findings, self.seen, self.requests = [], set(), 0
        self.not_tried = []
        self.examples = self.find_examples()

    def fault(self, text):
        self.findings.append(text)
        print(text)

    def get_json(self, path):
        return json.loads(ask(self.base + path).body)

    def find_examples(self):
        """Values that exist in this election, by the place they are used in."""
        election = self.get_json("/api/v1/election")["election"]
        self.levels = ["leaf"] + [level["level"] for level in election["levels"]]
        contest = self.get_json("/api/v1/contests?limit=1")["contests"][0]
        leaf = self.get_json("/api/v1/results?level=leaf&limit=1")["results"][0]["unit"]
        candidates = self.get_json("/api/v1/candidates?limit=1")["candidates"]
        return {
            "contest": contest["id"], "unit": leaf, "parent": election["root"],
            "method": election["methods"][0]["id"], "choice": contest["choices"][0]["id"],
            "candidate": candidates[0]["id"] if candidates else None, "q": "a", "limit": "2",
            "lang": (election["languages"] or ["en"])[-1], "group": contest["group"],
        }

    def url(self, path, operation, query):
        base = self.local if "loopback" in operation.get("tags", []) else self.base
        if not base:
            return None
        return base + path + ("?" + urllib.parse.urlencode(query) if query else "")

    def fill(self, path, wrong=False):
        """The path with an ID in it; None when there is none in this election."""
        if "{id}" not in path:
            return path
        known = self.examples["candidate" if "candidates" in path else "unit"]
        value = "no-such-id" if wrong else known
        return None if value is None else path.replace("{id}", value)

    def check_answer(self, path, operation, answer, url):
        status = str(answer.status)
        self.requests += 1
        documented = operation["responses"].get(status)
        if documented is None:
            self.fault(f"{url}: {status} is not documented")
            return None
        media = answer.media_type()
        self.seen.add((path, status, media if documented.get("content") else ""))
        if not documented.get("content"):
            if answer.body:
                self.fault(f"{url}: {status} has a body")
            return None
        if media not in documented["content"]:
            self.fault(f"{url}: {status} came as {media}")
            return None
        for name in documented.get("headers", {}):
            if name == "ETag" and not re.fullmatch(r'"[^"]+"', answer.headers.get("ETag", "")):
                self.fault(f"{url}: no strong ETag")
            if name == "Psephos-Version" and media.endswith("/json") and (
                    json.loads(answer.body)["version"]["id"] != answer.headers.get(name)):
                self.fault(f"{url}: {name} is not version.id")
            if name == "Psephos-Version" and not answer.headers.get(name):
                self.fault(f"{url}: no {name}")
        if media.endswith("json") and media != LINES:
            value = json.loads(answer.body)
            self.check_body(documented["content"][media]["schema"], value, url)
            return value
        text = answer.body.decode(errors="replace")
        if media == LINES:
            self.check_lines(text, url)
        if media == "text/event-stream":
            data = next(line for line in text.splitlines() if line.startswith("data: "))
            self.check_body({"$ref": "#/components/schemas/BoardEvent"}, json.loads(data[6:]), url)
        return text

    def check_lines(self, text, url):
        lines = [json.loads(line) for line in text.splitlines()]
        for line in lines:
            self.check_body({"$ref": "#/components/schemas/ChangesLine"}, line, url)
        if not lines or "version" not in lines[-1] or any("version" in line for line in lines[:-1]):
            self.fault(f"{url}: the line of the version is not the last one, and that alone")

    def check_body(self, schema, value, url):
        faults = []
        check_schema(self.document, schema, value, "body", faults)
        for fault in faults[:5]:
            self.fault(f"{url}: {fault}")
        if jsonschema:
            whole = {**schema, "components": self.document["components"]}
            error = next(jsonschema.Draft202012Validator(whole).iter_errors(value), None)
            if error:
                self.fault(f"{url}: jsonschema: {error.message}")

    def good_values(self, parameter):
        name, schema = parameter["name"], parameter["schema"]
        if name == "sort":
            return ["unit", "ballots", "turnout", "votes:" + self.examples["choice"]]
        if name == "level":
            return self.levels
        if name == "cursor":
            return []  # check_pages has real ones
        if name in ("version", "since"):
            return [self.get_json("/api/v1/shards")["version"]["id"]]
        if name == "wait":
            return ["0", "60"]  # without since there is something at once
        if "enum" in schema:
            return schema["enum"]
        return [self.examples[name]]

    def bad_values(self, parameter):
        name, schema = parameter["name"], parameter["schema"]
        if name in ("contest", "unit", "parent", "method", "choice", "group"):
            return [("no-such-id", 404), ("", 404), ("é\x01", 404)]
        if name == "limit":
            return [(value, 400) for value in ("0", "-1", "1001", "x", "", "1e3", "99999999999")]
        if name in ("version", "since"):
            return [(value, 410) for value in ("", "x", "x" * 300, "1-2-3", "é")]
        if name in ("q", "lang"):
            return [("x" * 257, 400)]
        if name == "wait":
            return [(value, 400) for value in ("61", "-1", "", "1.5", "x", "99999999999")]
        if name == "cursor":
            return [(value, 400) for value in ("", "x", "A" * 28, "é")]
        return [(value, 400) for value in ("", "nonsense")] if schema else []

    def needs(self, name):
        """Parameters without which this one has no meaning."""
        if name == "sort":
            return {"contest": self.examples["contest"], "level": "leaf"}
        if name == "order":
            return {"contest": self.examples["contest"], "sort": "ballots"}
        return {}

    def check_path(self, path, operation):
        filled = self.fill(path)
        required = self.required(operation)
        url = self.url(filled, operation, required) if filled else None
        if not url:
            print(f"{path}: skipped, nothing to ask for")
            return
        parameters = [p for p in operation["parameters"] if p["in"] == "query"]
        answer = ask(url)
        self.check_answer(path, operation, answer, url)
        self.check_transport(path, operation, url, answer)
        for parameter in parameters:
            name = parameter["name"]
            for value in self.good_values(parameter):
                self.check_question(path, operation, {**self.needs(name), name: value}, 200)
            for value, status in self.bad_values(parameter):
                self.check_question(path, operation, {**self.needs(name), name: value}, status)
        if "400" in operation["responses"]:
            self.check_question(path, operation, {"no_such_parameter": "1"}, 400)
        if required:
            bare = self.url(filled, operation, {})
            if (
                self.check_answer(path, operation, ask(bare), bare) is None
                or ask(bare).status != 400
            ):
                self.fault(f"{bare}: a required parameter is missing, and it is not 400")
        if "{id}" in path:
            wrong = self.url(self.fill(path, wrong=True), operation, {})
            self.check_answer(path, operation, ask(wrong), wrong)
        names = [p["name"] for p in parameters]
        if "cursor" in names:
            self.check_pages(path, operation, {})
            if "level" in names:
                self.check_pages(path, operation, {"level": "leaf"})
            if "sort" in names:
                self.check_pages(path, operation, {**self.needs("sort"), "sort": "ballots"})

    def required(self, operation):
        return {p["name"]: self.examples[p["name"]] for p in operation["parameters"]
                if p["in"] == "query" and p["required"]}

    def check_question(self, path, operation, query, expected):
        query = {**self.required(operation), **query}
        url = self.url(self.fill(path), operation, query)
        answer = ask(url)
        value = self.check_answer(path, operation, answer, url)
        if answer.status != expected:
            self.fault(f"{url}: {answer.status}, expected {expected}")
        elif expected >= 400 and len(value.get("detail", "")) < 10:
            self.fault(f"{url}: the problem does not say what to do")

    def check_transport(self, path, operation, url, answer):
        head = ask(url, "HEAD")
        if head.status != answer.status or head.body:
            self.fault(f"{url}: HEAD answers {head.status}, {len(head.body)} bytes")
        everybody = "*" if url.startswith(self.base) else None  # what is local is for operators
        if answer.headers.get("Access-Control-Allow-Origin") != everybody:
            self.fault(f"{url}: Access-Control-Allow-Origin is not {everybody}")
        if ask(url, "POST").status != 405:
            self.fault(f"{url}: POST is not refused with 405")
        if ask(url, "OPTIONS").status != 204:
            self.fault(f"{url}: OPTIONS is not answered with 204")
        packed = ask(url, headers={"Accept-Encoding": "gzip"})
        if packed.headers.get("Content-Encoding") == "gzip":
            if packed.headers.get("ETag") == answer.headers.get("ETag") and answer.headers.get(
                "ETag"
            ):
                self.fault(f"{url}: one ETag for two representations")
            if "{" in path or not operation.get("tags"):
                gzip.decompress(packed.body)
        if "304" in operation["responses"]:
            etag = ask(url).headers.get("ETag")
            again = ask(url, headers={"If-None-Match": etag or "-"})
            self.check_answer(path, operation, again, url)
            if again.status == 200:  # the board may have moved in between; once more
                again = ask(url, headers={"If-None-Match": again.headers.get("ETag") or "-"})
                self.check_answer(path, operation, again, url)
                if again.status != 304:
                    self.fault(f"{url}: If-None-Match is not answered with 304")
        if "text/csv" in operation["responses"]["200"].get("content", {}):
            accepted = ask(url, headers={"Accept": "text/csv"})
            if self.check_answer(path, operation, accepted, url) is not None:
                self.check_csv(accepted.body.decode(), url)

    def check_csv(self, text, url):
        rows = list(csv.reader(io.StringIO(text), strict=True))
        if any(len(row) != len(rows[0]) for row in rows):
            self.fault(f"{url}: CSV records of different lengths")

    def check_pages(self, path, operation, query):
        """Follows a list to its end: every page full but the last, nothing twice."""
        seen, pages, cursor = set(), 0, None
        size = 100
        while pages < 50:
            more = {"cursor": cursor} if cursor else {}
            url = self.url(self.fill(path), operation, {**query, "limit": size, **more})
            answer = ask(url)
            value = self.check_answer(path, operation, answer, url)
            if not isinstance(value, dict):
                return  # CSV: its next page is in the Link header
            member = next((name for name in value if isinstance(value[name], list)), None)
            items = value.get(member, [])
            for item in items:
                key = tuple(str(item.get(name)) for name in ("id", "contest", "unit", "method"))
                if key in seen and "sort" not in query:
                    self.fault(f"{url}: {key} came twice")
                seen.add(key)
            cursor, pages = value["next_cursor"], pages + 1
            if cursor and len(items) != size:
                self.fault(f"{url}: {len(items)} items and more to come")
            if not cursor:
                return

    def see_other(self, base):
        """What another election answers where this one has more."""
        for path in ("/api/v1/map",):
            self.check_answer(
                path, self.operations[path], ask(base.rstrip("/") + path), base + path
            )

    def see_photos(self):
        path = "/api/v1/candidates/{id}/photo"
        for candidate in self.get_json("/api/v1/candidates?limit=1000")["candidates"]:
            url = self.base + path.replace("{id}", candidate["id"])
            self.check_answer(path, self.operations[path], ask(url), url)

    def see_too_many_viewers(self):
        host, port = urllib.parse.urlsplit(self.base).netloc.rsplit(":", 1)
        question = (
            f"GET {STREAM}?contest={self.examples['contest']} HTTP/1.1\r\nHost: {host}\r\n\r\n"
        ).encode()
        open_ones = []
        try:
            for i in range(VIEWERS - 1):
                source = (f"127.0.0.{1 + i // VIEWERS_AN_ADDRESS}", 0)
                viewer = socket.create_connection(
                    (host, int(port)), timeout=30, source_address=source
                )
                viewer.sendall(question)
                open_ones.append(viewer)
            for viewer in open_ones:
                viewer.recv(1)  # it has its place
            operation = self.operations[STREAM]
            url = self.url(STREAM, operation, {"contest": self.examples["contest"]})
            self.check_answer(STREAM, operation, ask(url), url)
            since = self.get_json("/api/v1/shards")["version"]["id"]
            url = self.url(CHANGES, self.operations[CHANGES], {"since": since, "wait": "9"})
            self.check_answer(CHANGES, self.operations[CHANGES], ask(url), url)
        finally:
            for viewer in open_ones:
                viewer.close()

    def see_not_ready(self, pids):
        url = self.base + READY
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            end = time.monotonic() + 30
            while (answer := ask(url)).status == 200 and time.monotonic() < end:
                time.sleep(0.1)
            self.check_answer(READY, self.operations[READY], answer, url)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def see_busy(self):
        """Large answers that nobody reads, until one more does not fit."""
        path = "/api/v1/results.csv"
        host, port = urllib.parse.urlsplit(self.base).netloc.rsplit(":", 1)
        question = f"{path}?contest={self.examples['contest']}&level=leaf"
        open_ones = []
        try:
            for _ in range(BUSY_ANSWERS):
                reader = socket.create_connection((host, int(port)), timeout=60)
                open_ones.append(reader)
                reader.sendall(f"GET {question} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                if reader.recv(12) == b"HTTP/1.1 503":
                    break
            else:
                print(f"not busy after {BUSY_ANSWERS} answers: the election is too small")
                return
            url = self.base + question
            self.check_answer(path, self.operations[path], ask(url), url)
        finally:
            for reader in open_ones:
                reader.close()

    def check_unseen(self):
        for path, operation in self.operations.items():
            if self.fill(path) is None or self.url(path, operation, {}) is None:
                continue
            for status, response in operation["responses"].items():
                for media in response.get("content") or {"": None}:
                    if (path, status, media) in self.seen:
                        continue
                    if status == "503" and path not in (STREAM, CHANGES, READY):
                        self.not_tried.append(path)
                        continue
                    self.fault(f"{path}: {status} {media} is documented and was never seen")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", help="of the public address, http://HOST:PORT")
    parser.add_argument("--local", help="of the loopback address, for /cluster and /metrics")
    parser.add_argument(
        "--also", help="the public address of a collector whose election has no map"
    )
    parser.add_argument("--shards", help="PIDs of the shards, on this machine")
    parser.add_argument("--busy", action="store_true", help="also the answers of a busy collector")
    parser.add_argument("--allow-unseen", action="store_true",
                        help="a documented answer that was never seen is no finding")
    arguments = parser.parse_args()
    checker = Checker(arguments.base, arguments.local)
    for path, operation in checker.operations.items():
        checker.check_path(path, operation)
    checker.see_photos()
    if arguments.also:
        checker.see_other(arguments.also)
    if arguments.shards:
        checker.see_not_ready([int(pid) for pid in arguments.shards.split(",")])
    if arguments.busy:
        checker.see_busy()
    if not arguments.allow_unseen:
        checker.see_too_many_viewers()
        checker.check_unseen()
        if checker.not_tried:
            print("not tried:", NOT_TRIED.format(", ".join(checker.not_tried)))
    print(f"{checker.requests} answers checked, {len(checker.findings)} findings"
          f"{'' if jsonschema else ' (python3-jsonschema is not installed: own checker only)'}")
    return 1 if checker.findings else 0


if __name__ == "__main__":
    sys.exit(main())
