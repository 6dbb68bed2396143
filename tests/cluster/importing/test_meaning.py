"""Statistics, totals and kinds of lines: from the file to the count and back."""

import csv
import json

import pytest

from harness import ROOT, returns_rows

CASES = ROOT.parent / "shared" / "cases"
HEADER = "state,county,county_fips,precinct,office,district,party,candidate,votes\n"
FIGURES = HEADER + """\
AK,,,One,Registered Voters,,,,500
AK,,,One,Ballots Cast,,,,100
AK,,,One,President,,DEM,Ann Able,60
AK,,,One,President,,REP,Bob Best,35
AK,,,One,President,,NON,Over Votes,1
AK,,,One,President,,NON,Under Votes,4
AK,,,Two,President,,DEM,Ann Able,6
AK,,,Two,President,,REP,Bob Best,3
AK,,,Two,President,,NON,Over Votes,0
AK,,,Two,President,,NON,Under Votes,0
AK,,,TOTAL,President,,DEM,Ann Able,66
AK,,,TOTAL,President,,REP,Bob Best,38
"""


def imported(psephos, path, folder, *options):
    done = psephos("import", path, "--out", folder, "--json", *options, check=0)
    told = json.loads(done.stdout)
    report = {group["kind"]: group for group in told["report"]}
    return told, report, json.loads((folder / "election.json").read_text())


def test_figures_are_counted_as_such_and_come_back(cluster, psephos, tmp_path):
    (tmp_path / "a.csv").write_text(FIGURES)
    told, report, election = imported(psephos, tmp_path / "a.csv", tmp_path / "e")
    assert told["contests"] == 1 and told["choices"] == 2 and told["ballots"] == 109
    assert set(report) == {"registered", "ballots", "overvotes", "undervotes", "total_unit"}
    one_unit = next(unit for unit in election["units"] if unit["name"] == "One")
    assert one_unit["registered"] == 500 and one_unit["ballots_expected"] == 100
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    assert one.cast("--returns", tmp_path / "a.csv")["counted"] == 109
    row = one.get_json("/api/v1/results?contest=president&unit=us")["results"][0]
    assert (row["overvotes"], row["undervotes"]) == (1, 4)
    assert {c["choice"]: c["votes"] for c in row["choices"]} == {
        "dem-ann-able": 66, "rep-bob-best": 38}
    _, rows = returns_rows(one.results_csv())
    _, wanted = returns_rows(FIGURES)
    kept = [row for row in wanted if row[3] != "TOTAL" and row[4] == "President"]
    assert rows == kept


def test_keep_all_brings_the_whole_file_back(cluster, psephos, tmp_path):
    (tmp_path / "a.csv").write_text(FIGURES)
    psephos("import", tmp_path / "a.csv", "--out", tmp_path / "e", "--keep-all", check=0)
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    one.cast("--returns", tmp_path / "a.csv")
    assert returns_rows(one.results_csv()) == returns_rows(FIGURES)


def test_words_are_added_and_kept_in_the_record(psephos, tmp_path):
    (tmp_path / "a.csv").write_text("office,candidate,votes\nP,Ann,3\nP,Blanke stemmer,2\n")
    (tmp_path / "kinds.csv").write_text("name,kind\nBLANKE stemmer,blank\n")
    for options in (["--kinds", tmp_path / "kinds.csv"],
                    ["--like", tmp_path / "e" / "import.json", "--force"]):
        _, _, election = imported(psephos, tmp_path / "a.csv", tmp_path / "e", *options)
        assert [c["kind"] for c in election["contests"][0]["choices"]] == ["candidate", "blank"]
    (tmp_path / "kinds.csv").write_text("x,nonsense\n")
    assert "is no kind" in psephos("import", tmp_path / "a.csv", "--out", tmp_path / "f", "--kinds",
                                   tmp_path / "kinds.csv", check=1).stderr


