"""Files that people get wrong: each is refused with a message that says what to do."""

import json

import pytest
from harness import ROOT

CASES = ROOT.parent / "shared" / "cases"
HEADER = "state,county,county_fips,precinct,office,district,party,candidate,votes\n"
ROWS = (
    "VT,Addison,50001,Bristol,President,,Democratic,Ann Lee,3\n"
    "VT,Addison,50001,Bristol,President,,Republican,Bo Ray,2\n"
)


@pytest.fixture
def definition(psephos, tmp_path):
    """A good election.json, as a dict, to break in one place at a time."""
    returns = tmp_path / "good.csv"
    returns.write_text(HEADER + ROWS)
    assert psephos("import", returns, "--out", tmp_path / "good").returncode == 0
    return json.loads((tmp_path / "good" / "election.json").read_text())


def check(psephos, tmp_path, definition):
    path = tmp_path / "election.json"
    path.write_text(json.dumps(definition, indent=1))
    return psephos("check", path)


def test_a_good_definition_passes(psephos, tmp_path, definition):
    assert check(psephos, tmp_path, definition).returncode == 0


def test_a_cycle_in_the_unit_tree_is_refused_with_its_pointer(psephos, tmp_path, definition):
    units = definition["units"]
    state = next(u for u in units if u["level"] == "state")
    county = next(u for u in units if u["level"] == "county")
    state["parent"] = county["id"]
    result = check(psephos, tmp_path, definition)
    assert result.returncode == 1
    assert "/units/" in result.stdout + result.stderr
    assert "line " in result.stdout + result.stderr


def test_a_duplicate_id_is_refused(psephos, tmp_path, definition):
    definition["units"].append(dict(definition["units"][-1]))
    result = check(psephos, tmp_path, definition)
    assert result.returncode == 1
    assert f"/units/{len(definition['units']) - 1}/id" in result.stdout + result.stderr


def test_an_unknown_member_is_refused(psephos, tmp_path, definition):
    definition["contests"][0]["colour"] = "red"
    result = check(psephos, tmp_path, definition)
    assert result.returncode == 1
    assert "colour" in result.stdout + result.stderr


def test_a_definition_that_is_not_utf8_is_refused(psephos, tmp_path, definition):
    definition["name"] = "MARK"
    path = tmp_path / "latin1.json"
    path.write_bytes(json.dumps(definition).encode().replace(b"MARK", b"El\xe9ction"))
    result = psephos("check", path)
    assert result.returncode == 1
    assert "UTF-8" in result.stdout + result.stderr


def test_a_definition_with_a_byte_order_mark_is_told_so(psephos, tmp_path, definition):
    path = tmp_path / "marked.json"
    path.write_text(json.dumps(definition), encoding="utf-8-sig")
    result = psephos("check", path)
    assert result.returncode == 1
    assert "marked.json: line 1: begins with a byte order mark" in result.stdout + result.stderr


def test_a_missing_file_is_named(psephos, tmp_path):
    result = psephos("check", tmp_path / "nowhere.json")
    assert result.returncode == 1
    assert "nowhere.json" in result.stderr


@pytest.mark.parametrize(
    "text, says",
    [
        (HEADER + ROWS.replace(",3\n", ",-3\n"), "line 2"),
        (HEADER + ROWS.replace(",2\n", ",two\n"), "line 3"),
        (HEADER.replace("office", "contest") + ROWS, "line 1"),
        (HEADER + ROWS + ROWS.splitlines()[0] + "1\n", "line 4"),
        (HEADER + ROWS.replace(",3\n", ",99999999999999999999999\n"), "line 2"),
        (HEADER + "VT,Addison,50001,Bristol,President,,Democratic,3\n", "line 2"),
    ],
    ids=["negative", "not a number", "wrong header", "row twice", "too large", "field missing"],
)
def test_bad_returns_are_refused_with_their_line(psephos, tmp_path, text, says):
    path = tmp_path / "returns.csv"
    path.write_text(text)
    result = psephos("import", path, "--out", tmp_path / "out")
    assert result.returncode == 1
    assert says in result.stderr
    assert not (tmp_path / "out" / "election.json").exists()


def test_returns_that_are_not_utf8_are_refused(psephos, tmp_path):
    path = tmp_path / "returns.csv"
    path.write_bytes((HEADER + ROWS).encode().replace(b"Ann Lee", b"Ann\xff Lee"))
    result = psephos("import", path, "--out", tmp_path / "out")
    assert result.returncode == 1
    assert "line 2" in result.stderr and "UTF-8" in result.stderr


def test_a_roll_that_names_a_voter_twice_is_refused(psephos, tmp_path, definition):
    leaf = next(u["id"] for u in definition["units"] if "ballot_styles" in u)
    roll = tmp_path / "roll.csv"
    roll.write_text(f"voter_id,unit\nvoter-1,{leaf}\nvoter-2,{leaf}\nvoter-1,{leaf}\n")
    election = tmp_path / "good" / "election.json"
    result = psephos("up", "--dir", tmp_path / "c", "--election", election, "--roll", roll)
    assert result.returncode == 1
    assert "roll.csv:4:" in result.stderr and "line 2" in result.stderr
    assert not list((tmp_path / "c").glob("run/*.pid"))


