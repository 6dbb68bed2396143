"""`import --candidates --voters`: the Kafka demos' topics and tables become an election and a roll.

The people are made up here, in the shapes of the demos' messages.
"""

import collections
import csv
import json

import pytest

from harness import run_psephos

CANDIDATES = [
    ("c9e9c616-612e-4696-a6ce-cc1b78e51061", "Ben Ellis", "Management Party"),
    ("b8b6d8fe-442e-4d43-b204-e52db2221a58", "Ada Gray", "Savior Party"),
    ("f06c144a-025b-413f-8a9a-021ea648a7dd", "Zoë Frost", "Tech Republic Party"),
]
STATES = ["Tyne and Wear", "Avon", "County Down"]
VOTER_COLUMNS = ["voter_id", "voter_name", "date_of_birth", "gender", "nationality",
                 "registration_number", "address_street", "address_city", "address_state",
                 "address_country", "address_postcode", "email", "phone_number", "cell_number",
                 "picture", "registered_age"]


def candidate(i):
    who = CANDIDATES[i]
    return {"candidate_id": who[0], "candidate_name": who[1], "party_affiliation": who[2],
            "biography": "A brief bio, \"quoted\".", "campaign_platform": "Key promises.",
            "photo_url": f"https://example.org/{i}.jpg"}


def voter(i, state=None, country="United Kingdom"):
    return {"voter_id": f"voter-{i}", "voter_name": f"Ada Hunt{i}", "date_of_birth": "1980-03-04",
            "gender": "female", "nationality": "GB", "registration_number": f"user{i}",
            "address": {"street": "1 High Street", "city": "Town", "state": state or STATES[i % 3],
                        "country": country, "postcode": "AB1 2CD"},
            "email": f"v{i}@example.com", "phone_number": "0101", "cell_number": "07700",
            "picture": "https://example.org/v.jpg", "registered_age": 40}


def vote(i, who=None):
    return voter(i) | candidate(who if who is not None else (i * i) % 3) | {
        "voting_time": "2026-11-29 08:00:00", "vote": 1}


def lines(path, objects):
    path.write_text("".join(json.dumps(one) + "\n" for one in objects))
    return path


