"""`psephos recount --api`: what a collector publishes against the journals; every difference is
provoked, one at a time, by a collector that publishes something else."""

import json

import pytest

from altered import altered
from harness import run_psephos, wait_until


def recount(one, url, check):
    done = run_psephos("recount", "--dir", one.directory, "--api", url, "--json", check=check)
    told = json.loads(done.stdout) if done.stdout else None
    if told:
        assert told["agrees"] == (check == 0)
        assert told["differing"] == len(told["differences"])
        for text in told["differences"]:
            assert f"psephos recount: {text}\n" in done.stderr
    return told, done.stderr


@pytest.fixture
def one(cluster, import_returns, fixture_file):
    return cluster(import_returns(fixture_file("sparse.csv")), shards=2)


def first(lines, kind, **members):
    return next(line for line in lines if line.get("kind") == kind
                and all(line.get(name) == value for name, value in members.items()))


def voted(lines):
    """A result with votes, of a leaf or above."""
    return next(line for line in lines if line.get("kind") == "result" and line["choices"]
                and any(choice["votes"] for choice in line["choices"]))


def add(line, name, by=1):
    line[name] += by


def add_vote(line):
    line["choices"][0]["votes"] += 1


def set_member(line, name, value):
    line[name] = value


def choice_twice(lines):
    """As many choices as there should be, and the votes of each of them right."""
    choices = voted(lines)["choices"]
    choices[-1] = dict(choices[0])


ALTERED = {
    "votes": (lambda lines: add_vote(voted(lines)), "votes of"),
    "ballots": (lambda lines: add(voted(lines), "ballots"), ", ballots: published"),
    "undervotes": (lambda lines: add(voted(lines), "undervotes"), "undervotes: published"),
    "overvotes": (lambda lines: add(voted(lines), "overvotes"), "overvotes: published"),
    "a choice that lacks": (lambda lines: voted(lines)["choices"].pop(), "choices are published"),
    "a choice twice for another": (choice_twice, "does not stand there"),
    "a choice of elsewhere": (lambda lines: set_member(voted(lines)["choices"][0], "choice", "x"),
                              "the choice x does not stand there"),
    "held votes": (lambda lines: set_member(voted(lines), "choices", None),
                   "no votes are published, and they are reported"),
    "a unit's last row": (lambda lines: lines.pop(
        max(i for i, line in enumerate(lines) if line.get("kind") == "result")),
        "are to be there"),
    "another contest": (lambda lines: set_member(voted(lines), "contest", "x"),
                        "a result of contest x"),
    "a row twice, another not": (lambda lines: lines.__setitem__(
        [i for i, line in enumerate(lines) if line.get("kind") == "result"][1], voted(lines)),
        "to be there"),
    "another unit": (lambda lines: set_member(voted(lines), "unit", "x"), "a line of unit x"),
    "another kind": (lambda lines: set_member(voted(lines), "kind", "x"), "a line of kind x"),
    "turnout": (lambda lines: add(first(lines, "turnout"), "ballots"),
                "turnout, ballots: published"),
    "turnout counted": (lambda lines: add(first(lines, "turnout"), "ballots_counted"),
                        "turnout, ballots_counted: published"),
    "no turnout": (lambda lines: lines.remove(first(lines, "turnout")), "no turnout is published"),
    "final": (lambda lines: set_member(first(lines, "turnout"), "complete", True),
              "published final, recounted not final"),
    "books": (lambda lines: add(first(lines, "books", shard=None), "received"),
              "books, received: published"),
    "books of a shard": (lambda lines: add(first(lines, "books", shard=1), "double_vote"),
                         "books of shard 1, double_vote: published"),
    "no books": (lambda lines: lines.remove(first(lines, "books", shard=None)),
                 "books: not published"),
    "no books of a shard": (lambda lines: lines.remove(first(lines, "books", shard=0)),
                            "books of shard 0: not published"),
    "books that do not balance": (lambda lines: set_member(first(lines, "books", shard=0),
                                                           "balanced", False),
                                  "published as not balanced"),
    "closed": (lambda lines: set_member(lines[-1], "state", "closed"),
               "published as closed, recounted open"),
    "publication": (lambda lines: set_member(lines[-1], "publication", "reports"),
                    "published as reports, the election's is immediate"),
    "another epoch": (lambda lines: add(lines[-1]["version"]["shards"][1], "epoch"),
                      "epoch 2 is published, cluster.json says 1"),
    "an index that no log has": (lambda lines: add(lines[-1]["version"]["shards"][0], "index", 99),
                                 "hold no more than"),
    "an earlier index": (lambda lines: add(lines[-1]["version"]["shards"][0], "index", -1),
                         "published"),
    "another cluster": (lambda lines: set_member(lines[-1]["version"], "cluster", "ab"),
                        "the collector shows cluster ab"),
    "a shard less": (lambda lines: lines[-1]["version"]["shards"].pop(),
                     "shows 1 shards, cluster.json has 2"),
}


