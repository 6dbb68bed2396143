"""CSV tells of reports what JSON tells: which one a row shows, and whether it is final."""

import csv
import io

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
