"""What docs/sql.md says of tables, views and answers is what a file of the demo's election has."""

import re
import shutil
import subprocess

import pytest

from exported import TABLES, export
from harness import ROOT

DOCUMENT = (ROOT / "docs" / "sql.md").read_text()
QUESTIONS = re.findall(r"^### \d+\. (.*?)\n\n```sql\n(.*?)```\n\n```text\n(.*?)```$", DOCUMENT,
                       re.M | re.S)
RETURNS = ROOT / "demo" / "vermont-2020-county.csv"


@pytest.fixture
def file(cluster, import_returns, tmp_path):
    one = cluster(import_returns(RETURNS), shards=2)
    one.cast("--returns", RETURNS)
    return export(one, tmp_path / "results.db")[1]


def in_columns(cursor):
    """As `sqlite3 -header -column` prints it, without blanks at an end."""
    names = [column[0] for column in cursor.description]
    rows = [["" if value is None else str(value) for value in row] for row in cursor]
    widths = [max(map(len, column)) for column in zip(names, *rows)]
    return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n"
                   for row in [names, ["-" * width for width in widths], *rows])


@pytest.mark.quick
def test_ten_questions_have_their_answers(file, tmp_path):
    assert len(QUESTIONS) == 10 == DOCUMENT.count("```sql")
    for title, query, answer in QUESTIONS:
        assert in_columns(file.execute(query)) == answer, title
        if shutil.which("sqlite3"):
            done = subprocess.run(["sqlite3", "-header", "-column", tmp_path / "results.db", query],
                                  capture_output=True, text=True, check=True)
            assert re.sub(" +$", "", done.stdout, flags=re.M) == answer, title


def test_every_table_view_and_column_is_told(file):
    told = dict(re.findall(r"^\| `(\w+)` \| .* \| (`.*`) \|$", DOCUMENT, re.M))
    views = [name for name, in file.execute("SELECT name FROM sqlite_schema WHERE type = 'view'")]
    assert sorted(told) == sorted([*TABLES, *views])
    for name, columns in told.items():
        cursor = file.execute(f"SELECT * FROM {name} LIMIT 0")
        assert [column[0] for column in cursor.description] == re.findall(r"`(\w+)`", columns)
    version, = file.execute("PRAGMA user_version").fetchone()
    assert f"is the format of the tables ({version})" in DOCUMENT


def test_the_questions_that_people_ask_go_by_an_index(file):
    """One contest, or one unit, is found without reading all results."""
    for where in ("contest = 'president' AND unit = 'vt' AND method = ''", "unit = 'vt-orange'"):
        plan = file.execute(f"EXPLAIN QUERY PLAN SELECT * FROM results WHERE {where}").fetchall()
        assert [step for step in plan if re.match(r"SEARCH results USING (PRIMARY KEY|INDEX)",
                                                  step[3])], plan
    for view in ("v_results", "v_candidates", "v_leaders"):
        plan = file.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE contest = 'president' "
                            "AND unit = 'vt' AND method IS NULL").fetchall()
        steps = [step[3] for step in plan if re.match(r"\w+ r\b", step[3])]
        assert steps == ["SEARCH r USING PRIMARY KEY (contest=? AND unit=?)"], plan
