"""What a collector shows of reports: nothing before, then the report, and the same after it was
killed; nothing of a report that one shard could not be reached for."""

import pytest

import python_client
import telling
from harness import wait_until


def shown(one):
    """Unit -> (ballots, choices, final) of every leaf; None while the collector is away."""
    try:
        rows = one.get_json("/api/v1/results?contest=bridge&level=leaf&limit=500")["results"]
    except OSError:
        return None
    return {row["unit"]: (row["ballots"], row["choices"], row["units_reporting"]) for row in rows}


def ballots(tale, *leaves):
    counted = telling.cells(tale.count())
    return [counted[telling.Cell("*", leaf, "*", "*", None, "ballots")] for leaf in leaves]


def shown_ballots(one, *leaves):
    now = shown(one)
    return [now[leaf][0] for leaf in leaves]


def cast(one, tale, station, number, **more):
    tale.cast(station, number, **more)
    wait_until(lambda: one.accounting()["total"]["counted"] == len(tale.cast_ones),
               what="every ballot in the books")


def restart_collector(one):
    one.kill("collector")
    one.start_collector()
    wait_until(lambda: shown(one), what="a collector that answers again")


@pytest.mark.parametrize("turnout", ["immediate", "reports"])
def test_what_is_shown_is_the_last_report(cluster, tmp_path, turnout):
    tale = telling.Telling("reports", turnout)
    one = cluster(tale.write(tmp_path), shards=2)
    station = python_client.Client(one.directory)
    try:
        cast(one, tale, station, 300, small=4)
        assert shown_ballots(one, "a1", "a2", "b1", "b2", "b3") == [0] * 5
        one.call("report", "a", check=0)
        reported = ballots(tale, "a1", "a2")
        wait_until(lambda: shown_ballots(one, "a1", "a2") == reported, what="the report")
        assert shown_ballots(one, "b1", "b2", "b3") == [0] * 3

        cast(one, tale, station, 300, small=2)
        assert shown_ballots(one, "a1", "a2") == reported
        one.call("report", "a1", check=0)
        wait_until(lambda: shown_ballots(one, "a1") == ballots(tale, "a1"), what="the report")
        reported = ballots(tale, "a1")
        a1 = [row for row in telling.ROWS if row.leaf == "a1"]
        cast(one, tale, station, telling.REPORT_MIN // 2, rows=a1)
        one.call("report", "a1", check=0)  # moved by too few
        before = shown(one)
        assert shown_ballots(one, "a1") == reported
        one.kill("shard", 1)
        assert one.call("report", "--final", "b", "a1").returncode == 1
        restart_collector(one)
        assert shown(one) == before

        one.up()
        one.call("report", "--final", "b", "a1", check=0)
        final = ["a1", "b1", "b2", "b3"]
        wait_until(lambda: shown_ballots(one, *final) == ballots(tale, *final), what="the report")
        after = shown(one)
        assert after["a2"] == before["a2"]
        assert [after[leaf][2] for leaf in ("a1", "a2", "b3")] == [1, 0, 1]
        assert one.accounting()["total"]["balanced"]
        restart_collector(one)
        assert shown(one) == after
    finally:
        station.close()