def test_a_partys_list_is_a_choice_without_a_candidate(cluster, psephos, tmp_path):
    text = HEADER + "NW,Krefeld,,111,Zweitstimme,,SPD,,97\nNW,Krefeld,,111,Zweitstimme,,CDU,,300\n"
    (tmp_path / "a.csv").write_text(text)
    _, report, election = imported(psephos, tmp_path / "a.csv", tmp_path / "e")
    assert report == {} and election["candidates"] == []
    assert [c["name"] for c in election["contests"][0]["choices"]] == ["SPD", "CDU"]
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    one.cast("--returns", tmp_path / "a.csv")
    assert returns_rows(one.results_csv()) == returns_rows(text)


SEATS = HEADER + """\
NJ,Alpha,,One,Town Council (Vote for 3),,,Cy Cole,70
NJ,Alpha,,One,Town Council (Vote for 3),,,Di Dunn,65
NJ,Alpha,,One,Town Council (Vote for 3),,,Ed East,60
NJ,Alpha,,One,Town Council (Vote for 3),,,Flo Fay,55
NJ,Alpha,,One,School Board,2,,Gus Gray,40
NJ,Alpha,,One,School Board,2,,Hal Hope,30
"""


def test_several_seats_need_fewer_ballots(cluster, psephos, tmp_path):
    (tmp_path / "a.csv").write_text(SEATS)
    told, _, election = imported(psephos, tmp_path / "a.csv", tmp_path / "e", "--seats",
                                 "School Board/2=2", "--root", "Dominion")
    assert told["ballots"] == 84 and election["units"][0]["name"] == "Dominion"  # 250 / 3
    assert election["units"][-1]["ballots_expected"] == 84
    assert [c["votes_allowed"] for c in election["contests"]] == [3, 2]
    assert [c["seats"] for c in election["contests"]] == [3, 2]
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    one.cast("--returns", tmp_path / "a.csv")
    assert returns_rows(one.results_csv()) == returns_rows(SEATS)
    again, _, _ = imported(psephos, tmp_path / "a.csv", tmp_path / "f", "--like",
                           tmp_path / "e" / "import.json")
    assert again["ballots"] == 84
    assert 'no contest "Sheriff"' in psephos("import", tmp_path / "a.csv", "--dry-run", "--seats",
                                             "Sheriff=2", check=1).stderr


def test_published_undervotes_that_a_count_has_otherwise_are_told(psephos, tmp_path):
    (tmp_path / "a.csv").write_text(
        "office,candidate,votes\nBallots Cast,,20\nP,Ann,9\nP,Under Votes,5\nQ (vote for 2),Bo,9\n"
        "Q (vote for 2),Cy,3\nQ (vote for 2),Di,1\nQ (vote for 2),Over Votes,3\n")
    _, report, _ = imported(psephos, tmp_path / "a.csv", tmp_path / "e")
    assert report["undervotes_differ"]["first"][0]["text"].endswith("5 published, 11 counted")
    assert report["overvotes_differ"]["first"][0]["text"].endswith("3 published, 2 counted")


VARIANTS = HEADER + """\
PA,Alpha,,One,President,,DEM,Ann Able,50
PA,Alpha,,One,President,,REP,Bob Best,60
PA,Beta,,Two,President,,DEM,ANN ABLE,30
PA,Beta,,Two,President,,REP,BOB BEST ,20
PA,Gamma,,Three,President,,Democratic,Ann  Able,30
PA,Gamma,,Three,President,1.0,REP,Bob Best,10
"""


def test_spellings_are_merged_when_that_is_said_and_cast_merges_them(cluster, psephos, tmp_path):
    (tmp_path / "a.csv").write_text(VARIANTS)
    apart, report, _ = imported(psephos, tmp_path / "a.csv", tmp_path / "apart")
    assert apart["choices"] == 6 and report["names"]["rows"] == 4
    merged, report, _ = imported(psephos, tmp_path / "a.csv", tmp_path / "e", "--merge-names")
    assert (merged["contests"], merged["choices"], merged["leaves"]) == (1, 2, 3)
    assert set(report) == {"merged"}
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    one.cast("--returns", tmp_path / "a.csv")
    row = one.get_json("/api/v1/results?contest=president&unit=us")["results"][0]
    assert {c["choice"]: c["votes"] for c in row["choices"]} == {
        "dem-ann-able": 110, "rep-bob-best": 90}


