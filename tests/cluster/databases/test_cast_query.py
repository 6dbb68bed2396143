"""`cast --postgres --query`: a table of votes is counted as it stands there, once."""

import json
import subprocess

from database import database, server  # noqa: F401
from harness import BIN, run_psephos, wait_until
from test_round_trip import assert_books_balance

VOTES = ("SELECT voter_id, address_state AS state, candidate_id, voting_time "
         "FROM votes JOIN voters USING (voter_id)")
VOTERS = 2500  # three blocks of rows


def demos(database, cluster, tmp_path, votes=VOTERS):  # noqa: F811
    """The demos' tables, the cluster of their election, and votes of most kinds of voters."""
    run_psephos("generate", "--postgres", database.conninfo, "--voters", VOTERS, check=0)
    run_psephos("import", "--postgres", database.conninfo, "--out", tmp_path / "e", check=0)
    database.sql(
        "INSERT INTO votes SELECT voter_id, (ARRAY(SELECT candidate_id FROM candidates ORDER BY 1))"
        "[1 + abs(hashtext(voter_id)) % 5 % 3], '2026-11-29 08:00:00.25'::timestamp FROM voters "
        f"ORDER BY voter_id LIMIT {votes}")
    return cluster(tmp_path / "e" / "election.json", shards=2,
                   up_options=["--roll", tmp_path / "e" / "roll.csv"])


def query(database, text, *options):  # noqa: F811
    return ["--postgres", database.conninfo, "--query", text, *options]


def assert_cast(done, counted, replayed):
    """What `cast` itself sent twice comes back with its first verdict."""
    assert done["counted"] + done["replayed"] == done["cast"] == counted + replayed, done
    assert 0 <= done["counted"] - counted <= done["resent"], done


def assert_as_in_the_tables(one, database):  # noqa: F811
    wanted = {(state, candidate): int(n) for state, candidate, n in database.sql(
        "SELECT address_state, candidate_id, count(*) FROM votes JOIN voters USING (voter_id) "
        "GROUP BY 1, 2")}
    rows = one.get_json("/api/v1/results?level=leaf&limit=1000")["results"]
    assert {(row["unit_name"], c["choice"]): c["votes"] for row in rows for c in row["choices"]
            if c["votes"] > 0} == wanted and len(wanted) > 100


def test_the_demos_votes_are_counted_as_their_tables_have_them(
        database, cluster, tmp_path):  # noqa: F811
    one = demos(database, cluster, tmp_path, votes=2300)
    database.sql("INSERT INTO voters (voter_id, address_state) VALUES ('stranger', 'Kent'); "
                 "INSERT INTO votes SELECT 'stranger', candidate_id, now() FROM candidates LIMIT 1")
    done = one.cast(*query(database, VOTES + ";"), check=1)
    assert (done["cast"], done["counted"], done["not_eligible"]) == (2301, 2300, 1)
    database.sql("DELETE FROM votes WHERE voter_id = 'stranger'")
    assert_as_in_the_tables(one, database)

    # Again, in another order, and some more; then under a key, which is another ballot's ID.
    database.sql("INSERT INTO votes SELECT voter_id, (SELECT min(candidate_id) FROM candidates), "
                 "now() FROM voters LEFT JOIN votes USING (voter_id) WHERE candidate_id IS NULL "
                 "AND voter_id <> 'stranger' LIMIT 100")
    done = one.cast(*query(database, VOTES + " ORDER BY random()"))
    assert_cast(done, 100, 2300)
    assert_as_in_the_tables(one, database)
    assert_books_balance(one)


def test_a_key_column_tells_rows_apart_and_the_voter_those_of_other_tables(
        database, cluster, tmp_path):  # noqa: F811
    one = demos(database, cluster, tmp_path, votes=60)
    twice = f"SELECT row_number() OVER () AS id, q.* FROM ({VOTES} UNION ALL {VOTES}) AS q"
    assert_cast(one.cast(*query(database, twice)), 60, 60)
    by_key = query(database, twice, "--key-column", "id")
    assert one.cast(*by_key, check=1)["double_vote"] == 120

    # Another table's rows may have the same keys; its voters have not voted.
    others = query(database, "SELECT row_number() OVER () AS id, voter_id, address_state AS state, "
                   "candidate_id FROM voters, (SELECT min(candidate_id) AS candidate_id FROM "
                   "candidates) AS c WHERE voter_id NOT IN (SELECT voter_id FROM votes) "
                   "ORDER BY voter_id LIMIT 40", "--key-column", "id")
    assert_cast(one.cast(*others), 40, 0)
    assert_cast(one.cast(*others), 0, 40)
    # What was cast first stands.
    database.sql("UPDATE votes SET candidate_id = (SELECT max(candidate_id) FROM candidates)")
    changed = one.cast(*query(database, VOTES, "--key-column", "voter_id"), check=1)
    assert changed["counted"] == 0


