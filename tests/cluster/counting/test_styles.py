"""A primary: which of its unit's papers a ballot is, from the line of a file to the totals."""

import csv
import io
import json

import pytest

import python_client
from harness import FIXTURES
from test_round_trip import assert_books_balance

PRIMARY = FIXTURES / "primary.json"  # x: papers dem, rep, np; y: rep, dem; z: np
DEM, REP = {"gov-d": ["ann"]}, {"gov-r": ["cy"]}


def line_of(voter, unit, contests, style=None, **more):
    one = {"voter_id": voter, "unit": unit, "method": "booth", "contests": contests, **more}
    return json.dumps(one if style is None else {**one, "style": style}) + "\n"


@pytest.fixture
def one(cluster):
    return cluster(PRIMARY, shards=2)


def cast(one, text, *options):
    return json.loads(one.call("cast", "--json", *options, "-", stdin=text).stdout)


def result(one, contest):
    answer = one.get_json(f"/api/v1/results?contest={contest}")["results"][0]
    return answer["ballots"], {c["choice"]: c["votes"] for c in answer["choices"]}


@pytest.mark.parametrize("form", [[], ["--rows"]], ids=["columns", "rows"])
def test_each_ballot_counts_on_its_own_paper(one, form):
    valid = (line_of("v1", "x", DEM, "dem") + line_of("v2", "x", REP, "rep") +
             line_of("v3", "y", {**DEM, "bridge": ["yes"]}, "dem") +
             line_of("v4", "x", {"bridge": ["no"]}, "np") + line_of("v5", "z", {"bridge": ["no"]}) +
             line_of("v6", "z", {}, "np"))
    invalid = (line_of("w1", "x", DEM) +            # of three papers none is named
               line_of("w2", "x", DEM, "rep") +     # the other party's contest
               line_of("w3", "y", {}, "np") +       # not a paper of y
               line_of("w4", "z", {}, "dem") +
               line_of("w5", "z", {}, "green"))     # nobody's
    summary = cast(one, valid + invalid, *form)
    assert (summary["counted"], summary["invalid"]) == (6, 5), summary
    assert result(one, "gov-d") == (2, {"ann": 2, "bob": 0})
    assert result(one, "gov-r") == (1, {"cy": 1, "di": 0})
    assert result(one, "bridge") == (6, {"yes": 1, "no": 2})
    assert assert_books_balance(one)["counted"] == 6
    one.recount()


def test_the_only_paper_of_a_unit_named_or_not_is_the_same_ballot(one):
    ballot_id = "00112233445566778899aabbccddeeff"
    texts = [line_of("v1", "z", {"bridge": ["no"]}, style, ballot_id=ballot_id)
             for style in (None, "np")]
    assert cast(one, texts[0])["counted"] == 1
    assert cast(one, texts[1])["replayed"] == cast(one, texts[1], "--rows")["replayed"] == 1
    other = line_of("v2", "x", {"bridge": ["no"]}, "np", ballot_id=ballot_id)
    assert cast(one, other)["counted"] == 1
    # On another of its unit's papers it is another ballot.
    assert cast(one, other.replace('"np"', '"dem"'))["double_vote"] == 1


def test_a_python_station_names_the_paper(one, request):
    client = python_client.Client(one.directory)
    request.addfinalizer(client.close)
    ballots = [python_client.ballot("v1", "x", "booth", REP, style="rep"),
               python_client.ballot("v2", "x", "booth", REP),
               python_client.ballot("v3", "z", "booth", {})]
    assert [receipt.verdict for receipt in client.cast(ballots)] == ["counted", "invalid",
                                                                      "counted"]


