"""Where ballots come from, and the forms in which results leave."""

import csv
import io
import json
import shutil

import pytest

from harness import run_psephos
from test_round_trip import assert_books_balance, assert_replayed

RETURNS = """state,county,county_fips,precinct,office,district,party,candidate,votes
VT,Addison,50001,,President,,Pine,Ada Ash,3
VT,Addison,50001,,President,,Fern,Ben Birch,1
NY,Albany,36001,,President,,Pine,Ada Ash,2
NY,Albany,36001,,President,,Fern,Ben Birch,2
"""


@pytest.fixture
def one(cluster, import_returns, tmp_path):
    path = tmp_path / "returns.csv"
    path.write_text(RETURNS)
    return cluster(import_returns(path), shards=2)


@pytest.fixture
def names(one):
    """The IDs of the election: (county units by name, method, contest, choices by name)."""
    election = json.loads(one.election.read_text())
    contest = election["contests"][0]
    return ({u["name"]: u["id"] for u in election["units"]}, election["methods"][0]["id"],
            contest["id"], {c["name"]: c["id"] for c in contest["choices"]})


def votes_of(one, **query):
    search = "&".join(f"{key}={value}" for key, value in query.items())
    result = one.get_json(f"/api/v1/results?{search}")["results"][0]
    return {c["choice"]: c["votes"] for c in result["choices"]}


def lines_of(names, voters):
    units, method, contest, choices = names
    return "".join(json.dumps({"voter_id": voter, "unit": units["Addison"], "method": method,
                               "cast_at": "2024-11-05T08:00:00-05:00",
                               "contests": {contest: [choices["Ada Ash"]]}}) + "\n"
                   for voter in voters)


def test_lines_of_json_are_cast_and_the_same_lines_again_count_nothing(one, names):
    text = lines_of(names, [f"voter-{i}" for i in range(50)])
    first = json.loads(one.call("cast", "--json", "-", stdin=text, check=0).stdout)
    again = json.loads(one.call("cast", "--json", "-", stdin=text, check=0).stdout)
    assert first["cast"] == first["counted"] == 50
    assert_replayed(again, 50)
    assert votes_of(one, contest=names[2])[names[3]["Ada Ash"]] == 50
    books = assert_books_balance(one)
    assert (books["counted"], books["replayed"] - first["resent"] - again["resent"]) == (50, 50)


def test_a_line_that_is_no_ballot_is_named_and_the_cast_says_no(one, names):
    text = lines_of(names, ["a"]) + "{not json\n"
    done = one.call("cast", "-", stdin=text)
    assert done.returncode == 1
    assert "2" in done.stderr and "line" in done.stderr.lower() or ":2:" in done.stderr


def test_rows_and_columns_count_alike(one, names):
    one.call("cast", "--rows", "-", stdin=lines_of(names, ["r1", "r2"]), check=0)
    one.call("cast", "-", stdin=lines_of(names, ["r1", "c1"]), check=0)
    assert votes_of(one, contest=names[2])[names[3]["Ada Ash"]] == 3


def test_the_vote_messages_of_the_kafka_demos_are_cast(one, names):
    election = json.loads(one.election.read_text())
    candidate = next(c["id"] for c in election["candidates"] if c["name"] == "Ben Birch")
    message = {"voter_name": "Di Dogwood", "party_affiliation": "Fern", "biography": "-",
               "campaign_platform": "-", "photo_url": "-", "candidate_name": "Ben Birch",
               "date_of_birth": "1980-01-01", "gender": "f", "nationality": "x",
               "registration_number": "1", "voting_time": "2024-11-05 10:00:00", "vote": 1,
               "address": {"street": "1 Main St", "city": "Albany", "state": "NY",
                           "country": "US", "postcode": "12084"}}
    text = "".join(json.dumps({**message, "voter_id": f"v{i}", "candidate_id": candidate}) + "\n"
                   for i in range(7))
    done = one.call("cast", "--json", "--format", "votes-topic", "-", stdin=text)
    # NY is a state with a county below it: the message does not say which leaf.
    summary = json.loads(done.stdout)
    assert summary["cast"] == 7
    assert summary["counted"] + summary["invalid"] == 7


