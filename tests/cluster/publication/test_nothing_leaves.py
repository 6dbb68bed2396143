"""Of an election that publishes by reports nothing held leaves: no answer, stream, output, log
line, file or message has a number that would tell."""

import csv
import io
import re
import shutil
import subprocess
import threading

import pytest

import leaving
import python_client
import telling
from harness import BIN, wait_until


class Search:
    """Looks at all that leaves for numbers that would tell."""

    def __init__(self, one, tale):
        self.one, self.tale = one, tale
        self.listener = leaving.Listener(one)
        self.may_stream = {None, (0, 0)}
        # Before any ballot no number tells: ports, limits, identities.
        self.known = set()
        for _, text in self.texts():
            self.known |= leaving.numbers(text)

    def texts(self, outputs=True):
        yield from leaving.answers(self.one)
        if outputs:
            yield from leaving.outputs(self.one)
        for where, data in leaving.files(self.one):
            yield where, data.decode("utf-8", "replace")

    def finds_nothing(self, shown, told_shards=(), outputs=True):
        """`shown`: rows. `told_shards`: those that have a report which others have not; what
        they tell collectors, who keep it, is in it. `outputs`: of the command, too."""
        pids = {int(path.read_text()) for path in (self.one.directory / "run").glob("*.pid")}
        told = telling.tales(self.tale, shown) - self.known - pids
        assert len(told) > 30, "there is nothing to find"
        found = []
        for where, text in self.texts(outputs):
            hits = told & leaving.numbers(text)
            if hits:
                found.append(f"{where}: {sorted(hits)[:5]} in {place_of(text, min(hits))}")
        assert not found, "\n".join([f"{len(found)} places tell:", *found[:20]])
        self.finds_no_bytes(shown, told_shards)
        self.may_stream.add(votes_of("mayor", shown))
        assert set(self.listener.votes()) <= self.may_stream

    def finds_no_bytes(self, shown, told_shards):
        open_ones = telling.row_bytes(shown)
        held = {pattern: cells for pattern, cells in
                telling.row_bytes(self.tale.count()).items()
                if pattern not in open_ones and cells[0] not in told_shards}
        assert held
        patterns = re.compile(b"|".join(map(re.escape, held)), re.S)
        for where, data in [*leaving.files(self.one), *leaving.partials(self.one)]:
            hit = patterns.search(data)
            assert hit is None, f"{where} at {hit.start()} has {held[hit.group()]}"


def votes_of(contest, rows):
    """Of the whole election; None: none of the rows has the contest."""
    counted = telling.cells(rows)
    return tuple(counted["*", "us", "*", "*", contest, choice]
                 for choice in telling.CHOICES[contest]) if rows else None


def place_of(text, number):
    """What stands around a number."""
    at = text.find(str(number))
    return text[max(0, at - 100):at + 50]


@pytest.fixture
def begun(cluster, tmp_path):
    """begun(publication, turnout) -> (cluster, Telling, station, Search)"""
    made = []

    def begin(publication, turnout):
        tale = telling.Telling(publication, turnout)
        one = cluster(tale.write(tmp_path), shards=2)
        made.append((one, tale, python_client.Client(one.directory), Search(one, tale)))
        return made[-1]

    yield begin
    for _, _, station, search in made:
        search.listener.is_over = True
        station.close()


def wait_for_the_books(one, tale):
    wait_until(lambda: one.accounting()["total"]["counted"] == len(tale.cast_ones),
               what="every ballot in the books")


def assert_shown(one, shown):
    """Each result of a leaf is the sum of its rows shown, or held while there is none; and so
    is each line of the CSV."""
    wanted, lines = {}, {}
    counted = telling.cells(shown)
    for leaf, styles in telling.LEAVES.items():
        for contest in {contest for style in styles for contest in telling.PAPERS[style]}:
            rows = [row for row in shown if row.leaf == leaf
                    and contest in telling.PAPERS[row.style]]
            votes = {line: counted["*", leaf, "*", "*", contest, line]
                     for line in (*telling.CHOICES[contest], "undervotes", "overvotes")}
            wanted[contest, leaf] = votes if rows else None
            lines.update({(contest, leaf, line): str(number) for line, number in votes.items()
                          if rows and line in telling.CHOICES[contest]})
    got = {}
    for item in one.get_json("/api/v1/results?level=leaf")["results"]:
        held = item["choices"] is None
        assert held == (item["undervotes"] is None) == (item["overvotes"] is None), item
        got[item["contest"], item["unit"]] = None if held else {
            **{choice["choice"]: choice["votes"] for choice in item["choices"]},
            "undervotes": item["undervotes"], "overvotes": item["overvotes"]}
    assert got == wanted
    status, headers, body = one.get("/api/v1/results.csv?level=leaf")
    assert status == 200
    assert {(line["contest"], line["unit"], line["choice"]): line["votes"]
            for line in csv.DictReader(io.StringIO(body.decode()))} == lines
    assert int(headers.get("Psephos-Held", 0)) == list(wanted.values()).count(None)
    total = one.accounting()["total"]
    assert total["shown"] == sum(map(len, shown.values()))
    assert total["held"] == total["counted"] - total["shown"]


