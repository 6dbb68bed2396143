"""An election of 180,000 precincts: one shard's totals are more than one message may hold.

Counted, shown, and shown again after a restart of the collector, whose shard must
then send everything at once.
"""

import json

import pytest

from harness import SLOWER, wait_until

STATES, COUNTIES, PRECINCTS = 20, 60, 150  # in each of the level above
LEAVES = STATES * COUNTIES * PRECINCTS
CONTESTS, CHOICES = 15, 6
MESSAGE_BYTES_MAX = 16 << 20
TIMEOUT_S = 300 * SLOWER


def choice_of(leaf, contest):
    return (leaf * 7 + contest * 3 + leaf // 11) % CHOICES


def units():
    yield {"id": "us", "name": "United States", "level": "nation"}
    for s in range(STATES):
        state = f"s{s}"
        yield {"id": state, "name": f"State {s}", "level": "state", "parent": "us"}
        for c in range(COUNTIES):
            county = f"{state}-{c}"
            yield {"id": county, "name": f"County {c}", "level": "county", "parent": state}
            for p in range(PRECINCTS):
                yield {"id": f"{county}-{p}", "name": f"Precinct {p}", "level": "precinct",
                       "parent": county, "ballot_style": "all", "ballots_expected": 2}


def definition():
    contests = [{"id": f"c{c}", "name": f"Contest {c}", "office": f"Contest {c}", "unit": "us",
                 "choices": [{"id": f"x{x}", "name": f"Choice {x}", "kind": "other"}
                             for x in range(CHOICES)]} for c in range(CONTESTS)]
    return {"format": 1, "id": "large", "name": "A large election", "date": "2024-11-05",
            "methods": [{"id": "booth", "name": "Booth"}], "parties": [], "candidates": [],
            "units": list(units()), "contests": contests,
            "ballot_styles": [{"id": "all", "contests": [{"contest": c["id"]} for c in contests]}]}


def leaves():
    for s in range(STATES):
        for c in range(COUNTIES):
            for p in range(PRECINCTS):
                yield f"s{s}-{c}-{p}"


def write_ballots(path):
    with open(path, "w") as out:
        for leaf, unit in enumerate(leaves()):
            marks = {f"c{c}": [f"x{choice_of(leaf, c)}"] for c in range(CONTESTS)}
            out.write(json.dumps({"voter_id": f"voter-{leaf}", "unit": unit, "method": "booth",
                                  "cast_at": "2024-11-05T10:00:00Z", "contests": marks}) + "\n")


def ballots_shown(one):
    try:
        return one.get_json("/api/v1/election")["election"]["ballots"]
    except OSError:  # a collector that goes or comes
        return None


def bytes_of_partials(one):
    """The encoded rows of one whole partial, worked out: a byte a cell and one for the gap."""
    return LEAVES * (1 + 1 + CONTESTS * (CHOICES + 2))


def assert_shown(one):
    for contest in (0, CONTESTS - 1):
        wanted = [0] * CHOICES
        for leaf in range(LEAVES):
            wanted[choice_of(leaf, contest)] += 1
        answer = one.get_json(f"/api/v1/results?contest=c{contest}&level=nation")["results"][0]
        assert answer["ballots"] == LEAVES
        assert [c["votes"] for c in answer["choices"]] == wanted
    last = one.get_json(f"/api/v1/results?contest=c0&unit=s{STATES - 1}-{COUNTIES - 1}"
                        "&level=precinct&sort=unit&limit=1000")["results"]
    assert len(last) == PRECINCTS
    assert all(place["ballots"] == 1 for place in last)


@pytest.fixture
def one(cluster, tmp_path):
    path = tmp_path / "election.json"
    path.write_text(json.dumps(definition()))
    return cluster(path, shards=1)


def test_180_000_precincts_are_counted_and_shown(one, tmp_path):
    assert LEAVES >= 180_000 and bytes_of_partials(one) > MESSAGE_BYTES_MAX
    write_ballots(tmp_path / "ballots.ndjson")
    done = one.cast(tmp_path / "ballots.ndjson", timeout=TIMEOUT_S)
    assert done["counted"] == LEAVES
    wait_until(
        lambda: ballots_shown(one) == LEAVES, timeout=TIMEOUT_S, what="all ballots on the board"
    )
    assert_shown(one)
    # A collector that has lost its store asks for everything: it comes in parts.
    one.kill("collector")
    for path in (one.directory / "data" / "collector-0").glob("*"):
        path.unlink()
    one.start_collector()
    wait_until(lambda: ballots_shown(one) == LEAVES, timeout=TIMEOUT_S,
               what="all ballots on the board of a new collector")
    assert_shown(one)
    # The operator's recount gets it in parts, too.
    one.call("recount", check=0, timeout=TIMEOUT_S)
    assert "too_large" not in one.log_tail(1000)