def table(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def as_topics(tmp_path, voters):
    return (lines(tmp_path / "candidates.ndjson", map(candidate, range(3))),
            lines(tmp_path / "voters.ndjson", voters))


def as_tables(tmp_path, voters):
    flat = [{**v, **{f"address_{name}": text for name, text in v["address"].items()}}
            for v in voters]
    return (table(tmp_path / "candidates.csv", list(candidate(0)),
                  [list(candidate(i).values()) for i in range(3)]),
            table(tmp_path / "voters.csv", VOTER_COLUMNS,
                  [[v[name] for name in VOTER_COLUMNS] for v in flat]))


def imported(tmp_path, files, *options, check=0):
    return run_psephos("import", "--candidates", files[0], "--voters", files[1], "--out",
                       tmp_path / "out", "--date", "2026-11-29", *options, check=check)


@pytest.mark.parametrize("form", [as_topics, as_tables])
def test_the_demos_people_vote_in_the_election_made_of_them(cluster, tmp_path, form):
    files = form(tmp_path, [voter(i) for i in range(300)])
    told = json.loads(imported(tmp_path, files, "--json", "--id", "demo").stdout)
    assert (told["voters"], told["candidates"], told["parties"], told["leaves"]) == (300, 3, 3, 3)
    assert told["election"] == f"{tmp_path}/out/election.json" and told["again"] == 0
    roll = tmp_path / "out" / "roll.csv"
    with open(roll, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"voter_id": "voter-0", "unit": "tyne-and-wear"} and len(rows) == 300
    one = cluster(tmp_path / "out" / "election.json", shards=2, up_options=["--roll", roll])
    votes = [vote(i) for i in range(250)] + [vote(7)]  # sent twice
    # On no roll; and one who lives elsewhere.
    strange = [vote(1000), vote(251) | {"address": {"state": "Avon"}}]
    file = lines(tmp_path / "votes.ndjson", votes + strange)
    done = json.loads(one.call("cast", "--json", "--format", "votes-topic", file, check=1).stdout)
    assert (done["counted"], done["replayed"], done["not_eligible"]) == (250, 1, 2)
    by_state = collections.Counter((STATES[i % 3], (i * i) % 3) for i in range(250))
    place = {who[0]: i for i, who in enumerate(CANDIDATES)}
    for row in one.get_json("/api/v1/results?level=leaf")["results"]:
        got = {place[c["choice"]]: c["votes"] for c in row["choices"]}
        assert got == {c: by_state[row["unit_name"], c] for c in range(3)}, row["unit_name"]
    top, = one.get_json("/api/v1/results")["results"]
    assert top["unit_name"] == "United Kingdom" and top["ballots"] == 250
    assert {c["choice"]: c["votes"] for c in top["choices"]} == {
        CANDIDATES[c][0]: sum(by_state[state, c] for state in STATES) for c in range(3)}
    assert one.get_json("/api/v1/turnout")["turnout"][0]["registered"] == 300


def test_both_forms_make_the_same_files(tmp_path):
    voters = [voter(i) for i in range(30)]
    made = []
    for form in (as_topics, as_tables):
        imported(tmp_path, form(tmp_path, voters), "--force")
        made.append([(tmp_path / "out" / name).read_bytes() for name in ("election.json",
                                                                         "roll.csv")])
    assert made[0] == made[1]
    definition = json.loads(made[0][0])
    assert [c["name"] for c in definition["candidates"]] == [c[1] for c in CANDIDATES]
    assert definition["candidates"][2]["platform"] == "Key promises."
    assert definition["candidates"][0]["photo"] == "https://example.org/0.jpg"
    assert run_psephos("check", tmp_path / "out" / "election.json").returncode == 0


def test_a_byte_order_mark_is_passed_over(tmp_path):
    for form in (as_topics, as_tables):
        files = form(tmp_path, [voter(0), voter(1)])
        for file in files:
            file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
        told = json.loads(imported(tmp_path, files, "--json", "--force").stdout)
        assert (told["voters"], told["candidates"], told["dropped"]) == (2, 3, 0)


def test_the_order_of_voters_makes_no_other_election(tmp_path):
    voters = [voter(i) for i in range(30)]
    imported(tmp_path, as_topics(tmp_path, voters))
    first = (tmp_path / "out" / "election.json").read_bytes()
    imported(tmp_path, as_topics(tmp_path, voters[::-1]), "--force")
    assert (tmp_path / "out" / "election.json").read_bytes() == first


def test_spellings_of_a_state_are_one_unit_as_they_are_when_votes_are_cast(cluster, tmp_path):
    states = ["Merseyside", "merseyside ", "Merseyside", "MERSEYSIDE", "Avon"]
    files = as_topics(tmp_path, [voter(i, state) for i, state in enumerate(states)])
    imported(tmp_path, files)
    units = json.loads((tmp_path / "out" / "election.json").read_text())["units"]
    assert [(u["name"], u.get("registered")) for u in units] == [
        ("United Kingdom", None), ("Avon", 1), ("Merseyside", 4)]
    one = cluster(tmp_path / "out" / "election.json", shards=1,
                  up_options=["--roll", tmp_path / "out" / "roll.csv"])
    votes = [vote(i) | {"address": {"state": state}} for i, state in enumerate(states)]
    done = one.cast("--format", "votes-topic", lines(tmp_path / "votes.ndjson", votes))
    assert done["counted"] == 5


def test_lines_that_came_twice_are_taken_once_and_told(tmp_path):
    files = as_topics(tmp_path, [voter(0), voter(1), voter(0)])
    lines(files[0], [candidate(0), candidate(1), candidate(0)])
    done = imported(tmp_path, files)
    assert "2 lines said what another one had said: taken once" in done.stderr
    assert (tmp_path / "out" / "roll.csv").read_text().count("voter-") == 2
    assert "refused: --strict" in imported(tmp_path, files, "--strict", "--force", check=1).stderr


@pytest.mark.parametrize("last, says", [
    ("no json", "expected near 'no'"),
    (json.dumps(voter(5, state=" ")), "the voter's address has no state"),
    (json.dumps(voter(5) | {"voter_id": ""}), "voter_id: 1 to 255 bytes"),
    (json.dumps(voter(5) | {"voter_id": " 5"}), "without a blank at an end"),
    (json.dumps(voter(5) | {"voter_id": 5}), "voter_id: a text is needed"),
    (json.dumps(voter(0, state="Avon")), "this voter_id is there before, in another state"),
    (json.dumps(voter(5, country="France")), "a state of this name lies in another country"),
], ids=["json", "state", "empty", "blank", "number", "moved", "country"])
def test_a_voter_that_cannot_be_taken_is_told_and_left_out_only_when_asked(tmp_path, last, says):
    files = as_topics(tmp_path, [voter(i) for i in range(3)])
    files[1].write_text(files[1].read_text() + last + "\n")
    told = imported(tmp_path, files, check=1).stderr
    assert f"psephos import: {files[1]}:4: " in told and says in told
    assert "1 line cannot be taken: refused; --faulty drop leaves such lines out" in told
    assert not (tmp_path / "out").exists()
    assert "1 line was left out" in imported(tmp_path, files, "--faulty", "drop").stderr
    assert (tmp_path / "out" / "roll.csv").read_text().count("voter-") == 3


@pytest.mark.parametrize("change, says", [
    ({"candidate_id": "C 1"}, "candidate_id: 1 to 128 of a-z, 0-9"),
    ({"candidate_name": " "}, "candidate_name is empty"),
    ({"candidate_id": CANDIDATES[0][0]}, "this candidate_id is there before, of somebody else"),
], ids=["id", "name", "twice"])
def test_a_candidate_that_cannot_be_taken_is_told(tmp_path, change, says):
    files = as_topics(tmp_path, [voter(0)])
    lines(files[0], [candidate(0), candidate(1) | change])
    told = imported(tmp_path, files, check=1).stderr
    assert f"{files[0]}:2: " in told and says in told
    imported(tmp_path, files, "--faulty", "drop")
    made = json.loads((tmp_path / "out" / "election.json").read_text())
    assert [c["name"] for c in made["candidates"]] == ["Ben Ellis"]


def test_files_that_are_none_of_both_forms_are_told(tmp_path):
    good = as_topics(tmp_path, [voter(0)])
    bad = tmp_path / "bad"
    for text, says in (("", "empty"), (json.dumps([voter(0)]), "a JSON array: one object a line"),
                       ("voter_id,state\n1,Avon\n", "no column address_state")):
        bad.write_text(text)
        assert f"psephos import: {bad}:" in imported(tmp_path, (good[0], bad), check=1).stderr
        assert says in imported(tmp_path, (good[0], bad), check=1).stderr
    bad.write_text(",".join(VOTER_COLUMNS) + "\n")
    assert "not one voter is in it" in imported(tmp_path, (good[0], bad), check=1).stderr
    assert "No such file" in imported(tmp_path, (good[0], tmp_path / "none"), check=1).stderr or \
        "not found" in imported(tmp_path, (good[0], tmp_path / "none"), check=1).stderr
    assert not (tmp_path / "out").exists()


def test_usage(tmp_path):
    files = as_topics(tmp_path, [voter(0)])
    out = ["--out", tmp_path / "out"]
    assert "belong together" in run_psephos("import", "--voters", files[1], *out, check=2).stderr
    both = ["--candidates", files[0], "--voters", files[1], *out]
    assert "RETURNS.csv, or" in run_psephos("import", *both, files[0], check=2).stderr
    assert "with --candidates and --voters go" in \
        run_psephos("import", *both, "--keep-all", check=2).stderr
    dry = run_psephos("import", *both, "--dry-run", check=0)
    assert "1 voter in 1 unit of United Kingdom" in dry.stdout
    assert "the date is today, " in dry.stderr and not (tmp_path / "out").exists()
    run_psephos("import", *both, check=0)
    assert "--force overwrites it" in run_psephos("import", *both, check=1).stderr
