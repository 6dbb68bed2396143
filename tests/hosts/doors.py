"""Gateway and bridge, on the host `door` and in compose: ballots by HTTP, results in PostgreSQL."""

import csv
import io
import json
import os
import signal
import sys
import threading
import time
import urllib.request
from pathlib import Path

from bed import BASES, RETURNS, ROOT, call, docker, require, say, wait_until

HERE = Path(__file__).resolve().parent
COMPOSE = HERE / "compose.yaml"
PROFILES = ("--profile", "demo", "--profile", "bridge", "--profile", "monitoring")
UNITS = (("east", "psephos-router@0"), ("east", "psephos-collector@0"),
         ("north", "psephos-shard@*"), ("door", "psephos-gateway@0"),
         ("door", "psephos-bridge@page"))

sys.path[:0] = [str(ROOT / "tests" / "cluster" / part) for part in ("", "gateway", "exporting")]
from casting import ballots_of_returns, ndjson  # noqa: E402
from exported import COLUMNS, LINES  # noqa: E402

CAST = """\
import json, ssl, sys
import psephos
url, token, path, ca = sys.argv[1:]
gateway = psephos.Gateway(url, token, ssl.create_default_context(cafile=ca))
ballots = [json.loads(line) for line in open(path)]
try:
    verdicts = gateway.cast(ballots)
except psephos.Refused as refused:
    sys.exit(print(json.dumps({"status": refused.status})))
assert [v["ballot_id"] for v in verdicts] == [b["ballot_id"] for b in ballots]
print(json.dumps({"counted": sum(v["first"] == "counted" for v in verdicts),
                  "replayed": sum(v["disposition"] == "replayed" for v in verdicts)}))
"""


# ---- on hosts ----


def equip_door(bed):
    """A PostgreSQL of Debian, reached by a Unix socket only; its peer is who the bridge runs as."""
    bed.on("door", "sh", "-ec", """
        apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
            --no-install-recommends postgresql
        echo "listen_addresses = ''" >$(echo /etc/postgresql/*/main/conf.d)/sockets.conf
        systemctl restart 'postgresql@*-main'
        """)
    for statement in ('CREATE ROLE "psephos-bridge" LOGIN',
                      'CREATE DATABASE results OWNER "psephos-bridge"'):
        docker("exec", "-u", "postgres", "psephos-door", "psql", "-qc", statement)


def rows_written(ask):
    """`ask`: runs SQL and gives lines of tab-separated values."""
    out = ask(f"SET search_path TO psephos; {LINES}")
    return sorted(tuple(line.split("\t")) for line in out.splitlines() if "\t" in line)


def rows_of_api(api):
    def get(path):
        with urllib.request.urlopen(api + path, timeout=20) as answer:
            return answer.read().decode()
    about = json.loads(get("/api/v1/election"))["election"]
    ways = ["", "&by=method"] if len(about["methods"]) > 1 else [""]
    return sorted(tuple(line[column] for column in COLUMNS)
                  for level in about["levels"] for by in ways
                  for line in csv.DictReader(
                      io.StringIO(get(f"/api/v1/results.csv?level={level['level']}{by}"))))


def psql(container):
    def ask(statement):
        return docker("exec", "-u", "postgres", container, "psql", "-d", "results", "-qAtF", "\t",
                      "-c", statement).stdout
    return ask


def bridge_of(bed):
    told = bed.on("door", "python3", "-c", "import urllib.request as u; print(u.urlopen("
                  "'http://127.0.0.1:9464/readyz').read().decode())", check=False).stdout
    return json.loads(told) if told else {}


def rows_equal(bed):
    wait_until(lambda: bridge_of(bed).get("state") == "following", 120, "the bridge follows")
    wanted = []

    def level():
        wanted[:] = rows_of_api(bed.api())
        return rows_written(psql("psephos-door")) == wanted
    wait_until(level, 60, "v_results equal to the API's CSV")
    return len(wanted)


