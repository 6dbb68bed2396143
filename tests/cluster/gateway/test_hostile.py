"""Clients that mean harm: memory stays bounded, and honest clients are served meanwhile."""

import contextlib
import socket
import threading
import time

import pytest

from casting import add, ballot, ndjson, post, request, with_gateway
from harness import FIXTURES, SLOWER, wait_until

TOWN = FIXTURES / "town.json"
PATH = b"POST /api/v1/ballots HTTP/1.1\r\nHost: x\r\n"
ELSEWHERE = "127.0.0.2"


@pytest.fixture
def town(cluster):
    one, address = with_gateway(cluster, TOWN)
    return one, address, add(one, "web")


def connect(address):
    host, _, port = address.partition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def memory_mib(one):
    pid = one.pids("gateway")[0]
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def metric(one, name):
    local = one.description["gateways"][0]["http_local"]
    text = request(local, "GET", "/metrics")[2].decode()
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


class Honest:
    """Casts one ballot after another, from an address of its own; the longest that one took."""

    def __init__(self, address, token):
        self.address, self.token = address, token
        self.ended, self.n, self.slowest, self.faults = threading.Event(), 0, 0.0, []
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def run(self):
        while not self.ended.is_set():
            begun = time.monotonic()
            try:
                status, _, lines = post(self.address, self.token, [ballot(f"honest-{self.n}")],
                                        source=ELSEWHERE)
                if status != 200 or lines[0]["first"] != "counted":
                    self.faults.append((status, lines))
            except OSError as error:
                self.faults.append(error)
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.n += 1
            time.sleep(0.02)


def assert_served(honest, slowest=5.0):
    assert honest.n > 10 and not honest.faults, (honest.n, honest.faults[:3])
    assert honest.slowest < slowest * SLOWER, honest.slowest


def assert_only_honest(one, honest):
    wait_until(lambda: one.accounting()["total"]["counted"] >= honest.n, what="the count")
    time.sleep(0.5)  # what came besides would be told by now
    assert one.accounting()["total"]["received"] == honest.n


def drain(raw):
    """What it says until it is closed."""
    got = b""
    with contextlib.suppress(OSError):
        while piece := raw.recv(65536):
            got += piece
    return got


def test_slow_headers_and_slow_bodies_are_cut(town):
    one, address, token = town
    head = PATH + f"Authorization: Bearer {token}\r\nContent-Length: 100000\r\n\r\n".encode()
    with contextlib.ExitStack() as stack, Honest(address, token) as honest:
        slow = [stack.enter_context(connect(address)) for _ in range(200)]
        begun = time.monotonic()
        for i, raw in enumerate(slow):
            raw.sendall(PATH if i % 2 else head + ndjson([ballot("s")])[:50])
        alive = set(range(200))
        while alive and time.monotonic() - begun < 60:
            for i in sorted(alive):
                try:
                    slow[i].sendall(b"X-A: b\r\n" if i % 2 else b" ")
                except OSError:
                    alive.discard(i)
            time.sleep(0.5)
        assert not alive, f"{len(alive)} slow clients are still there"
        assert 8 < time.monotonic() - begun < 45
    assert_served(honest)
    assert metric(one, "psephos_gateway_connections_cut_total") >= 200
    wait_until(lambda: metric(one, "psephos_gateway_held_bytes") == 0, what="all is let go")