def test_a_server_that_is_lost_ends_the_cast_and_the_same_again_is_safe(
        database, cluster, tmp_path):  # noqa: F811
    one = demos(database, cluster, tmp_path)
    # The second block of rows never comes.
    waits = ("SELECT q.* FROM (SELECT row_number() OVER () AS n, v.* FROM "
             f"({VOTES} ORDER BY voter_id) AS v) AS q "
             "WHERE n < 1500 OR pg_sleep(CASE WHEN n = 1500 THEN 3600 ELSE 0 END) IS NOT NULL")
    cast = subprocess.Popen([BIN / "psephos", "cast", "--json", "--dir", one.directory,
                             *query(database, waits)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    wait_until(lambda: one.accounting()["total"]["counted"] == 1000, what="the first rows' count")
    assert cast.poll() is None
    database.server.run(database.server.bin / "pg_ctl", "-D", database.server.folder / "data",
                        "-m", "immediate", "stop")
    out, told = cast.communicate(timeout=60)
    assert cast.returncode == 1 and json.loads(out)["counted"] == 1000
    assert "psephos cast: PostgreSQL: " in told
    assert "the rows end here, after 1000: cast the same query again, nothing will count" in told
    refused = one.call("cast", *query(database, VOTES), check=1).stderr
    assert "psephos cast: PostgreSQL: connection to server" in refused
    database.server.start_again()
    done = one.cast(*query(database, VOTES))
    assert_cast(done, VOTERS - 1000, 1000)
    assert_as_in_the_tables(one, database)


ELECTION = {
    "format": 2, "publication": "immediate", "id": "t", "name": "Town", "date": "2026-11-29",
    "parties": [], "candidates": [],
    "methods": [{"id": "post", "name": "Post"}, {"id": "booth", "name": "Booth"}],
    "units": [{"id": "town", "name": "Town", "level": "nation"},
              {"id": "n", "name": "North", "level": "state", "parent": "town",
               "ballot_styles": ["all"]},
              {"id": "s", "name": "South", "level": "state", "parent": "town",
               "ballot_styles": ["all"]}],
    "contests": [{"id": "q", "name": "Q", "office": "Q", "unit": "town", "choices": [
        {"id": "yes", "name": "Yes", "kind": "yes"}, {"id": "no", "name": "No",
                                                         "kind": "no"}]}],
    "ballot_styles": [{"id": "all", "contests": [{"contest": "q"}]}]}


def ballot(voter, **more):
    return json.dumps({"voter_id": voter, "unit": "n", "method": "booth",
                       "contests": {"q": ["yes"]}} | more)


def test_rows_that_are_no_ballots_are_told_and_the_others_cast(
        database, cluster, tmp_path):  # noqa: F811
    (tmp_path / "election.json").write_text(json.dumps(ELECTION))
    one = cluster(tmp_path / "election.json", shards=1)
    database.sql(f"CREATE TABLE b (id serial, ballot jsonb); INSERT INTO b (ballot) VALUES "
                 f"('{ballot('v1')}'), (NULL), ('{ballot('v2', unit='mars')}'), ('[1]'), "
                 f"('{ballot('v3', ballot_id='0123456789abcdef' * 2)}')")
    verdicts = tmp_path / "verdicts"
    objects = query(database, "SELECT * FROM b ORDER BY id", "--key-column", "id", "--verdicts",
                    verdicts)
    done = one.call("cast", "--json", *objects, check=1)
    assert (json.loads(done.stdout)["counted"], json.loads(done.stdout)["invalid"]) == (2, 1)
    for says in ("row 2 of the query: ballot is NULL", "row 4 of the query: a JSON",
                 '1 invalid: unknown unit "mars": row 3', "2 rows could not be read"):
        assert says in done.stderr
    lines = {line["line"]: line for line in map(json.loads, verdicts.read_text().splitlines())}
    assert [lines[n]["disposition"] for n in range(1, 6)] == \
        ["counted", None, "invalid", None, "counted"]
    assert lines[5]["ballot_id"] == "0123456789abcdef" * 2
    # The object itself, cast as a line, is another ballot than the row of that key; with an ID
    # of its own it is the same.
    again = one.call("cast", "--json", "--allow-refused", "-", stdin="\n".join(
        [ballot("v1"), ballot("v3", ballot_id="0123456789abcdef" * 2)]), check=0)
    assert [json.loads(again.stdout)[d] for d in ("double_vote", "replayed")] == [1, 1]

    # Columns: a unit by its ID, a state by its name; what is missing or of no meaning.
    database.sql("CREATE TABLE r (n int, voter_id text, unit text, candidate_id text, "
                 "cast_at timestamptz); INSERT INTO r VALUES (1, 'w1', 'n', 'yes', now()), "
                 "(2, 'w2', 'SOUTH', 'no', '2026-11-29 10:00:00.5+02'), "
                 "(3, NULL, 'n', 'yes', NULL), (4, ' w4', 'n', 'yes', NULL), "
                 "(5, 'w5', NULL, 'yes', NULL), "
                 "(6, 'w6', 'n', 'maybe', NULL), (7, 'w7', 's', 'no', 'infinity')")
    done = one.call("cast", "--json", *query(database, "SELECT * FROM r ORDER BY n"), check=1)
    assert (json.loads(done.stdout)["counted"], json.loads(done.stdout)["invalid"]) == (2, 1)
    for says in ("row 3 of the query: voter_id: a string", "row 4 of the query: voter_id: begins",
                 "row 5 of the query: address.state is needed", "maybe", "row 7 of the query: the "
                 "time of casting", "4 rows could not be read"):
        assert says in done.stderr

    # A time is read as it is, however long: cut off, this one would be another.
    longer = "'2026-11-29 10:00:00." + 60 * "0" + "+02'::text AS cast_at"
    seen = one.call("cast", "--json", *query(database, "SELECT 'w8' AS voter_id, 'n' AS unit, "
                                             f"'yes' AS candidate_id, {longer}"), check=0)
    assert json.loads(seen.stdout)["counted"] == 1
    nonsense = longer.replace("+02", "+02 or so")
    seen = one.call("cast", *query(database, "SELECT 'w9' AS voter_id, 'n' AS unit, "
                                   f"'yes' AS candidate_id, {nonsense}"), check=1)
    assert "row 1 of the query: the time of casting" in seen.stderr

    refusals(one, database)


def refusals(one, database):  # noqa: F811
    """Nothing is sent, and nothing in the database has changed."""
    def told(text, *options, check=1):
        return one.call("cast", *query(database, text, *options), check=check).stderr

    for text, says in (
            ("SELECT voter_id, unit FROM r", "no column candidate_id: voter_id, unit or state"),
            ("SELECT voter_id, candidate_id FROM r", "no column unit, state or address_state"),
            ("SELECT r.*, r.voter_id FROM r", "several columns voter_id: say which"),
            ("SELECT ballot FROM b WHERE id < 0", "the query gave no row"),
            ("SELECT 1 / (random() * 0)::int AS ballot", "by zero; the rows end here, after 0: "),
            ("SELECT * FROM nothing", 'PostgreSQL: relation "nothing" does not exist'),
            ("DELETE FROM r", "PostgreSQL: syntax error"),
            ("SELECT 1; DELETE FROM r", "PostgreSQL: cannot insert multiple commands"),
            ("SELECT nextval('b_id_seq') AS ballot", "in a read-only transaction")):
        assert says in told(text), text
    for conninfo in ("postgresql://u:sesame@[::1/db", "host=x password=my sesame"):
        said = one.call("cast", "--postgres", conninfo, "--query", "TABLE r", check=1).stderr
        assert "password" in said and "sesame" not in said
    assert '--key-column: the query has no column "no"' in told("TABLE r", "--key-column", "no")
    assert database.sql("SELECT count(*) FROM r") == [["7"]]
    assert "belong together" in one.call("cast", "--query", "SELECT 1", check=2).stderr or \
        "one of FILE" in one.call("cast", "--query", "SELECT 1", check=2).stderr
    assert "one of FILE" in told("TABLE r", "file.ndjson", check=2)
    assert "--key-column goes with --query" in \
        one.call("cast", "--key-column", "id", "-", check=2).stderr