def test_votes_of_the_kafka_demos_count_where_the_state_is_the_unit(
        cluster, import_returns, tmp_path):
    path = tmp_path / "states.csv"
    path.write_text("state,county,county_fips,precinct,office,district,party,candidate,votes\n"
                    "VT,,,,President,,Pine,Ada Ash,3\nNY,,,,President,,Fern,Ben Birch,2\n"
                    "NY,,,,President,,Pine,Ada Ash,2\nVT,,,,President,,Fern,Ben Birch,2\n")
    one = cluster(import_returns(path, "states"), shards=1)
    candidate = next(c["id"] for c in json.loads(one.election.read_text())["candidates"]
                     if c["name"] == "Ben Birch")
    text = "".join(json.dumps({"voter_id": f"v{i}", "candidate_id": candidate, "vote": 1,
                               "voting_time": "2024-11-05 10:00:00",
                               "address": {"state": "NY"}}) + "\n" for i in range(7))
    done = one.call("cast", "--json", "--format", "votes-topic", "-", stdin=text, check=0)
    assert json.loads(done.stdout)["counted"] == 7
    rows = {r["unit_name"]: r["choices"]
            for r in one.get_json("/api/v1/results?level=leaf")["results"]}
    assert sum(c["votes"] for c in rows["New York"]) == 7
    assert sum(c["votes"] for c in rows["Vermont"]) == 0


def test_random_ballots_of_a_made_up_electorate_balance(cluster, tmp_path):
    run_psephos("generate", "--voters", 3000, "--seed", 4, "--out", tmp_path / "made", check=0)
    roll = tmp_path / "made" / "roll.csv"
    one = cluster(tmp_path / "made" / "election.json", shards=2, up_options=["--roll", roll])
    summary = one.cast("--roll", roll, "--random", "--turnout", 0.5, "--seed", 9)
    assert 1300 < summary["counted"] < 1700
    assert summary["counted"] == summary["cast"]
    assert assert_books_balance(one)["counted"] == summary["counted"]
    turnout = one.get_json("/api/v1/turnout")["turnout"][0]
    assert (turnout["ballots"], turnout["registered"]) == (summary["counted"], 3000)
    assert turnout["share"] == pytest.approx(summary["counted"] / 3000, abs=1e-6)


def test_names_on_the_roll_never_leave_up(cluster, tmp_path):
    run_psephos("generate", "--voters", 200, "--seed", 4, "--out", tmp_path / "made", check=0)
    roll = tmp_path / "made" / "roll.csv"
    one = cluster(tmp_path / "made" / "election.json", shards=1, up_options=["--roll", roll])
    one.cast("--roll", roll, "--random")
    one.down()
    with open(roll, newline="", encoding="utf-8") as file:
        voter = next(csv.DictReader(file))
    for path in one.directory.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert voter["voter_name"].encode() not in content, path
            assert voter["voter_id"].encode() not in content, path


def test_a_station_elsewhere_casts_with_the_cluster_file_and_its_key(one, names, tmp_path):
    one.call("client", "add", "school", check=0)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for source in [one.directory / "cluster.json", one.directory / "election.json",
                   one.directory / "clients" / "school.key",
                   one.directory / "clients" / "school.key.ids"]:
        shutil.copy(source, elsewhere)
    done = run_psephos("cast", "--json", "--cluster", elsewhere / "cluster.json", "--key",
                       elsewhere / "school.key", "-", stdin=lines_of(names, ["s1", "s2"]), check=0)
    assert json.loads(done.stdout)["counted"] == 2


def test_results_come_as_table_json_and_csv(one, names):
    one.call("cast", "-", stdin=lines_of(names, ["t1", "t2"]), check=0)
    table = one.api_call("results", "--contest", names[2], check=0).stdout
    assert "Ada Ash" in table and "unofficial" in table.lower()
    answer = json.loads(one.api_call("results", "--contest", names[2], "--format", "json",
                                     check=0).stdout)
    assert answer["status"] == "unofficial"
    rows = list(csv.DictReader(io.StringIO(
        one.api_call("results", "--contest", names[2], "--level", "county", "--format", "csv",
                     check=0).stdout)))
    assert sum(int(row["votes"]) for row in rows) == 2


def test_a_level_without_units_is_told(one):
    assert "no unit of level precinct" in one.api_call("results", "--level", "precinct",
                                                       check=0).stdout


def test_status_names_every_process(one):
    processes = one.processes()
    assert sorted(p["role"] for p in processes) == ["collector", "router", "shard", "shard"]
    for process in processes:
        assert process["pid"] > 0 and process["state"] and "index" in process
        if process["role"] == "shard":
            assert process["state"] == "leader"
            assert (process["shard"], process["replica"]) in {(0, 0), (1, 0)}
