"""PostgreSQL out: the tables are what the API shows, whoever is killed, stopped or comes twice."""

import json
import os
import random
import subprocess
import time
import urllib.error
import urllib.request

import pytest

import standing
from postgres_server import NO_SERVER, SERVERS, Server
from harness import BIN, ROOT, wait_until
from postgres_bridge import (Bridge, Watch, assert_written, campaign, cast_beside, finish_cast,
                             new_view, shards_of, shards_of_api, stop_and_continue, wait_written)
from test_export_standing import cast, town  # noqa: F401

WAIT_S = 60  # for what takes a moment, also where ten others want the processors
TARGET = BIN.parent / "tests" / "test_bridge_postgres_target"


@pytest.fixture(scope="module")
def server():
    if not SERVERS:
        pytest.skip(NO_SERVER)
    one = Server()
    try:
        yield one.start()
    finally:
        one.stop()


@pytest.fixture
def view(server, request):
    return new_view(server, f"results_{abs(hash(request.node.nodeid))}")


@pytest.fixture
def bridge(town, server, view, tmp_path):  # noqa: F811
    """bridge(name, **sink) -> Bridge, not started; all are killed at the end."""
    made = []

    def make(name="page", conninfo=None, **sink):
        made.append(Bridge(tmp_path / "bridge", town, conninfo or server.conninfo(view.database),
                           name, **sink))
        return made[-1]

    yield make
    for one in made:
        one.kill()


def test_who_may_write_over_what(server):
    """The target by itself, every order of two of them: see the program."""
    if not TARGET.exists():
        pytest.skip("the unit tests are not built")
    server.sql("CREATE DATABASE target")
    done = subprocess.run([TARGET], cwd=ROOT, capture_output=True, text=True, timeout=120,
                          env=os.environ | {"PSEPHOS_TEST_POSTGRES": server.conninfo("target")})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


@pytest.mark.quick
def test_tables_are_what_the_api_shows(town, server, view, bridge):  # noqa: F811
    page = bridge(reader="psephos_reader").start()
    cast(town)
    assert assert_written(town, server, view) > 100
    seats = view.execute('SELECT * FROM v_seats ORDER BY "group", party').fetchall()
    assert seats == standing.SEATS
    # Curves have their turn every 10 s, and with the first answer.
    page.kill()
    page.start()
    for contest in ("fusion", "own"):
        told = town.get_json(f"/api/v1/series?contest={contest}")
        last = sorted(zip(told["choices"], told["points"][-1]["votes"]))
        wait_until(lambda: view.execute(
            f"SELECT choice, votes FROM series WHERE contest = '{contest}' AND point = (SELECT "
            f"max(point) FROM series WHERE contest = '{contest}') ORDER BY choice"
            ).fetchall() == last, WAIT_S, what="the curve's last point")
    reader = server.run(server.bin / "psql", "-h", server.folder, "-U", "postgres",
                        "-d", view.database, "-qAtX", "-c", "SET ROLE psephos_reader",
                        "-c", "SELECT count(*) > 0 FROM psephos.v_results",
                        "-c", "SELECT has_table_privilege('psephos.results', 'DELETE')")
    assert reader.split() == ["t", "f"]
    assert page.process.poll() is None


def test_held_results_are_in_no_table(server, view, cluster, tmp_path):
    election = standing.ELECTION | {"publication": "reports", "report_min": 1}
    (tmp_path / "election.json").write_text(json.dumps(election))
    one = cluster(tmp_path / "election.json", shards=2)
    page = Bridge(tmp_path, one, server.conninfo(view.database)).start()
    try:
        one.call("cast", "-", stdin=standing.ballots(), check=0)
        wait_written(one, server, view)
        assert view.execute("SELECT count(*) FROM results").fetchone() == (0,)
        assert view.execute("SELECT sum(ballots)::int FROM turnout").fetchone() == (0,)
        one.call("report", "north", check=0)
        wait_until(lambda: one.get_json("/api/v1/election")["election"]["ballots"] > 0,
                   WAIT_S, what="votes")
        wait_written(one, server, view)
        wait_until(lambda: view.execute("SELECT count(*) FROM v_results").fetchone() != (0,),
                   WAIT_S, what="what was reported")
        units = view.execute("SELECT DISTINCT unit FROM v_results ORDER BY 1").fetchall()
        assert units == [("north",), ("x",)]
        assert view.execute("SELECT count(*) FROM results WHERE votes IS NULL").fetchone() == (0,)
    finally:
        page.kill()