def main_pid(bed, host, unit):
    return bed.on(host, "systemctl", "show", "-p", "MainPID", "--value", unit).stdout.strip()


def put_ballots(bed):
    ballots = ballots_of_returns(RETURNS, bed.folder / "e" / "election.json")
    (bed.folder / "ballots.ndjson").write_bytes(ndjson(ballots))
    (bed.folder / "some.ndjson").write_bytes(ndjson(ballots[:1000]))
    (bed.folder / "cast.py").write_text(CAST)
    for path in (bed.folder / "ballots.ndjson", bed.folder / "some.ndjson", bed.folder / "cast.py",
                 bed.folder / "gateway.pem", ROOT / "client" / "python" / "psephos.py"):
        bed.put("station", path, f"/root/{path.name}")
    return len(ballots)


def cast(bed, token, name):
    """By the Python client, on the host `station`."""
    done = bed.on("station", "python3", "/root/cast.py", f"https://{bed.address('door')}:8090",
                  token, f"/root/{name}", "/root/gateway.pem")
    return json.loads(done.stdout)


class Killing(threading.Thread):
    """Gateway and bridge get SIGKILL, and PostgreSQL is started anew, until `ended`."""

    def __init__(self, bed):
        super().__init__(daemon=True)
        self.bed, self.ended, self.done = bed, threading.Event(), []

    def run(self):
        while not self.ended.wait(5):
            for unit in ("psephos-gateway@0", "psephos-bridge@page"):
                if self.bed.on("door", "systemctl", "kill", "-s", "KILL", unit,
                               check=False).returncode == 0:
                    self.done.append(unit)
            self.bed.on("door", "systemctl", "restart", "postgresql@*-main", check=False)
            self.ended.wait(10)  # six ends in a minute would be too many


def by_http(bed):
    def add(name):
        return json.loads(bed.psephos("client", "add", name, "--http", "--json").stdout)["token"]
    bed.token, bed.spare = add("web"), add("spare")
    ballots = put_ballots(bed)
    require(cast(bed, bed.token, "some.ndjson") == {"status": 401},
            "a token holds before the gateway has its station")
    before = main_pid(bed, "door", "psephos-gateway@0")
    recap = bed.play("site")
    changed = {host: r["changed"] for host, r in recap.items() if r["changed"]}
    require(main_pid(bed, "door", "psephos-gateway@0") == before and
            set(changed) == {"east", "door"} and max(changed.values()) <= 2,
            f"clients.json alone goes out, nothing starts anew: {changed}")
    say("client add --http, site.yml: clients.json goes to router, collector and gateway, "
        "and nothing is started anew; 401 before")
    killing = Killing(bed)
    killing.start()
    begun = time.monotonic()
    summary = cast(bed, bed.token, "ballots.ndjson")
    took = time.monotonic() - begun
    killing.ended.set()
    killing.join()
    require(summary["counted"] == ballots, f"{ballots} cast by HTTP: {summary}")
    require(len(killing.done) >= 2, f"killed meanwhile: {killing.done}")
    bed.cast_times += 1
    bed.exact()
    say(f"{ballots:,} ballots over HTTPS through the gateway in {took:.0f} s, all counted, "
        f"{summary['replayed']:,} sent again; {len(killing.done)} kills of gateway and bridge "
        "meanwhile; exact")


def revoked(bed):
    def status():
        return cast(bed, bed.spare, "some.ndjson").get("status", 200)
    require(status() == 200, "a second token does not hold")
    told = bed.psephos("client", "revoke", "spare", check=False)
    require(told.returncode == 1, f"revoked before a router has it: {told.stdout}{told.stderr}")
    bed.play("site")
    bed.psephos("client", "revoke", "spare")
    require(status() == 401, "a revoked token holds")
    say("a second token: 200, revoked and after site.yml 401")


