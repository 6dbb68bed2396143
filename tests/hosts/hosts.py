"""deploy/ on containers that are hosts (systemd, sshd, own addresses); exact or exit 1.

Needs root, Docker running, and ansible-core. Builds packages of this version and a next one, then:

  nothing    Ansible onto five hosts, a second run changes nothing; Vermont 2020 is cast from a
             sixth, and one of the three hosts for shards is destroyed in the middle: exact; a new
             machine takes its place with replace.yml: replicas equal
  doors      Vermont again, over HTTPS through the gateway of the fifth host, and its bridge
             writes to a PostgreSQL there, both killed meanwhile: exact, rows equal; a token
             is revoked; every unit's limit of memory is the kernel's, and kept by it
  stranger   a host without keys tries every port; no process listens where it need not; the
             units' exposure; a process that hangs is ended by systemd's watchdog
  upgrade    to the next version, host by host, under load: no ballot refused or lost
  backup     under load; then every host is destroyed and new ones, with other addresses, go on
             from it: exact as of its indexes, and exact when the rest is cast again
  compose    from nothing to the exact demo; a container killed, a volume lost; the gateway
             takes ballots, the bridge writes to a PostgreSQL (a stand-in of Debian's), also
             after SIGKILL, Prometheus sees the cluster; down and up keep the count; keys
             that are gone are told; down -v leaves nothing. By `docker compose` where it
             is, else docker-compose

Prints what was seen, a line each. --keep leaves the hosts there.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import doors
from bed import (BASES, HOSTS, MOVED, ROOT, SHARD_HOSTS, Bed, Wrong, call, docker, have_base,
                 require, say, wait_until)

# ---- what is shown ----


def from_nothing(bed):
    bed.start(*HOSTS, "station", "stranger")
    say("seven hosts run systemd and sshd")
    recap = bed.play("site")
    say(
        "site.yml onto five hosts: "
        f"{sum(r['changed'] for r in recap.values())} changes, none failed"
    )
    recap = bed.play("site")
    require(
        all(r["changed"] == 0 and r["failed"] == 0 for r in recap.values()), f"second run: {recap}"
    )
    say("site.yml again: changed=0 on every host")
    bed.equip_station()
    bed.cast(8000)
    bed.counted_past(100000)
    bed.destroy("north")
    at = bed.accounting()["total"]["counted"]
    summary = bed.cast_done()
    gone = [p for p in bed.status() if p["state"] == "not answering"]
    require(len(gone) == 3, f"three replicas should be away: {gone}")
    say(f"host north destroyed after {at:,} ballots; {summary['cast']:,} cast, all counted, "
        f"{summary['resent']:,} sent again")
    bed.start("north")
    bed.play("replace", "-e", "psephos_host=north")
    bed.exact()
    say(
        "a new machine in its place (replace.yml): "
        "all replicas of a shard at one index and state hash; exact"
    )


def stranger(bed):
    bed.put("stranger", bed.folder / "stranger.py", "/root/stranger.py")
    bed.put("stranger", bed.cluster / "cluster.json", "/root/cluster.json")
    seen = json.loads(bed.on("stranger", "python3", "/root/stranger.py", "/root/cluster.json",
                             *(bed.address(name) for name in HOSTS)).stdout)
    require(not seen["answered"], f"a stranger was answered: {seen['answered']}")
    wanted = sorted(
        [f"{bed.address(name)}:22" for name in HOSTS]
        + [f"{bed.address('east')}:8080"]
    )
    require(sorted(seen["open"]) == wanted, f"open to a stranger: {seen['open']}")
    require(
        seen["http"]["GET /api/v1/election"] == 200
        and all(
            code in (403, 404, 405)
            for what, code in seen["http"].items()
            if what != "GET /api/v1/election"
        ),
        f"HTTP: {seen['http']}",
    )
    say(
        f"a host without keys reaches sshd and the page, of {len(HOSTS)} x 65,535 ports: "
        f"{', '.join(seen['open'])}"
    )
    say(f"  and gets from the page: {seen['http']}")
    # The same with the firewall open: keys alone must do.
    for name in HOSTS:
        bed.on(name, "systemctl", "stop", "psephos-firewall")
    seen = json.loads(bed.on("stranger", "python3", "/root/stranger.py", "/root/cluster.json",
                             *(bed.address(name) for name in HOSTS)).stdout)
    for name in HOSTS:
        bed.on(name, "systemctl", "start", "psephos-firewall")
    require(not seen["answered"], f"a stranger was answered: {seen['answered']}")
    require(set(seen["gateway"].values()) <= {401, 404, 405}, f"gateway: {seen['gateway']}")
    say(f"without the firewall: {len(seen['open'])} ports open, no answer on any CURVE port, "
        "without keys or with keys of its own")
    say(f"  and gets from the gateway, without a token: {seen['gateway']}")
    listening = {}
    for name in HOSTS:
        out = bed.on(name, "ss", "-ltnH").stdout
        listening[name] = sorted({line.split()[3] for line in out.splitlines()} - {"127.0.0.11:0"})
        listening[name] = [at for at in listening[name] if not at.startswith("127.0.0.11:")]
        say(f"  ss -ltn on {name}: {' '.join(listening[name])}")
    description = json.loads((bed.cluster / "cluster.json").read_text())
    for name, found in listening.items():
        mine = bed.address(name)
        expected = {
            a.removeprefix("tcp://")
            for a in re.findall(r"tcp://[0-9.]+:\d+", json.dumps(description))
            if a.startswith(f"tcp://{mine}:")
        }
        if name == "east":
            expected |= {f"{mine}:8080", "127.0.0.1:7001", "127.0.0.1:9090"}
        if name == "door":
            expected |= {f"{mine}:8090", "127.0.0.1:7002", "127.0.0.1:9464"}
        require({at for at in found if not at.endswith(":22")} == expected,
                f"{name} listens at {found}, not at {sorted(expected)}")
    for name, unit in (
        ("east", "psephos-router@0"),
        ("east", "psephos-collector@0"),
        ("door", "psephos-gateway@0"),
        ("door", "psephos-bridge@page"),
        (
            "north",
            bed.on(
                "north",
                "sh",
                "-c",
                "systemctl list-units --plain --no-legend " "'psephos-shard@*' | cut -d' ' -f1",
            ).stdout.split()[0],
        ),
    ):
        out = bed.on(name, "systemd-analyze", "security", "--no-pager", unit, check=False).stdout
        say("  " + re.sub("^[^O]*", "", out.splitlines()[-1]))
    hang(bed)


def hang(bed):
    unit = bed.on("south", "sh", "-c", "systemctl list-units --plain --no-legend 'psephos-shard@*' "
                  "| cut -d' ' -f1").stdout.split()[0]

    def pid():
        return bed.on("south", "systemctl", "show", "-p", "MainPID", "--value", unit).stdout.strip()
    before, at = pid(), time.monotonic()
    bed.on("south", "kill", "-STOP", before)
    wait_until(lambda: pid() not in ("0", before), 120, "the watchdog")
    took = time.monotonic() - at
    wait_until(bed.level, 60, "one index and state hash on all replicas")
    say(f"{unit} stopped with SIGSTOP: systemd's watchdog had started it again after {took:.0f} s")


def versions(bed):
    """Of what runs, and of the packages behind what does not say its own."""
    told = {p["version"] for p in bed.status() if p["role"] not in ("gateway", "bridge")}
    packages = bed.on("door", "dpkg-query", "-W", "-f", "${Version}\n", "psephos-gateway",
                      "psephos-bridge").stdout
    return told | {re.sub("-.*", "", version).replace("~", "-") for version in packages.split()}


def upgrade(bed):
    """The returns are cast again and again, by new voters, until the last host is upgraded."""
    before = versions(bed)
    cast = resent = 0
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        playing = pool.submit(bed.play, "upgrade", "-e", f"psephos_packages={bed.folder / 'next'}")
        while not playing.done():
            bed.cast(5000)
            summary = bed.cast_done()
            cast, resent = cast + summary["cast"], resent + summary["resent"]
        playing.result()
    after = versions(bed)
    require(len(after) == 1 and after != before, f"versions {before}, then {after}")
    bed.exact()
    say(f"upgrade.yml {', '.join(before)} -> {', '.join(after)} under 5,000 ballots a second: "
        f"{cast:,} cast, all counted, none refused, {resent:,} sent again; exact")


def backup(bed):
    before = bed.accounting()["total"]["counted"]
    bed.cast(5000)
    bed.counted_past(before + 100000)
    bed.play("backup")
    saved = json.loads((bed.folder / "backup" / "backup.json").read_text())["shards"]
    require(bed.casting.poll() is None, "the cast was over before the backup was")
    bed.cast_done()
    bed.exact()
    at_end = bed.accounting()["total"]["counted"]
    in_backup = sum(s["counted"] for s in saved)
    require(in_backup < at_end, "the backup was not taken in the middle")
    bed.destroy(*HOSTS)
    bed.places.update(MOVED)
    bed.write_inventory()
    bed.start(*HOSTS)
    bed.play("restore", "-e", f"psephos_packages={bed.folder / 'next'}")
    wait_until(bed.level, 120, "one index and state hash on all replicas")
    wait_until(lambda: bed.accounting()["total"]["counted"] > 0, 60, "a board")
    shown = {s["shard"]: s for s in bed.accounting()["shards"]}
    for shard in saved:
        got = shown[shard["shard"]]
        require((got["received"], got["counted"]) == (shard["received"], shard["counted"]),
                f"restored {got}, backed up {shard}")
    say(
        f"backup.yml at {in_backup:,} of {at_end:,} ballots; every host destroyed; "
        f"restore.yml onto new ones: {in_backup:,} counted, "
        "shard by shard as of the backup's indexes"
    )
    bed.cast_again(8000)
    summary = bed.cast_done()
    bed.exact()
    say(
        f"the station casts again: {summary['cast']:,} ballots, "
        "each with the verdict it had or gets now; exact"
    )
    doors.after_restore(bed)


def compose_tool():
    """Both name containers alike."""
    if shutil.which("docker") and docker("compose", "version", check=False).returncode == 0:
        return ("docker", "compose", "--compatibility")
    return ("docker-compose",)


def keys_gone(run):
    """As after a down -v that did not name every profile: cluster.json is there, its keys not."""
    run(*doors.PROFILES, "down")
    docker("volume", "rm", "psephostest_keys")
    done = run("up", "-d", check=False)
    told = run("logs", "keys").stdout
    require(done.returncode != 0 and "cluster.json" in told and "--profile bridge" in told,
            f"keys that are gone: {done.returncode} {told}")
    say("the volume of the keys lost: up ends with what to do")


def compose(bed):
    tool = compose_tool()
    env = {"PSEPHOS_PORT": "18080", "COMPOSE_PROJECT_NAME": "psephostest"}
    file = ("-f", ROOT / "deploy" / "compose.yaml", "-f", doors.COMPOSE)

    def run(*command, **options):
        return call(*tool, *file, *command, env=env, timeout=3000, **options)

    def leftovers():
        found = []
        for what in ("container", "volume", "network"):
            out = docker(what, "ls", "-q", *(["-a"] if what == "container" else []),
                         "--filter", "label=com.docker.compose.project=psephostest").stdout
            found += out.split()
        return found
    try:
        run("build")
        doors.build_postgres()
        size = docker("image", "inspect", "-f", "{{.Size}}", "psephos:bookworm").stdout.strip()
        say(f"image psephos:bookworm: {int(size) / 1e6:.0f} MB with its base")
        begun = time.monotonic()
        run("up", "-d")
        wait_until(lambda: call("curl", "-fs", "http://127.0.0.1:18080/api/v1/election",
                                check=False).returncode == 0, 120, "the page")
        say(f"{' '.join(tool)} up -d: the page answers after {time.monotonic() - begun:.0f} s")
        demo = subprocess.Popen(
            [
                *tool,
                *map(str, file),
                "--profile",
                "demo",
                "up",
                "--no-log-prefix",
                "demo",
            ],
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        time.sleep(15)
        docker("kill", "psephostest_shard-0-0_1")
        docker("kill", "psephostest_router-0_1")
        time.sleep(3)
        run("up", "-d")
        out, _ = demo.communicate(timeout=900)
        require("exact" in out, f"the demo: {out[-1500:]}")
        say(
            "the demo counted while a shard's and a router's container "
            "were killed and started again: exact"
        )
        run("stop", "shard-1-2")
        docker("rm", "-f", "psephostest_shard-1-2_1")
        docker("volume", "rm", "psephostest_shard-1-2")
        volume_lost(run)
        doors.of_compose(run)
        keys_gone(run)
        run(*doors.PROFILES, "down", "-v")
        require(not leftovers(), f"left behind: {leftovers()}")
        say("down -v: no container, volume or network is left")
    finally:
        run(*doors.PROFILES, "down", "-v", check=False)


def volume_lost(run):
    """As docs/operations.md says: a new ID, an empty volume, then it joins."""
    def operator(*command, check=True):
        return run("run", "--rm", "operator", *command, check=check)
    operator("replica", "new-id", "--dir", "/cluster", "--shard", "1", "--replica", "2")
    run("up", "-d", "shard-1-2")
    operator("replica", "replace", "--dir", "/cluster", "--shard", "1", "--replica", "2")

    def level():
        out = operator("status", "--dir", "/cluster", "--json", check=False).stdout
        shards = [p for p in json.loads(out[out.index("{"):])["processes"] if p["role"] == "shard"]
        return (
            len(shards) == 9
            and len({(p["shard"], p["index"], p["state_hash"]) for p in shards}) == 3
        )
    wait_until(level, 120, "one index and state hash on all replicas")
    say("the volume of shard-1-2 lost: it joined again under a new ID; replicas equal")


STAGES = {
    "nothing": from_nothing,
    "doors": doors.on_hosts,
    "stranger": stranger,
    "upgrade": upgrade,
    "backup": backup,
    "compose": compose,
}


def main():
    parser = argparse.ArgumentParser(prog="./run hosts", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--stages",
        default=",".join(STAGES),
        metavar="A,B",
        help="of the list above, in its order; `nothing` comes before any but compose",
    )
    parser.add_argument(
        "--packages", type=Path, help="a kept folder of an earlier run, for its packages"
    )
    parser.add_argument("--release", choices=BASES, default="bookworm",
                        help="Debian of hosts and image; packages for another one than this "
                        "machine's come with --packages")
    parser.add_argument("--keep", action="store_true", help="leave the hosts and the folder")
    arguments = parser.parse_args()
    for tool in ("docker", "ansible-playbook", compose_tool()[0], "debootstrap"):
        if not shutil.which(tool):
            sys.exit(f"hosts: needs {tool}: apt-get install docker.io docker-compose "
                     "ansible-core debootstrap")
    if docker("info", check=False).returncode != 0:
        sys.exit("hosts: no Docker engine answers; start dockerd")
    if set(arguments.stages.split(",")) - set(STAGES):
        sys.exit(f"hosts: stages are {', '.join(STAGES)}")
    bed = Bed(arguments.release)
    try:
        wanted = arguments.stages.split(",")
        have_base(arguments.release)
        if wanted == ["compose"]:
            compose(bed)
            return 0
        bed.make_image()
        if arguments.packages:
            for name in ("now", "next"):
                shutil.copytree(arguments.packages / name, bed.folder / name)
        else:
            bed.build_packages("now", None)
            bed.build_packages("next", "999.0.0")
            say("packages of this version and of a next one are built")
        bed.write_inventory()
        for name, stage in STAGES.items():
            if name in wanted:
                stage(bed)
        return 0
    except (Wrong, subprocess.TimeoutExpired) as problem:
        print(f"WRONG: {problem}\nthe control node's folder: {bed.folder}", file=sys.stderr)
        arguments.keep = True
        return 1
    finally:
        if not arguments.keep:
            bed.remove()
            shutil.rmtree(bed.folder)


if __name__ == "__main__":
    sys.exit(main())