PRIMARY = HEADER + """\
PA,Alpha,,One,Governor,,DEM,Ann Able,60
PA,Alpha,,One,Governor,,DEM,Bob Best,40
PA,Alpha,,One,Governor,,REP,Cy Cole,70
PA,Alpha,,One,Governor,,REP,Di Dunn,30
PA,Alpha,,One,State House,7,DEM,Ed East,80
PA,Alpha,,One,State House,7,REP,Flo Fay,85
PA,Alpha,,One,Library Bond,,,Yes,150
PA,Alpha,,One,Library Bond,,,No,55
PA,Beta,,Two,Library Bond,,,Yes,9
"""


def test_a_primary_has_a_contest_and_a_ballot_for_each_party(cluster, psephos, tmp_path):
    path = tmp_path / "20220517__pa__primary__precinct.csv"
    path.write_text(PRIMARY)
    told, _, election = imported(psephos, path, tmp_path / "e", "--primary")
    assert told["contests"] == 5 and election["date"] == "2022-05-17"
    governor = [c for c in election["contests"] if c["office"] == "Governor"]
    assert [c["party"] for c in governor] == ["dem", "rep"]
    assert [len(c["choices"]) for c in governor] == [2, 2]
    leaves = {u["name"]: u for u in election["units"] if "ballot_styles" in u}
    assert len(leaves["One"]["ballot_styles"]) == 2 and len(leaves["Two"]["ballot_styles"]) == 1
    assert told["ballots"] == 205 + 9 and leaves["One"]["ballots_expected"] == 205  # of the bond
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    assert one.cast("--returns", path)["counted"] == 214
    assert returns_rows(one.results_csv()) == returns_rows(PRIMARY)
    # 105 Democrats, 100 Republicans, and none leaves anything out in the other's contests.
    rows = one.get_json("/api/v1/results?unit=pa-alpha-one")["results"]
    under = {row["contest"]: row["undervotes"] for row in rows}
    assert sorted(under.values()) == [0, 0, 5, 15, 25], under
    # A figure of a party without lines is nobody's, and makes no contest.
    path.write_text(PRIMARY + "PA,Alpha,,One,Governor,,LIB,Under Votes,7\n")
    again, _, _ = imported(psephos, path, tmp_path / "again", "--primary")
    assert (again["contests"], again["ballots"]) == (5, 214)
    apart, report, _ = imported(psephos, path, tmp_path / "apart", "--no-primary")
    assert apart["contests"] == 3 and not set(report) & {"primary", "primary_parties"}


def test_a_file_name_that_says_primary_is_believed(cluster, psephos, tmp_path):
    path = tmp_path / "20220517__pa__primary__precinct.csv"
    path.write_text(PRIMARY)
    told, report, election = imported(psephos, path, tmp_path / "e")
    assert told["contests"] == 5 and set(report) >= {"primary_parties"}
    assert len([c for c in election["contests"] if c["office"] == "Governor"]) == 2
    record = json.loads((tmp_path / "e" / "import.json").read_text())
    assert record["primary"] is True
    # The next county is read in the same way, whatever its name says.
    other = tmp_path / "next.csv"
    other.write_text(PRIMARY)
    told, report, _ = imported(psephos, other, tmp_path / "next", "--like",
                               tmp_path / "e" / "import.json")
    assert told["contests"] == 5 and not set(report) & {"primary", "primary_parties"}
    # One party only: nothing to divide. And where all get one ballot, all stand in one contest.
    path.write_text("\n".join(row for row in PRIMARY.splitlines() if ",REP," not in row) + "\n")
    told, report, _ = imported(psephos, path, tmp_path / "dem")
    assert told["contests"] == 3 and not set(report) & {"primary", "primary_parties"}
    # Judges stand on every party's ballot: "nonpartisan" is no party.
    path.write_text(PRIMARY.replace("Library Bond,,,", "Judge,,NP,"))
    told, report, election = imported(psephos, path, tmp_path / "judge")
    assert (told["contests"], told["ballots"]) == (5, 214)
    assert ["party" in c for c in election["contests"] if c["office"] == "Judge"] == [False]
    one = cluster(tmp_path / "judge" / "election.json", shards=1)
    assert one.cast("--returns", path)["counted"] == 214
    assert returns_rows(one.results_csv()) == returns_rows(path.read_text())
    path = tmp_path / "20220607__ca__primary__precinct.csv"
    path.write_text(PRIMARY.replace("PA,", "CA,"))
    told, report, _ = imported(psephos, path, tmp_path / "ca")
    assert told["contests"] == 3 and set(report) >= {"primary"}


