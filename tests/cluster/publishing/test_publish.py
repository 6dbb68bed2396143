"""`psephos publish`: one version, whole or not at all, whatever happens meanwhile."""

import hashlib
import json
import os
import random
import signal
import subprocess
import time

import pytest

from between import Between
from harness import BIN, ROOT, SLOWER, TIMEOUT_S, run_psephos, wait_until

RETURNS = ROOT / "demo" / "vermont-2020-county.csv"


def series_of(one, contest):
    return [point["ballots"]
            for point in one.get_json(f"/api/v1/series?contest={contest}")["points"]]


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """A cluster that has counted Vermont's counties; nobody changes it."""
    from harness import Cluster, imported
    folder = tmp_path_factory.mktemp("counted")
    one = Cluster(folder / "cluster", imported(RETURNS, folder / "election"))
    one.up()
    one.cast("--returns", RETURNS, "--seed", 1)
    wait_until(lambda: all(
        series_of(one, row["contest"])[-1:] == [row["ballots"]]
        for row in one.get_json("/api/v1/results")["results"]), what="a series that has all")
    yield one
    one.finish()


def publish(api, site, *options, check=0):
    done = run_psephos("publish", "--api", api, "--to", site, "--no-page", "--once", "--json",
                       *options, check=check)
    return json.loads(done.stdout) if done.stdout else done.stderr


