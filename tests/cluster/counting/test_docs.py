"""What README and docs tell a newcomer to type is typed here, as it stands there.

Every command in a fenced block is run, or skipped with the reason below.
"""

import csv
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest

from harness import BIN, ROOT, TIMEOUT_S, Cluster, wait_until

# Typed by tests/bridges/test_from_kafka_spark.py, which has a broker and a database.
ELSEWHERE = {ROOT / "docs" / "from-kafka-spark.md"}
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md",
             *sorted({*(ROOT / "docs").rglob("*.md")} - ELSEWHERE)]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)

# Blocks that are run whole, by the test that is named after what they show.
WHOLE = {"A first cluster by hand", "Your own election"}
# Commands of other machines than this one; the beginning of a line, and why.
SKIPPED = {
    "./run demo": "minutes of counting: `./run demo --exit`",
    "./run test": "it is what runs this",
    "deploy/packages.sh": "needs dpkg-dev, and builds everything anew: ./run hosts",
    "apt-get": "root and apt: ./run hosts",
    "cd deploy/ansible": "goes before ansible-playbook",
    "cp inventory.example.yml": "goes before ansible-playbook",
    "ansible-playbook": "hosts with sshd and systemd: ./run hosts",
    "systemctl": "hosts with systemd: ./run hosts",
    "docker compose": "a container engine",
    "By hand, from the packages": "root, and apt of a fresh Debian 12",
    "Disks": "root, and a disk to spare",
    "psephos doctor": "root, and hosts: tests/cluster/failing/watching/test_doctor.py",
    "rm cluster/keys": "keys that hosts have by then: ./run hosts",
}
OPERATIONS = "test_what_operations_says_of_one_cluster"
API = "test_what_the_api_page_asks"


def blocks():
    """(document, heading, language, body) of every fenced block."""
    for path in DOCUMENTS:
        text = path.read_text()
        for match in FENCE.finditer(text):
            headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text[:match.start()]), re.M)
            yield path.relative_to(ROOT).as_posix(), headings[-1], match[1], match[2]


def block(document, heading, language):
    return next(body for found, title, kind, body in blocks()
                if (found, title, kind) == (document, heading, language))


def commands():
    for document, heading, language, body in blocks():
        if heading in SKIPPED:
            yield document, heading
        elif language in ("", "sh") and heading not in WHOLE:
            for line in filter(None, body.splitlines()):
                yield document, re.sub(r"\s+# .*", "", line)


def command(document, start):
    """The one command there that begins so, without its remark."""
    found = [line for where, line in commands() if where == document and line.startswith(start)]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("document, line", [*commands()])
def test_a_command_is_run_or_skipped_for_a_reason(document, line):
    for start, reason in SKIPPED.items():
        if line.startswith(start):
            pytest.skip(f"{line}: {reason}")
    test = API if line.startswith("curl ") else OPERATIONS
    assert line.startswith(("psephos ", "curl ")) and line in RUN_BY[test], \
        f"{document} says `{line}`; run it in {test}, or skip it with a reason"


REPORTS = [line for document, line in commands() if line.startswith("psephos report ")]
RUN_BY = {
    OPERATIONS: {*REPORTS,
                 "psephos replica replace --dir DIR --shard 0 --replica 2",
                 "psephos backup --dir DIR --out FOLDER",
                 "psephos auditor keygen court.key",
                 "psephos up --dir DIR --election FILE --auditor-key court.key.pub",
                 "psephos restore --dir DIR --backup FOLDER [--auditor-key FILE] [--hosts FILE] "
                 "[--gateway HOST:PORT]",
                 "psephos zero --dir DIR", "psephos open --dir DIR",
                 "psephos open|close --dir DIR"},
    API: {line for document, line in commands() if line.startswith("curl ")},
}


@pytest.fixture
def newcomer(tmp_path, request):
    """run(text, folder) -> what it printed, in a place like a checkout after ./run build."""
    os.symlink(ROOT / "demo", tmp_path / "demo")
    (tmp_path / "build").mkdir()
    os.symlink(BIN, tmp_path / "build" / "bin")
    clusters = [Cluster(tmp_path / name, tmp_path) for name in ("c", "town")]

    def run(text):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=tmp_path,
                              env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=3 * TIMEOUT_S)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    yield run
    for one in clusters:
        one.finish()


def test_a_first_cluster_by_hand(newcomer):
    printed = newcomer(block("README.md", "A first cluster by hand", ""))
    # Vermont 2020 as published: demo/README.md.
    assert re.search(r"^Joseph Biden +Democratic +242,820 ", printed, re.M)
    assert "the journal, replayed from the start, gives the live totals" in printed
    assert printed.rstrip().endswith("processes stopped")


def test_your_own_election(newcomer, tmp_path):
    printed = newcomer(block("README.md", "Your own election", "sh"))
    assert block("README.md", "Your own election", "text") in printed
    assert re.search(r"^Ada Ash +River Party +2 ", printed, re.M)
    assert re.search(r"^Ben Birch +1 ", printed, re.M)
    assert printed.rstrip().endswith("3 processes stopped")
    newcomer("psephos up --dir town")
    again = json.loads(newcomer("psephos cast --dir town ballots.ndjson --allow-refused --json"))
    assert (again["cast"], again["replayed"]) == (5, 5)
    total = json.loads(newcomer("psephos accounting --dir town --json"))["total"]
    assert total["counted"] == 3 and total["balanced"]


