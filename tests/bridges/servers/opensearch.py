"""One OpenSearch 2.19 node with HTTP, out of its jars. Documents survive kill() and start()."""

import json
import urllib.error
import urllib.request

from servers import have
from servers.server import Server, free_port


class Index:
    """What tests do with a node; `url` is its address."""

    def __init__(self, url):
        self.url = url.rstrip("/")

    def call(self, method, path, body=None, kind="application/json"):
        """(HTTP status, JSON); a body that is no text goes as JSON."""
        data = None
        if body is not None:
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": kind},
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def bulk(self, lines):
        """_bulk of objects; they can be searched for when it returns."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        return self.call("POST", "/_bulk?refresh=true", text, "application/x-ndjson")

    def search(self, index, body):
        self.call("POST", f"/{index}/_refresh")
        status, answer = self.call("POST", f"/{index}/_search", body)
        assert status == 200, answer
        return answer

    def documents(self, index, most=10000):
        """_id -> _source."""
        hits = self.search(index, {"size": most, "query": {"match_all": {}}})["hits"]["hits"]
        return {hit["_id"]: hit["_source"] for hit in hits}


class OpenSearch(Server):
    name = "OpenSearch"

    def __init__(self, folder, heap="256m", **settings):
        super().__init__(folder)
        self.http, self.transport = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http}"
        self.settings = [f"{key.replace('__', '.')}={value}" for key, value in settings.items()]
        self.java = [have.program("java", "openjdk-17-jdk-headless"), f"-Xms{heap}", f"-Xmx{heap}",
                     "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8",
                     "-Dopensearch.set.netty.runtime.available.processors=false",
                     "-Dio.netty.allocator.numDirectArenas=1", f"-Djava.io.tmpdir={self.folder}",
                     "-cp", have.java("opensearch")]

    def command(self):
        return [*self.java, "SearchNode", self.folder, self.http, self.transport, *self.settings]

    def is_ready(self):
        try:
            status, _ = Index(self.url).call(
                "GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
        except OSError:
            return False
        return status == 200
