"""Lines of ballots as people and programs write them: read, or told with line and reason.

The kinds are those of ../shared/cases (nd_*, vt, primary, rejects, all_invalid); made here.
"""

import json

import pytest

from harness import run_psephos

NORTH = {"unit": "north", "contests": {"mayor": ["ann"]}}


def election(path, units=("north", "south"), styles=None, candidate="ann"):
    """Mayor: Ann and Bob, in Xland. `styles`: of each unit, and what they have."""
    styles = styles or {"s": ["mayor"]}
    contests = sorted({c for list_ in styles.values() for c in list_})
    choices = [{"id": who, "name": who.title(), "kind": "candidate", "candidate": who}
               for who in (candidate, "bob")]
    path.write_text(json.dumps({
        "format": 2, "id": "mini", "name": "Mini", "date": "2026-11-03", "publication": "immediate",
        "methods": [{"id": "all", "name": "All"}], "parties": [],
        "candidates": [{"id": candidate, "name": "Ann"}, {"id": "bob", "name": "Bob"}],
        "units": [{"id": "x", "name": "Xland", "level": "nation"}] + [
            {"id": unit, "name": unit.title(), "level": "county", "parent": "x",
             "ballot_styles": list(styles)} for unit in units],
        "contests": [{"id": c, "name": c, "office": c, "unit": "x", "choices": choices}
                     for c in contests],
        "ballot_styles": [{"id": s, "contests": [{"contest": c} for c in list_]}
                          for s, list_ in styles.items()]}))
    return path


@pytest.fixture
def one(cluster, tmp_path):
    return cluster(election(tmp_path / "election.json"), shards=1)


def line(**members):
    return json.dumps({"voter_id": "v", **NORTH, **members})


def cast(one, tmp_path, *lines, options=(), check=1):
    """({line: what --verdicts says}, stderr)."""
    file, out = tmp_path / "lines.ndjson", tmp_path / "verdicts.ndjson"
    file.write_text("".join(text + "\n" for text in lines))
    done = one.call("cast", *options, file, "--verdicts", out, check=check)
    got = [json.loads(text) for text in out.read_text().splitlines()]
    assert sorted(entry["line"] for entry in got) == list(range(1, len(lines) + 1))
    return {entry["line"]: (entry["disposition"], entry["reason"]) for entry in got}, done.stderr


def reason(one, tmp_path, text):
    """Of a line that is no ballot; a good one beside it counts, or did."""
    got, told = cast(one, tmp_path, line(voter_id="good"), text)
    assert got[1][0] in ("counted", "replayed") and got[2][0] is None
    assert f"lines.ndjson:2: {got[2][1]}" in told and "1 line could not be read" in told
    return got[2][1]


def test_an_array_is_told_in_one_line_and_in_many(one, tmp_path):
    many = json.dumps([{"voter_id": f"z{i}", **NORTH} for i in range(2)])
    assert "a JSON array: one object a line is needed, as `jq -c '.[]'`" in \
        reason(one, tmp_path, many)
    got, _ = cast(one, tmp_path, "[" + line(voter_id="a") + ",", line(voter_id="b") + ",",
                  line(voter_id="c") + "]")
    assert "a JSON array" in got[1][1]
    for n in (2, 3):
        assert got[n][1] == ("text behind the object: one object a line is needed, as "
                             "`jq -c '.[]'` writes those of an array")
    assert one.accounting()["total"]["received"] == 1


def test_two_ballots_in_one_line_are_told(one, tmp_path):
    assert "text behind the object" in reason(
        one, tmp_path, line(voter_id="a") + " " + line(voter_id="b"))


def test_a_byte_order_mark_is_told(one, tmp_path):
    got, _ = cast(one, tmp_path, "\ufeff" + line(voter_id="a"), line(voter_id="b"))
    assert got[1] == (None, "begins with a byte order mark: save the file as UTF-8 without one")
    assert got[2][0] == "counted"


