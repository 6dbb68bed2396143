#!/usr/bin/env python3
"""Keeps every row that a collector shows, by /api/v1/changes: follow.py http://HOST:PORT

What comes in part, or is older than what is held, changes nothing; what is held is replaced
as a whole. `rows`: (kind, unit, method, contest, shard) -> the newest line of it.
"""

import http.client
import json
import sys
import time
import urllib.request


class Follower:
    def __init__(self, api):
        self.api, self.rows, self.end, self.since = api, {}, None, None  # None: begin anew

    def ask(self, wait):
        """The lines of a whole answer; the last one is its end."""
        query = f"?wait={wait}" + (f"&since={self.since}" if self.since else "")
        url = self.api + "/api/v1/changes" + query
        with urllib.request.urlopen(url, timeout=wait + 30) as answer:
            lines = [json.loads(line) for line in answer]
        if not lines or "version" not in lines[-1]:
            raise ValueError("cut short")
        return lines

    def step(self, wait=30):
        """Asks once; True: what is held is newer, or proved current, or stale."""
        try:
            *lines, end = self.ask(wait)
        except urllib.error.HTTPError as error:
            if error.code == 410:
                self.since = None
                return False
            time.sleep(float(error.headers.get("Retry-After") or 1))
            return False
        except (OSError, ValueError, http.client.HTTPException):
            time.sleep(0.2)  # cut short, or nobody there
            return False
        if self.end and end["version"]["number"] < self.end["version"]["number"]:
            self.since = None  # of a collector that is behind: keep what is newer
            time.sleep(0.2)
            return False
        rows = dict(self.rows) if self.since else {}
        for line in lines:
            rows[tuple(line.get(k) for k in ("kind", "unit", "method", "contest", "shard"))] = line
        self.rows, self.end = rows, end
        self.since = f"{end['version']['id']}.{int(end['stale'])}"
        return True


if __name__ == "__main__":
    if "://" not in "".join(sys.argv[1:]):
        sys.exit(print(__doc__, file=sys.stderr) or 2)
    follower = Follower(sys.argv[1])
    while True:
        if follower.step():
            print(follower.end["as_of"], len(follower.rows), "rows", follower.end, flush=True)
