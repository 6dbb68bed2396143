"""India 2024: 542 constituencies under the root "India", one vote in a thousand, on every level."""

import collections
import csv
import io
import json

from harness import assert_same_lines
from test_round_trip import scaled_down

LED = {"Bharatiya Janata Party": 239, "Indian National Congress": 99, "Samajwadi Party": 37}


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def led(rows):
    """Constituencies that a party leads alone, worked out from the rows of a file."""
    lines = collections.defaultdict(list)
    for row in rows:
        if row["candidate"] != "NOTA":  # nobody's: it leads nowhere
            lines[row["state"], row["district"]].append((int(row["votes"]), row["party"]))
    firsts = collections.Counter()
    for place in lines.values():
        place.sort(reverse=True)
        if len(place) == 1 or place[0][0] > place[1][0]:
            firsts[place[0][1]] += 1
    return firsts


def sums(rows, election):
    """level -> {(contest, unit, choice's name, party's name): votes}, from the file's rows."""
    units = {unit["id"]: unit for unit in election["units"]}
    states = {u["name"]: u["id"] for u in election["units"] if u["level"] == "state"}
    leaves = {(units[u["parent"]]["name"], u["name"]): u["id"] for u in election["units"]
              if "ballot_styles" in u}
    contests = {(c["unit"], c["district"]): c["id"] for c in election["contests"]}
    wanted = {level: collections.Counter() for level in ("leaf", "state", "nation")}
    for row in rows:
        state = states[row["state"]]
        contest = contests[state, row["district"]]
        at = {"leaf": leaves[row["state"], row["precinct"]], "state": state, "nation": "india"}
        for level, unit in at.items():
            wanted[level][contest, unit, row["candidate"], row["party"]] += int(row["votes"])
    return wanted


def test_one_vote_in_a_thousand_is_exact_on_every_level(cluster, psephos, data, tmp_path):
    whole, path = data("in-2024-lok-sabha.csv"), tmp_path / "in-2024.csv"
    rows = rows_of(whole)
    assert sum(int(row["votes"]) for row in rows) == 645_363_445
    assert {party: led(rows)[party] for party in LED} == LED
    scaled_down(whole, path, 1000)
    psephos("import", path, "--out", tmp_path / "e", "--root", "India", "--date", "2024-06-04",
            check=0)
    election = json.loads((tmp_path / "e" / "election.json").read_text())
    rows = rows_of(path)
    votes = sum(int(row["votes"]) for row in rows)
    one = cluster(tmp_path / "e" / "election.json", shards=2)
    assert one.cast("--returns", path)["counted"] == votes
    assert_same_lines(one.results_csv(), path.read_text(encoding="utf-8"))
    parties = {party["id"]: party["name"] for party in election["parties"]} | {"": ""}
    for level, wanted in sums(rows, election).items():
        got = collections.Counter()
        table = one.get(f"/api/v1/results.csv?level={level}")[2].decode()
        for line in csv.DictReader(io.StringIO(table)):
            got[line["contest"], line["unit"], line["choice_name"], parties[line["party"]]] += (
                int(line["votes"]))
        assert got == wanted and len(got) == len(rows) and sum(got.values()) == votes, level
    turnout = one.get_json("/api/v1/turnout")["turnout"][0]
    assert (turnout["unit_name"], turnout["ballots"]) == ("India", votes)
    groups = one.get_json("/api/v1/overview")["groups"]
    shown = {entry["party"]: entry["seats_led"] for entry in groups[0]["entries"]}
    names = {name: identity for identity, name in parties.items()}
    assert len(groups) == 1 and groups[0]["contests_total"] == 542
    assert {party: shown[names[party]] for party in LED} == LED  # the thousandth leads as the whole
    assert {party: n for party, n in shown.items() if n} == {
        names[party]: n for party, n in led(rows).items()}
