"""Who leads and how far the count is, on a real cluster: API, stream and psephos results."""

import csv
import io
import json
import threading
import urllib.request

import pytest

from harness import Cluster, wait_until

UNIT = {"level": "precinct", "parent": "x", "registered": 10, "ballots_expected": 10,
        "ballot_styles": ["s"]}
TOWN = {
    "format": 2, "id": "mini", "name": "Mini", "date": "2026-11-03", "publication": "immediate",
    "languages": ["en", "es"],
    "methods": [{"id": "booth", "name": {"en": "Booth", "es": "Urna"}},
                {"id": "mail", "name": "Mail"}],
    "parties": [{"id": "red", "name": "Red"}, {"id": "blue", "name": "Blue"},
                {"id": "green", "name": "Green"}],
    "candidates": [{"id": "ann", "name": "Ann"},
                   {"id": "bob", "name": {"en": "Bob", "es": "Roberto"}}],
    "units": [{"id": "x", "name": "Xland", "level": "nation", "registered": 20,
               "ballots_expected": 20},
              {"id": "north", "name": {"en": "North", "es": "Norte"}, **UNIT},
              {"id": "south", "name": "South", **UNIT}],
    "contests": [{"id": "mayor", "name": {"en": "Mayor", "es": "Alcalde"}, "office": "Mayor",
                  "unit": "x", "choices": [
                      {"id": "ann", "name": "Ann", "kind": "candidate", "candidate": "ann",
                       "party": "red"},
                      {"id": "bob-b", "name": "Bob", "kind": "candidate", "candidate": "bob",
                       "party": "blue"},
                      {"id": "bob-g", "name": "Bob", "kind": "candidate", "candidate": "bob",
                       "party": "green"},
                      {"id": "blank", "name": "Blank", "kind": "blank"}]}],
    "ballot_styles": [{"id": "s", "contests": [{"contest": "mayor"}]}],
}
# North alone, 21 ballots of 10 voters: Ann 7 on one line; Bob 6 and 3, the 3 by mail; 5 blank.
BALLOTS = [("ann", "booth")] * 7 + [("bob-b", "booth")] * 6 + [("bob-g", "mail")] * 3 + \
    [("blank", "booth")] * 5


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    (folder / "election.json").write_text(json.dumps(TOWN))
    one = Cluster(folder / "cluster", folder / "election.json", 2)
    try:
        one.up()
        lines = "".join(json.dumps({"voter_id": f"v{i}", "unit": "north", "method": method,
                                    "contests": {"mayor": [choice]}}) + "\n"
                        for i, (choice, method) in enumerate(BALLOTS))
        one.call("cast", "-", stdin=lines, check=0)
        wait_until(lambda: one.get_json("/api/v1/election")["election"]["ballots"] == 21,
                   what="all ballots are shown")
        yield one
    finally:
        one.finish()


def test_a_candidate_leads_with_all_lines(town):
    result = town.get_json("/api/v1/results?contest=mayor")["results"][0]
    assert [(c["candidate"], c["votes"], c["share"], c["choices"]) for c in result["candidates"]] \
        == [("bob", 9, 0.5625, ["bob-b", "bob-g"]), ("ann", 7, 0.4375, ["ann"])]
    assert (result["valid"], result["margin"], result["margin_of"], result["tied"]) == \
        (16, 2, "first", False)
    leaders = town.get_json("/api/v1/leaders?contest=mayor&level=precinct")
    assert (leaders["leader"], leaders["leader_votes"], leaders["second"]) == \
        ([1, None], [9, 0], [0, None])
    assert (leaders["shown"], leaders["expected"], leaders["units_over"]) == \
        ([10, 0], [10, 10], [1, 0])


def test_too_many_ballots_here_are_not_those_that_lack_there(town):
    whole, = town.get_json("/api/v1/turnout")["turnout"]
    assert whole["ballots"] == 21 and whole["progress"] == {
        "counted": 10, "shown": 10, "expected": 20, "out": 10, "ceiling": 10,
        "ceiling_of": "estimate", "over": ["north"], "units_over": 1}
    rows = list(csv.DictReader(io.StringIO(town.get("/api/v1/turnout.csv?level=leaf")[2].decode())))
    assert [(row["unit"], row["over_registered"], row["over_expected"]) for row in rows] == \
        [("north", "true", "true"), ("south", "false", "false")]


def test_results_are_printed_as_they_stand(town):
    table = [line.split() for line in town.api_call("results", check=0).stdout.splitlines()]
    assert [" ".join(line) for line in table[1:8]] == [
        "choice party votes of valid", "Bob 9 56.25 %", "Bob Blue 6", "Bob Green 3",
        "Ann Red 7 43.75 %", "Blank 5", "margin 2"]


def rows_of(town, *options):
    done = town.api_call("results", "--format", "csv", *options, check=0)
    columns = "unit_name", "method", "choice", "votes", "ballots", "undervotes", "overvotes"
    return [tuple(row[column] for column in columns)
            for row in csv.DictReader(io.StringIO(done.stdout))]


def test_results_by_method_and_language(town):
    assert rows_of(town, "--method", "mail") == [
        ("Xland", "mail", choice, votes, "3", "0", "0")
        for choice, votes in (("ann", "0"), ("bob-b", "0"), ("bob-g", "3"), ("blank", "0"))]
    both = rows_of(town, "--by-method", "--level", "leaf", "--lang", "es")
    assert both[0] == ("Norte", "booth", "ann", "7", "18", "0", "0")
    assert {row[1] for row in both} == {"booth", "mail"}
    assert "Roberto" in town.api_call("results", "--lang", "es", check=0).stdout
    wrong = town.api_call("results", "--method", "pigeon", check=1)
    assert "there is no method" in wrong.stderr


def test_a_stream_has_its_own_language(town):
    """Viewers of one question share an event; of another language it is another question."""
    told = {}

    def listen(language):
        url = f"{town.api}/api/v1/stream?contest=mayor&unit=north&lang={language}"
        with urllib.request.urlopen(url, timeout=30) as stream:
            for line in stream:
                if line.startswith(b"data: "):
                    told[language] = json.loads(line[6:])["result"]["unit_name"]
                    ready.wait(30)  # both stay until both have theirs
                    return

    ready = threading.Barrier(2)
    listeners = [threading.Thread(target=listen, args=(language,)) for language in ("en", "es")]
    for listener in listeners:
        listener.start()
    for listener in listeners:
        listener.join()
    assert told == {"en": "North", "es": "Norte"}