def test_churn_of_connections_harms_nobody(town):
    one, address, token = town
    before = memory_mib(one)
    with Honest(address, token) as honest:
        ended = time.monotonic() + 15
        made = [0] * 4

        def churn(i):
            while time.monotonic() < ended:
                with contextlib.suppress(OSError):
                    with connect(address) as raw:
                        if made[i] % 3 == 0:
                            raw.sendall(PATH + b"Content-Le")
                        elif made[i] % 3 == 1:
                            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                           b"\1\0\0\0\0\0\0\0")  # ends in a reset
                            raw.sendall(PATH + f"Authorization: Bearer {token}\r\n"
                                        "Content-Length: 5000\r\n\r\n{".encode())
                made[i] += 1

        threads = [threading.Thread(target=churn, args=[i]) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(f"{sum(made)} connections in 15 s, honest {honest.n}, slowest {honest.slowest:.2f} s")
    assert sum(made) > 5000 / SLOWER
    assert_served(honest)
    assert memory_mib(one) < before + 64
    wait_until(lambda: metric(one, "psephos_gateway_connections ") <= 1, timeout=5 * SLOWER,
               what="every connection is gone")


def test_who_says_that_no_more_comes_is_answered(town):
    """A client may end its own direction after a whole request."""
    one, address, token = town
    body = ndjson(ballot(f"v{i}") for i in range(5000))
    with connect(address) as raw:
        raw.sendall(PATH + f"Authorization: Bearer {token}\r\nConnection: close\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        raw.shutdown(socket.SHUT_WR)
        answer = drain(raw)
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.count(b'"first":"counted"') == 5000


def test_one_ballot_through_many_tokens_at_once_is_counted_once(town):
    one, address, _ = town
    tokens = [add(one, f"web-{i}") for i in range(4)]
    for turn in range(5):
        body = ndjson(ballot(f"v{turn}-{i}") for i in range(300))
        answers = [None] * 4

        def cast(i, body=body, answers=answers):
            answers[i] = post(address, tokens[i], body)

        threads = [threading.Thread(target=cast, args=[i]) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [status for status, _, _ in answers] == [200] * 4
        for lines in zip(*[lines for _, _, lines in answers]):
            assert {line["first"] for line in lines} == {"counted"}, lines
            assert sorted(line["disposition"] for line in lines) == ["counted"] + ["replayed"] * 3
    wait_until(lambda: one.accounting()["total"]["counted"] == 1500, what="the count")


def test_a_token_revoked_while_its_body_comes_casts_nothing(town):
    one, address, _ = town
    token, body = add(one, "gone"), ndjson([ballot("a"), ballot("b")])
    with connect(address) as raw:
        raw.sendall(PATH + f"Authorization: Bearer {token}\r\nConnection: close\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:20])
        one.call("client", "revoke", "gone", check=0)
        time.sleep(1)
        raw.sendall(body[20:])
        answer = drain(raw)
    assert answer.count(b'"disposition":"not_allowed"') == 2, answer
    assert one.accounting()["total"]["received"] == 0


def test_wrong_lengths_and_no_http_at_all(town):
    one, address, token = town
    authorized = PATH + f"Authorization: Bearer {token}\r\n".encode()
    line = ndjson([ballot("a")])
    with Honest(address, token) as honest:
        for sent in (authorized + b"Content-Length: -1\r\n\r\n" + line,
                     authorized + b"Content-Length: 99999999999999999999999\r\n\r\n" + line,
                     authorized + b"Content-Length: 10\r\nContent-Length: 20\r\n\r\n" + line,
                     authorized + b"Content-Length: x\r\n\r\n" + line,
                     authorized + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n"
                     b"%x\r\n%b\r\n0\r\n\r\n" % (len(line), len(line), line),
                     authorized + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n" + line,
                     authorized + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + line,
                     authorized + b"X: " + b"y" * 100000 + b"\r\n\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
                     b"GET " + b"/" * 70000 + b" HTTP/1.1\r\n\r\n", b"\0" * 5000, b"\r\n" * 3000):
            with connect(address) as raw:
                with contextlib.suppress(OSError):
                    raw.sendall(sent)
                    raw.shutdown(socket.SHUT_WR)
                answer = drain(raw)
                assert b"HTTP/1.1 5" not in answer[:12] and b"HTTP/1.1 200" not in answer, sent[:90]
        # Fewer bytes than were announced: nothing of them is cast.
        with connect(address) as raw:
            raw.sendall(authorized + b"Content-Length: %d\r\n\r\n" % (len(line) + 5) + line)
            raw.shutdown(socket.SHUT_WR)
            drain(raw)
        # A body without a length, without an end.
        with connect(address) as raw:
            raw.sendall(authorized + b"Transfer-Encoding: chunked\r\n\r\n")
            chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
            with pytest.raises(OSError):
                for _ in range(2000):
                    raw.sendall(chunk)
        time.sleep(1)
    assert_served(honest)
    assert_only_honest(one, honest)


def test_tokens_guessed_at_speed_get_nothing_and_slow_nobody(town):
    one, address, token = town
    with Honest(address, token) as honest:
        ended = time.monotonic() + 10
        guessed = [0] * 2

        def guess(i):
            body = ndjson([ballot(f"guess-{i}")])
            while time.monotonic() < ended:
                with connect(address) as raw:
                    while time.monotonic() < ended:
                        wrong = token[:-16] + f"{guessed[i]:016x}"
                        raw.sendall(PATH + f"Authorization: Bearer {wrong}\r\nContent-Length: "
                                    f"{len(body)}\r\n\r\n".encode())
                        answer = raw.recv(4096)
                        guessed[i] += 1
                        if not answer.startswith(b"HTTP/1.1 401"):
                            assert answer == b"", answer
                        break

        threads = [threading.Thread(target=guess, args=[i]) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(f"{sum(guessed)} guesses in 10 s, honest {honest.n}, slowest {honest.slowest:.2f} s")
    assert_served(honest)
    assert metric(one, "psephos_gateway_strangers_total") >= sum(guessed) * 0.9
    assert_only_honest(one, honest)


def test_bodies_that_never_end_hold_no_more_than_they_may(town):
    """600 at once, each with 16 MiB announced: what is held stays below its bound."""
    one, address, token = town
    line = ndjson([ballot("x" * 255)])
    head = PATH + (f"Authorization: Bearer {token}\r\nContent-Length: {16 << 20}\r\n\r\n").encode()
    part = line * 2000
    with contextlib.ExitStack() as stack, Honest(address, token) as honest:
        big = []
        for _ in range(60):
            raw = stack.enter_context(connect(address))
            raw.sendall(head)
            big.append(raw)
        for _ in range(8):
            for raw in big:
                with contextlib.suppress(OSError):
                    raw.sendall(part)
        held, memory = metric(one, "psephos_gateway_held_bytes"), memory_mib(one)
    print(f"held {held / 2**20:.0f} MiB, resident {memory:.0f} MiB, slowest {honest.slowest:.2f} s")
    assert held <= 512 << 20 and memory < 1200
    assert_served(honest, slowest=20.0)
    assert_only_honest(one, honest)


def test_a_station_does_not_hold_up_the_voters_of_another(town):
    """Ballots of one voter leave one after the other, those of one station: 20,000 of a voter
    keep nobody else's ballot of that voter waiting."""
    one, address, token = town
    other = add(one, "other")
    flood = ndjson([ballot("x", ballot_id=f"{i:032x}", contests={"?": []}) for i in range(20000)])
    with connect(address) as raw:
        raw.sendall(PATH + f"Authorization: Bearer {other}\r\nContent-Length: {len(flood)}"
                    "\r\n\r\n".encode() + flood)
        wait_until(lambda: metric(one, "psephos_gateway_inflight_ballots") > 1000,
                   what="the flood")
        begun = time.monotonic()
        status, _, lines = post(address, token, [ballot("x")])
        took = time.monotonic() - begun
        left = metric(one, "psephos_gateway_inflight_ballots")
    print(f"answered after {took:.2f} s, {left:.0f} of the flood still on the way")
    assert status == 200 and lines[0]["first"] == "counted", (status, lines)
    assert left > 1000 and took < 5 * SLOWER


def asked_in_vain(address):
    """False: there were too many like it, and it was just cut."""
    with connect(address) as raw:
        with contextlib.suppress(OSError):
            raw.sendall(b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = drain(raw)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 503 "), answer
    assert answer.count(b"HTTP/1.1") < 2, answer
    return answer != b""


def test_one_address_does_not_take_all_connections(town):
    """Without a token: 600 of 1,024 connections are what one address gets."""
    one, address, token = town
    host, _, port = address.partition(":")
    with contextlib.ExitStack() as stack:
        for _ in range(1100):
            with contextlib.suppress(OSError):
                stack.enter_context(connect(address)).sendall(PATH)
        begun = time.monotonic()
        with socket.create_connection((host, int(port)), 60, (ELSEWHERE, 0)) as raw:
            body = ndjson([ballot("y")])
            raw.sendall(PATH + f"Authorization: Bearer {token}\r\nConnection: close\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            got = drain(raw)
        took = time.monotonic() - begun
        held = metric(one, "psephos_gateway_connections")
        # Who has no place is told so, whatever he asks for, and that is the end of it.
        wait_until(lambda: asked_in_vain(address), what="an answer to who has no place")
    print(f"answered after {took:.2f} s beside {held:.0f} connections")
    assert b"counted" in got, got
    assert held <= 601 and took < 3 * SLOWER
