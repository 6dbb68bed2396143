"""`psephos report`: one report for all shards, whoever calls it, how often, and whatever fails."""

import json
import random
import shutil
import signal
import subprocess
import time

import pytest

import python_client
import telling
from harness import BIN, SLOWER, wait_until
from reported import Shards, Taken

LEAVES = list(telling.LEAVES)  # in the order of their positions
A, B, ALL = (0, 1), (2, 3, 4), (0, 1, 2, 3, 4)


@pytest.fixture
def begun(cluster, tmp_path):
    """begun(publication="reports", **options) -> (cluster, its shards), without ballots."""
    def begin(publication="reports", **options):
        path = telling.Telling(publication, "immediate").write(tmp_path)
        one = cluster(path, shards=2, **options)
        return one, Shards(one)
    return begin


def cast(one, number, seed=1):
    """`number` ballots in each row, and half more at most."""
    tale = telling.Telling("reports", "immediate", seed)
    tale.voters = seed * 100_000
    station = python_client.Client(one.directory)
    tale.cast(station, number, small=number)
    station.close()
    wait_until(lambda: one.accounting()["total"]["counted"] >= len(tale.cast_ones),
               what="the books")
    return tale


def report(one, *words, check=0):
    done = one.call("report", *words, check=check, timeout=120 * SLOWER)
    return done.stdout if check == 0 else done.stderr


def shown(one, unit="us"):
    return one.get_json(f"/api/v1/turnout?unit={unit}")["turnout"][0]["ballots"]


def final_ones(one):
    turnout = one.get_json("/api/v1/turnout?level=leaf")["turnout"]
    return {row["unit"] for row in turnout if row["complete"]}


def test_a_unit_of_any_level_is_all_leaves_below_it(begun):
    one, shards = begun()
    assert "report 1: 1 unit\nshard 0: done at index " in report(one, "b2")
    assert "report 2: 2 units\n" in report(one, "a")
    assert "report 3: 5 units\n" in report(one, "us")
    assert "report 4: 5 units\n" in report(one, "--all")
    assert "report 5: 3 units\n" in report(one, "a2", "b3", "a", "a2")
    assert shards.one_history() == [Taken(n, leaves, "unchanged", False) for n, leaves in
                                    enumerate([(3,), A, ALL, ALL, (0, 1, 4)], 1)]


def test_final_is_said_taken_back_and_kept(begun):
    one, shards = begun()
    assert "report 1: 2 units, final\n" in report(one, "a", "--final")
    assert final_ones(one) == {"a1", "a2"}
    report(one, "us")
    assert final_ones(one) == {"a1", "a2"}
    assert "report 3: 1 unit, not final\n" in report(one, "a1", "--not-final")
    assert final_ones(one) == {"a2"}
    assert "report 4: 1 unit, final\n" in one.call("unit-complete", "b1", check=0).stdout
    assert final_ones(one) == {"a2", "b1"}
    assert [taken.final for taken in shards.one_history()] == ["yes", "unchanged", "no", "yes"]


def test_what_is_reported_is_shown_and_nothing_else(begun):
    one, _ = begun()
    tale = cast(one, 20)
    assert shown(one) == 0
    report(one, "a")
    wanted = sum(cast.row.leaf in ("a1", "a2") for cast in tale.cast_ones)
    assert shown(one, "a") == shown(one) == wanted > 0 and shown(one, "b") == 0
    cast(one, 20, seed=2)
    assert shown(one) == wanted
    report(one, "--all")
    assert shown(one) == one.accounting()["total"]["counted"] > wanted