def test_a_units_figures_need_no_office(psephos, tmp_path):
    path = tmp_path / "2018.csv"
    path.write_text(HEADER + "OH,Alpha,,One,,,,Registered Voters,500\n"
                    "OH,Alpha,,One,,,,Ballots Cast,70\n"
                    "OH,Alpha,,One,Governor,,DEM,Ann Able,60\n")
    told, report, election = imported(psephos, path, tmp_path / "e")
    assert (told["contests"], told["ballots"]) == (1, 70)
    assert set(report) == {"registered", "ballots"}
    unit = next(unit for unit in election["units"] if unit["name"] == "One")
    assert (unit["registered"], unit["ballots_expected"]) == (500, 70)
    path.write_text(HEADER + "OH,Alpha,,One,,,DEM,Ann Able,60\n")
    refused = psephos("import", path, "--out", tmp_path / "no")
    assert refused.returncode == 1 and "a row without an office: refused" in refused.stderr


def test_a_turnout_in_percent_is_no_fault(psephos, tmp_path):
    path = tmp_path / "2022.csv"
    path.write_text(HEADER + "PA,Alpha,,One,Turnout,,,,71.98%\n"
                    "PA,Alpha,,One,Governor,,,Voter Turnout,0.72\n"
                    "PA,Alpha,,One,Governor,,DEM,Ann Able,60\n")
    told, report, _ = imported(psephos, path, tmp_path / "e")
    assert (told["contests"], told["votes"], told["rows"]) == (1, 60, 1)
    assert report["statistic"]["rows"] == 2
    path.write_text(HEADER + "PA,Alpha,,One,Governor,,DEM,Ann Able,71.98%\n")
    refused = psephos("import", path, "--out", tmp_path / "no")
    assert refused.returncode == 1 and '"71.98%": no whole number' in refused.stderr


def test_many_contests_of_a_unit(psephos, tmp_path):
    """A county's file may list each of its contests in each precinct; not without end."""
    path = tmp_path / "2023.csv"
    rows = [f"PA,Alpha,,One,Auditor {n},,,Ann Able,{n % 3}" for n in range(1025)]
    path.write_text(HEADER + "\n".join(rows[:1024]) + "\n")
    assert imported(psephos, path, tmp_path / "e")[0]["contests"] == 1024
    path.write_text(HEADER + "\n".join(rows) + "\n")
    refused = psephos("import", path, "--out", tmp_path / "no")
    assert refused.returncode == 1
    assert "a unit has more contests than a ballot can: --columns precinct=" in refused.stderr


def test_a_president_in_any_words_is_the_nations(psephos, tmp_path):
    """Files of two states, as MEDSL have them: one contest; of two spellings, two, and told."""
    path = tmp_path / "2020.csv"
    words = ["US PRESIDENT", "President of the United States",
             "PRESIDENT AND VICE PRESIDENT", "U.S. President/Vice President",
             "Presidential Electors", "President (Vote for 1)"]
    for i, office in enumerate(words):
        rows = [f'{s},Alpha,,One,"{office}",,DEM,Ann Able,{n}' for s, n in (("PA", 7), ("OH", 5))]
        path.write_text(HEADER + "\n".join(rows) + "\n")
        told, _, election = imported(psephos, path, tmp_path / f"e{i}")
        assert told["contests"] == 1, office
        assert (election["contests"][0]["unit"], election["contests"][0]["office"]) == (
            "us", office)
    for i, office in enumerate(["Vice President", "Borough President", "President of the Senate",
                                "Presidents"]):
        rows = [f"{s},Alpha,,One,{office},,DEM,Ann Able,5" for s in ("PA", "OH")]
        path.write_text(HEADER + "\n".join(rows) + "\n")
        assert imported(psephos, path, tmp_path / f"n{i}")[0]["contests"] == 2, office
    path.write_text(HEADER + "PA,Alpha,,One,US PRESIDENT,,DEM,Ann Able,7\n"
                    "OH,Beta,,One,President,,DEM,Ann Able,5\n"
                    "OH,Beta,,Two,President,,DEM,Ann Able,5\n")
    told, report, _ = imported(psephos, path, tmp_path / "two")
    assert told["contests"] == 2 and set(report) >= {"names"}
    told, report, election = imported(psephos, path, tmp_path / "merged", "--merge-names")
    assert told["contests"] == 1 and set(report) >= {"merged"}
    assert election["contests"][0]["office"] == "President"


