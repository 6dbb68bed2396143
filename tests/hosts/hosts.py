"""deploy/ on containers that are hosts (systemd, sshd, own addresses); exact or exit 1.

Needs root, Docker running, and ansible. Builds packages of this version and of a next one, then:

  nothing    Ansible onto four hosts, a second run changes nothing; Vermont 2020 is cast from a
             fifth, and one of the three hosts for shards is destroyed in the middle: exact; a new
             machine takes its place with replace.yml: replicas equal
  stranger   a host without keys tries every port; no process listens where it need not; the
             units' exposure; a process that hangs is ended by systemd's watchdog
  upgrade    to the next version, host by host, under load: no ballot refused or lost
  backup     under load; then every host is destroyed and new ones, with other addresses, go on
             from it: exact as of its indexes, and exact when the rest is cast again
  compose    from nothing to the exact demo; a container killed, a volume lost; down -v leaves
             nothing

Prints what was seen, a line each. --keep leaves the hosts there.
"""

import argparse
import concurrent.futures
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PSEPHOS = ROOT / "build" / "bin" / "psephos"
RETURNS = ROOT / "demo" / "vermont-2020-county.csv"
BASE, IMAGE, NETWORK, NET = "debian:bookworm-slim", "psephos-host", "psephos-hosts", "10.214.0"
SHARD_HOSTS = ("north", "south", "west")
PLACES = {"east": 11, "north": 12, "south": 13, "west": 14, "station": 15, "stranger": 16}
MOVED = {"east": 21, "north": 22, "south": 23, "west": 24}
HOST_OPTIONS = [
    "--cap-add",
    "SYS_ADMIN",
    "--cap-add",
    "NET_ADMIN",
    "--security-opt",
    "seccomp=unconfined",
    "--tmpfs",
    "/run",
    "--tmpfs",
    "/run/lock",
    "--tmpfs",
    "/tmp",
    "-v",
    "/sys/fs/cgroup:/sys/fs/cgroup:ro",
]
CA = "/root/usr/local/share/machine-ca.crt"
BEGUN = time.monotonic()


