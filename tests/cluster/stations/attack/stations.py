"""The honest stations: stations.py one|many DIRECTORY KEY SECONDS; a line of JSON at the end."""

import json
import os
import random
import sys
import time

import zmq

from messages import Target, answer

PAUSE_S, RESEND_S = 0.02, 2.0
BATCH_ROWS, IN_FLIGHT = 2048, 8


def share(latencies, part):
    return round(latencies[min(int(len(latencies) * part), len(latencies) - 1)], 1)


def one(target, end):
    """A ballot every 20 ms; how long each took until its verdict, resends and BUSY included."""
    made, name = target.connect(), os.urandom(4).hex()
    latencies, busy, resent, lost = [], 0, 0, 0
    while time.monotonic() < end:
        number, start, pause = random.getrandbits(60) | 1, time.monotonic(), 0.02
        message = target.row(f"{name}-{len(latencies)}", batch_id=number).SerializeToString()
        made.send(message)
        sent = start
        while time.monotonic() < start + 30:
            if not made.poll(100):
                if time.monotonic() - sent > RESEND_S:
                    resent += 1
                    made.send(message)
                    sent = time.monotonic()
                continue
            kind, batch, _ = answer(made.recv())
            if batch != number:
                continue
            if kind == "verdicts":
                break
            busy += 1
            time.sleep(pause)
            pause = min(2, 2 * pause)
            made.send(message)
            sent = time.monotonic()
        else:
            lost += 1
        latencies.append(1000 * (time.monotonic() - start))
        time.sleep(PAUSE_S)
    latencies.sort()
    return {"ballots": len(latencies), "p50_ms": share(latencies, 0.5),
            "p99_ms": share(latencies, 0.99), "p999_ms": share(latencies, 0.999),
            "max_ms": round(latencies[-1], 1), "busy": busy, "resent": resent, "lost": lost}


def many(target, end):
    """Batches, several on their way, BUSY heeded; how many ballots a second had a verdict."""
    made, name = target.connect(), os.urandom(4).hex()
    start, judged, busy, number, waits = time.monotonic(), 0, 0, 0, {}
    pause = 0.02
    while time.monotonic() < end:
        for batch in [b for b, wait in waits.items() if time.monotonic() - wait[1] > RESEND_S]:
            made.send(waits[batch][0])
            waits[batch][1] = time.monotonic()
        while len(waits) < IN_FLIGHT:
            number += 1
            voters = [f"{name}-{number}-{i}".encode() for i in range(BATCH_ROWS)]
            message = target.columns(voters, number).SerializeToString()
            waits[number] = [message, time.monotonic(), BATCH_ROWS]
            made.send(message)
        if not made.poll(20):
            continue
        kind, batch, rows = answer(made.recv())
        if batch not in waits:
            continue
        if kind == "verdicts":
            judged += rows
            pause = 0.02
        else: # the rest of the batch goes again in another one
            rows = rows or waits[batch][2]
            busy += rows
            time.sleep(pause)
            pause = min(2, 2 * pause)
        waits[batch][2] -= rows
        if waits[batch][2] <= 0:
            del waits[batch]
    return {"ballots": judged, "a_second": round(judged / (time.monotonic() - start)),
            "busy": busy}


def main():
    kind, directory, key, seconds = sys.argv[1:5]
    target = Target(directory, key)
    did = {"one": one, "many": many}[kind](target, time.monotonic() + float(seconds))
    print(json.dumps(did), flush=True)
    target.context.destroy(linger=0)


if __name__ == "__main__":
    main()