def kinds_of(election):
    return {(c["office"], choice["name"]): choice["kind"]
            for c in election["contests"] for choice in c["choices"]}


@pytest.mark.skipif(not CASES.exists(), reason="cases not here: ../shared/cases")
@pytest.mark.parametrize("name, ballots, kinds", [
    ("2020_pseudo", 100, {"registered", "ballots", "overvotes", "undervotes"}),
    ("2020_total_candidate", 100, {"total_line"}),
    ("2020_total_rows", 140, {"total_unit"}),
    ("2020_total_rows_empty_precinct", 100, {"total_unit"}),
    ("2025_party_list", 401, set()),
    ("2024_multi", 100, set()),
    ("2020_name_variants", None, {"names"}),
    ("2020_county_variants", 20, {"names"}),
    ("2020_va_two_richmonds", 200, {"shared_name"}),
    ("2022_kinds", None, {"ballots", "undervotes"}),
])
def test_cases_end_as_they_should(psephos, tmp_path, name, ballots, kinds):
    told, report, election = imported(psephos, CASES / f"{name}.csv", tmp_path / "e")
    assert set(report) >= kinds and (ballots is None or told["ballots"] == ballots)
    if name == "2022_kinds":
        candidates = {line for (_, line), kind in kinds_of(election).items() if kind == "candidate"}
        assert candidates == {"Ann", "Bob"}
    if name == "2025_party_list":
        assert ("Zweitstimme", "CDU") in kinds_of(election)
        assert "spoiled" in kinds_of(election).values()


def test_what_lies_in_no_american_state_is_told(psephos, tmp_path):
    (tmp_path / "2024.csv").write_text(HEADER + "Kerala,,,Idukki,Lok Sabha,Idukki,INC,Ann,3\n")
    told = psephos("import", tmp_path / "2024.csv", "--dry-run", check=0).stderr
    assert 'no state is an American one (the first is "Kerala")' in told and "--root NAME" in told
    (tmp_path / "2024.csv").write_text(HEADER + ",Adams,,One,Governor,,INC,Ann,3\n")
    told = psephos("import", tmp_path / "2024.csv", "--dry-run", check=0).stderr
    assert "no row has a state" in told and "--root NAME" in told
    for options, state in ((["--root", "India"], "Kerala"), ([], "vermont"),
                           (["--root", "India"], "")):
        (tmp_path / "2024.csv").write_text(HEADER + f"{state},,,Idukki,MP,,INC,Ann,3\n")
        assert psephos("import", tmp_path / "2024.csv", "--dry-run", *options,
                       check=0).stderr == ""


def test_lok_sabha_lies_in_india(psephos, data, tmp_path):
    told, report, election = imported(psephos, data("in-2024-lok-sabha.csv"), tmp_path / "e",
                                      "--root", "India", "--date", "2024-06-04")
    assert (told["votes"], told["leaves"], told["contests"]) == (645363445, 542, 542)
    assert set(report) == {"names"}  # two names are written with another blank
    assert election["units"][0] == {"id": "india", "name": "India", "level": "nation"}


@pytest.mark.skipif(not CASES.exists(), reason="cases not here: ../shared/cases")
def test_names_of_other_scripts_are_whole(psephos, tmp_path):
    _, report, election = imported(psephos, CASES / "2024_scripts.csv", tmp_path / "e")
    rows = list(csv.DictReader((CASES / "2024_scripts.csv").open(encoding="utf-8")))
    assert report == {}
    assert {unit["name"] for unit in election["units"]} >= {row["precinct"] for row in rows}
    assert {one["name"] for one in election["candidates"]} == {row["candidate"] for row in rows}