def test_all_faults_of_a_roll_are_told_at_once(psephos, tmp_path, definition):
    leaf = next(u["id"] for u in definition["units"] if "ballot_styles" in u)
    roll = tmp_path / "roll.csv"
    rows = [f"v{i},atlantis" for i in range(30)] + [f"v1,{leaf}", f"w1 ,{leaf}", "w2"]
    roll.write_text("voter_id,unit\n" + "\n".join(rows) + "\n")
    election = tmp_path / "good" / "election.json"
    result = psephos("up", "--dir", tmp_path / "c", "--election", election, "--roll", roll)
    assert result.returncode == 1
    said = result.stderr
    assert "30  a unit that no voter can belong to: refused; a roll has the ID" in said
    assert said.count('roll.csv, line') == 20 + 3 and "and 10 more" in said
    assert "1  a voter who is on the roll already: refused; leave one" in said
    assert 'line 32: voter "v1" is on the roll already, in line 3' in said
    assert "line 33: a voter ID that begins or ends with a blank" in said
    assert "line 34: 1 fields, and the header has 2 columns" in said
    assert "--faulty" not in said
    assert f"psephos up: {roll}:2:" in said and "the first of 33 faults" in said
    assert not (tmp_path / "c").exists()


ROLLS = {  # what is told, or None: taken (the units are "north" and "south")
    "blankend": None, "caps": None, "crlf_bom": None,
    "byname": 'a unit\'s name, "North": a roll has its ID, "north"',
    "dup": 'voter "v1" is on the roll already, in line 2; leave one',
    "empty_id": "a voter ID of 0 bytes: 1 to 255 are allowed; 1 to 255 bytes",
    "extra": 'a roll has no column of this name: "status"',
    "latin1": "not UTF-8",
    "nc_tsv": "a tab behind the closing quote, where a comma is expected",
    "spaces": "begins or ends with a blank",
}


@pytest.mark.skipif(not CASES.exists(), reason="cases not here: ../shared/cases")
@pytest.mark.parametrize("name", sorted(ROLLS))
def test_the_rolls_of_the_cases(psephos, tmp_path, name):
    election, told = CASES / "nd_election.json", ROLLS[name]
    result = psephos("up", "--dir", tmp_path / "c", "--election", election, "--roll",
                     CASES / f"roll_{name}.csv")
    if told is None:
        psephos("down", "--dir", tmp_path / "c")
        assert result.returncode == 0, result.stderr
        return
    assert result.returncode == 1 and told in result.stderr
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("text, told", [("voter_id,unit\n", "a header and no voter: nobody could"),
                                        ("", "the file is empty, without even a header")])
def test_a_roll_without_voters_is_refused(psephos, tmp_path, definition, text, told):
    roll = tmp_path / "roll.csv"
    roll.write_text(text)
    election = tmp_path / "good" / "election.json"
    result = psephos("up", "--dir", tmp_path / "c", "--election", election, "--roll", roll)
    assert result.returncode == 1
    assert result.stderr.startswith(f"psephos up: {roll}: {told}")
    assert not (tmp_path / "c").exists()


def test_a_roll_with_an_unknown_unit_is_refused(psephos, tmp_path, definition):
    roll = tmp_path / "roll.csv"
    roll.write_text("voter_id,unit\nvoter-1,atlantis\n")
    election = tmp_path / "good" / "election.json"
    result = psephos("up", "--dir", tmp_path / "c", "--election", election, "--roll", roll)
    assert result.returncode == 1
    assert "roll.csv:2:" in result.stderr and "atlantis" in result.stderr


def test_usage_errors_exit_with_2(psephos, tmp_path):
    assert psephos("up").returncode == 2
    assert psephos("no-such-command").returncode == 2
    assert psephos("cast", "--dir", tmp_path, "--no-such-option").returncode == 2


def test_a_missing_file_has_no_line(psephos, tmp_path, definition):
    election = tmp_path / "good" / "election.json"
    result = psephos("up", "--dir", tmp_path / "c", "--election", tmp_path / "none.json")
    assert result.returncode == 1
    assert result.stderr == f"psephos up: {tmp_path}/none.json: No such file or directory\n"
    result = psephos("up", "--dir", tmp_path / "c", "--election", election,
                     "--roll", tmp_path / "none.csv")
    assert result.returncode == 1
    assert f"{tmp_path}/none.csv: " in result.stderr


@pytest.mark.parametrize("address", ["8080", ":8080", "127.0.0.1:", "127.0.0.1:0",
                                     "127.0.0.1:99999", "127.0.0.1:http"])
def test_an_address_that_is_none_leaves_no_cluster_behind(psephos, tmp_path, definition, address):
    election = tmp_path / "good" / "election.json"
    result = psephos("up", "--dir", tmp_path / "c", "--election", election, "--http", address)
    assert result.returncode == 2
    assert "127.0.0.1:8080" in result.stderr  # the example
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("url", ["", "ftp://127.0.0.1/"])
def test_a_url_that_is_none_is_refused(psephos, url):
    result = psephos("accounting", "--api", url)
    assert result.returncode == 1
    assert result.stderr == f'psephos accounting: --api: http://HOST:PORT, not "{url}"\n'


def test_no_cluster_to_reach_exits_with_3(psephos):
    result = psephos("results", "--api", "http://127.0.0.1:9")
    assert result.returncode == 3
    assert "127.0.0.1:9" in result.stderr
