"""What a definition does not know is refused by its name, at every level; so are ranked ballots."""

import copy
import json

import pytest

ELECTION = {
    "format": 2, "id": "e", "name": {"en": "E"}, "date": "2026-11-03",
    "publication": "immediate", "languages": ["en", "es"], "time_zone": "Asia/Kolkata",
    "source": "Clerk", "licence": "CC0",
    "levels": [{"id": "land", "name": {"en": "Land"}, "plural": {"en": "Lands"}},
               {"id": "town", "name": {"en": "Town"}, "plural": {"en": "Towns"}}],
    "methods": [{"id": "all", "name": "All"}],
    "parties": [{"id": "red", "name": "Red", "color": "#ff0000", "alliance": "Warm"}],
    "candidates": [{"id": "ann", "name": "Ann", "party": "red"}],
    "units": [{"id": "x", "name": "X", "level": "land"},
              {"id": "n", "name": "N", "level": "town", "parent": "x", "ballot_styles": ["s"]}],
    "contests": [{"id": "m", "name": "Mayor", "office": "Mayor", "unit": "x", "seats": 1,
                  "printed": {"overvotes": {"name": "Over"}, "undervotes": {"name": "Under"}},
                  "choices": [{"id": "ann", "name": "Ann", "kind": "candidate",
                               "candidate": "ann", "party": "red"},
                              {"id": "b", "name": "Blank", "kind": "blank"}]}],
    "ballot_styles": [{"id": "s", "contests": [{"contest": "m", "choices": ["ann", "b"]}]}],
    "map": {"file": "m.topojson", "object": "towns", "key": "code"},
}
OBJECTS = ["", "/levels/1", "/methods/0", "/parties/0", "/candidates/0", "/units/1", "/contests/0",
           "/contests/0/printed", "/contests/0/printed/overvotes", "/contests/0/choices/1",
           "/ballot_styles/0", "/ballot_styles/0/contests/0", "/map"]


def at(election, pointer):
    place = election
    for part in pointer.split("/")[1:]:
        place = place[int(part)] if isinstance(place, list) else place[part]
    return place


def check(psephos, tmp_path, election):
    (tmp_path / "m.topojson").write_text("{}")
    path = tmp_path / "election.json"
    path.write_text(json.dumps(election, indent=1))
    done = psephos("check", path, "--json")
    return done.returncode, json.loads(done.stdout)


def test_the_whole_of_it_is_known(psephos, tmp_path):
    assert check(psephos, tmp_path, ELECTION)[0] == 0


@pytest.mark.parametrize("pointer", OBJECTS)
def test_a_misspelt_member_is_named_with_its_path(psephos, tmp_path, pointer):
    election = copy.deepcopy(ELECTION)
    at(election, pointer)["nmae"] = "x"
    code, told = check(psephos, tmp_path, election)
    assert code == 1 and told["valid"] is False
    assert told["pointer"] == f"{pointer}/nmae" and "no member of this name" in told["reason"]
    assert told["line"] > 0


@pytest.mark.parametrize("pointer, member, value", [
    ("/contests/0", "ranked", True), ("/contests/0", "rankings_allowed", 5),
    ("/contests/0", "voting", "ranked"), ("/ballot_styles/0/contests/0", "ranks", 3),
    ("", "tabulation", "irv")])
def test_ranked_ballots_are_refused_by_name(psephos, tmp_path, pointer, member, value):
    election = copy.deepcopy(ELECTION)
    at(election, pointer)[member] = value
    code, told = check(psephos, tmp_path, election)
    assert code == 1 and told["pointer"] == f"{pointer}/{member}"


@pytest.mark.parametrize("pointer, member, value", [
    ("/contests/0/choices/0", "kind", "ranked"), ("", "publication", "later"),
    ("", "format", 3), ("/units/1", "level", "village"), ("/levels/0", "id", "leaf"),
    ("", "time_zone", "Asia//Kolkata"), ("/candidates/0", "party", "blue"),
    ("/contests/0", "votes_allowed", "two")])
def test_a_word_that_is_not_known_is_named_with_its_path(psephos, tmp_path, pointer, member, value):
    election = copy.deepcopy(ELECTION)
    at(election, pointer)[member] = value
    code, told = check(psephos, tmp_path, election)
    assert code == 1 and told["pointer"] == f"{pointer}/{member}", told
    assert str(value).split()[0] in told["reason"] or member == "votes_allowed"


def test_a_name_in_a_language_that_is_not_listed_is_refused(psephos, tmp_path):
    election = copy.deepcopy(ELECTION)
    election["levels"][1]["name"]["fr"] = "Ville"
    code, told = check(psephos, tmp_path, election)
    assert code == 1 and told["pointer"] == "/levels/1/name" and "fr" in told["reason"]


def test_a_ranked_ballot_is_no_ballot(cluster, psephos, tmp_path):
    election = {name: value for name, value in ELECTION.items() if name != "map"}
    (tmp_path / "election.json").write_text(json.dumps(election))
    one = cluster(tmp_path / "election.json", shards=1)
    (tmp_path / "b.ndjson").write_text(
        '{"voter_id": "1", "contests": {"m": {"ann": 1, "b": 2}}}\n'
        '{"voter_id": "2", "contests": {"m": [["ann"], ["b"]]}}\n'
        '{"voter_id": "3", "contests": {"m": ["ann"]}}\n')
    done = one.call("cast", tmp_path / "b.ndjson", "--json", check=1)
    assert json.loads(done.stdout)["counted"] == 1
    assert ":1:" in done.stderr and ":2:" in done.stderr or "line 1" in done.stderr
