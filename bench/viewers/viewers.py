#!/usr/bin/env python3
"""viewers.py HOST:PORT N SECONDS UNITS - N viewers of /api/v1/stream at once, each an
open connection as a browser has it; they look at the whole or at one of UNITS counties.

Prints a line "ready" once all are connected, and at the end one JSON object: events
and bytes received, and how long after the newest ballot in it (the shard's clock,
the same machine) an event arrived here.
"""

import json
import re
import selectors
import socket
import sys
import time
from datetime import datetime

AS_OF = re.compile(rb'"as_of":"([^"]+)"')
CONNECT_S = 60


class Viewer:
    def __init__(self, host, port, question):
        self.socket = socket.create_connection((host, port), timeout=CONNECT_S)
        self.socket.sendall(f"GET /api/v1/stream?{question} HTTP/1.1\r\nHost: {host}:{port}\r\n"
                            "Accept: text/event-stream\r\n\r\n".encode())
        self.socket.setblocking(False)
        self.rest = b""
        self.events = 0
        self.last = b""

    def read(self):
        """Bytes read, and the as_of of each board event that became complete."""
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the collector ended a stream")
        *whole, self.rest = (self.rest + data).split(b"\n\n")
        news = []
        for event in whole:
            found = AS_OF.search(event) if b"event: board" in event else None
            if found:
                self.events += 1
                if self.last and found[1] > self.last:  # the first may be of any age
                    news.append(found[1])
                self.last = found[1]
        return len(data), news


def main():
    address, n, seconds, units = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    host, port = address.rsplit(":", 1)
    selector = selectors.DefaultSelector()
    viewers = []
    for i in range(n):
        unit = "us" if i % 2 == 0 else f"c{i % units}"
        viewer = Viewer(host, int(port), f"contest=p&unit={unit}")
        selector.register(viewer.socket, selectors.EVENT_READ, viewer)
        viewers.append(viewer)
    print("ready", flush=True)
    end = time.time() + seconds
    delays, total = [], 0
    while (now := time.time()) < end:
        for key, _ in selector.select(timeout=end - now):
            n_bytes, news = key.data.read()
            total += n_bytes
            arrived = time.time()
            delays += [
                arrived - datetime.fromisoformat(at.decode().replace("Z", "+00:00")).timestamp()
                for at in news
            ]
    delays.sort()
    events = sorted(viewer.events for viewer in viewers)
    at = lambda share: (
        round(1000 * delays[min(len(delays) - 1, int(share * len(delays)))], 1) if delays else None
    )
    print(
        json.dumps(
            {
                "viewers": len(viewers),
                "events": sum(events),
                "events_per_viewer_per_second": round(sum(events) / n / seconds, 2),
                "fewest_events_of_a_viewer": events[0],
                "mib": round(total / 1048576, 1),
                "cpu_seconds_of_the_viewers": round(time.process_time(), 1),
                "p50_ms": at(0.5),
                "p99_ms": at(0.99),
                "longest_ms": at(1),
            }
        )
    )


main()