def test_every_difference_is_named(one, fixture_file):
    one.cast("--returns", fixture_file("sparse.csv"))
    told, _ = recount(one, one.api, check=0)
    assert told["compared"] > 10 and told["passed_over"] == 0
    assert sum(shard["counted"] for shard in told["shards"]) == one.accounting()["total"]["counted"]
    for name, (alter, words) in ALTERED.items():
        with altered(one.api, lambda lines, alter=alter: (alter(lines), None)[1]) as url:
            _, said = recount(one, url, check=1)
            assert words in said, (name, said)

    def diverged(answer):
        answer["shards"][1]["diverged"] = True
        return answer

    with altered(one.api, others={"/api/v1/shards": diverged}) as url:
        told, said = recount(one, url, check=1)
        assert "shard 1: the collector knows of replicas that disagree" in said
    with altered(one.api, lambda lines: lines[:-1]) as url:
        _, said = recount(one, url, check=3)
        assert "cut short" in said
    one.call("close", check=0)
    told, _ = recount(one, one.api, check=0)
    with altered(one.api, lambda lines: set_member(lines[-1], "state", "open")) as url:
        _, said = recount(one, url, check=1)
        assert "published as open, recounted closed" in said
    text = one.call("recount", "--api", one.api, check=0).stdout
    assert "what is published is what the journals" in text


def test_what_is_held_stays_held(one_by_reports):
    one, leaves = one_by_reports
    told, _ = recount(one, one.api, check=0)
    assert told["publication"] == "reports" and told["passed_over"] == 0
    some = leaves[0]

    def tell_votes(lines):
        line = first(lines, "result", unit=some)
        assert line["choices"] is None
        line["choices"] = []

    with altered(one.api, tell_votes) as url:
        _, said = recount(one, url, check=1)
        assert "votes are published, and nobody reported them" in said

    def tell_ballots(lines):
        add(first(lines, "result", unit=some), "ballots")

    with altered(one.api, tell_ballots) as url:
        _, said = recount(one, url, check=1)
        assert f"unit {some}" in said and "published 1, recounted 0" in said
    one.call("report", some, "--final", check=0)
    wait_until(lambda: first(changes(one), "result", unit=some)["choices"] is not None,
               timeout=60)
    told, _ = recount(one, one.api, check=0)
    with altered(one.api, lambda lines: add_vote(first(lines, "result", unit=some))) as url:
        _, said = recount(one, url, check=1)
        assert f"unit {some}" in said and "votes of" in said
    with altered(one.api, lambda lines: set_member(first(lines, "result", unit=some), "choices",
                                                   None)) as url:
        _, said = recount(one, url, check=1)
        assert "no votes are published, and they are reported" in said
    other = leaves[1]
    one.call("report", other, check=0)  # not final: it may show less than report_min fewer
    wait_until(lambda: first(changes(one), "turnout", unit=other)["report"] is not None,
               timeout=60)
    told, _ = recount(one, one.api, check=0)
    assert told["passed_over"] > 0
    with altered(one.api, lambda lines: add(first(lines, "result", unit=other), "ballots",
                                            10 ** 6)) as url:
        _, said = recount(one, url, check=1)
        assert "may be kept back" in said
    one.call("report", "--all", "--final", check=0)
    wait_until(lambda: all(line["complete"] for line in changes(one)
                           if line.get("kind") == "turnout"), timeout=60)
    told, _ = recount(one, one.api, check=0)
    assert told["passed_over"] == 0


def changes(one):
    _, _, body = one.get("/api/v1/changes")
    return [json.loads(line) for line in body.splitlines()]


@pytest.fixture
def one_by_reports(cluster, import_returns, fixture_file):
    election = import_returns(fixture_file("sparse.csv"))
    definition = json.loads(election.read_text())
    definition["format"] = 2
    definition["publication"] = "reports"
    election.write_text(json.dumps(definition))
    one = cluster(election, shards=2)
    one.cast("--returns", fixture_file("sparse.csv"))
    counted = [line["unit"] for line in changes(one) if line.get("kind") == "turnout"
               and line["level"] in ("precinct", "leaf") and line["ballots_counted"]]
    return one, counted


def test_a_collector_of_another_folder_and_wrong_use(one, tmp_path):
    done = run_psephos("recount", "--dir", one.directory, "--api", one.api, "--shard", 0, check=2)
    assert "--api is of all shards" in done.stderr
    done = run_psephos("recount", "--dir", one.directory, "--api", "http://127.0.0.1:1", check=3)
    assert "no collector answers" in done.stderr
