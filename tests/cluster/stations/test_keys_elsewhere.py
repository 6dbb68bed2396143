"""A control node that holds no key but the operator's: all that is operated from there works."""

import os
import shutil
import subprocess

import pytest

from harness import BIN, FIXTURES, ROOT, run_psephos

TOWN = FIXTURES / "town.json"
HOSTS = "east 127.0.0.21 router\nwest 127.0.0.23 collector\nnorth 127.0.0.22 shard\n"


@pytest.fixture
def court(tmp_path):
    """An auditor's key, made where it is used; the file of its public half."""
    run_psephos("auditor", "keygen", tmp_path / "court.key", check=0)
    return tmp_path / "court.key.pub"


def secrets_in(folder):
    return {path.name for path in folder.rglob("*.key*") if not path.name.endswith(".pub")}


def test_with_the_operators_key_alone_everything_is_operated(cluster, court, tmp_path):
    one = cluster(TOWN, shards=1, up_options=["--auditor-key", court, "--closed"])
    node = tmp_path / "node"
    (node / "keys").mkdir(parents=True)
    for name in ("cluster.json", "election.json", "clients.json", "keys/operator.key"):
        shutil.copy(one.directory / name, node / name)
    run_psephos("station", "keygen", tmp_path / "school.key", check=0)
    for call in (["status"], ["open"], ["zero"], ["report", "north-1"],
                 ["backup", "--out", tmp_path / "backup"],
                 ["client", "add", "school", "--public-key", tmp_path / "school.key.pub"],
                 ["client", "list"], ["close"]):
        run_psephos(call[0], "--dir", node, *call[1:], check=0)
    assert secrets_in(node) == {"operator.key"}
    run_psephos("recount", "--offline", "--dir", node, "--backup", tmp_path / "backup",
                "--auditor-key", tmp_path / "court.key", check=0)


def test_a_layout_stays_as_it_was_without_the_keys_of_its_processes(court, tmp_path):
    (tmp_path / "hosts").write_text(HOSTS)
    folder = tmp_path / "cluster"
    lay_out = ["up", "--dir", folder, "--hosts", tmp_path / "hosts", "--election", TOWN,
               "--shards", 2, "--replicas", 1, "--auditor-key", court]
    run_psephos(*lay_out, check=0)
    made = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {"digest.key", "shard-0-0.key", "shard-1-sign.key"} <= secrets_in(folder)
    assert "auditor.key" not in secrets_in(folder)
    for path in (folder / "keys").iterdir():
        if path.name != "operator.key":
            path.unlink()
    run_psephos(*lay_out, check=0)
    assert secrets_in(folder / "keys") == {"operator.key"}  # nothing is made anew
    assert all(made[path] == path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_operators_container_has_no_key_of_a_process(court, tmp_path):
    """The script that makes and hands out keys, with folders in place of volumes."""
    roles = ("router", "shard", "collector", "gateway", "bridge", "operator")
    for name in ("cluster", "election", *(f"keys/{role}" for role in roles)):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(TOWN, tmp_path / "election" / "election.json")
    script = (ROOT / "deploy" / "image" / "keys").read_text()
    for name in ("/cluster", "/keys/", "/election"):
        for before in (" ", "="):
            script = script.replace(before + name, f"{before}{tmp_path}{name}")
    environment = os.environ | {
        "PATH": f"{BIN}:{os.environ['PATH']}", "PSEPHOS_HOSTS": HOSTS,
        "PSEPHOS_LAYOUT": "--shards 2 --replicas 1", "PSEPHOS_TEST": "1",
        "PSEPHOS_AUDITOR_KEYS": court.read_text().strip()}
    subprocess.run(["sh", "-c", script], check=True, env=environment, timeout=60,
                   stdout=subprocess.DEVNULL)
    held = {role: secrets_in(tmp_path / "keys" / role) for role in roles}
    assert held["operator"] == {"operator.key", "ballot-ids.key"}
    assert held["shard"] == {"shard-0-0.key", "shard-1-0.key", "shard-0-sign.key",
                             "shard-1-sign.key"}
    assert held["router"] == {"router-0.key", "digest.key"}
    assert held["collector"] == {"collector-0.key"}