def test_random_ballots_of_a_roll_are_on_the_voters_papers(cluster, tmp_path):
    roll = tmp_path / "roll.csv"
    papers = {"x": ["dem", "rep", "np"], "y": ["rep", "dem"], "z": ["np"]}
    voters = [(f"v{unit}{paper}{i}", unit, paper)
              for unit in papers for paper in papers[unit] for i in range(20)]
    roll.write_text("voter_id,unit,style\n" + "".join(f"{','.join(voter)}\n" for voter in voters))
    one = cluster(PRIMARY, shards=2, up_options=["--roll", roll])
    assert one.cast("--roll", roll, "--random")["counted"] == len(voters) == 120
    assert [result(one, contest)[0] for contest in ("gov-d", "gov-r", "bridge")] == [40, 40, 120]
    # A ballot on another party's paper is not the voter's.
    stranger = line_of(voters[0][0], "x", {}, "rep")
    assert cast(one, stranger)["not_eligible"] == 1


ROLL = """voter_id,unit,style
d1,x,dem
d2,x,dem
r1,x,rep
r2,x,rep
n1,x,np
r3,y,rep
n2,z,np
"""

# ballots, votes, undervotes, overvotes; by hand
CLOSED_PRIMARY = {
    "gov-d": (2, {"ann": 1, "bob": 1}, 0, 0),
    "gov-r": (2, {"cy": 0, "di": 1}, 0, 1),
    "bridge": (6, {"yes": 2, "no": 3}, 1, 0),
    "bridge x": (4, {"yes": 2, "no": 1}, 1, 0),
    "gov-r x": (1, {"cy": 0, "di": 0}, 0, 1),
    "gov-d y": (0, {"ann": 0, "bob": 0}, 0, 0),
}


def whole_result(one, contest, unit=None):
    where = f"&unit={unit}&level=leaf" if unit else ""
    (row,) = one.get_json(f"/api/v1/results?contest={contest}{where}")["results"]
    votes = {choice["choice"]: choice["votes"] for choice in row["choices"]}
    return row["ballots"], votes, row["undervotes"], row["overvotes"]


# promise 3
def test_a_closed_primary_has_no_undervotes_of_the_other_party(cluster, tmp_path):
    roll, path = tmp_path / "roll.csv", tmp_path / "results.csv"
    roll.write_text(ROLL)
    one = cluster(PRIMARY, shards=2, up_options=["--roll", roll])
    counted = (line_of("d1", "x", {"gov-d": ["ann"], "bridge": ["yes"]}, "dem") +
               line_of("d2", "x", {"gov-d": ["bob"]}, "dem") +
               line_of("r1", "x", {"gov-r": ["cy", "di"], "bridge": ["no"]}, "rep") +
               line_of("n1", "x", {"bridge": ["yes"]}, "np") +
               line_of("r3", "y", {"gov-r": ["di"], "bridge": ["no"]}, "rep") +
               line_of("n2", "z", {"bridge": ["no"]}))
    summary = cast(one, counted + line_of("r2", "x", DEM, "dem"))  # of the other party
    assert (summary["counted"], summary["not_eligible"]) == (6, 1), summary
    for what, expected in CLOSED_PRIMARY.items():
        assert whole_result(one, *what.split()) == expected, what
    assert_books_balance(one)
    one.recount()
    published = list(csv.DictReader(io.StringIO(one.results_csv())))
    assert len(published) == 6 + 6 + 2 and sum(int(row["votes"]) for row in published) == 8
    one.down()
    one.call("recount", "--offline", "--results", path, check=0)
    votes = {(row["contest"], row["unit"], row["choice"]): int(row["votes"])
             for row in csv.DictReader(path.open()) if not row["method"]}
    assert votes["bridge", "st", "yes"] == 2 and votes["bridge", "x", "no"] == 1
    assert votes["gov-r", "c", "di"] == 1 and ("gov-d", "z", "ann") not in votes


def test_a_roll_with_a_paper_that_the_unit_has_not_is_refused(cluster, tmp_path):
    roll = tmp_path / "roll.csv"
    roll.write_text("voter_id,unit,style\nd1,x,dem\nn1,y,np\n")
    one = cluster(PRIMARY, shards=1, up_options=["--roll", roll], start=False)
    refused = one.up(check=1)
    assert "roll.csv:3:" in refused.stderr and '"np"' in refused.stderr