def assert_order_tells_nothing(one):
    """Sorted by what is held, units stand as in the definition, or the other way round."""
    for by in ("votes:ann", "ballots"):
        for order in ("asc", "desc"):
            items = one.get_json("/api/v1/results?contest=mayor&level=leaf"
                                 f"&sort={by}&order={order}")["results"]
            units = [item["unit"] for item in items]
            assert sorted(units) in (units, units[::-1]), units


def limits_of(one, leaves):
    """leaf -> {shard: index} of the report that is shown of it."""
    return {leaf: {shard["shard"]: shard["index"]
                   for shard in one.get_json(f"/api/v1/units/{leaf}")["unit"]["report"]["shards"]}
            for leaf in leaves}


def tell_shard_0_alone(one, leaves):
    """A report of the first leaves whose operator was killed after the first shard had it."""
    last = one.get_json("/api/v1/units/a1")["unit"]["report"]
    leaving.Operator(one).tell(0, last["number"] + 1 if last else 1, range(leaves))
    wait_until(lambda: one.get_json("/api/v1/election")["election"]["report_under_way"],
               what="a report under way")


def start_collector_again(one, forgetful=False):
    one.kill("collector")
    if forgetful:
        shutil.rmtree(one.directory / "data" / "collector-0")
        (one.directory / "data" / "collector-0").mkdir(mode=0o700)
    one.start_collector()
    wait_until(lambda: is_there(one), what="the collector")


def is_there(one):
    try:
        return one.get("/healthz")[0] == 200
    except OSError:
        return False


def test_the_search_finds_what_immediate_shows(begun):
    one, tale, station, search = begun("immediate", "immediate")
    tale.cast(station, 3500, small=4)
    wait_for_the_books(one, tale)
    with pytest.raises(AssertionError, match=r"\d{2,} places tell"):
        search.finds_nothing({})
    with pytest.raises(AssertionError, match="partial of shard|data/collector-0"):
        search.finds_no_bytes({}, ())


# promise 5
@pytest.mark.parametrize("turnout", ["immediate", "reports"])
def test_nothing_leaves_before_between_and_after_reports(begun, turnout):
    one, tale, station, search = begun("reports", turnout)
    tale.cast(station, 3500, small=4)
    wait_for_the_books(one, tale)
    search.finds_nothing({})
    assert_shown(one, {})
    assert_order_tells_nothing(one)

    tell_shard_0_alone(one, len(telling.LEAVES))
    search.finds_nothing({}, told_shards=[0])
    for forgetful in (False, True):
        start_collector_again(one, forgetful)
        assert_shown(one, {})
        search.finds_nothing({}, told_shards=[0], outputs=False)
    one.kill("shard", 1)
    done = one.call("report", "--all", check=1)
    assert "shard 1" in done.stderr
    search.finds_nothing({}, told_shards=[0], outputs=False)
    one.up()
    assert_shown(one, {})
    done = one.call("report", "--all", check=0)
    shown = telling.shown_after({}, tale, limits_of(one, telling.LEAVES), final=False)
    assert sum(map(len, shown.values())) == len(tale.cast_ones) - 8  # b3 has too few
    assert_shown(one, shown)

    # Between reports, and one of a county while ballots come and processes die.
    tale.cast(station, 800, small=2)
    wait_for_the_books(one, tale)
    tell_shard_0_alone(one, 2)
    search.finds_nothing(shown, told_shards=[0])
    start_collector_again(one)
    assert_shown(one, shown)
    search.listener.is_over = True  # what streams of reports killed in the middle is not known here
    casting = threading.Thread(target=tale.cast, args=(station, 600), kwargs={"small": 1})
    casting.start()
    with subprocess.Popen([BIN / "psephos", "report", "a", "--dir", one.directory],
                          stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as reporting:
        one.kill("collector")
        reporting.kill()
    one.kill("shard", 1)
    one.up()
    one.call("report", "a", check=0)
    casting.join()
    wait_for_the_books(one, tale)
    shown = telling.shown_after(shown, tale, limits_of(one, ["a1", "a2"]), final=False)
    assert_shown(one, shown)
    search.listener = leaving.Listener(one)
    search.finds_nothing(shown)
    start_collector_again(one)
    assert_shown(one, shown)

    # The last one: everything, and exactly that.
    one.call("close", check=0)
    one.call("report", "--all", "--final", check=0)
    assert_shown(one, telling.shown_after(shown, tale, limits_of(one, telling.LEAVES), final=True))
    assert one.accounting()["total"]["held"] == 0
    one.recount()