def test_wrong_calls_send_nothing(begun):
    one, shards = begun()
    for words, said in ((["a", "atlantis"], "has no unit \"atlantis\""),
                        (["--again"], "no unit was ever reported")):
        assert said in report(one, *words, check=1)
    for words, said in (([], "UNIT is missing"), (["--final"], "UNIT is missing"),
                        (["a", "--final", "--not-final"], "either --final or --not-final"),
                        (["a", "--all"], "either --all or UNIT"),
                        (["--again", "a"], "--again goes with nothing else"),
                        (["--again", "--all"], "--again goes with nothing else"),
                        (["--again", "--final"], "--again goes with nothing else"),
                        (["--again", "--not-final"], "--again goes with nothing else")):
        assert said in report(one, *words, check=2)
    assert "UNIT is missing" in one.call("unit-complete", check=2).stderr
    assert [shards.held(shard) for shard in range(2)] == [b"", b""]


def test_before_the_polls_open_and_after_they_closed(begun):
    one, shards = begun(up_options=["--closed"])
    report(one, "a")
    one.call("open", check=0)
    cast(one, 20)
    said = one.call("close", check=0, timeout=60 * SLOWER).stdout
    assert "\n5 of 5 units are not final: what is counted there may not be shown; " in said
    report(one, "--all", "--final")
    assert "not final" not in one.call("close", check=0).stdout
    assert json.loads(one.call("close", "--json", check=0).stdout)["not_final"] == 0
    assert shown(one) == one.accounting()["total"]["counted"] > 0
    assert [taken.number for taken in shards.one_history()] == [1, 2]


def test_json_says_what_each_shard_has(begun):
    one, shards = begun()
    told = json.loads(report(one, "b", "--json"))
    indexes = [shard.pop("index") for shard in told["shards"]]
    assert all(index > 1 for index in indexes)
    assert told.pop("units") == [{"unit": unit, "report": 1, "ballots_counted": 0, "ballots": 0,
                                  "final": False} for unit in ("b", "b1", "b2", "b3")]
    assert told == {"number": 1, "leaves": 3, "final": "unchanged", "again": False,
                    "finished": None,
                    "shards": [{"shard": n, "done": True, "text": None} for n in (0, 1)]}
    one.kill(role="shard", shard=1)
    done = one.call("report", "a", "--json", check=1, timeout=60 * SLOWER)
    assert json.loads(done.stdout) == {
        "number": None, "leaves": 2, "final": "unchanged", "again": False, "finished": None,
        "units": None,
        "shards": [{"shard": 0, "index": None, "done": False, "text": None},
                   {"shard": 1, "index": None, "done": False, "text": "no replica answers"}]}
    assert "shard 1: no replica answers" in done.stderr
    assert len(shards.taken(0)) == 1


def rows_of(table):
    """unit -> the other cells, of the table that a report prints."""
    lines = [line.split() for line in table.splitlines()]
    first = next(n for n, line in enumerate(lines) if line[:1] == ["unit"])
    return {line[0]: line[1:] for line in lines[first + 1:] if line[0] != "and"}


def test_what_is_shown_is_told_unit_by_unit(begun):
    one, _ = begun()
    tale = cast(one, 20)
    of = {leaf: str(sum(cast.row.leaf == leaf for cast in tale.cast_ones)) for leaf in LEAVES}
    told = one.call("report", "a", "a", check=0)
    total = str(int(of["a1"]) + int(of["a2"]))
    assert rows_of(told.stdout) == {"a": [total, total, "partial"],
                                    **{leaf: [of[leaf]] * 2 + ["partial"] for leaf in ("a1", "a2")}}
    assert told.stderr == ""
    report(one, "a1", "--final")
    assert rows_of(report(one, "a"))["a"][2:] == ["partial,", "some", "final"]
    told = json.loads(report(one, "--all", "--json"))["units"]
    assert [row["unit"] for row in told] == ["us", *LEAVES]
    assert told[1] == {"unit": "a1", "report": 4, "ballots_counted": int(of["a1"]),
                       "ballots": int(of["a1"]), "final": True}


