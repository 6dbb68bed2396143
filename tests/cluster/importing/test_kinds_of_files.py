"""Files as states and countries publish them: each kind, from the file to who leads."""

import json

import pytest

from harness import ROOT, returns_rows
from test_meaning import imported

CASES = ROOT.parent / "shared" / "cases"
HEADER = "state,county,county_fips,precinct,office,district,party,candidate,votes\n"


def standing(cluster, contest, unit):
    """The first row of results: names with their votes, and the row itself."""
    row = cluster.get_json(f"/api/v1/results?contest={contest}&unit={unit}")["results"][0]
    return [(one["name"], one["votes"]) for one in row["candidates"]], row


# New York: one candidate on two lines, ballots by method as lines, and a blank one.
NEW_YORK = HEADER + """\
NY,Richmond,,61/001,Governor,,,Public Counter,100
NY,Richmond,,61/001,Governor,,,Manually Counted Emergency,0
NY,Richmond,,61/001,Governor,,,Absentee / Military,24
NY,Richmond,,61/001,Governor,,,Affidavit,7
NY,Richmond,,61/001,Governor,,DEM,Ann Able,48
NY,Richmond,,61/001,Governor,,REP,Bob Best,40
NY,Richmond,,61/001,Governor,,CON,Bob Best,12
NY,Richmond,,61/001,Governor,,,Scattered,2
NY,Richmond,,61/001,Governor,,,Under /Over Votes,60
"""


def test_a_candidate_on_two_lines_leads_with_both(cluster, psephos, tmp_path):
    path = tmp_path / "20221108__ny__general__richmond__precinct.csv"
    path.write_text(NEW_YORK)
    _, report, _ = imported(psephos, path, tmp_path / "e")
    assert set(report) == {"ballots", "statistic"} and report["statistic"]["rows"] == 3
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    assert one.cast("--returns", path)["counted"] == 162
    candidates, row = standing(one, "ny-governor", "ny")
    assert candidates == [("Bob Best", 52), ("Ann Able", 48)]
    assert (row["margin"], row["valid"]) == (4, 102)
    lines = {choice["choice"]: choice["votes"] for choice in row["choices"]}
    assert lines["rep-bob-best"] == 40 and lines["con-bob-best"] == 12
    assert len(row["candidates"][0]["choices"]) == 2


# MEDSL's columns: a special election of the same office and district, and seats by a column.
MEDSL = """\
precinct,office,party_detailed,mode,votes,county_name,county_fips,candidate,district,stage,special,\
state_po,date,magnitude
1,US SENATE,REPUBLICAN,TOTAL,70,ADAIR,40001,JIM ABLE,STATEWIDE,GEN,FALSE,OK,2022-11-08,1
1,US SENATE,DEMOCRAT,TOTAL,30,ADAIR,40001,KIM BEST,STATEWIDE,GEN,FALSE,OK,2022-11-08,1
1,US SENATE,REPUBLICAN,TOTAL,65,ADAIR,40001,LEE COLE,STATEWIDE,GEN,TRUE,OK,2022-11-08,1
1,US SENATE,DEMOCRAT,TOTAL,35,ADAIR,40001,MAY DUNN,STATEWIDE,GEN,TRUE,OK,2022-11-08,1
1,TOWN COUNCIL,NONPARTISAN,TOTAL,80,ADAIR,40001,NED EAST,,GEN,FALSE,OK,2022-11-08,3
1,TOWN COUNCIL,NONPARTISAN,TOTAL,60,ADAIR,40001,OLA FAY,,GEN,FALSE,OK,2022-11-08,3
1,TOWN COUNCIL,NONPARTISAN,TOTAL,50,ADAIR,40001,PIA GRAY,,GEN,FALSE,OK,2022-11-08,3
1,TOWN COUNCIL,NONPARTISAN,TOTAL,40,ADAIR,40001,QUI HOPE,,GEN,FALSE,OK,2022-11-08,3
1,STATE QUESTION 1,NONPARTISAN,TOTAL,51,ADAIR,40001,YES,,GEN,FALSE,OK,2022-11-08,1
1,STATE QUESTION 1,NONPARTISAN,TOTAL,49,ADAIR,40001,NO,,GEN,FALSE,OK,2022-11-08,1
"""