@pytest.mark.parametrize("members, says", [
    ({"weight": 45}, "weight: every ballot counts once"),
    ({"voter_id": 42}, "voter_id: a string of 1 to 255 bytes is needed"),
    ({"voter_id": None}, "voter_id: a string of 1 to 255 bytes is needed"),
    ({"voter_id": " v"}, "voter_id: begins or ends with a blank"),
    ({"voter_id": "v\t"}, "voter_id: begins or ends with a blank"),
    ({"unit": None}, "unit: an ID of election.json is needed"),
    ({"contests": None}, 'contests: {"contest": ["choice"]} is needed'),
    ({"contests": {"mayor": "ann"}}, "contests: each needs a list of choices"),
    ({"contests": {"mayor": [None]}}, "contests: a choice is a string"),
    ({"cast_at": 1604395800},
     "the time of casting: that is in seconds, ms since 1970 are needed"),
    ({"cast_at": 1 << 62}, "the time of casting: that is after the year 9999"),
    ({"cast_at": 253402300800000}, "the time of casting: that is after the year 9999"),
    ({"cast_at": 1604395800.5}, "the time of casting: RFC 3339 or ms since 1970 is needed"),
    ({"cast_at": "03/11/2020 09:30"},
     "the time of casting: RFC 3339 or ms since 1970 is needed"),
], ids=str)
def test_a_value_that_is_none_is_told(one, tmp_path, members, says):
    assert reason(one, tmp_path, line(**members)) == says


def test_a_trailing_comma_is_told(one, tmp_path):
    assert "expected" in reason(one, tmp_path, line()[:-1] + ",}")


def test_what_is_read_and_what_is_refused_by_the_shard(one, tmp_path):
    got, told = cast(
        one, tmp_path, line(voter_id="v1"), line(voter_id="v1"), line(voter_id="v1", cast_at=1),
        line(voter_id="v5", unit="North"), line(voter_id="v6", contests={"mayor": ["Ann"]}),
        line(voter_id="v8", contests={"mayor": ["ann", "bob"]}),
        line(voter_id="v9", contests={"mayor": ["ann", "ann"]}), line(voter_id="v11", contests={}),
        line(voter_id="v15", cast_at=253402300799999), line(voter_id="v20", extra=[1, 2]),
        line(voter_id="c", contests={"sheriff": ["ann"]}))
    assert got[1] == ("counted", None) and got[2][0] == "replayed"
    assert got[3] == ("double_vote", "another ballot of this voter has been counted")
    assert got[4] == ("invalid", 'unknown unit "North"')
    assert got[5] == ("invalid", 'unknown choice "Ann"')
    assert got[6][0] == "counted"  # an overvote
    assert got[7][0] == "invalid" and "stands twice" in got[7][1]
    assert all(got[n][0] == "counted" for n in (8, 9, 10))
    assert got[11] == ("invalid", 'unknown contest "sheriff"')
    for text in ('1 invalid: unknown unit "North": line 4\n',
                 '1 invalid: unknown contest "sheriff": line 11\n',
                 "1 double_vote: another ballot of this voter has been counted: line 3\n",
                 "5 ballots were refused in all"):
        assert text in told
    row, = one.get_json("/api/v1/results?contest=mayor")["results"]
    assert row["overvotes"] == 1 and [c["votes"] for c in row["choices"]] == [3, 0]


def test_a_file_of_refused_ballots_only_exits_with_1_and_says_why(one, tmp_path):
    got, told = cast(one, tmp_path, *(line(voter_id=f"w{i}", unit="no-such-unit")
                                      for i in range(3)))
    assert set(got.values()) == {("invalid", 'unknown unit "no-such-unit"')}
    assert '3 invalid: unknown unit "no-such-unit": lines 1, 2, 3\n' in told
    assert "3 ballots were refused in all" in told


def test_an_empty_file_is_told(one, tmp_path):
    for text in ("", "\n \n\t\n"):
        (tmp_path / "empty.ndjson").write_text(text)
        done = one.call("cast", tmp_path / "empty.ndjson", check=1)
        assert done.stderr == \
            f"psephos cast: {tmp_path}/empty.ndjson: empty, not one ballot was in it\n"
    done = one.call("cast", "-", stdin="", check=0)  # a pipe may have nothing new
    assert done.stderr == "psephos cast: standard input: empty, not one ballot was in it\n"
    assert "empty" not in one.call("cast", "-", stdin=line() + "\n", check=0).stderr


