"""CSV tells of reports what JSON tells: which one a row shows, and whether it is final."""

import csv
import io
import json

import telling
from test_report import begun, cast, report  # noqa: F401 (begun is a fixture)


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def of_report(row):
    found = row["report"]
    return ("", "") if found is None else (str(found["number"]), str(found["final"]).lower())


UNITS = ("units_reporting", "units_partial", "units_total")


def told(row, line):
    """A line of CSV as the row of JSON has it."""
    assert [line[name] for name in UNITS] == [str(row[name]) for name in UNITS]
    assert (line["report"], line["final"]) == of_report(row)


def test_csv_says_what_is_final_as_json_does(begun):  # noqa: F811
    one, _ = begun()
    cast(one, 20)
    report(one, "a", "--final")
    report(one, "b1")
    for level in ("leaf", "county", "nation"):
        rows = {(row["contest"], row["unit"]): row for row in
                one.get_json(f"/api/v1/results?level={level}&limit=1000")["results"]}
        lines = table(one.get(f"/api/v1/results.csv?level={level}")[2].decode())
        printed = table(one.api_call("results", "--level", level, "--format", "csv",
                                     check=0).stdout)
        assert lines and len(lines) == len(printed)
        for line in lines + printed:
            told(rows[line["contest"], line["unit"]], line)
        assert {line["final"] for line in lines} == ({"true", "false"} if level == "leaf" else {""})
        turnout = {row["unit"]: row for row in
                   one.get_json(f"/api/v1/turnout?level={level}")["turnout"]}
        for line in table(one.get(f"/api/v1/turnout.csv?level={level}")[2].decode()):
            row = turnout[line["unit"]]
            assert (line["report"], line["final"]) == of_report(row)
            assert line["units_partial"] == str(row["units_partial"])
            assert line["report_under_way"] == str(row["report_under_way"]).lower()


def links(one, path):
    return one.get(path)[1].get("Link")


def test_whose_figures_they_are_goes_with_every_download(cluster, tmp_path):
    election = telling.definition("immediate", "immediate")
    for number, (source, licence, wanted) in enumerate([
            ("https://eci.example/2024", "https://licence.example/godl",
             '<https://eci.example/2024>; rel="describedby", '
             '<https://licence.example/godl>; rel="license"'),
            ("Wahlleiter <Fürth>", "https://licence.example/godl",
             '<https://licence.example/godl>; rel="license", '
             '</api/v1/election>; rel="describedby"'),
            (None, None, None)]):
        own = {"source": source, "licence": licence}
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(election | {k: v for k, v in own.items() if v}))
        one = cluster(path, shards=1, name=str(number))
        for resource in ("results", "turnout"):
            assert links(one, f"/api/v1/{resource}.csv") == wanted
        told = one.get_json("/api/v1/election")["election"]
        assert (told["source"], told["licence"]) == (source, licence)
        page = links(one, "/api/v1/results.csv?limit=1")
        assert page.startswith('</api/v1/results.csv?') and 'rel="next"' in page
        assert page.endswith(wanted or 'rel="next"')