def test_a_special_election_is_another_contest_and_a_column_says_seats(cluster, psephos, tmp_path):
    (tmp_path / "ok22.csv").write_text(MEDSL)
    told, report, election = imported(psephos, tmp_path / "ok22.csv", tmp_path / "e")
    assert set(report) == {"special", "seats"} and told["ballots"] == 100
    contests = {contest["office"]: contest for contest in election["contests"]}
    assert set(contests) == {"US SENATE", "US SENATE (special)", "TOWN COUNCIL", "STATE QUESTION 1"}
    assert contests["TOWN COUNCIL"]["seats"] == contests["TOWN COUNCIL"]["votes_allowed"] == 3
    assert [choice["kind"] for choice in contests["STATE QUESTION 1"]["choices"]] == ["yes", "no"]
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    assert one.cast("--returns", tmp_path / "ok22.csv")["counted"] == 100
    for office, leader, margin in (("US SENATE", "JIM ABLE", 40),
                                   ("US SENATE (special)", "LEE COLE", 30),
                                   ("TOWN COUNCIL", "NED EAST", 10)):
        candidates, row = standing(one, contests[office]["id"], "ok")
        assert candidates[0][0] == leader and row["margin"] == margin, row
    assert row["margin_of"] == "last_seat" and row["undervotes"] == 3 * 100 - 230


# A municipality, then its party lists: Bavaria's, France's, Mexico's, Brazil's words for the rest.
COUNTRIES = HEADER + """\
BY,Fürth,,0001,Zweitstimmen,,CSU,,300
BY,Fürth,,0001,Zweitstimmen,,SPD,,97
BY,Fürth,,0001,Zweitstimmen,,,Ungültige Zweitstimmen,4
BY,Fürth,,0001,Zweitstimmen,,,Gültige Zweitstimmen,397
BY,Fürth,,0001,Wahlberechtigte (A),,,,600
BY,Fürth,,0001,Wähler (B),,,,401
69,Lyon,,0101,Présidence,,,Inscrits,500
69,Lyon,,0101,Présidence,,,Votants,70
69,Lyon,,0101,Présidence,,,Exprimés,20
69,Lyon,,0101,Présidence,,,Abstentions,430
69,Lyon,,0101,Présidence,,,Blancs,30
69,Lyon,,0101,Présidence,,,Nuls,20
69,Lyon,,0101,Présidence,,,Anne,11
69,Lyon,,0101,Présidence,,,Bruno,9
CDMX,Coyoacán,,0400 B1,Senaduría,,MORENA,Ana,21
CDMX,Coyoacán,,0400 B1,Senaduría,,PAN,Beto,19
CDMX,Coyoacán,,0400 B1,Senaduría,,,Candidato/a no registrado/a,22
CDMX,Coyoacán,,0400 B1,Senaduría,,,Votos nulos,23
CDMX,Coyoacán,,0400 B1,Senaduría,,,Lista nominal,700
CDMX,Coyoacán,,0400 B1,Senaduría,,,Total votos calculados,85
SP,Santos,,0001,Senador,,PT,Ana,10
SP,Santos,,0001,Senador,,,VOTO NULO,40
SP,Santos,,0001,Senador,,,VOTO BRANCO,30
SP,Santos,,0001,Senador,,,Eleitores aptos,120
SP,Santos,,0001,Senador,,,Comparecimento,80
PR,Ponce,,0012,Gobernación,,PNP,Ana,10
PR,Ponce,,0012,Gobernación,,PPD,Beto,8
PR,Ponce,,0012,Gobernación,,,Nominación directa,11
PR,Ponce,,0012,Gobernación,,,Nulos,0
PR,Ponce,,0012,Gobernación,,,Mal votadas,12
PR,Ponce,,0012,Gobernación,,,En blanco,13
"""


