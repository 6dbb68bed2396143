"""Of an election that publishes by reports, nothing held leaves: no answer, stream, output, log
line, file or message has a number that would tell."""

import re

import pytest

import leaving
import python_client
import telling
from harness import wait_until


class Search:
    """Looks at all that leaves for numbers that would tell."""

    def __init__(self, one, tale):
        self.one, self.tale = one, tale
        self.listener = leaving.Listener(one)
        # Before any ballot no number tells: ports, limits, identities.
        self.known = set()
        for _, text in self.texts():
            self.known |= leaving.numbers(text)

    def texts(self):
        yield from leaving.answers(self.one)
        yield from leaving.outputs(self.one)
        for where, data in leaving.files(self.one):
            yield where, data.decode("utf-8", "replace")

    def finds_nothing(self, shown, reported=()):
        """`shown`, `reported`: rows as telling.tales has them."""
        told = telling.tales(self.tale, shown, reported) - self.known
        assert len(told) > 100, "there is nothing to find"
        found = []
        for where, text in [*self.texts(), ("what streamed", self.listener.heard())]:
            hits = told & leaving.numbers(text)
            if hits:
                found.append(f"{where}: {sorted(hits)[:5]} in {line_with(text, min(hits))}")
        assert not found, "\n".join([f"{len(found)} places tell:", *found[:20]])
        self.finds_no_bytes(shown)

    def finds_no_bytes(self, shown):
        held = telling.row_bytes(self.tale.count())
        patterns = re.compile(b"|".join(map(re.escape, held.keys() - telling.row_bytes(shown))),
                              re.S)
        for where, data in [*leaving.files(self.one), *leaving.partials(self.one)]:
            hit = patterns.search(data)
            assert hit is None, f"{where} at {hit.start()} has {held[hit.group()]}"


def line_with(text, number):
    return next((line[:300] for line in text.splitlines() if number in leaving.numbers(line)), "")


@pytest.fixture
def begun(cluster, tmp_path):
    """begun(publication, turnout) -> (cluster, Telling, station)"""
    stations = []

    def begin(publication, turnout):
        tale = telling.Telling(publication, turnout)
        one = cluster(tale.write(tmp_path), shards=2)
        stations.append(python_client.Client(one.directory))
        return one, tale, stations[-1]

    yield begin
    for station in stations:
        station.close()


def test_the_search_finds_what_immediate_shows(begun):
    one, tale, station = begun("immediate", "immediate")
    search = Search(one, tale)
    tale.cast(station, 2500, small=4)
    wait_for_the_books(one, tale)
    with pytest.raises(AssertionError, match=r"\d{2,} places tell"):
        search.finds_nothing({})


@pytest.mark.parametrize("turnout", ["immediate", "reports"])
def test_before_any_report_nothing_tells(begun, turnout):
    one, tale, station = begun("reports", turnout)
    search = Search(one, tale)
    tale.cast(station, 2500, small=4)
    wait_for_the_books(one, tale)
    search.finds_nothing({})


def wait_for_the_books(one, tale):
    """Waits until the books have every ballot."""
    wait_until(lambda: one.accounting()["total"]["counted"] == len(tale.cast_ones),
               what="every ballot in the books")