def kernel_limit(bed, host, unit):
    """(MemoryMax as systemd has it, as the kernel has it), bytes."""
    told = bed.on(host, "systemctl", "show", "-p", "MemoryMax", "--value", unit).stdout.split()[0]
    limit = bed.on(host, "sh", "-ec", f"""
        pid=$(systemctl show -p MainPID --value '{unit}' | head -n 1)
        v1=$(sed -n 's/^[0-9]*:memory://p' /proc/$pid/cgroup)
        if [ -n "$v1" ]; then cat "/sys/fs/cgroup/memory$v1/memory.limit_in_bytes"
        else cat "/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/$pid/cgroup)/memory.max"; fi""").stdout
    return int(told), int(limit)


def limits(bed):
    found = []
    for host, unit in UNITS:
        systemd, kernel = kernel_limit(bed, host, unit)
        # The kernel rounds down to whole pages.
        require(0 <= systemd - kernel < 65536, f"{unit}: MemoryMax {systemd}, kernel {kernel}")
        found.append(f"{unit} {kernel / 2 ** 20:,.0f} MiB")
    say("MemoryMax, as the kernel has it: " + ", ".join(found))
    drop_in = "/run/systemd/system/psephos-gateway@0.service.d"
    bed.on("door", "sh", "-ec", f"""mkdir -p {drop_in}
        printf '[Service]\nMemoryMax=2M\n' >{drop_in}/small.conf
        systemctl daemon-reload; systemctl restart --no-block psephos-gateway@0""")
    # With cgroups of the first kind systemd sees no more than the signal.
    wait_until(lambda: bed.on("door", "systemctl", "show", "-p", "Result", "--value",
                              "psephos-gateway@0").stdout.strip() in ("oom-kill", "signal"), 60,
               "an end for want of memory")
    bed.on("door", "sh", "-ec", f"""rm -r {drop_in}; systemctl daemon-reload
        systemctl reset-failed psephos-gateway@0; systemctl restart psephos-gateway@0""")
    require(cast(bed, bed.token, "some.ndjson")["counted"] == 1000, "the gateway casts again")
    say("the gateway with MemoryMax=2M: ended by the kernel; with its own limit it casts again")


def on_hosts(bed):
    equip_door(bed)
    by_http(bed)
    say(f"v_results in PostgreSQL: {rows_equal(bed):,} rows, equal to the API's CSV")
    revoked(bed)
    limits(bed)


def after_restore(bed):
    """On new hosts; what was not in the backup is counted now."""
    if not hasattr(bed, "token"):
        return
    equip_door(bed)
    summary = cast(bed, bed.token, "ballots.ndjson")
    require(summary["counted"] == summary["replayed"], f"cast again over HTTPS: {summary}")
    bed.exact()
    say(f"the gateway at its new address, the same token: {summary['replayed']:,} ballots, all "
        f"replayed; v_results in a new PostgreSQL: {rows_equal(bed):,} rows, as in the API's CSV")


# ---- in compose ----


def build_postgres():
    docker("build", "--network=host", "-q", "-t", "psephos-test-postgres", "--build-arg",
           f"BASE={BASES['bookworm']}", HERE / "postgres", timeout=3000)