def test_lines_that_name_nobody_lead_in_no_language(cluster, psephos, tmp_path):
    (tmp_path / "2025.csv").write_text(COUNTRIES)
    _, report, election = imported(psephos, tmp_path / "2025.csv", tmp_path / "e", "--root", "All")
    assert set(report) == {"registered", "ballots", "statistic", "total_line"}
    registered = [unit["registered"] for unit in election["units"] if "registered" in unit]
    assert sorted(registered) == [120, 500, 600, 700]
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    one.cast("--returns", tmp_path / "2025.csv")
    wanted = {"Zweitstimmen": ([("CSU", 300), ("SPD", 97)], 397),
              "Présidence": ([("Anne", 11), ("Bruno", 9)], 20),
              "Senaduría": ([("Ana", 21), ("Beto", 19)], 62),
              "Senador": ([("Ana", 10)], 10),
              "Gobernación": ([("Ana", 10), ("Beto", 8)], 29)}
    for contest in election["contests"]:
        candidates, row = standing(one, contest["id"], contest["unit"])
        assert (candidates, row["valid"]) == wanted[contest["office"]], row
        of_list = row["candidates"][0]["candidate"] is None
        assert of_list == (contest["office"] == "Zweitstimmen")


def test_wards_of_every_town_are_told_apart_by_both_columns(cluster, psephos, tmp_path):
    path = tmp_path / "20200211__nh__primary__town.csv"
    path.write_text("county,town,ward,office,candidate,votes\nA,Avon,1,Mayor,Ann,4\n"
                    "A,Bath,1,Mayor,Ann,6\nA,Bath,2,Mayor,Ann,7\n")
    twice = psephos("import", path, "--dry-run", "--columns", "precinct=ward", check=1).stderr
    assert "one row twice" in twice and "precinct=town+ward" in twice
    told, _, election = imported(psephos, path, tmp_path / "e", "--columns", "precinct=town+ward")
    assert told["leaves"] == 3
    assert [u["name"] for u in election["units"]][3:] == ["Avon 1", "Bath 1", "Bath 2"]
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    one.cast("--returns", path)  # as import.json says
    _, rows = returns_rows(one.results_csv())
    assert [(row[3], row[8]) for row in rows] == [("Avon 1", "4"), ("Bath 1", "6"), ("Bath 2", "7")]


def test_two_rounds_in_one_file_are_refused_with_all_lines(psephos, tmp_path):
    (tmp_path / "2022.csv").write_text(
        HEADER + "AL,Maceio,,0001,Presidente,,13,Ann,79\nAL,Maceio,,0001,Presidente,,22,Bob,141\n"
        "AL,Maceio,,0001,Presidente,,13,Ann,99\nAL,Maceio,,0001,Presidente,,22,Bob,148\n")
    done = psephos("import", tmp_path / "2022.csv", "--out", tmp_path / "e", "--json", check=1)
    report = {group["kind"]: group for group in json.loads(done.stdout)["report"]}
    assert [entry["line"] for entry in report["twice"]["first"]] == [4, 5]
    assert "two rounds" in done.stderr and "--columns district=" in done.stderr
    assert not (tmp_path / "e").exists()


@pytest.mark.skipif(not CASES.exists(), reason="cases not here: ../shared/cases")
def test_the_case_of_two_party_lines_ends_as_it_should(cluster, psephos, tmp_path):
    path = CASES / "2018_fusion.csv"
    imported(psephos, path, tmp_path / "e")
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    one.cast("--returns", path)
    candidates, row = standing(one, "ny-governor", "ny")
    assert candidates == [("Bob Best", 52), ("Ann Able", 48)] and row["margin"] == 4


@pytest.mark.skipif(not CASES.exists(), reason="cases not here: ../shared/cases")
def test_the_case_of_kinds_is_led_by_ann_everywhere(cluster, psephos, tmp_path):
    path = CASES / "2022_kinds.csv"
    _, _, election = imported(psephos, path, tmp_path / "e")
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    one.cast("--returns", path)
    for contest in election["contests"]:
        assert standing(one, contest["id"], contest["unit"])[0][0] == ("Ann", 10)
