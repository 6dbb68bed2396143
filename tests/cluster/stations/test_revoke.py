"""`client revoke` ends when every router has said that it no longer admits the station."""

import json
import os
import shutil
import signal
import socket
import subprocess

from harness import BIN, FIXTURES, is_running, wait_until

TOWN = FIXTURES / "town.json"


def routers_of(done):
    return {r["router"]: r for r in json.loads(done.stdout)["routers"]}


def listens(address):
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def on_another_host(one, directory):
    """Router 0 with a folder of its own, as on another host; the process."""
    directory.mkdir()
    for name in ("cluster.json", "clients.json", "election.json"):
        shutil.copy(one.directory / name, directory)
    shutil.copytree(one.directory / "keys", directory / "keys")
    here = next(p["pid"] for p in one.processes() if (p["role"], p["number"]) == ("router", 0))
    os.kill(here, signal.SIGTERM)
    wait_until(lambda: not is_running(here), what="the end of router 0")
    there = subprocess.Popen([BIN / "psephos-router", "--cluster", directory / "cluster.json",
                              "--router", "0"], stdin=subprocess.DEVNULL)
    address = one.description["routers"][0]["address"]
    wait_until(lambda: listens(address), what="router 0 elsewhere")
    return there


def test_a_revoked_key_is_gone_at_every_router_or_they_are_named(cluster, tmp_path):
    one = cluster(TOWN, shards=1, up_options=["--routers", 2])
    for name in ("first", "school"):
        one.call("client", "add", name, check=0)
    known = routers_of(one.call("client", "revoke", "first", "--json", check=0))
    assert {n: r["admits"] for n, r in known.items()} == {0: False, 1: False}
    there = on_another_host(one, tmp_path / "host")
    try:
        (tmp_path / "host" / "clients.json").write_text("{\"format\": 2, \"clients\": [")
        silent = next(p["pid"] for p in one.processes()
                      if (p["role"], p["number"]) == ("router", 1))
        os.kill(silent, signal.SIGSTOP)
        try:
            done = one.call("client", "revoke", "school", "--json", check=1)
        finally:
            os.kill(silent, signal.SIGCONT)
        told = routers_of(done)
        assert (told[0]["admits"], told[1]["admits"]) == (True, None)
        assert str(tmp_path / "host" / "clients.json") in told[0]["fault"]
        assert "router 0 at tcp://" in done.stderr and "cannot read its list" in done.stderr
        assert "router 1 at tcp://" in done.stderr and "does not answer" in done.stderr
        assert "ansible-playbook site.yml" in done.stderr
        since = json.loads((one.directory / "clients.json").read_text())["clients"][-1]["revoked"]
        # The list is copied there; asked again, all of them know.
        shutil.copy(one.directory / "clients.json", tmp_path / "host")
        again = one.call("client", "revoke", "school", "--json", check=0)
        assert [r["admits"] for r in json.loads(again.stdout)["routers"]] == [False, False]
        kept = json.loads((one.directory / "clients.json").read_text())["clients"][-1]
        assert kept["revoked"] == since  # since the same moment
    finally:
        there.kill()
        there.wait()
    assert "there is no station" in one.call("client", "revoke", "nobody", check=1).stderr


def test_a_damaged_list_is_an_error_and_stays_as_it_is(cluster):
    one = cluster(TOWN, shards=1)
    one.call("client", "add", "school", check=0)
    path = one.directory / "clients.json"
    whole = path.read_text()
    for damaged in (whole[:-20], whole.replace('"number": 2', '"number": 1'), ""):
        path.write_text(damaged)
        for call in (["add", "hall"], ["revoke", "school"]):
            done = one.call("client", *call, check=1)
            assert str(path) in done.stderr and done.stdout == ""
            assert path.read_text() == damaged
        assert not (one.directory / "clients" / "hall.key").exists()