def web_ballots(token, first, count):
    """By HTTP through the service gateway: what became of each."""
    election = json.loads(urllib.request.urlopen("http://127.0.0.1:18080/api/v1/units").read())
    unit = next(u["id"] for u in election["units"] if u["level"] == "county")
    lines = b"".join(json.dumps({"voter_id": f"web-{i}", "ballot_id": f"{i:032x}", "unit": unit,
                                 "contests": {}}).encode() + b"\n"
                     for i in range(first, first + count))
    asked = urllib.request.Request("http://127.0.0.1:8090/api/v1/ballots", data=lines, headers={
        "Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return [json.loads(line)["disposition"] for line in answer.read().splitlines()]


def level_in_compose():
    done = docker("exec", "psephostest_postgres_1", "psql", "-U", "psephos", "-d", "psephos",
                  "-qAtF", "\t", "-c", f"SET search_path TO psephos; {LINES}", check=False)
    wanted = rows_of_api("http://127.0.0.1:18080")
    got = sorted(tuple(line.split("\t")) for line in done.stdout.splitlines() if "\t" in line)
    return got == wanted and len(wanted)


def wait_level(after):
    wait_until(level_in_compose, 120, f"v_results equal to the API's CSV, {after}")
    return level_in_compose()


def of_compose(run):
    """Beside the demo's count, which is over."""
    told = run("run", "--rm", "operator", "client", "add", "web", "--dir", "/cluster", "--http",
               "--json").stdout
    token = json.loads(told[told.index("{"):])["token"]
    require(web_ballots(token, 1, 500) == ["counted"] * 500, "500 ballots by HTTP")
    say("compose: 500 ballots by HTTP through the service gateway, all counted")
    run("--profile", "bridge", "up", "-d", "bridge", "postgres")
    rows = wait_level("at first")
    state = wait_healthy("psephostest_bridge_1", "psephostest_gateway_1")
    say(f"compose, profile bridge: {rows:,} rows in PostgreSQL equal to the API's CSV; {state}")
    bridge_killed(token)
    run("--profile", "monitoring", "build", "prometheus")
    run("--profile", "monitoring", "up", "-d", "prometheus")
    wait_until(seen_by_prometheus, 120, "Prometheus asks the collector")
    say("compose, profile monitoring: Prometheus sees the collector (Grafana's image cannot be "
        "had here)")
    limits_of_compose()
    down_and_up(run, token)


def bridge_killed(token):
    """Its process, not its container: that would count as a stop."""
    def bridge(what):
        return docker("inspect", "-f", "{{" + what + "}}", "psephostest_bridge_1").stdout.strip()
    starts = int(bridge(".RestartCount"))
    os.kill(int(bridge(".State.Pid")), signal.SIGKILL)
    require(web_ballots(token, 501, 500) == ["counted"] * 500, "500 more by HTTP")
    wait_level("after SIGKILL")
    require(int(bridge(".RestartCount")) == starts + 1, "the bridge's process did not start anew")
    say("compose: the bridge's process killed while 500 more were counted: started anew by the "
        "engine, rows equal")


def down_and_up(run, token):
    def total():
        done = call("curl", "-fs", "http://127.0.0.1:18080/api/v1/accounting", check=False)
        return done.returncode == 0 and json.loads(done.stdout)["total"]
    before = total()
    run(*PROFILES, "down")
    run("--profile", "bridge", "up", "-d")
    wait_until(lambda: total() == before, 120, f"the count of before, {before}")
    wait_healthy("psephostest_bridge_1", "psephostest_gateway_1")
    require(web_ballots(token, 1, 1000) == ["replayed"] * 1000, "what was counted is known")
    wait_level("after down and up")
    say(f"compose: down and up: {before['counted']:,} counted as before, rows equal, the same "
        "token, 1,000 ballots sent again all replayed")


def wait_healthy(*containers):
    def healthy():
        return all(docker("inspect", "-f", "{{.State.Health.Status}}", one).stdout.strip() ==
                   "healthy" for one in containers)
    wait_until(healthy, 60, f"health of {containers}")
    return "bridge and gateway healthy"


def seen_by_prometheus():
    done = call("curl", "-fs", "http://127.0.0.1:9090/api/v1/query?query=up", check=False)
    if done.returncode != 0:
        return False
    found = json.loads(done.stdout)["data"]["result"]
    return bool(found) and all(one["value"][1] == "1" for one in found)


def limits_of_compose():
    names = docker("ps", "--format", "{{.Names}}", "--filter",
                   "label=com.docker.compose.project=psephostest").stdout.split()
    found = {}
    for name in names:
        limit = int(docker("inspect", "-f", "{{.HostConfig.Memory}}", name).stdout)
        require(limit > 0, f"{name} may take all memory")
        found.setdefault(limit >> 20, []).append(name.removeprefix("psephostest_"))
    say("compose, limits of memory: " + "; ".join(f"{mib} MiB: {len(found[mib])} containers"
                                                  for mib in sorted(found)))
