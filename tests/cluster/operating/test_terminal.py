"""On a terminal of 80 columns nothing reaches beyond its right edge."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import pytest

from harness import BIN, ROOT, TIMEOUT_S, run_psephos

LONG = "Commissioner of Agriculture, Forests, Weights and Measures, and of the Public Lands"
PARTY = "Party of the Rivers and of the Mountains between them"
RETURNS = f"""state,county,county_fips,precinct,office,district,party,candidate,votes
VT,Addison,50001,,{LONG!r},,{PARTY},Ada Ash-Birch of Cornwall on the Lake,3
VT,Addison,50001,,{LONG!r},,Fern,Ben Birch,1234567
""".replace("'", '"')


def test_no_title_and_no_row_is_cut_off(cluster, import_returns, tmp_path, monkeypatch):
    path = tmp_path / "returns.csv"
    path.write_text(RETURNS)
    one = cluster(import_returns(path), shards=2)
    (tmp_path / "few.csv").write_text(RETURNS.replace("1234567", "4"))
    one.cast("--returns", tmp_path / "few.csv")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TZ", "EST5EDT,M3.2.0,M11.1.0")
    printed = {}
    for call in ("results", "status", "accounting", "recount"):
        printed[call] = one.call(call, check=0).stdout
    printed["backup"] = one.call("backup", "--out", tmp_path / "b", check=0).stdout
    printed["check"] = run_psephos("check", one.election, check=0).stdout
    for call, text in printed.items():
        table = [line for line in text.splitlines() if str(tmp_path) not in line]
        assert table and max(map(len, table)) <= 80, (call, text)
    title = printed["results"].splitlines()[0]
    assert "…" in title and title.startswith("Commissioner of Agri") and title.endswith("Vermont:")
    assert "Party of" in printed["results"] and "7 ballots" in printed["results"]
    assert re.search(r"unofficial, as of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d E[SD]T$",
                     printed["results"].rstrip())
    monkeypatch.delenv("COLUMNS")  # no terminal, no limit
    assert LONG in one.call("results", check=0).stdout


def screen_of(command, rows, columns):
    """What a terminal of that size shows of the first whole table, a line each."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with subprocess.Popen(command, stdout=theirs, stdin=subprocess.DEVNULL) as process:
        os.close(theirs)
        text, until = b"", time.monotonic() + TIMEOUT_S
        while b"unofficial" not in text or not text.endswith(b"\n"):
            assert time.monotonic() < until, text
            if select.select([ours], [], [], 0.1)[0]:
                text += os.read(ours, 65536)
        process.terminate()
    os.close(ours)
    start, _, table = text.decode().rpartition("\033[H\033[J")
    assert start == ""
    return table.split("\r\n")


@pytest.mark.parametrize("mode", ["live", "test"])
def test_the_pages_address_stays_on_the_screen(cluster, import_returns, mode):
    one = cluster(import_returns(ROOT / "demo" / "vermont-2020-county.csv"), shards=1,
                  up_options=["--test"] if mode == "test" else [])
    lines = screen_of([BIN / "psephos", "results", "--dir", one.directory, "--watch"], 24, 80)
    assert f"page {one.api}/" in lines
    assert len(lines) <= 24 and max(map(len, lines)) <= 80
    assert lines[0].startswith("TEST" if mode == "test" else "President")
    assert [line for line in lines if line.startswith("Governor")]


def test_tables_say_whether_the_election_is_open(cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=2, up_options=["--closed"])

    def said():
        texts = [one.call(call).stdout for call in ("results", "accounting", "status")]
        return [re.search(r"^the election is [a-z ]+", text, re.M)[0] for text in texts]

    assert said() == ["the election is not open yet"] * 3
    one.call("open")
    one.cast("--returns", fixture_file("sparse.csv"))
    assert said() == ["the election is open"] * 3
    books = one.call("accounting").stdout
    assert re.search(r"^ballots shown: [\d,]+$", books, re.M), books
    one.call("close")
    assert said() == ["the election is closed"] * 3
    one.down()
    for call in ("results", "accounting", "stations"):
        done = one.call(call, check=3)
        assert f"`psephos up --dir {one.directory}` starts" in done.stderr, done.stderr
        asked = run_psephos(call, "--api", one.api, check=3)
        assert f"no collector answers at {one.api}: it is down, or" in asked.stderr, asked.stderr
    assert "the election is" not in one.call("status", check=3).stdout
