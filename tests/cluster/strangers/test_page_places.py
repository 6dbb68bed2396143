"""No address keeps the page from others, whatever it holds of the collector's 1,024 places."""

import contextlib
import json
import re
import resource
import socket
import subprocess

import pytest

from harness import BIN, ROOT, wait_until

CONNECTIONS_MAX, OF_ONE_MAX, VIEWERS_MAX = 1024, 600, 800
LONGEST_S = 5
IDLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(autouse=True)
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip("two thousand descriptors are needed, and ulimit -Hn says less")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def demo(import_returns):
    return import_returns(ROOT / "demo" / "vermont-2020-county.csv")


@pytest.fixture
def sockets():
    with contextlib.ExitStack() as stack:
        yield stack


def connect(one, address, sockets, request=b""):
    host, port = one.api.removeprefix("http://").split(":")
    made = sockets.enter_context(socket.socket())
    made.settimeout(LONGEST_S)
    made.bind((address, 0))
    made.connect((host, int(port)))
    made.sendall(request)
    return made


def head_of(made):
    """The first bytes of the answer; b"": it was cut."""
    try:
        return made.recv(4096)
    except ConnectionResetError:
        return b""


def status_of(made):
    found = re.match(rb"HTTP/1.1 (\d+)", head_of(made))
    return int(found.group(1)) if found else None


def asks(one, address, sockets):
    return status_of(connect(one, address, sockets,
                             b"GET /api/v1/turnout HTTP/1.1\r\nHost: x\r\n\r\n"))


def stream(one, address, sockets, said=""):
    header = f"X-Forwarded-For: {said}\r\n" if said else ""
    return connect(one, address, sockets,
                   f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n{header}\r\n".encode())


def metric(one, name):
    return int(re.search(rf"^{name} (\d+)$", one.get("/metrics", local=True)[2].decode(),
                         re.MULTILINE).group(1))


def open_of(sockets_of):
    alive = 0
    for made in sockets_of:
        made.setblocking(False)
        try:
            while made.recv(65536):
                pass
        except BlockingIOError:
            alive += 1
        except OSError:
            pass
    return alive


def test_two_addresses_that_hold_every_place_idle_keep_nobody_out(cluster, demo, sockets):
    one = cluster(demo, shards=1)
    hogs = [connect(one, f"127.0.0.{2 + i % 2}", sockets, IDLE) for i in range(CONNECTIONS_MAX)]
    wait_until(lambda: metric(one, "psephos_http_connections") >= CONNECTIONS_MAX - 1,
               what="all places taken")
    for i in range(30):
        assert asks(one, f"127.0.0.{50 + i}", sockets) == 200, i
    assert metric(one, "psephos_http_connections_pushed_out_total") >= 30 - 2
    assert open_of(hogs) < CONNECTIONS_MAX


def test_half_a_request_holds_no_place_either(cluster, demo, sockets):
    one = cluster(demo, shards=1)
    for i in range(CONNECTIONS_MAX):
        connect(one, f"127.0.0.{2 + i % 2}", sockets, b"GET /api/v1/results HTTP/1.1\r\nX: ")
    for i in range(10):
        assert asks(one, f"127.0.0.{50 + i}", sockets) == 200, i


def test_an_address_has_so_many_and_is_told(cluster, demo, sockets):
    one = cluster(demo, shards=1)
    for _ in range(OF_ONE_MAX):
        assert status_of(connect(one, "127.0.0.2", sockets, IDLE)) == 200
    assert asks(one, "127.0.0.2", sockets) == 503
    assert metric(one, "psephos_http_connections_refused_total") >= 1
    assert asks(one, "127.0.0.3", sockets) == 200


def test_streams_are_shared_among_addresses(cluster, demo, sockets):
    one = cluster(demo, shards=1)
    hogs = [stream(one, f"127.0.0.{2 + i % 2}", sockets) for i in range(VIEWERS_MAX)]
    assert {status_of(made) for made in hogs} == {200}
    for i in range(10):
        assert status_of(stream(one, f"127.0.0.{50 + i}", sockets)) == 200, i
    wait_until(lambda: metric(one, "psephos_stream_viewers") <= VIEWERS_MAX,
               what="those who had most leave")
    # Who has most of all gets no more.
    assert status_of(stream(one, "127.0.0.2", sockets)) == 503


def test_behind_a_proxy_of_ours_each_has_his_share(cluster, demo, sockets):
    one = cluster(demo, shards=1, up_options=["--trusted-proxy", "127.0.0.2,2001:db8::/32"])
    assert one.description["collectors"][0]["trusted_proxies"] == ["127.0.0.2", "2001:db8::/32"]
    for i in range(VIEWERS_MAX):
        made = stream(one, "127.0.0.2", sockets, "198.51.100.9, 203.0.113.1")
        assert status_of(made) == 200, i
    assert status_of(stream(one, "127.0.0.2", sockets, "203.0.113.1")) == 503
    assert status_of(stream(one, "127.0.0.2", sockets, "203.0.113.1, 203.0.113.2")) == 200


def test_nobody_else_is_believed(cluster, demo, sockets):
    one = cluster(demo, shards=1, up_options=["--trusted-proxy", "127.0.0.2"])
    for _ in range(OF_ONE_MAX):
        assert status_of(connect(one, "127.0.0.3", sockets, IDLE)) == 200
    said = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n"
    assert status_of(connect(one, "127.0.0.3", sockets, said)) == 503


def test_a_proxy_that_is_no_address_is_refused(demo, tmp_path):
    for bad in ("proxy.example", "192.0.2.1/24", "192.0.2.1,,192.0.2.2", "192.0.2.0/33"):
        done = subprocess.run([BIN / "psephos", "up", "--dir", tmp_path / "c", "--election", demo,
                               "--trusted-proxy", bad], capture_output=True, text=True)
        assert done.returncode == 2, done.stderr
        assert "--trusted-proxy" in done.stderr and "192.0.2.7" in done.stderr, done.stderr
        assert not (tmp_path / "c").exists()


def test_a_list_is_given_once(demo, tmp_path):
    done = subprocess.run([BIN / "psephos", "up", "--dir", tmp_path / "c", "--election", demo,
                           "--trusted-proxy", "192.0.2.1", "--trusted-proxy", "192.0.2.2"],
                          capture_output=True, text=True)
    assert done.returncode == 2 and "once, with commas" in done.stderr, done.stderr


def test_streams_that_were_left_give_their_places_back(cluster, demo, sockets):
    one = cluster(demo, shards=1)
    for made in [stream(one, "127.0.0.2", sockets) for _ in range(OF_ONE_MAX)]:
        assert status_of(made) == 200
        made.close()
    wait_until(lambda: metric(one, "psephos_stream_viewers") == 0, timeout=6, what="no viewers")


def test_a_bad_proxy_in_cluster_json_is_named(cluster, demo):
    one = cluster(demo, shards=1)
    one.down()
    path = one.directory / "cluster.json"
    described = json.loads(path.read_text())
    described["collectors"][0]["trusted_proxies"] = ["192.0.2.1/24"]
    path.write_text(json.dumps(described))
    done = one.up(check=None)
    assert done.returncode != 0
    assert "/collectors/0/trusted_proxies/0" in done.stderr, done.stderr
