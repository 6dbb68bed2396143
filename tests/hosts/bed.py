"""The hosts that deploy/ is tried on: containers with systemd, sshd and addresses of their own."""

import csv
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PSEPHOS = ROOT / "build" / "bin" / "psephos"
RETURNS = ROOT / "demo" / "vermont-2020-county.csv"
BASES = {release: f"debian:{release}-slim" for release in ("bookworm", "trixie")}
IMAGE, NETWORK, NET = "psephos-host", "psephos-hosts", "10.214.0"
SHARD_HOSTS = ("north", "south", "west")
HOSTS = ("east", *SHARD_HOSTS, "door")  # of the inventory
PLACES = {"east": 11, "north": 12, "south": 13, "west": 14, "door": 17, "station": 15,
          "stranger": 16}
MOVED = {"east": 21, "north": 22, "south": 23, "west": 24, "door": 27}
BRIDGE = {"format": 1, "name": "page", "http_local": "127.0.0.1:9464",
          "sink": {"postgres": {"conninfo": "dbname=results"}}}
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


def have_base(release):
    base = BASES[release]
    if docker("image", "inspect", base, check=False).returncode == 0:
        return
    say(f"making {base} with debootstrap")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        call("debootstrap", "--variant=minbase", release, folder + "/root")
        change = ""
        if (
            "NODE_EXTRA_CA_CERTS" in os.environ
        ):  # this machine reaches npm through a proxy with a CA of its own
            shutil.copy(os.environ["NODE_EXTRA_CA_CERTS"], folder + CA)
            change = f"--change 'ENV NODE_EXTRA_CA_CERTS={CA.removeprefix('/root')}'"
        call("sh", "-c", f"tar -C {folder}/root -c . | docker import {change} - {base}")


class Bed:
    """The folder of the control node (this machine), and the hosts."""

    def __init__(self, release):
        self.release = release
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
        docker("build", "--network=host", "-q", "-t", IMAGE, "--build-arg",
               f"BASE={BASES[self.release]}", self.folder)
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
                  "shards": list(SHARD_HOSTS), "gateways": ["door"], "bridges": ["door"]}
        (self.folder / "page.json").write_text(json.dumps(BRIDGE))
        self.make_certificate()
        (self.folder / "inventory.json").write_text(
            json.dumps(
                {
                    "all": {
                        "hosts": {
                            name: {"ansible_host": self.address(name)}
                            for name in HOSTS
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
                            "psephos_gateway_certificate": str(self.folder / "gateway.pem"),
                            "psephos_gateway_certificate_key": str(self.folder / "gateway.key"),
                            "psephos_bridges": [str(self.folder / "page.json")],
                            "psephos_operator_networks": [f"{NET}.1/32"],
                            "psephos_station_networks": [f"{self.address('station')}/32"],
                        },
                    }
                }
            )
        )

    def make_certificate(self):
        """Of the door, wherever it stands."""
        if not (self.folder / "gateway.pem").exists():
            names = ",".join(f"IP:{NET}.{at['door']}" for at in (PLACES, MOVED))
            call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=door",
                 "-addext", f"subjectAltName={names}", "-keyout", self.folder / "gateway.key",
                 "-out", self.folder / "gateway.pem")

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
