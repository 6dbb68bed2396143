"""A key that wants everything gets its share; who does not stop is ended, and it is told."""

import resource
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest
import zmq

from harness import BIN, FIXTURES, SLOWER, wait_until
from messages import GREETING, INGEST_BYTES_MAX, Target, answer
from zmtp import Connection

TOWN = FIXTURES / "town.json"


@pytest.fixture
def one(cluster):
    return cluster(TOWN, shards=1)


def station(one, name):
    one.call("client", "add", name, check=0)
    target = Target(one.directory, name)
    # A connection that is refused is given up by libzmq: the router looks once a second.
    made = connect(target)
    end = time.monotonic() + 20 * SLOWER
    while not ask(target, made, f"{name}-first", tries=1):
        assert time.monotonic() < end, f"{name} is not let in"
        made.close()
        made = connect(target)
    return target, made


def connect(target):
    return target.connect(sndhwm=4, immediate=1)


def ask(target, made, voter, tries=5):
    """Casts a ballot, BUSY and silence heeded; whether it has a verdict."""
    message = target.row(voter, b"%16d" % len(voter), batch_id=5).SerializeToString()
    for _ in range(tries):
        if not made.poll(500, zmq.POLLOUT):
            continue
        made.send(message)
        if made.poll(2000 * SLOWER) and answer(made.recv())[0] == "verdicts":
            return True
    return False


def keys_told(one):
    router = next(p for p in one.processes() if p["role"] == "router")
    return {(k["role"], k["number"]): k for k in router["keys"]}


def resident_mib(one, role):
    (pid,) = one.pids(role)
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) >> 10


def send(made, data, flags=0):
    try:
        made.send(data, zmq.NOBLOCK | flags)
    except zmq.Again:
        time.sleep(0.001)


def test_a_key_that_does_not_stop_is_ended_and_told_of(one):
    modest, calm = station(one, "modest")
    target, made = station(one, "greedy")
    bombs = [target.bomb(kind) for kind in ("ballots", "marks", "fields", "zeros")]
    number, n = 3, 0
    end = time.monotonic() + 60 * SLOWER
    while keys_told(one).get(("station", number), {"ended": 0})["ended"] == 0:
        assert time.monotonic() < end, keys_told(one)
        for _ in range(200):
            send(made, bombs[n % 4])
            n += 1
        assert ask(modest, calm, f"calm-{n}")  # meanwhile, on the same connection
    told = keys_told(one)
    assert told["station", number]["refused"] > 0 and told["station", number]["ended"] > 0
    assert ("station", 2) not in told  # the modest one was within its budget
    assert f"station {number} was over its budget" in one.call("status").stdout
    labels = f'{{router="0",role="station",number="{number}"}}'
    wait_until(lambda: f"psephos_key_ended_total{labels}" in
               one.get("/metrics", local=True)[2].decode(), what="the metric")


def test_a_message_that_does_not_end_ends_its_connection(one):
    modest, calm = station(one, "modest")
    target, _ = station(one, "endless")
    before = resident_mib(one, "router")
    made = Connection(target.address(), target.cluster["routers"][0]["public_key"], target.keys)
    made.socket.settimeout(10 * SLOWER)
    with pytest.raises(OSError):
        for _ in range(400):
            made.part(bytes(1 << 20))
    # Whoever is given its descriptor next is answered.
    assert ask(modest, connect(modest), "calm-next", tries=1)
    assert resident_mib(one, "router") - before < 200  # and not the 400 that were to come
    made.socket.close()
    assert ask(modest, calm, "calm-after")


def test_strangers_who_take_all_descriptors_stop_nothing(cluster):
    """256 a process: connections that say nothing, at every port, as many as are taken. A ballot is
    counted, and the router reads a new list of stations."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limited = cluster(TOWN, shards=1, start=False)
    subprocess.run(["sh", "-c", 'ulimit -n 256 && exec "$@"', "up", BIN / "psephos", "up", "--dir",
                    limited.directory, "--election", TOWN, "--shards", "1"], check=True,
                   stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    calm, made = station(limited, "calm")
    before = sorted(limited.pids())
    ports = [calm.address(role) for role in ("router", "shard", "collector")]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    held = []
    try:
        for turn in range(6):
            for n in range(3 * 300):
                if len(held) == 1800:
                    held.pop(0).close()
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(ports[n % 3])
                held.append(one)
            assert ask(calm, made, f"calm-{turn}"), turn
        another, other = station(limited, "another")
        assert ask(another, other, "another")
        wait_until(lambda: limited.accounting()["total"]["counted"] == 9, what="the count")
        assert sorted(limited.pids()) == before
    finally:
        for one in held:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_stranger_who_sends_much_is_cut(one):
    description, before = one.description, sorted(one.pids())
    for address in (description["routers"][0]["address"], description["collectors"][0]["address"],
                    description["shards"][0]["replicas"][0]["address"]):
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        with socket.create_connection((host, int(port)), 5) as stranger:
            stranger.settimeout(10 * SLOWER)
            stranger.sendall(GREETING + b"\x06" + struct.pack(">Q", INGEST_BYTES_MAX))
            with pytest.raises(OSError):
                for _ in range(1000):
                    stranger.sendall(bytes(4096))
                    time.sleep(0.002)
    assert sorted(one.pids()) == before