class Publisher:
    """A publisher that goes on."""

    def __init__(self, api, site, *options):
        self.process = subprocess.Popen(
            [BIN / "psephos", "publish", "--api", api, "--to", site, "--no-page", "--every", "1",
             "--json", *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def end(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        said = self.process.communicate(timeout=TIMEOUT_S)[1]
        return self.process.returncode, said


def paths_in(value):
    if isinstance(value, str):
        return {value} if value.startswith("v/") else set()
    if isinstance(value, dict):
        value = list(value.values())
    return set().union(*map(paths_in, value)) if isinstance(value, list) else set()


def latest(site):
    return json.loads((site / "latest.json").read_text())


def index_of(site):
    return json.loads((site / latest(site)["index"]).read_text())


def assert_whole(site):
    """Every file that latest.json leads to is there and holds what its name says."""
    head = latest(site)
    index = index_of(site)
    assert index["version"] == head["version"]
    for path in paths_in(index) | {head["index"]}:
        data = (site / path).read_bytes()
        assert hashlib.blake2b(data, digest_size=16).hexdigest() == path[2:].split(".")[0], path
        if path.endswith(".json") and path != index.get("definition"):
            for below in paths_in(json.loads(data)):
                assert (site / below).exists(), (path, below)
    return head["version"]


def cell(column, i):
    return column["all"] if isinstance(column, dict) else column[i]


def rows_of(site, contest):
    """(level, method, unit) -> (ballots, votes by choice) of a contest's tables."""
    index, rows, names = index_of(site), {}, {}
    for part in index["units"]:
        for table in json.loads((site / part["file"]).read_text())["tables"]:
            names[table["level"]] = [cell(table["units"]["columns"]["id"], i)
                                     for i in range(table["units"]["rows"])]
    for part in index["results"][contest]["files"]:
        for table in json.loads((site / part["file"]).read_text())["tables"]:
            for i in range(table["rows"]):
                place = cell(table["columns"]["unit"], i) if "unit" in table["columns"] else i
                votes = {choice: cell(column, i) for choice, column in table["votes"].items()}
                rows[table["level"], table["method"], names[table["level"]][place]] = (
                    cell(table["columns"]["ballots"], i),
                    {choice: n for choice, n in votes.items() if n is not None})
    return rows


def test_a_version_says_what_the_collector_says(counted, tmp_path):
    site = tmp_path / "site"
    said = publish(counted.api, site)
    assert said["published"] and said["written"] == said["files"] > 10
    assert_whole(site)
    election = counted.get_json("/api/v1/election")
    assert latest(site)["version"] == election["version"]
    assert not latest(site)["stale"] and latest(site)["state"] == "open"
    for contest in counted.get_json("/api/v1/contests")["contests"]:
        rows = rows_of(site, contest["id"])
        wanted = {}
        for level in ("nation", "state", "county"):
            path = f"/api/v1/results?contest={contest['id']}&level={level}&limit=1000"
            for row in counted.get_json(path)["results"]:
                wanted[level, None, row["unit"]] = (
                    row["ballots"], {c["choice"]: c["votes"] for c in row["choices"]})
        assert rows == wanted and len(rows) > 14
        csv = counted.get(f"/api/v1/results.csv?contest={contest['id']}&level=leaf")[2]
        assert (site / "latest" / f"{contest['id']}.csv").read_bytes() == csv
        assert (site / index_of(site)["results"][contest["id"]]["csv"]).read_bytes() == csv
    before = index_of(site)
    again = publish(counted.api, site)
    assert index_of(site) == before
    assert again["written"] == 0 and again["linked"] == 0 and again["files"] == said["files"]


def test_what_did_not_change_is_not_written_again(cluster, import_returns, tmp_path):
    one, site = cluster(import_returns(RETURNS)), tmp_path / "site"
    first = publish(one.api, site)
    before = index_of(site)
    one.cast("--returns", RETURNS, "--seed", 1)
    second = publish(one.api, site)
    after = index_of(site)
    assert 0 < second["written"] < first["files"]
    for name in ("contests", "candidates", "definition", "units"):
        assert before[name] == after[name], name
    assert before["accounting"] != after["accounting"]
    assert second["linked"] == 2


def test_killed_at_any_moment_nothing_half_published_is_reachable(
        cluster, import_returns, tmp_path):
    one, site = cluster(import_returns(RETURNS)), tmp_path / "site"
    publish(one.api, site)
    caster = subprocess.Popen(
        [BIN / "psephos", "cast", "--dir", one.directory, "--returns", RETURNS, "--seed", "1",
         "--rate", "9000"], stdout=subprocess.DEVNULL)
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance, numbers = random.Random(seed), [0]
    for _ in range(25):
        publisher = Publisher(one.api, site)
        time.sleep(chance.uniform(0.005, 0.5) * SLOWER)
        publisher.end(signal.SIGKILL)
        numbers.append(assert_whole(site)["number"])
    caster.kill()
    caster.wait()
    assert numbers == sorted(numbers) and len(set(numbers)) > 3
    publish(one.api, site)
    assert_whole(site)
    assert not [name for name in os.listdir(site / "v") if name.startswith(".")]


def test_two_publishers_are_not_of_one_folder(counted, tmp_path):
    site = tmp_path / "site"
    first = Publisher(counted.api, site)
    try:
        wait_until(lambda: (site / "latest.json").exists(), what="a publication")
        assert "another `psephos publish`" in publish(counted.api, site, check=1)
    finally:
        assert first.end()[0] == 0


def test_a_collector_that_is_away_is_told_and_waited_for(cluster, import_returns, tmp_path):
    one, site = cluster(import_returns(RETURNS)), tmp_path / "site"
    publisher = Publisher(one.api, site)
    try:
        wait_until(lambda: (site / "latest.json").exists() and not latest(site)["stale"],
                   what="a publication")
        index = latest(site)["index"]
        one.kill("collector")
        wait_until(lambda: latest(site)["stale"], what="a folder that says stale")
        assert latest(site)["index"] == index
        assert "no collector answers" in publish(one.api, tmp_path / "other", check=3)
        one.start_collector()
        wait_until(lambda: not latest(site)["stale"], what="a folder that is current again")
        assert_whole(site)
    finally:
        code, said = publisher.end()
    assert code == 0 and said.count("no collector answers") == 1


def test_a_folder_of_others_is_refused(counted, cluster, import_returns, tmp_path):
    site = tmp_path / "site"
    publish(counted.api, site)
    before = latest(site)
    other = cluster(import_returns(RETURNS))
    assert "name another folder" in publish(other.api, site, check=1)
    goes_on = Publisher(other.api, site)
    assert goes_on.process.wait(timeout=TIMEOUT_S) == 1
    assert latest(site)["index"] == before["index"]
    (site / "latest.json").write_text("<html>")
    assert "not written by `psephos publish`" in publish(counted.api, site, check=1)
    (tmp_path / "file").write_text("")
    assert "--to" in publish(counted.api, tmp_path / "file", check=1)
    run_psephos("publish", "--api", counted.api, "--to", site, "--every", "0", check=2)


def test_a_folder_that_holds_other_files_is_refused(counted, tmp_path):
    site = tmp_path / "home"
    site.mkdir()
    (site / "index.html").write_text("mine")
    assert "did not write (index.html)" in publish(counted.api, site, check=1)
    assert [path.name for path in site.iterdir()] == ["index.html"]
    (site / "index.html").unlink()
    assert publish(counted.api, site)["published"]
    (site / "robots.txt").write_text("")  # beside a publication it is no trouble
    publish(counted.api, site)


def test_an_api_that_nobody_answers_at_leaves_no_folder(tmp_path):
    assert "127.0.0.1:9" in publish("http://127.0.0.1:9", tmp_path / "site", check=3)
    assert not (tmp_path / "site").exists()


def test_a_full_disk_leaves_what_was_published(counted, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    done = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", site], capture_output=True)
    if not done or done.returncode != 0:
        pytest.skip("a small file system cannot be mounted here (root needed)")
    try:
        publish(counted.api, site)
        version = assert_whole(site)

        def newer(path, status, body):
            if isinstance(body, dict) and "version" in body:
                body["version"]["shards"][0]["index"] += 1
            return status, body

        filler = site / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        with Between(counted.api, newer) as between:
            assert "disk full" in publish(between.url, site, check=1)
            assert assert_whole(site) == version
            assert not [name for name in os.listdir(site / "v") if name.startswith(".")]
            filler.unlink()
            publish(between.url, site)
            assert assert_whole(site) != version
    finally:
        subprocess.run(["umount", "-l", site], check=True)


def test_a_version_that_goes_while_it_is_read_is_begun_again(counted, tmp_path):
    gone = iter([True] * 3)

    def change(path, status, body):
        if path.startswith("/api/v1/results.csv") and next(gone, False):
            return 410, {"title": "Gone", "detail": "begin again"}
        return status, body

    with Between(counted.api, change) as between:
        publish(between.url, tmp_path / "site")
        # Everything that is not in all versions the same is asked as of one, where it can be.
        for path in between.paths:
            assert "version=" in path or path.startswith((
                "/api/v1/election", "/api/v1/series", "/api/v1/shards", "/api/v1/map",
                "/api/v1/contests?limit", "/api/v1/candidates")), path
    assert_whole(tmp_path / "site")


@pytest.mark.parametrize("cut", [0, 5000])
def test_rows_that_are_cut_short_are_void(counted, tmp_path, cut):
    """At a line's end, and within one: the last line alone says that it was all."""
    void = iter([True] * 2)

    def change(path, status, body):
        if path.startswith("/api/v1/changes") and next(void, False):
            whole = between.ask(path)[2]
            return status, whole[:cut] if cut else whole[:whole.rstrip().rindex(b"\n") + 1]
        return status, body

    with Between(counted.api, change, last_line=False) as between:
        publish(between.url, tmp_path / "site")
        assert sum(path.startswith("/api/v1/changes") for path in between.paths) == 3
    assert_whole(tmp_path / "site")


def test_a_collector_that_tells_not_all_rows_at_once(counted, tmp_path):
    def of_before(path, status, body):
        if path.startswith("/api/v1/changes"):
            return 400, {"detail": "standing: not a parameter here"}
        return status, body

    with Between(counted.api, of_before, last_line=False) as between:
        publish(between.url, tmp_path / "site")
    publish(counted.api, tmp_path / "other")
    for contest in counted.get_json("/api/v1/contests")["contests"]:
        rows = rows_of(tmp_path / "site", contest["id"])
        assert rows and rows == rows_of(tmp_path / "other", contest["id"])


def test_a_collector_without_ids_of_versions(counted, tmp_path):
    moves = [0]

    def old(path, status, body):
        if "version=" in path:
            return 400, {"detail": "version: not a parameter here"}
        if isinstance(body, dict) and "version" in body:
            body["version"] = {name: body["version"][name] for name in ("cluster", "shards")}
            body["version"]["shards"][0]["index"] += moves[0] * len(between.paths)
        return (404, {}) if path.startswith("/api/v1/overview") else (status, body)

    with Between(counted.api, old) as between:
        # Without ETags its newest answer is never known to be the same.
        assert "keeps no versions" in publish(between.url, tmp_path / "site", check=1)
        moves[0] = 1
        assert "keeps no versions" in publish(between.url, tmp_path / "site", check=1)
    assert not (tmp_path / "site" / "latest.json").exists()


def test_never_backwards_but_after_a_restore(counted, tmp_path):
    site, shift = tmp_path / "site", {"index": 0, "epoch": 0}

    def moved(path, status, body):
        if isinstance(body, dict) and "version" in body:
            for name, by in shift.items():
                body["version"]["shards"][1][name] += by
        return status, body

    with Between(counted.api, moved) as between:
        publish(between.url, site)
        shift["index"] = -1
        assert "behind what is published" in publish(between.url, site, check=1)
        shift["epoch"] = 1
        assert publish(between.url, site)["version"]["shards"][1]["epoch"] == 2
        shift.update(index=5, epoch=0)
        assert "behind what is published" in publish(between.url, site, check=1)


def test_old_files_go_with_age_and_needed_ones_stay(counted, tmp_path):
    site = tmp_path / "site"
    publish(counted.api, site)
    needed = set(os.listdir(site / "v"))
    long_ago = time.time() - 7200
    for name in needed:
        os.utime(site / "v" / name, (long_ago, long_ago))
    strangers = {"notes.txt", "c" * 32, "d" * 31 + ".json"}  # somebody else's
    for name, age in (("a" * 32 + ".json", 7200), ("b" * 32 + ".csv", 10),
                      *((name, 7200) for name in strangers)):
        (site / "v" / name).write_text("of before")
        os.utime(site / "v" / name, (time.time() - age,) * 2)
    assert publish(counted.api, site)["removed"] == 1
    assert set(os.listdir(site / "v")) == needed | {"b" * 32 + ".csv"} | strangers


def test_what_a_version_no_longer_needs_stays_a_while(cluster, import_returns, tmp_path):
    one, site = cluster(import_returns(RETURNS)), tmp_path / "site"
    publish(one.api, site)
    before = paths_in(index_of(site))
    for path in before:
        os.utime(site / path, (time.time() - 7200,) * 2)
    one.cast("--returns", RETURNS, "--seed", 1)
    assert publish(one.api, site)["removed"] == 0
    assert before != paths_in(index_of(site))
    assert all((site / path).exists() for path in before)


def test_held_rows_are_in_no_file(cluster, import_returns, fixture_file, tmp_path):
    returns, site = fixture_file("sparse.csv"), tmp_path / "site"
    folder = tmp_path / "election"
    run_psephos("import", returns, "--out", folder, "--publication", "reports", "--turnout",
                "reports", check=0)
    one = cluster(folder / "election.json")
    one.cast("--returns", returns, "--seed", 1)
    publish(one.api, site)
    for contest in index_of(site)["results"]:
        assert all(votes == {} for _, votes in rows_of(site, contest).values())
        assert len((site / "latest" / f"{contest}.csv").read_text().splitlines()) == 1
    one.call("report", "--all", "--final", check=0)
    wait_until(lambda: one.get_json("/api/v1/election")["election"]["leaves_reporting"] > 0,
               what="a report that is shown")
    publish(one.api, site)
    assert any(votes for contest in index_of(site)["results"]
               for _, votes in rows_of(site, contest).values())


def test_the_page_stands_beside_and_says_where_it_is(counted, tmp_path):
    page, site = tmp_path / "page", tmp_path / "site"
    (page / "map").mkdir(parents=True)
    (page / "index.html").write_text("<html><head><title>x</title></head></html>")
    (page / "index.html.gz").write_bytes(b"of another text")
    (page / "page.js").write_text("1")
    (page / "map" / "states.json").write_text("{}")
    run_psephos("publish", "--api", counted.api, "--to", site, "--once", "--page", page, check=0)
    assert '<meta name="psephos-source" content="static" />' in (site / "index.html").read_text()
    assert (site / "map" / "states.json").exists() and not (site / "index.html.gz").exists()
    done = run_psephos("publish", "--api", counted.api, "--to", site, "--once", "--page",
                       tmp_path / "nowhere", check=1)
    assert "no index.html there" in done.stderr
