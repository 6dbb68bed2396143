"""One attacker: attackers.py KIND slow|fast DIRECTORY KEY SECONDS; a line of JSON at the end.

Each kind is a function of (target, fast, end) that goes on until `end` and returns what it did.
"""

import collections
import json
import os
import resource
import socket
import sys
import time

import zmq

from messages import GREETING, ROWS_MAX, Target, answer, stranger
from zmtp import Connection

MIB = 1 << 20


def pace(fast, slow_s=0.05):
    if not fast:
        time.sleep(slow_s)


def send(made, data, **options):
    """Whether it was taken; never waits."""
    try:
        made.send(data, zmq.NOBLOCK, copy=len(data) < 4096, **options)
        return True
    except zmq.Again:
        return False


def read(made, told):
    while made.poll(0):
        kind, _, rows = answer(made.recv())
        told[kind] += max(rows, 1)


def flood(target, fast, end, messages, connections=1, reads=True, **options):
    """Sends the messages in turn, whatever is answered."""
    told, sent, n = collections.Counter(), 0, 0
    sockets = [target.connect(sndhwm=8, **options) for _ in range(connections)]
    while time.monotonic() < end:
        before = sent
        for made in sockets:
            if made.poll(0, zmq.POLLOUT) and send(made, messages[n % len(messages)]):
                sent += len(messages[n % len(messages)])
                n += 1
            if reads:
                read(made, told)
        pace(fast)
        if before == sent:
            time.sleep(0.002)
    return {"messages": n, "mib": sent // MIB, "told": told}


def batches(target, count, unit=None):
    """Messages of new voters, each once."""
    name = os.urandom(4).hex()
    return [target.columns([f"{name}-{b}-{i}".encode() for i in range(ROWS_MAX)], b + 1,
                           unit).SerializeToString() for b in range(count)]


def greedy(target, fast, end):
    return flood(target, fast, end, batches(target, 8))


def deaf(target, fast, end):
    """Never reads an answer."""
    return flood(target, fast, end, batches(target, 8), 4, reads=False, rcvhwm=1)


def resends(target, fast, end):
    """The same ballots again and again."""
    return flood(target, fast, end, batches(target, 1))


def invalid(target, fast, end):
    """Ballots that are invalid, under ever new IDs."""
    told, n = collections.Counter(), 0
    made = target.connect(sndhwm=8)
    voters = [f"i{i}".encode() for i in range(ROWS_MAX)]
    while time.monotonic() < end:
        if made.poll(5, zmq.POLLOUT):
            n += send(made, target.columns(voters, n + 1, 0).SerializeToString())
        read(made, told)
        pace(fast)
    return {"messages": n, "told": told}


def singles(target, fast, end):
    """A ballot a message, as many messages as go."""
    name = os.urandom(4).hex()
    messages = [target.row(f"{name}-{i}", batch_id=i + 1).SerializeToString() for i in range(4096)]
    return flood(target, fast, end, messages, 4)


def hellos(target, fast, end):
    return flood(target, fast, end, [b"\x08\x01\x12\0"], 4)


def bombs(target, fast, end):
    return flood(target, fast, end, [target.bomb(kind) for kind in
                                     ("ballots", "marks", "fields", "zeros")], 4)


def costly(target, fast, end):
    """As costly to refuse as may be."""
    return flood(target, fast, end, [target.bomb("costly")], 4)


def crowd(target, fast, end):
    """As many connections of one key as go, each with large messages waiting."""
    return flood(target, fast, end, [target.bomb("zeros")], 60)


def endless(target, fast, end):
    """Messages that never end: one at full speed, or many that stay just within bounds."""
    sent, cut, held = 0, 0, []
    server_key = target.cluster["routers"][0]["public_key"]
    part = bytes(MIB if fast else 64 << 10)
    while time.monotonic() < end:
        try:
            if len(held) < (1 if fast else 30):
                made = Connection(target.address(), server_key, target.keys)
                made.socket.settimeout(2)
                held.append([made, 0])
            for one in list(held):
                if fast or one[1] < 7 * MIB:
                    one[0].part(part)
                    one[1] += len(part)
                    sent += len(part)
        except (OSError, AssertionError):
            cut += 1
            for one in held:
                one[0].socket.close()
            held = []
            time.sleep(0.2)
        pace(fast)
    return {"mib": sent // MIB, "cut": cut}


def rubbish(target, fast, end):
    """Bytes that are no message, several frames, an identity of its own."""
    told, n = collections.Counter(), 0
    made, named = target.connect(sndhwm=64), target.connect(sndhwm=64, identity=b"me")
    while time.monotonic() < end:
        n += send(made, os.urandom(1 + n % 3000))
        n += send(named, os.urandom(50))
        if made.poll(0, zmq.POLLOUT):
            made.send_multipart([b"a", b"b", os.urandom(100)])
        read(made, told)
        pace(fast, 0.01)
        time.sleep(0.001)
    return {"messages": n, "told": told}


def strangers(target, fast, end):
    """Without a key: half handshakes, and frames as large as a frame may be, at every port."""
    kinds, roles = ("silent", "greeting", "rubbish", "hello", "frame"), ("router", "shard",
                                                                         "collector")
    held, opened, sent, failed = collections.deque(), 0, 0, 0
    part = bytes(64 << 10)
    while time.monotonic() < end:
        try:
            made = stranger(target.address(roles[opened % 3]), kinds[opened % 5])
            made.setblocking(False)
            held.append(made)
            opened += 1
        except OSError:
            failed += 1
            time.sleep(0.01)
        for made in list(held)[-100:]:
            try:
                sent += made.send(part if fast else b"x")
            except (BlockingIOError, socket.timeout):
                pass
            except OSError:
                made.close()
                held.remove(made)
        while len(held) > (400 if fast else 200):
            held.popleft().close()
        pace(fast, 0.02)
    return {"opened": opened, "failed": failed, "mib": sent // MIB}


def descriptors(target, fast, end):
    """Without a key: as many connections as go, at every port, which say nothing or a greeting."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held, opened, failed, most, n = collections.deque(), 0, 0, 0, 0
    # An address has no more ports to one of ours than there are.
    ports = [target.address(role) for role in ("router", "shard", "collector")]
    while time.monotonic() < end:
        n += 1
        made = socket.socket()
        made.setblocking(False)
        try:
            made.bind((f"127.0.0.{2 + n // 20000 % 200}", 0))
            made.connect_ex(ports[n % 3])
            held.append(made)
            opened += 1
            if n % 2:
                made.send(GREETING)
        except OSError:
            failed += 1
        most = max(most, len(held))
        while len(held) > hard - 100:
            held.popleft().close()
        if not fast:
            time.sleep(0.002)
    return {"opened": opened, "failed": failed, "held": most}


KINDS = {f.__name__: f for f in (greedy, deaf, resends, invalid, singles, hellos, bombs, costly,
                                 crowd, endless, rubbish, strangers, descriptors)}


def stand_back():
    """The lowest priority. Where the kernel makes a group of every session, niceness counts within
    it only, and the group has its own."""
    os.setsid()
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    try:
        with open("/proc/self/autogroup", "w", encoding="ascii") as group:
            group.write("19")
    except OSError:
        pass


def main():
    kind, speed, directory, key, seconds = sys.argv[1:6]
    stand_back()
    target = Target(directory, key)
    did = KINDS[kind](target, speed == "fast", time.monotonic() + float(seconds))
    print(json.dumps({"kind": kind, "speed": speed, **did}), flush=True)
    target.context.destroy(linger=0)


if __name__ == "__main__":
    main()