def test_what_operations_says_of_one_cluster(cluster, import_returns, fixture_file, tmp_path):
    values = {}

    def run(line):
        words = [str(values.get(word, word)) for word in shlex.split(line)]
        done = subprocess.run([BIN / words[0], *words[1:]], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, cwd=tmp_path, timeout=2 * TIMEOUT_S)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"

    document = "docs/operations.md"
    run(command(document, "psephos auditor keygen"))
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=1,
                  up_options=["--replicas", 3, "--closed", "--auditor-key",
                              tmp_path / "court.key.pub"])
    units = json.loads(one.election.read_text())["units"]
    leaf = next(unit for unit in units if "ballot_styles" in unit and "parent" in unit)
    values.update({"DIR": one.directory, "FOLDER": tmp_path / "backup", "FILE": one.election,
                   "county-7": leaf["parent"], "precinct-7-3": leaf["id"]})
    run(command(document, "psephos zero"))
    run(command(document, "psephos open --dir"))
    run(command(document, "psephos up --dir DIR --election"))  # it is there, and for this auditor
    one.cast("--returns", fixture_file("sparse.csv"))
    counted = one.accounting()["total"]["counted"]
    for line in REPORTS:
        run(line)
    one.call("leader", "move", "--shard", 0, "--to", 0, check=0)  # who leads is not replaced
    run(command(document, "psephos replica replace"))
    for verb in ("close", "open"):
        run(command(document, "psephos open|close").replace("open|close", verb))
    run(command(document, "psephos backup"))
    one.down()
    shutil.rmtree(one.directory / "data")
    run(command(document, "psephos restore").replace(" [--hosts FILE] [--gateway HOST:PORT]", "")
        .replace("[--auditor-key FILE]", "--auditor-key court.key"))
    one.up()
    assert counted > 0
    # The board of a new folder may first show a replica that has applied little yet.
    wait_until(lambda: one.accounting()["total"]["counted"] == counted, what="the count of before")


def test_what_the_api_page_asks(cluster, import_returns):
    one = cluster(import_returns(ROOT / "demo" / "vermont-2020-county.csv"), shards=1)
    for line in RUN_BY[API]:
        url = shlex.split(line)[1]
        assert url.startswith("http://HOST:PORT/"), line
        status, _, body = one.get(url.removeprefix("http://HOST:PORT"))
        assert status == 200 and body, (line, body)


# docs/formats.md says what the programs read, no more and no less.

FORMATS = (ROOT / "docs" / "formats.md").read_text()


def section(title):
    return re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", FORMATS, re.M | re.S)[1]


def man(page):
    return (ROOT / "docs" / "man" / page).read_text().replace("\\-", "-")


def test_every_member_of_a_definition_is_told():
    schema = json.loads((ROOT / "docs" / "election.schema.json").read_text())

    def members(node):
        for name, value in node.get("properties", {}).items():
            yield name
            yield from members(value)
            yield from members(value.get("items", {}))

    told = set(re.findall(r"`([a-z_]+)`", section("election.json")))
    wanted = {*members(schema), *schema["$defs"]["choice"]["properties"]}
    assert len(wanted) > 30 and wanted <= told, wanted - told
    page = set(re.findall(r"\w+", man("psephos-election.json.5")))
    assert wanted <= page, wanted - page
    without_levels = schema["allOf"][0]["then"]["properties"]["units"]["items"]["properties"]
    for level in without_levels["level"]["enum"]:
        assert level in told
    for kind in schema["$defs"]["choice"]["properties"]["kind"]["enum"]:
        assert kind in told


def test_every_column_of_a_roll_is_told(newcomer, tmp_path):
    newcomer("psephos generate --voters 10 --out made")
    header = next(csv.reader((tmp_path / "made" / "roll.csv").open()))
    told = re.findall(r"^\| (`.*?) \|", section("Voter roll (CSV)"), re.M)
    header.append("style")  # generate makes no primaries
    assert sorted(re.findall(r"`(\w+)`", " ".join(told))) == sorted(header)
    assert all(re.search(rf"\b{column}\b", man("psephos-formats.5")) for column in header)


def test_every_verdict_is_told(newcomer):
    lines = (ROOT / "lib" / "election" / "verdict.h").read_text()
    values = re.findall(r"^ +X\([A-Z_]+, (\w+), (\d+)\)", lines, re.M)
    told = re.findall(r"^\| `(\w+)` \| (\d+) \|", section("Verdicts"), re.M)
    assert len(values) == 6 and told == values
    help_of_cast = newcomer("psephos cast --help")
    for verdict, _ in values:
        assert f".B {verdict}\n" in man("psephos-formats.5")
        assert verdict == "replayed" or verdict in help_of_cast


@pytest.mark.parametrize("program", ["psephos-router", "psephos-shard", "psephos-collector"])
def test_a_daemon_says_where_its_file_is_described(program):
    done = subprocess.run([BIN / program, "--help"], capture_output=True, text=True, check=True)
    assert "man psephos-cluster.json" in " ".join(done.stdout.split())
    page = man(f"{program}.8")
    assert "psephos-cluster.json (5)" in page and "psephos-formats (5)" in page
