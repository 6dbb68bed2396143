"""Casts ballots through a gateway: gateway.py ADDRESS TOKEN ELECTION BALLOTS LINES CONNECTIONS

Bodies are made before the clock runs. Prints one JSON object; exit code 1 unless every ballot was
counted.
"""

import hashlib
import http.client
import json
import sys
import threading
import time


def bodies_of(election, ballots, lines):
    """Each ballot marks one choice in each contest of its paper."""
    definition = json.load(open(election, encoding="utf-8"))
    contests = {c["id"]: [choice["id"] for choice in c["choices"]] for c in definition["contests"]}
    papers = {s["id"]: [c["contest"] for c in s["contests"]] for s in definition["ballot_styles"]}
    units = [(u["id"], papers[u["ballot_styles"][0]]) for u in definition["units"]
             if u.get("ballot_styles")]
    method = definition["methods"][0]["id"]
    bodies, part = [], []
    for i in range(ballots):
        unit, paper = units[i % len(units)]
        part.append(json.dumps({
            "voter_id": f"VT-{i:09}", "ballot_id": hashlib.md5(b"%d" % i).hexdigest(),
            "unit": unit, "method": method, "cast_at": "2020-11-03T09:30:00Z",
            "contests": {c: [contests[c][i % len(contests[c])]] for c in paper}}))
        if len(part) == lines or i + 1 == ballots:
            bodies.append(("\n".join(part) + "\n").encode())
            part = []
    return bodies


def main():
    address, token, election, ballots, lines, connections = sys.argv[1:]
    bodies = bodies_of(election, int(ballots), int(lines))
    size = sum(map(len, bodies))
    lock, counted, again, slowest = threading.Lock(), [0], [0], [0.0]

    def run():
        connection = http.client.HTTPConnection(address, timeout=90)
        while True:
            with lock:
                if not bodies:
                    return
                body = bodies.pop()
            begun = time.monotonic()
            connection.request("POST", "/api/v1/ballots", body,
                               {"Authorization": "Bearer " + token})
            answer = connection.getresponse()
            text = answer.read()
            with lock:
                if answer.status == 200:
                    counted[0] += text.count(b'"first":"counted"')
                    slowest[0] = max(slowest[0], time.monotonic() - begun)
                else:
                    again[0] += 1
                    bodies.append(body)
            if answer.status != 200:
                time.sleep(0.2)

    threads = [threading.Thread(target=run) for _ in range(int(connections))]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - begun
    print(json.dumps({"ballots": counted[0], "seconds": round(seconds, 3),
                      "ballots_per_second": round(counted[0] / seconds),
                      "bytes_a_ballot": round(size / int(ballots)), "requests_again": again[0],
                      "slowest_request_seconds": round(slowest[0], 3)}))
    return 0 if counted[0] == int(ballots) else 1


if __name__ == "__main__":
    sys.exit(main())