def test_killed_at_any_moment(town, server, view, tmp_path):  # noqa: F811
    """The short version of tests/bridges/test_postgres_kills.py."""
    campaign(town, server, view, tmp_path / "kills", kills=4, seed=random.randrange(10 ** 6))


def test_two_at_once_and_one_that_wakes_up(town, server, view, bridge, tmp_path):  # noqa: F811
    first, second = bridge("first").start(), bridge("second").start()
    watch = Watch(server, view)
    listener = subprocess.Popen(
        [server.bin / "psql", "-h", server.folder, "-U", "postgres", "-d", view.database, "-qAtX"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    listener.stdin.write("LISTEN psephos;\n")
    listener.stdin.flush()
    cast(town)
    wait_until(lambda: shards_of(server, view) == shards_of_api(town), WAIT_S,
               what="both to write")
    for i in range(2):
        def meanwhile(i=i):
            finish_cast(cast_beside(town, tmp_path / "more", i * 200, 200))
            wait_written(town, server, view)
            watch.look()
        stop_and_continue((first, second)[i], meanwhile)
        finish_cast(cast_beside(town, tmp_path / "more", 1000 + i * 200, 200))
        watch.look()
    assert_written(town, server, view)
    watch.look()
    heard = listener.communicate("SELECT 1;\n", timeout=30)[0]  # it tells with an answer
    told = [json.loads(line.partition("payload \"")[2].rpartition("\" received")[0])["version"]
            for line in heard.splitlines() if "payload" in line]
    assert told and len(told) == len(set(told)), "a version was told twice"
    assert told[-1] == view.execute("SELECT version_id FROM election").fetchone()[0]
    assert first.process.poll() is None and second.process.poll() is None


def test_words_say_what_to_do_and_then_it_goes_on(town, server, view, bridge):  # noqa: F811
    server.sql("CREATE ROLE locked LOGIN PASSWORD 'right'; CREATE ROLE poor LOGIN")
    cast(town)
    wrong = bridge("wrong", server.conninfo(view.database, "locked", "password=sesame")).start()
    none = bridge("none", server.conninfo(view.database, "locked")).start()
    missing = bridge("missing", server.conninfo("not_there")).start()
    poor = bridge("poor", server.conninfo(view.database, "poor"), schema="poor").start()
    for one, words in ((wrong, "refuses the password of user \"locked\""),
                       (none, "wants a password of user \"locked\""),
                       (missing, "createdb -E UTF8 -T template0 -O postgres not_there"),
                       (poor, "CREATE SCHEMA \"poor\" AUTHORIZATION \"poor\"")):
        wait_until(lambda: one.says(words), WAIT_S, what=words)
    server.sql("CREATE DATABASE not_there")
    server.sql("CREATE SCHEMA poor AUTHORIZATION poor", view.database)
    for name, schema in (("not_there", "psephos"), (view.database, "poor")):
        wait_until(lambda: server.sql(
            f"SELECT to_regclass('{schema}.v_results') IS NOT NULL", name) == [["t"]], WAIT_S,
            what=f"tables in {name}")
    assert wrong.process.poll() is None and "sesame" not in wrong.said()


def test_a_reader_that_cannot_read_is_told_until_it_can(town, server, view, bridge):  # noqa: F811
    server.sql("CREATE ROLE writer LOGIN")
    server.sql("CREATE SCHEMA psephos AUTHORIZATION writer", view.database)
    page = bridge(conninfo=server.conninfo(view.database, "writer"), reader="absent").start()
    wait_written(town, server, view)

    def told():
        try:
            with urllib.request.urlopen(f"http://{page.http}/readyz", timeout=10) as answer:
                return json.load(answer)
        except urllib.error.URLError:
            return {}

    wait_until(lambda: told().get("state") == "following", WAIT_S, what="that it follows")
    assert 'CREATE ROLE "absent" NOLOGIN' in told()["trouble"]
    server.sql("CREATE ROLE absent NOLOGIN")
    wait_until(lambda: told()["trouble"] is None, WAIT_S, what="that the reader can read")


def test_a_server_that_is_away_costs_nothing(town, server, view, bridge):  # noqa: F811
    page = bridge().start()
    wait_written(town, server, view)
    server.end()
    cast(town)
    wait_until(lambda: page.says("does not answer"), WAIT_S, what="words")
    before = page.cpu_s()
    time.sleep(2)
    assert page.cpu_s() - before <= 0.2
    server.start_again()
    assert_written(town, server, view)