def test_ballots_of_a_primary_name_their_party(cluster, tmp_path):
    one = cluster(election(tmp_path / "election.json", units=("north",),
                           styles={"dem": ["gov-d"], "rep": ["gov-r"]}), shards=1)

    def of(voter, contest, who, **more):
        return json.dumps({"voter_id": voter, "contests": {contest: who}, **more})
    got, told = cast(
        one, tmp_path, of("d1", "gov-d", ["ann"], style="dem"),
        of("d2", "gov-d", ["bob"], style="dem"), of("r1", "gov-r", ["bob"], style="rep"),
        of("n1", "gov-r", ["bob"]), of("d1", "gov-d", ["bob"], style="dem"),
        of("x1", "gov-r", ["bob"], style="dem"), of("w1", "gov-d", ["bob"], style="dem", weight=45),
        of("k1", "gov-r", ["ann", "bob"], style="rep"), of("l1", "gov-d", ["ann"], style="lib"))
    assert [got[n][0] for n in range(1, 10)] == [
        "counted", "counted", "counted", "invalid", "double_vote", "invalid", None, "counted",
        "invalid"]
    assert got[4][1] == 'no "style", and the unit has several'
    assert got[6][1] == 'not on this ballot: contest "gov-r"'
    assert got[7][1] == "weight: every ballot counts once"
    assert got[9][1] == 'the unit has no ballot style "lib"'
    rows = {row["contest"]: row for row in one.get_json("/api/v1/results")["results"]}
    assert (rows["gov-d"]["ballots"], rows["gov-d"]["undervotes"]) == (2, 0)
    assert (rows["gov-r"]["ballots"], rows["gov-r"]["undervotes"], rows["gov-r"]["overvotes"]) == (
        2, 0, 1)
    assert "1 line could not be read" in told


def test_the_demos_messages_are_read_or_told(cluster, tmp_path):
    uuid = "0f1e2d3c-aaaa-4bbb-8ccc-0123456789ab"
    one = cluster(election(tmp_path / "election.json", units=("merseyside", "tyne-and-wear"),
                           candidate=uuid), shards=1)

    def message(voter, state="Merseyside", **more):
        return json.dumps({"voter_id": voter, "address": {"state": state}, "candidate_id": uuid,
                           "candidate_name": "Ann", "voting_time": "2026-11-03 09:00:00", "vote": 1,
                           **more})
    got, told = cast(
        one, tmp_path, message("u1"), message("u2", "MERSEYSIDE"), message("u3", "merseyside "),
        message("u4", "Tyne & Wear"), message("u5", None), message("u6", address=None),
        message("u7", address='{"state": "Merseyside"}'),
        message("u8", candidate_id=uuid.upper()), message("u9", candidate_id=None),
        message("u10", voting_time=None), message("u11", voting_time="2026-11-03 09:00:00.123456"),
        message("u12", vote=5), message("u13", vote=0), message("u14", voting_time=1762160400.25),
        message("u15", voting_time={"$date": 1762160400}), message("u1", candidate_id="bob"),
        options=["--format", "votes-topic"])
    counted = [n for n in got if got[n][0] == "counted"]
    assert sorted(counted) == [1, 2, 3, 10, 11]
    assert got[4] == ("invalid", 'unknown state "Tyne & Wear"')
    assert {got[n][1] for n in (5, 6, 7)} == {"address.state is needed"}
    assert got[8] == ("invalid", f'not on this ballot: candidate_id "{uuid.upper()}"')
    assert got[9][1] == "candidate_id is needed"
    assert {got[n][1] for n in (12, 13)} == {"vote: a message is one vote, 1"}
    assert {got[n][1] for n in (14, 15)} == {
        "the time of casting: RFC 3339 or ms since 1970 is needed"}
    assert got[16][0] == "double_vote"
    assert '1 invalid: unknown state "Tyne & Wear": line 4\n' in told
    units = {r["unit"]: r["ballots"] for r in one.get_json("/api/v1/results?level=leaf")["results"]}
    assert units == {"merseyside": 5, "tyne-and-wear": 0}


def test_more_files_than_fit_are_told_as_that(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(65537):
        (folder / f"{i:05}.csv").write_text(
            f"precinct,office,candidate,votes\nP{i},Mayor,Ann,1\n")
    done = run_psephos("import", folder, "--out", tmp_path / "out", check=1, timeout=300)
    assert "more than fits: refused" in done.stderr
    assert "65536.csv: more than 65536 files" in done.stderr
    assert "out of memory" not in done.stderr
    assert not (tmp_path / "out").exists()
