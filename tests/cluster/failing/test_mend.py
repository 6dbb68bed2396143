"""A flipped bit in a log of three: mended by itself from the other two, or said to be lost."""

import json

import pytest

from harness import FIXTURES, TIMEOUT_S, run_psephos, wait_until
from segments import flip, records, split

TOWN = FIXTURES / "town.json"


@pytest.fixture
def counted(cluster, tmp_path):
    """counted(replicas) -> a cluster that has counted 40 ballots in many entries, and is down."""
    def make(replicas):
        one = cluster(TOWN, shards=1, up_options=["--replicas", replicas])
        for part in range(4):
            path = tmp_path / f"{part}.ndjson"
            path.write_text("".join(
                json.dumps({"voter_id": f"v{part}-{i}", "unit": "north-1", "method": "mail",
                            "contests": {"mayor": ["bob"]}}) + "\n" for i in range(10)))
            one.call("cast", path)
        wait_until(lambda: len({(p["index"], p["state_hash"]) for p in one.processes()
                                if p["role"] == "shard"}) == 1, TIMEOUT_S, what="equal replicas")
        one.down()
        return one
    return make


def log_of(one, replica):
    return one.directory / "data" / f"shard-0-{replica}" / "log"


def says(one, replica, word):
    path = one.directory / "logs" / f"shard-0-{replica}.log"
    return [line for line in path.read_text(errors="replace").splitlines() if word in line]


def place(segment, index):
    return next((at, n) for i, at, n in records(segment) if i == index)


def assert_whole(one):
    """As many as were cast, by every replica and by the journals alone."""
    assert one.accounting()["total"]["counted"] == 40
    one.recount()
    one.down()
    for replica in range(3):
        for segment in log_of(one, replica).glob("*.log"):
            run_psephos("inspect", segment, check=0)
    run_psephos("recount", "--dir", one.directory, "--offline", check=0)


@pytest.mark.parametrize("what", ["first", "old", "newest", "header"])
def test_a_flipped_bit_is_mended_from_the_other_two(counted, what):
    one = counted(3)
    segment = split(log_of(one, 1), 6)
    index = 1
    if what == "old":
        index = 4
    elif what == "newest":
        segment, index = log_of(one, 1) / f"{6:016x}.log", 6
    before = segment.read_bytes()
    at, length = place(segment, index)
    flip(segment, 5 if what == "header" else at + length - 9)
    assert run_psephos("inspect", segment, check=1)
    one.up()
    # A header is known without the others.
    wait_until(lambda: segment.read_bytes()[:64] == before[:64] if what == "header"
               else says(one, 1, " mended: "), TIMEOUT_S, what="a mended record")
    if what != "header":
        damaged = says(one, 1, " damaged: ")
        assert f"{segment} at byte {at}: log entry {index} is damaged" in damaged[0]
    assert_whole(one)
    # But for what it says had been durable by then, and the checksum over that.
    after = segment.read_bytes()[:len(before)]  # the newest one has grown
    assert after[:at] + after[at + 4:at + 24] + after[at + 32:] == \
        before[:at] + before[at + 4:at + 24] + before[at + 32:]


def test_damage_of_two_at_different_places_is_mended(counted):
    one = counted(3)
    for replica, index in ((0, 3), (2, 4)):
        segment = split(log_of(one, replica), 6)
        flip(segment, place(segment, index)[0] + 45)
    one.up()
    for replica in (0, 2):
        wait_until(lambda r=replica: says(one, r, " mended: "), TIMEOUT_S, what="a mended record")
    assert_whole(one)


def test_the_same_record_of_two_is_refused_with_words_and_nothing_is_lost(counted):
    one = counted(3)
    kept = {}
    for replica in (0, 2):
        segment = split(log_of(one, replica), 6)
        at = place(segment, 4)[0]
        flip(segment, at + 45)
        kept[replica] = segment, at, segment.read_bytes()
    one.up(check=None)
    # The one that hears of it first ends; without it the other waits for a majority.
    refused = wait_until(lambda: [r for r in kept if says(one, r, "no majority has it")],
                         TIMEOUT_S, what="a replica that ends")
    for replica, (segment, at, data) in kept.items():
        wait_until(lambda r=replica: says(one, r, " damaged: "), TIMEOUT_S, what="the other's word")
        assert segment.read_bytes() == data and not says(one, replica, " mended: ")
        if replica in refused:
            line = says(one, replica, "no majority has it")[0]
            assert f"{segment} at byte {at} is damaged (index 4)" in line
    one.down()
    for segment, at, _ in kept.values():
        flip(segment, at + 45)
    one.up()
    assert_whole(one)


@pytest.mark.parametrize("index", [1, 3])
def test_alone_a_damaged_record_is_refused_with_file_and_byte(counted, index):
    one = counted(1)
    segment = split(log_of(one, 0), 5)
    at = place(segment, index)[0]
    flip(segment, at + 45)
    one.up(check=None)
    wait_until(lambda: says(one, 0, " error "), TIMEOUT_S, what="a replica that ends")
    assert any(f"{segment}" in line and f"byte {at}" in line for line in says(one, 0, "damaged"))
    one.down()
    flip(segment, at + 45)
    one.up()
    assert one.accounting()["total"]["counted"] == 40