def test_what_deserves_a_word_is_said_of_units_by_name(begun):
    one, _ = begun()
    said = one.call("report", "a", "--final", check=0).stderr
    assert said == "psephos report: made final without any ballot: a1, a2\n"
    cast(one, 3)
    held, since = report_said(one, "b1", "b2").splitlines()
    assert held.startswith("psephos report: more is counted than shown: too few to show (a row ")
    assert held.endswith(": b1, b2") and "fewer than 10 ballots" in held
    assert since == "psephos report: final, and more is counted than shown, since their report: " \
                    "report again: a1, a2"
    assert report_said(one, "a", "b1", "--final") == ""
    # What comes later is shown with the next report, and the page cannot tell that it came.
    tale = telling.Telling("reports", "immediate", 2)
    tale.voters = 200_000
    station = python_client.Client(one.directory)
    tale.cast(station, 5, small=5)
    station.close()
    wait_until(lambda: one.accounting()["total"]["counted"] > shown(one), what="the books")
    assert "final, and more is counted than shown, since their report: report again: a1, a2, b1\n" \
        in report_said(one, "b3")
    assert "a1" not in report_said(one, "a", "b1")


def report_said(one, *words):
    return one.call("report", *words, check=0, timeout=60 * SLOWER).stderr


def test_not_final_of_what_was_never_reported_shows_nothing(begun):
    one, shards = begun()
    cast(one, 20)
    report(one, "a1", "--final")
    said = report(one, "us", "--not-final", check=1)
    assert "never reported: there is nothing to take back, and a report would show what is " \
           "counted there: a2, b1, b2, b3\n" in said and "nothing was reported" in said
    assert len(shards.one_history()) == 1 and shown(one, "b") == 0 == shown(one, "a2")
    report(one, "a1", "--not-final")
    assert final_ones(one) == set()


def test_a_unit_in_another_case_is_asked_after(begun):
    one, _ = begun()
    said = report(one, "B2", check=1)
    assert "has no unit \"B2\": did you mean b2?" in said and "/api/v1/units" in said


def test_with_the_collector_down_it_says_that_the_report_is_in_all_shards(begun):
    one, _ = begun()
    one.kill(role="collector")
    done = one.call("report", "a", check=0, timeout=60 * SLOWER)
    assert "report 1: 2 units\n" in done.stdout and "counted" not in done.stdout
    first, second = done.stderr.splitlines()
    assert first == f"the report is in all shards; waiting until {one.api} shows it"
    assert second.startswith("psephos report: the report is in all shards; the collector does not "
                             "show it yet: no collector answers at ")
    assert "verdict" not in done.stderr and done.stderr.count("Could not connect") <= 1
    assert json.loads(report(one, "a", "--json"))["units"] is None


def test_with_publication_immediate_it_says_who_is_final(begun):
    one, shards = begun("immediate")
    tale = cast(one, 20)
    wait_until(lambda: shown(one) == len(tale.cast_ones), what="all shown as it comes")
    report(one, "a", "--final")
    assert shown(one) == len(tale.cast_ones)
    assert final_ones(one) == {"a1", "a2"}
    assert shards.one_history() == [Taken(1, A, "yes", False)]


