"""A bridge of `up --bridge` follows a collector that is killed, and a cluster that is restored."""

import json
import shutil

import pytest

import standing
from postgres_server import NO_SERVER, SERVERS, Server
from harness import SLOWER, is_running, wait_until
from postgres_bridge import assert_written, ballots, new_view, shards_of_api, wait_written
from test_backup import backup, restore
from test_bridge_up import address_of, ask, bridge_file, row


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
def bridged(server, cluster, tmp_path):
    """(the cluster, its bridge's file, the tables it writes)."""
    view = new_view(server, "restored")
    (tmp_path / "election.json").write_text(json.dumps(standing.ELECTION))
    file = bridge_file(tmp_path, sink={"postgres": {"conninfo": server.conninfo(view.database)}})
    one = cluster(tmp_path / "election.json", shards=2, up_options=["--bridge", file])
    return one, file, view


def cast(one, path, first, n):
    path.write_text(ballots(first, n))
    return one.cast(path)["counted"]



def metric(file, name):
    lines = ask(address_of(file), "/metrics")[1].splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + " "))


def test_a_collector_that_is_killed_and_a_restore(server, bridged, tmp_path):
    one, file, view = bridged
    assert cast(one, tmp_path / "first.ndjson", 0, 60) == 60
    assert_written(one, server, view)
    assert row(one)["state"] == "following" and row(one)["lag"] == 0
    one.call("status", check=0)
    wholes = metric(file, "psephos_bridge_wholes_total")

    # The collector is killed: nobody tells anything; its next process knows no `since`.
    pid = row(one)["pid"]
    one.kill("collector")
    wait_until(lambda: row(one)["state"] == "no collector", what="the loss of the collector")
    one.start_collector()
    assert cast(one, tmp_path / "second.ndjson", 60, 60) == 60
    assert_written(one, server, view)
    assert row(one)["pid"] == pid and row(one)["state"] == "following"
    assert metric(file, "psephos_bridge_wholes_total") == wholes + 1

    # The bridge is killed while more is cast: what it missed is there when it is back.
    backup(one, tmp_path / "backup")
    one.kill("bridge")
    assert cast(one, tmp_path / "third.ndjson", 120, 60) == 60
    one.up()
    assert_written(one, server, view)

    # All machines are lost; the backup has less, of a higher epoch: it is followed down.
    one.down()
    assert not is_running(pid)
    shutil.rmtree(one.directory / "data")
    restore(one, tmp_path / "backup")
    one.up()
    wait_written(one, server, view, timeout=60 * SLOWER)
    assert {epoch for _, epoch, _ in shards_of_api(one)} == {2}
    assert_written(one, server, view)
    assert one.accounting()["total"]["counted"] == 120
    assert cast(one, tmp_path / "third.ndjson", 120, 60) == 60
    assert_written(one, server, view)
