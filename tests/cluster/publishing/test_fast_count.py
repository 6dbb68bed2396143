"""`psephos publish` while ballots come in faster than a large election can be asked for."""

import json
import subprocess
import time

from between import Between
from harness import BIN, TIMEOUT_S, wait_until
from test_publish import assert_whole, index_of, publish, rows_of

CONTESTS, COUNTIES = 293, 159  # as Georgia has them
RATE = 300
KEPT_S = 5  # for which a collector keeps a version


def georgia(path):
    lines = ["state,county,county_fips,precinct,office,district,party,candidate,votes"]
    choices = (("Red", "Ann Ash"), ("Blue", "Bob Birch"))
    for county in range(COUNTIES):
        for contest in range(CONTESTS):
            for party, name in choices:
                lines.append(f"GA,County {county},{13001 + 2 * county},Precinct {county},"
                             f"Office {contest},,{party},{name} {contest},{50 + county % 7}")
    path.write_text("\n".join(lines) + "\n")
    return path


def csv_of(site, path):
    """(ballots, votes by choice) of all lines; every contest is on every ballot here."""
    heading, *lines = (site / path).read_text().splitlines()
    names, votes, ballots = heading.split(","), {}, {}
    for line in lines:
        row = dict(zip(names, line.split(","), strict=True))
        votes[row["choice"]] = votes.get(row["choice"], 0) + int(row["votes"])
        ballots[row["unit"]] = int(row["ballots"])
    return sum(ballots.values()), votes


def test_a_publication_is_whole_however_long_it_takes(cluster, import_returns, tmp_path):
    returns, site = georgia(tmp_path / "ga.csv"), tmp_path / "site"
    one, gone = cluster(import_returns(returns)), []

    def look(path, status, body):
        gone.extend([path] * (status == 410))
        time.sleep(0.05 if "version=" in path else 0)
        return status, body

    caster = subprocess.Popen(
        [BIN / "psephos", "cast", "--dir", one.directory, "--returns", returns, "--seed", "1",
         "--rate", str(RATE)], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: one.get_json("/api/v1/election")["election"]["ballots"] > 0,
                   timeout=TIMEOUT_S, what="the first ballots")
        with Between(one.api, look, pace=0.03) as between:
            said = publish(between.url, site)
        ballots = one.get_json("/api/v1/election")["election"]["ballots"]
        assert caster.poll() is None, "ballots came in all the while"
    finally:
        caster.kill()
        caster.wait()
    assert said["ms"] > 1000 * KEPT_S, "it took longer than a version is kept"
    assert gone == []
    assert_whole(site)
    # Every file is of that one version: books, rows of each level, CSV.
    index = index_of(site)
    books = json.loads((site / index["accounting"]).read_text())["total"]
    assert 0 < books["counted"] < ballots
    for contest in list(index["results"])[::40]:
        rows, whole = rows_of(site, contest), csv_of(site, index["results"][contest]["csv"])
        assert rows["nation", None, "us"] == whole and whole[0] == books["counted"]
        for level in ("county", "precinct"):
            below = [row for (of, _, _), row in rows.items() if of == level]
            assert len(below) == COUNTIES and sum(row[0] for row in below) == whole[0]