def start(one, *words):
    return subprocess.Popen([BIN / "psephos", "report", "--dir", one.directory, *words],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def test_of_two_operators_at_once_each_has_a_number_of_its_own(begun):
    one, shards = begun()
    for turn in range(20):
        both = [start(one, unit, "--json") for unit in ("a", "b")]
        told = [json.loads(each.communicate(timeout=60 * SLOWER)[0]) for each in both]
        assert [each.returncode for each in both] == [0, 0]
        assert {each["number"] for each in told} == {2 * turn + 1, 2 * turn + 2}
        assert len({shards.held(shard) for shard in range(2)}) == 1
    history = shards.one_history()
    assert [taken.number for taken in history] == list(range(1, 41))
    assert all({one.leaves for one in history[n:n + 2]} == {A, B} for n in range(0, 40, 2))


def test_killed_at_any_moment_the_next_call_finishes(begun):
    one, shards = begun()
    draw = random.Random(15)
    begun_at = time.monotonic()
    report(one, "--all")
    whole_s = time.monotonic() - begun_at
    unfinished = 0
    for turn in range(30):
        last, call = shards.held(0), start(one, "a", "--final")
        if turn % 2:
            time.sleep(draw.uniform(0, whole_s * 1.2))
        else:  # near the moment that matters
            wait_until(lambda: shards.held(0) != last or call.poll() is not None, every=0)
            time.sleep(draw.uniform(0, 0.002))
        call.send_signal(signal.SIGKILL)
        call.communicate()
        unfinished += shards.held(0) != shards.held(1)
        if draw.random() < 0.3:
            told = json.loads(report(one, "b", "--json"))
            assert all(shard["done"] for shard in told["shards"])
            shards.one_history()
    report(one, "b")
    shards.one_history()
    print(f"{unfinished} of 30 were in one shard only when they were killed")


def test_a_shard_that_is_away_is_named_and_nothing_new_is_shown(begun):
    one, shards = begun()
    cast(one, 20)
    report(one, "a")
    before = shown(one)
    cast(one, 20, seed=2)
    one.kill(role="shard", shard=1)
    told = report(one, "--all", check=1)
    assert "psephos report: shard 1: no replica answers; call again" in told
    assert "psephos report: nothing was reported\n" in told and "shard 0" not in told
    assert len(shards.taken(0)) == 1
    one.up()
    assert shown(one) == before
    assert "report 2: 5 units\n" in report(one, "--all")
    assert shown(one) == one.accounting()["total"]["counted"] > before
    one.kill(role="shard", shard=0)
    assert "shard 0: no replica answers" in report(one, "a", check=3)
    one.up()
    assert [taken.number for taken in shards.one_history()] == [1, 2]


def test_what_is_in_shard_0_only_is_not_shown_and_finished_first(begun):
    one, shards = begun()
    cast(one, 20)
    unfinished = Taken(1, A, "yes", False)
    shards.tell(0, unfinished)
    time.sleep(0.5)
    assert shown(one) == 0 and final_ones(one) == set()
    told = report(one, "b")
    assert "report 1 was not in all shards yet: finished first\nreport 2: 3 units\n" in told
    assert final_ones(one) == {"a1", "a2"}
    assert shown(one) == one.accounting()["total"]["counted"]
    assert shards.one_history() == [unfinished, Taken(2, B, "unchanged", False)]
    shards.tell(0, Taken(3, A, "no", False))
    told = json.loads(report(one, "b", "--json"))
    assert (told["finished"], told["number"]) == (3, 4)


def test_other_bytes_under_one_number_are_told_of(begun):
    one, shards = begun()
    cast(one, 20)
    shards.tell(0, Taken(1, A, "yes", False))
    shards.tell(1, Taken(1, A + B[:1], "no", False))
    told = one.call("report", "--all", check=0)
    assert "shard 1: holds another report 1 than shard 0" in told.stderr
    assert "report 2: 5 units\n" in told.stdout
    assert one.call("report", "--all", check=0).stderr == ""


def test_a_number_that_programs_could_not_read_is_none(begun):
    one, shards = begun()
    for number in (b"\x80" * 9 + b"\x01", b"\xff" * 9 + b"\x01"):  # 2^63, 2^64 - 1
        order = shards.pb.ClusterMessage(protocol=2)
        order.operate.operation = shards.pb.REPORT
        order.operate.report = b"\x08" + number + bytes([0x12, 1, 0, 0x18, 3])
        assert shards.held(0) == b""
        shards.sockets[0].send(order.SerializeToString())
        assert shards.held(0) == b""
    assert "report 1: 5 units\n" in report(one, "--all")
    assert len(shards.taken(0)) == 1


def test_what_cannot_be_finished_is_named_and_nothing_is_begun(begun):
    one, shards = begun()
    unfinished = Taken(1, A, "yes", False)
    shards.tell(0, unfinished)
    one.kill(role="shard", shard=1)
    told = report(one, "b", check=1)
    assert "shard 1: no replica answers" in told and "nothing was reported" in told
    assert shards.taken(0) == [unfinished]


def test_a_shard_that_comes_back_in_time_is_told_by_the_same_call(begun):
    one, shards = begun()
    draw = random.Random(16)
    for number in range(1, 9):
        call = start(one, "--all")
        time.sleep(draw.uniform(0, 0.05))
        one.kill(role="shard", shard=number % 2)
        one.up()
        told, said = call.communicate(timeout=60 * SLOWER)
        assert call.returncode == 0, said
        assert f"report {number}: 5 units\nshard 0: done at index " in told
    assert [taken.number for taken in shards.one_history()] == list(range(1, 9))


def backup(one, folder):
    one.call("backup", "--out", folder, check=0, timeout=60 * SLOWER)
    return json.loads((folder / "backup.json").read_text())


def test_after_a_restore_all_that_was_reported_is_reported_again(begun, tmp_path):
    one, shards = begun()
    cast(one, 20)
    report(one, "a1", "--final")
    early, late = tmp_path / "early", tmp_path / "late"
    saved = backup(one, early)
    report(one, "b1", "--final")
    one.call("report", "a1", "--not-final", check=0)
    report(one, "a1", "--final")
    both = backup(one, late)
    # Shard 0 as it was early, shard 1 as it was late.
    shutil.rmtree(late / "shard-0")
    shutil.copytree(early / "shard-0", late / "shard-0")
    both["shards"][0] = saved["shards"][0]
    (late / "backup.json").write_text(json.dumps(both))
    one.kill()
    shutil.rmtree(one.directory / "data")
    told = one.call("restore", "--backup", late, check=0, timeout=60 * SLOWER).stdout
    assert f"psephos report --again --dir {one.directory}\n" in told
    one.up()
    shards = Shards(one)
    assert [len(shards.taken(shard)) for shard in range(2)] == [1, 4]
    done = one.call("report", "--again", check=0, timeout=60 * SLOWER)
    assert "report 1000001: 2 units, again\n" in done.stdout
    assert "psephos report: final in some shards only, and therefore not final now; " \
           "report it with --final: b1\n" in done.stderr
    assert [shards.taken(shard)[-1] for shard in range(2)] == \
        [Taken(1000001, (0, 2), "unchanged", True)] * 2
    assert [shards.epoch(shard) for shard in range(2)] == [2, 2]
    assert final_ones(one) == {"a1"}
    assert shown(one) == shown(one, "a1") + shown(one, "b1") > 0
    assert "report 1000002: 5 units\n" in report(one, "--all")


def test_a_restore_says_nothing_of_reports_that_there_were_not(begun, tmp_path):
    one, _ = begun()
    backup(one, tmp_path / "b")
    one.kill()
    shutil.rmtree(one.directory / "data")
    done = one.call("restore", "--backup", tmp_path / "b", "--json", check=0)
    assert json.loads(done.stdout)["report_again"] is False
    assert "--again" not in done.stderr


def test_of_three_replicas_one_may_be_away(begun):
    one, shards = begun(up_options=["--replicas", 3])
    leaders = {p["shard"]: p["replica"] for p in one.processes()
               if p["role"] == "shard" and p["state"] == "leader"}
    gone = next(p["pid"] for p in one.processes() if p["role"] == "shard" and p["shard"] == 0 and
                p["replica"] == (leaders[0] + 1) % 3)
    subprocess.run(["kill", "-KILL", str(gone)], check=True)
    began = time.monotonic()
    assert "report 1: 5 units\n" in report(one, "--all")
    assert time.monotonic() - began < 4 * SLOWER
