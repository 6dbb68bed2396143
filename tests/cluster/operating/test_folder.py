"""A cluster's folder that is not whole: what `up` and `down` make of it."""

import os
import re
import shutil
import subprocess

import pytest

from harness import BIN, ROOT, TIMEOUT_S, is_running, run_psephos


@pytest.fixture
def sparse(import_returns, fixture_file):
    return import_returns(fixture_file("sparse.csv"))


def test_down_ends_daemons_whose_folder_was_removed(cluster, sparse):
    gone, other = cluster(sparse, name="gone"), cluster(sparse, name="other", shards=1)
    pids, others = gone.pids(), other.pids()
    shutil.rmtree(gone.directory)
    done = run_psephos("down", "--dir", gone.directory, check=0)
    assert done.stdout == "4 processes stopped; of 4 the folder had been removed\n"
    assert not any(map(is_running, pids)) and all(map(is_running, others))
    # Now there is neither a folder nor a process.
    again = run_psephos("down", "--dir", gone.directory, check=1)
    assert again.stdout == "" and str(gone.directory) in again.stderr


def test_down_finds_them_by_a_relative_path_and_in_a_folder_made_anew(cluster, sparse, tmp_path):
    one = cluster(sparse, shards=1)
    pids = one.pids()
    shutil.rmtree(one.directory)
    one.up()
    newer = one.pids()
    done = subprocess.run([BIN / "psephos", "down", "--dir", f"../{tmp_path.name}/cluster/"],
                          cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0
    assert done.stdout == "6 processes stopped; of 3 the folder had been removed\n"
    assert not any(map(is_running, pids + newer))


def test_down_leaves_other_programs_alone(cluster, sparse):
    one = cluster(sparse, shards=1)
    looks_like = subprocess.Popen(["sleep", "600"])
    try:
        shutil.rmtree(one.directory)
        reader = subprocess.Popen(["sh", "-c", "sleep 600", "--cluster",
                                   str(one.directory / "cluster.json")])
        run_psephos("down", "--dir", one.directory, check=0)
        assert is_running(looks_like.pid) and is_running(reader.pid)
    finally:
        for process in (looks_like, reader):
            process.kill()
            process.wait()


def test_up_makes_the_folders_that_git_does_not_keep(cluster, sparse):
    one = cluster(sparse, shards=2, up_options=["--closed"])
    one.down()
    shutil.rmtree(one.directory / "data")  # nothing was counted
    for folder in ("begun", "logs", "run", "roll"):  # or up wants the data back
        shutil.rmtree(one.directory / folder)
    os.mkdir(one.directory / "data")
    for root, folders, files in os.walk(one.directory, topdown=False):
        if not folders and not files:
            os.rmdir(root)
    assert sorted(p.name for p in one.directory.iterdir() if p.is_dir()) == ["clients", "keys"]
    assert "0 processes stopped" in one.down().stdout
    one.up("--closed")
    assert len(one.pids()) == 4
    one.call("open", check=0)


@pytest.mark.parametrize("missing", [["psephos-shard"], ["psephos-router", "psephos-collector"],
                                     ["psephos-router", "psephos-shard", "psephos-collector"]])
def test_up_names_the_packages_that_are_missing(sparse, tmp_path, missing):
    programs = tmp_path / "bin"
    programs.mkdir()
    shutil.copy2(BIN / "psephos", programs)
    for name in ("psephos-router", "psephos-shard", "psephos-collector"):
        if name not in missing:
            shutil.copy2(BIN / name, programs)
    done = subprocess.run(
        [programs / "psephos", "up", "--dir", tmp_path / "c", "--election", sparse],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == (f"psephos up: not in {programs}: {' '.join(missing)}. "
                           "Install the packages of these names, from where that of this command "
                           f"came: apt-get install {' '.join(f'./{n}_*.deb' for n in missing)}\n")
    assert not (tmp_path / "c").exists()
    # To lay a cluster out for other machines they are not needed.
    hosts = tmp_path / "hosts"
    hosts.write_text("one 10.0.0.1 router shard collector\n")
    done = subprocess.run(
        [
            programs / "psephos",
            "up",
            "--dir",
            tmp_path / "c",
            "--election",
            sparse,
            "--hosts",
            hosts,
        ],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("before", ["absent", "empty"])
def test_an_up_that_fails_leaves_nothing_behind(sparse, tmp_path, before):
    folder = tmp_path / "c"
    if before == "empty":
        folder.mkdir()
    roll = tmp_path / "roll.csv"
    roll.write_text("voter_id,unit\nV-1,nowhere\n")
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    for options in (["--election", bad], ["--election", sparse, "--roll", roll]):
        run_psephos("up", "--dir", folder, *options, check=1)
        assert folder.exists() == (before == "empty")
        assert before == "absent" or not list(folder.iterdir())


def test_an_up_that_fails_keeps_what_was_there(sparse, tmp_path):
    folder = tmp_path / "c"
    folder.mkdir()
    (folder / "notes").write_text("mine")
    (tmp_path / "roll.csv").write_text("voter_id,unit\nV-1,nowhere\n")
    run_psephos(
        "up", "--dir", folder, "--election", sparse, "--roll", tmp_path / "roll.csv", check=1
    )
    assert (folder / "notes").read_text() == "mine"


def test_compose_binds_to_this_machine_only():
    text = (ROOT / "deploy" / "compose.yaml").read_text()
    ports = [line.strip() for line in text.splitlines() if line.strip().endswith(":8080\"")]
    assert ports == ['- "${PSEPHOS_BIND:-127.0.0.1}:${PSEPHOS_PORT:-8080}:8080"']


def test_each_down_of_compose_names_every_profile():
    compose = ROOT / "deploy" / "compose.yaml"
    profiles = set(re.findall(r"profiles: \[(.+)\]", compose.read_text())) - {"operator"}
    assert {"demo", "bridge"} <= profiles  # `run --rm operator` leaves no container
    for path in (compose, ROOT / "docs" / "operations.md", ROOT / "deploy" / "image" / "keys"):
        downs = re.findall(r"deploy/compose.yaml(.*) down\b", path.read_text())
        assert downs, path
        for options in downs:
            assert set(re.findall(r"--profile (\S+)", options)) == profiles, path


def test_compose_hands_out_no_keys_that_are_gone(tmp_path):
    """The image's script, its folders moved here."""
    (tmp_path / "cluster" / "keys").mkdir(parents=True)
    (tmp_path / "cluster" / "clients").mkdir()
    (tmp_path / "cluster" / "cluster.json").write_text("{}")
    for role in ("router", "shard", "collector", "gateway", "bridge", "operator"):
        (tmp_path / "keys" / role).mkdir(parents=True)
    text = (ROOT / "deploy" / "image" / "keys").read_text()
    script = re.sub(r"(?<![\w/])/(cluster|keys)\b(?=[/ \n])", rf"{tmp_path}/\1", text)
    script = script.replace("folder=/keys/", f"folder={tmp_path}/keys/")

    def hand_out():
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True,
                              timeout=TIMEOUT_S, env={**os.environ, "PSEPHOS_HOSTS": ""})
        return done, sorted(p.relative_to(tmp_path / "keys").as_posix()
                            for p in (tmp_path / "keys").glob("*/*"))
    done, given = hand_out()
    assert done.returncode == 1 and given == []
    assert "cluster.json" in done.stderr and "--profile bridge" in done.stderr
    for name in ("keys/digest", "keys/router-0", "keys/shard-0-0", "keys/collector-0",
                 "keys/operator", "keys/ballot-ids", "clients/local"):
        (tmp_path / "cluster" / f"{name}.key").write_text(name)
    done, given = hand_out()
    assert done.returncode == 0, done.stderr
    assert given == ["bridge/ballot-ids.key", "bridge/local.key", "collector/collector-0.key",
                     "operator/ballot-ids.key", "operator/operator.key", "router/digest.key",
                     "router/router-0.key", "shard/shard-0-0.key"]
