"""Files of returns as people have them: read, or told with line and option; `cast` reads alike."""

import json

import pytest

from harness import ROOT

CASES = ROOT.parent / "shared" / "cases"
TABS = ("COUNTY\tPrecinct\tOffice\tCandidate\tParish votes\tNotes\n"
        "A\tOne\tGovernor\tAnn\t1,204\tx\n"
        "A\tOne\tGovernor\tDo\u00f1a\t*\t\n"
        "A\tTwo\tGovernor\tAnn\t5.0\t\n")
HOW = ["--delimiter", "tab", "--encoding", "latin1", "--columns", "votes=parish votes",
       "--suppressed", "zero"]


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "returns"
    path.mkdir()
    (path / "20220517__vt__primary__a__precinct.tsv").write_bytes(TABS.encode("latin-1"))
    return path


def report_of(psephos, path, *options, check=0):
    done = psephos("import", path, "--dry-run", "--json", *options, check=check)
    return {group["kind"]: group for group in json.loads(done.stdout)["report"]}


def test_a_file_is_read_as_it_is_said_and_the_record_reads_the_next(psephos, folder, tmp_path):
    out = tmp_path / "e"
    told = psephos("import", folder, "--out", out, *HOW, check=0).stderr
    assert "taken as 0" in told and "line 3" in told and '"Notes"' in told
    election = json.loads((out / "election.json").read_text())
    assert election["date"] == "2022-05-17"
    assert [unit["id"] for unit in election["units"]][1:] == ["vt", "vt-a", "vt-a-one", "vt-a-two"]
    assert {c["name"] for c in election["candidates"]} == {"Ann", "Do\u00f1a"}
    record = json.loads((out / "import.json").read_text())
    assert record["otherwise"]["state"] == "VT" and record["encoding"] == "latin-1"
    (folder / "next.tsv").write_text(TABS.replace("1,204", "7").replace("Do\u00f1a", "Bo"))
    (tmp_path / "utf8.tsv").write_text(TABS.replace("1,204", "7"))
    again = psephos("import", tmp_path / "utf8.tsv", "--like", out / "import.json", "--encoding",
                    "utf-8", "--out", tmp_path / "again", check=0)
    assert "12 votes" in again.stdout
    next_one = json.loads((tmp_path / "again" / "election.json").read_text())
    assert next_one["units"][1]["id"] == "vt"  # the first file's name said so


def test_cast_reads_as_import_did(cluster, psephos, folder, tmp_path):
    psephos("import", folder, "--out", tmp_path / "e", *HOW, check=0)
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    assert (one.directory / "import.json").read_bytes() == (
        tmp_path / "e" / "import.json").read_bytes()
    assert one.cast("--returns", folder)["counted"] == 1209
    assert one.call("cast", "--returns", folder, "--columns", "votes=Nobody", check=1)
    (folder / "20220518__vt__primary__a__precinct.tsv").write_bytes(
        TABS.replace("Ann", "Late").encode("latin-1"))
    told = one.call("cast", "--returns", folder, check=1).stderr
    assert 'candidate "Late"' in told and "import these returns" in told


def test_methods_come_out_apart(cluster, psephos, tmp_path):
    (tmp_path / "m.csv").write_text(
        "state,precinct,office,candidate,votes,election_day,mail\n"
        "VT,One,Governor,Ann,10,4,6\nVT,One,Governor,Bob,9,9,\nVT,Two,Governor,Ann,2,,2\n")
    psephos("import", tmp_path / "m.csv", "--out", tmp_path / "e", check=0)
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    assert one.cast("--returns", tmp_path / "m.csv")["counted"] == 21
    for method, ann, bob in (("election-day", 4, 9), ("mail", 8, 0)):
        got = one.get_json(f"/api/v1/results?contest=vt-governor&unit=vt&method={method}")
        choices = {c["choice"]: c["votes"] for c in got["results"][0]["choices"]}
        assert choices == {"ann": ann, "bob": bob}, got


def test_the_report_refuses_when_that_is_said(psephos, tmp_path):
    (tmp_path / "a.csv").write_text("office,candidate,votes,winner\nG,Ann,1,x\n")
    assert "refused: --strict" in psephos("import", tmp_path / "a.csv", "--out", tmp_path / "e",
                                          "--strict", check=1).stderr
    assert not (tmp_path / "e").exists()
    assert list(report_of(psephos, tmp_path / "a.csv")) == ["column"]
    assert not (tmp_path / "e").exists()


READ = ["blankline_end", "blankline_mid", "cr_only", "emptycand", "excel_empty_rows",
        "excel_extra_cols", "float", "header_caps", "header_order", "header_spaces", "sep",
        "space_votes"]
TOLD = {
    "bare_quote": ("record", 2), "commaname": ("fields", 2), "dash": ("suppressed", 2),
    "emptyoffice": ("office", 2), "excel_eq": ("record", 2), "fields8": ("fields", 2),
    "latin1": ("encoding", 2), "na": ("suppressed", 2), "nbsp_thousands": ("votes", 2),
    "negative": ("votes", 2), "plus": ("votes", 2), "semicolon": ("header", 1),
    "star": ("suppressed", 2), "tab": ("header", 1), "utf16": ("encoding", 1),
}


@pytest.mark.skipif(not CASES.exists(), reason="cases not here: ../shared/cases")
@pytest.mark.parametrize("name", READ)
def test_harmless_cases_are_read(psephos, name):
    assert report_of(psephos, CASES / f"csv_{name}.csv") == {}


@pytest.mark.skipif(not CASES.exists(), reason="cases not here: ../shared/cases")
@pytest.mark.parametrize("name", TOLD)
def test_the_other_cases_are_told_with_their_line(psephos, name):
    kind, line = TOLD[name]
    report = report_of(psephos, CASES / f"csv_{name}.csv", check=1)
    assert list(report) == [kind]
    assert report[kind]["fault"] and report[kind]["first"][0]["line"] == line


@pytest.mark.skipif(not CASES.exists(), reason="cases not here: ../shared/cases")
@pytest.mark.parametrize("name, option", [
    ("tab", "--delimiter tab"), ("semicolon", "--delimiter semicolon"),
    ("utf16", "--encoding utf-16"), ("latin1", "--encoding latin-1"), ("star", "--suppressed zero"),
])
def test_the_option_that_is_named_reads_it(psephos, name, option):
    path = CASES / f"csv_{name}.csv"
    assert option in psephos("import", path, "--dry-run", check=1).stderr
    report_of(psephos, path, *option.split())