class Wrong(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Wrong(what)


def say(what):
    print(f"{time.monotonic() - BEGUN:5.0f} s  {what}", flush=True)


def call(*command, check=True, cwd=None, timeout=1200, env=None):
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(env or {})},
    )
    if check and done.returncode != 0:
        raise Wrong(f"{' '.join(map(str, command))}\nexit code {done.returncode}\n"
                    f"{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done


def docker(*command, **options):
    return call("docker", *command, **options)


def wait_until(condition, timeout, what):
    end = time.monotonic() + timeout
    while not condition():
        require(time.monotonic() < end, f"{what}: not within {timeout} s")
        time.sleep(0.5)


def have_base():
    if docker("image", "inspect", BASE, check=False).returncode == 0:
        return
    say(f"making {BASE} with debootstrap")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        call("debootstrap", "--variant=minbase", "bookworm", folder + "/root")
        change = ""
        if (
            "NODE_EXTRA_CA_CERTS" in os.environ
        ):  # this machine reaches npm through a proxy with a CA of its own
            shutil.copy(os.environ["NODE_EXTRA_CA_CERTS"], folder + CA)
            change = f"--change 'ENV NODE_EXTRA_CA_CERTS={CA.removeprefix('/root')}'"
        call("sh", "-c", f"tar -C {folder}/root -c . | docker import {change} - {BASE}")


class Bed:
    """The folder of the control node (this machine), and the hosts."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="psephos-hosts-", dir="/var/tmp"))
        self.places = dict(PLACES)
        self.cluster = self.folder / "cluster"
        self.cast_times = 0
        self.casting = None

    # ---- hosts ----

    def make_image(self):
        for name in ("Dockerfile", "stranger.py"):
            shutil.copy(HERE / name, self.folder)
        call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "id")
        docker("build", "--network=host", "-q", "-t", IMAGE, self.folder)
        self.remove()
        docker("network", "create", "--subnet", f"{NET}.0/24", NETWORK)

    def address(self, name):
        return f"{NET}.{self.places[name]}"

    def start(self, *names):
        for name in names:
            docker(
                "run",
                "-d",
                "--name",
                f"psephos-{name}",
                "--hostname",
                name,
                "--network",
                NETWORK,
                "--ip",
                self.address(name),
                *HOST_OPTIONS,
                IMAGE,
            )
        for name in names:
            wait_until(
                lambda: self.on(name, "systemctl", "is-active", "ssh", check=False).returncode == 0,
                60,
                f"sshd on {name}",
            )

    def destroy(self, *names):
        docker("rm", "-f", "-v", *(f"psephos-{name}" for name in names))

    def on(self, name, *command, **options):
        return docker("exec", f"psephos-{name}", *command, **options)

    def put(self, name, path, to):
        docker("cp", path, f"psephos-{name}:{to}")

    def remove(self):
        for name in PLACES:
            docker("rm", "-f", "-v", f"psephos-{name}", check=False)
        docker("network", "rm", NETWORK, check=False)

    # ---- packages ----

    def build_packages(self, name, version):
        """From a copy of the checkout's files; `version` None: as it is."""
        source = self.folder / "source"
        if not source.exists():
            call("git", "clone", "-q", ROOT, source)
        if version:
            lists = source / "CMakeLists.txt"
            lists.write_text(re.sub(r"(project\(psephos VERSION )[0-9.]+", rf"\g<1>{version}",
                                    lists.read_text()))
        call(source / "deploy" / "packages.sh", self.folder / name, cwd=source, timeout=3000)

    def package(self, folder, name):
        return next((self.folder / folder).glob(f"{name}_*.deb"))

    # ---- Ansible ----

    def write_inventory(self):
        call(PSEPHOS, "import", RETURNS, "--out", self.folder / "e", "--force")
        groups = {"routers": ["east"], "collectors": ["east"], "monitoring": ["east"],
                  "shards": list(SHARD_HOSTS)}
        (self.folder / "inventory.json").write_text(
            json.dumps(
                {
                    "all": {
                        "hosts": {
                            name: {"ansible_host": self.address(name)}
                            for name in ("east", *SHARD_HOSTS)
                        },
                        "children": {
                            group: {"hosts": {name: {} for name in names}}
                            for group, names in groups.items()
                        },
                        "vars": {
                            "ansible_user": "root",
                            "ansible_ssh_private_key_file": str(self.folder / "id"),
                            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no "
                            "-o UserKnownHostsFile=/dev/null",
                            "psephos_command": str(PSEPHOS),
                            "psephos_packages": str(self.folder / "now"),
                            "psephos_election": str(self.folder / "e" / "election.json"),
                            "psephos_operator_networks": [f"{NET}.1/32"],
                            "psephos_station_networks": [f"{self.address('station')}/32"],
                        },
                    }
                }
            )
        )

    def play(self, book, *options):
        """The recap: {host: {"ok": n, "changed": n, ...}}."""
        done = call(
            "ansible-playbook",
            "-i",
            self.folder / "inventory.json",
            f"{book}.yml",
            *options,
            cwd=ROOT / "deploy" / "ansible",
            timeout=1800,
        )
        recap = done.stdout.rpartition("PLAY RECAP")[2]
        return {line.split()[0]: {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", line)}
                for line in recap.splitlines()[1:] if "=" in line}

    # ---- the cluster ----

    def psephos(self, name, *options, check=True):
        return call(PSEPHOS, name, "--dir", self.cluster, *options, check=check)

    def status(self):
        out = self.psephos("status", "--json", check=False).stdout
        return json.loads(out)["processes"] if out else []

    def level(self):
        shards = [p for p in self.status() if p["role"] == "shard"]
        states = {(p["shard"], p["index"], p["state_hash"]) for p in shards
                  if p["state"] in ("leader", "follower")}
        return (
            len(shards) == 9
            and len(states) == 3
            and all(p["state"] in ("leader", "follower") for p in shards)
        )

    def api(self):
        return (
            "http://"
            + json.loads((self.cluster / "cluster.json").read_text())["collectors"][0]["http"]
        )

    def accounting(self):
        return json.loads(call(PSEPHOS, "accounting", "--api", self.api(), "--json").stdout)

    def equip_station(self):
        for name in ("psephos-client", "psephos-cli"):
            self.put("station", self.package("now", name), f"/root/{name}.deb")
        self.on(
            "station",
            "sh",
            "-c",
            "apt-get update -q && apt-get install -y -q --no-install-recommends "
            "/root/psephos-client.deb /root/psephos-cli.deb",
        )
        self.psephos("client", "add", "station")
        self.play("site")
        self.put("station", RETURNS, "/root/returns.csv")
        for name in ("station.key", "station.key.ids"):
            self.put("station", self.cluster / "clients" / name, f"/root/{name}")
            self.on("station", "chmod", "600", f"/root/{name}")

    def cast(self, rate):
        """Begins a cast of the whole returns by voters who have not voted yet."""
        self.cast_times += 1
        self.cast_again(rate)

    def cast_again(self, rate):
        for name in ("cluster.json", "election.json"):
            self.put("station", self.cluster / name, f"/root/{name}")
        self.casting = subprocess.Popen(
            [
                "docker",
                "exec",
                "psephos-station",
                "psephos",
                "cast",
                "--cluster",
                "/root/cluster.json",
                "--key",
                "/root/station.key",
                "--returns",
                "/root/returns.csv",
                "--rate",
                str(rate),
                "--seed",
                str(self.cast_times),
                "--again",  # other voters, on top of those who have voted
                "--json",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def cast_done(self):
        out, err = self.casting.communicate(timeout=900)
        require(
            self.casting.returncode == 0,
            f"cast ended with {self.casting.returncode}: {err[-1000:]}",
        )
        summary = json.loads(out)
        require(summary["counted"] + summary["replayed"] == summary["cast"],
                f"not every ballot counted: {summary}")
        return summary

    def counted_past(self, ballots):
        wait_until(
            lambda: self.casting.poll() is not None
            or self.accounting()["total"]["counted"] >= ballots,
            300,
            f"{ballots} counted",
        )
        if self.casting.poll() is not None:
            self.cast_done()
            raise Wrong("the cast was over too early")

    def exact(self):
        """The published rows, as many times as they were cast."""
        def rows(text):
            return sorted(tuple(row.values()) for row in csv.DictReader(text.splitlines()))
        published = list(csv.DictReader(RETURNS.read_text().splitlines()))
        for row in published:
            row["votes"] = str(int(row["votes"]) * self.cast_times)
        wanted = sorted(tuple(row.values()) for row in published)
        out = call(PSEPHOS, "results", "--api", self.api(), "--format", "openelections").stdout
        require(rows(out) == wanted, "the totals shown are not the returns")
        require(call(PSEPHOS, "accounting", "--api", self.api(), check=False).returncode == 0,
                "the books do not balance")
        wait_until(self.level, 120, "one index and state hash on all replicas")


# ---- what is shown ----


def from_nothing(bed):
    bed.start("east", *SHARD_HOSTS, "station", "stranger")
    say("six hosts run systemd and sshd")
    recap = bed.play("site")
    say(
        "site.yml onto four hosts: "
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
    gone = [p for p in bed.status() if p["state"] not in ("leader", "follower", "ready")]
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
                             *(bed.address(name) for name in ("east", *SHARD_HOSTS))).stdout)
    require(not seen["answered"], f"a stranger was answered: {seen['answered']}")
    wanted = sorted(
        [f"{bed.address(name)}:22" for name in ("east", *SHARD_HOSTS)]
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
        "a host without keys reaches sshd and the page, of 4 x 65,535 ports: "
        f"{', '.join(seen['open'])}"
    )
    say(f"  and gets from the page: {seen['http']}")
    # The same with the firewall open: keys alone must do.
    for name in ("east", *SHARD_HOSTS):
        bed.on(name, "systemctl", "stop", "psephos-firewall")
    seen = json.loads(bed.on("stranger", "python3", "/root/stranger.py", "/root/cluster.json",
                             *(bed.address(name) for name in ("east", *SHARD_HOSTS))).stdout)
    for name in ("east", *SHARD_HOSTS):
        bed.on(name, "systemctl", "start", "psephos-firewall")
    require(not seen["answered"], f"a stranger was answered: {seen['answered']}")
    say(f"without the firewall: {len(seen['open'])} ports open, no answer on any CURVE port, "
        "without keys or with keys of its own")
    listening = {}
    for name in ("east", *SHARD_HOSTS):
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
        require({at for at in found if not at.endswith(":22")} == expected,
                f"{name} listens at {found}, not at {sorted(expected)}")
    for name, unit in (
        ("east", "psephos-router@0"),
        ("east", "psephos-collector@0"),
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


def upgrade(bed):
    """The returns are cast again and again, by new voters, until the last host is upgraded."""
    before = {p["version"] for p in bed.status()}
    cast = resent = 0
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        playing = pool.submit(bed.play, "upgrade", "-e", f"psephos_packages={bed.folder / 'next'}")
        while not playing.done():
            bed.cast(5000)
            summary = bed.cast_done()
            cast, resent = cast + summary["cast"], resent + summary["resent"]
        playing.result()
    after = {p["version"] for p in bed.status()}
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
    bed.destroy("east", *SHARD_HOSTS)
    bed.places.update(MOVED)
    bed.write_inventory()
    bed.start("east", *SHARD_HOSTS)
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
        f"restore.yml onto four new ones: {in_backup:,} counted, "
        "shard by shard as of the backup's indexes"
    )
    bed.cast_again(8000)
    summary = bed.cast_done()
    bed.exact()
    say(
        f"the station casts again: {summary['cast']:,} ballots, "
        "each with the verdict it had or gets now; exact"
    )


def compose(bed):
    env = {"PSEPHOS_PORT": "18080", "COMPOSE_PROJECT_NAME": "psephostest"}
    file = ("-f", ROOT / "deploy" / "compose.yaml")

    def run(*command, **options):
        return call("docker-compose", *file, *command, env=env, timeout=3000, **options)

    def leftovers():
        found = []
        for what in ("container", "volume", "network"):
            out = docker(what, "ls", "-q", *(["-a"] if what == "container" else []),
                         "--filter", "label=com.docker.compose.project=psephostest").stdout
            found += out.split()
        return found
    try:
        run("build")
        size = docker("image", "inspect", "-f", "{{.Size}}", "psephos:bookworm").stdout.strip()
        say(f"image psephos:bookworm: {int(size) / 1e6:.0f} MB with its base")
        begun = time.monotonic()
        run("up", "-d")
        wait_until(lambda: call("curl", "-fs", "http://127.0.0.1:18080/api/v1/election",
                                check=False).returncode == 0, 120, "the page")
        say(f"docker-compose up -d: the page answers after {time.monotonic() - begun:.0f} s")
        demo = subprocess.Popen(
            [
                "docker-compose",
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
        run("down", "-v")
        require(not leftovers(), f"left behind: {leftovers()}")
        say("docker-compose down -v: no container, volume or network is left")
    finally:
        run("--profile", "demo", "down", "-v", check=False)


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
    parser.add_argument("--keep", action="store_true", help="leave the hosts and the folder")
    arguments = parser.parse_args()
    for tool in ("docker", "ansible-playbook", "docker-compose", "debootstrap"):
        if not shutil.which(tool):
            sys.exit(
                f"hosts: needs {tool}: apt-get install docker.io docker-compose ansible debootstrap"
            )
    if docker("info", check=False).returncode != 0:
        sys.exit("hosts: no Docker engine answers; start dockerd")
    if set(arguments.stages.split(",")) - set(STAGES):
        sys.exit(f"hosts: stages are {', '.join(STAGES)}")
    bed = Bed()
    try:
        wanted = arguments.stages.split(",")
        have_base()
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
