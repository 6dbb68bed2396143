/* What people ask of the tables, the same text for every dialect: no function and no type
 * that one of them lacks. `method` is NULL there where tables have ''.
 *
 * Who stands where is worked out as the collector does (collector/view/standing.c): entries
 * with the votes of all their lines, equal ones in the definition's order, lines that name
 * nobody left out. */
#include "sql/schema.h"

/* Texts of another language keep their lines. */
/* clang-format off */

/* One row an entry (NULL: what names nobody) of each contest, unit and method, by `number`;
 * place is the same, of who can win and is not held: 1 leads. All windows have the same
 * partition, and there is no grouping outside: so a question of one contest and unit reads
 * its lines and no others. `more`: joins and conditions on results r. */
#define STANDING(more)                                                                             \
    "SELECT o.contest, o.unit, o.method, o.entry, o.valid, o.ballots, o.candidate, o.name,\n"      \
    "       o.party, o.number, CASE WHEN o.entry IS NOT NULL THEN o.votes END AS votes,\n"         \
    "       CASE WHEN o.entry IS NOT NULL AND o.votes IS NOT NULL THEN o.number END AS place\n"    \
    "FROM (SELECT s.contest, s.unit, s.method, s.entry, s.votes, s.valid, s.ballots,\n"            \
    "             f.candidate, COALESCE(n.name, NULLIF(f.name, ''), p.name, '') AS name,\n"        \
    "             COALESCE(n.party, f.party) AS party,\n"                                          \
    "             ROW_NUMBER() OVER (PARTITION BY s.contest, s.unit, s.method ORDER BY\n"          \
    "               CASE WHEN s.entry IS NULL THEN 1 ELSE 0 END, s.votes DESC, f.position)\n"      \
    "               AS number\n"                                                                   \
    "      FROM (SELECT r.contest, r.unit, r.method, c.entry,\n"                                   \
    "                   CAST(SUM(r.votes) AS BIGINT) AS votes,\n"                                  \
    "                   MAX(r.valid) AS valid, MAX(r.ballots) AS ballots\n"                        \
    "            FROM results r\n"                                                                 \
    "            JOIN choices c ON c.contest = r.contest AND c.choice = r.choice\n"                \
    more                                                                                           \
    "            GROUP BY r.contest, r.unit, r.method, c.entry) s\n"                               \
    "      LEFT JOIN choices f ON f.contest = s.contest AND f.choice = s.entry\n"                  \
    "      LEFT JOIN candidates n ON n.candidate = f.candidate\n"                                  \
    "      LEFT JOIN parties p ON p.party = f.party) o\n"

/* A contest that somebody can have a seat by. `k`: its name in the query. */
#define HAS_SEATS(k)                                                                               \
    "EXISTS (SELECT 1 FROM choices c\n"                                                            \
    "              WHERE c.contest = " k ".contest AND c.kind = 'candidate')\n"

const struct psp_sql_view psp_sql_views[] = {
    {"v_results",
     "votes by line; share: of valid votes, not rounded; method NULL: all of them",
     "SELECT r.contest, r.unit, u.name AS unit_name, u.level, NULLIF(r.method, '') AS method,\n"
     "       r.choice, c.name AS choice_name, c.candidate, c.party, r.votes,\n"
     "       CASE WHEN c.kind NOT IN ('blank', 'spoiled') AND r.valid > 0\n"
     "         THEN CAST(r.votes AS DOUBLE PRECISION) / r.valid END AS share\n"
     "FROM results r\n"
     "JOIN units u ON u.unit = r.unit\n"
     "JOIN choices c ON c.contest = r.contest AND c.choice = r.choice"},
    {"v_candidates",
     "who can win, with the votes of all their lines; place: most votes first, from 1",
     "SELECT e.contest, e.unit, u.name AS unit_name, u.level, NULLIF(e.method, '') AS method,\n"
     "       e.place, e.entry AS choice, e.candidate, e.name, e.party, e.votes,\n"
     "       CASE WHEN e.valid > 0 THEN CAST(e.votes AS DOUBLE PRECISION) / e.valid END AS share\n"
     "FROM (\n"
     STANDING("")
     ") e\n"
     "JOIN units u ON u.unit = e.unit\n"
     "WHERE e.entry IS NOT NULL"},
    {"v_leaders",
     "who leads, in every unit; NULL: nobody has a vote yet, the first two are level, or held",
     "SELECT t.contest, t.unit, u.name AS unit_name, u.level, NULLIF(t.method, '') AS method,\n"
     "       CASE WHEN t.votes_1 > COALESCE(t.votes_2, 0) THEN t.entry_1 END AS leader,\n"
     "       CASE WHEN t.votes_1 > COALESCE(t.votes_2, 0) THEN t.candidate_1 END\n"
     "         AS leader_candidate,\n"
     "       CASE WHEN t.votes_1 > COALESCE(t.votes_2, 0) THEN t.name_1 END\n"
     "         AS leader_name,\n"
     "       CASE WHEN t.votes_1 > COALESCE(t.votes_2, 0) THEN t.party_1 END\n"
     "         AS leader_party,\n"
     "       CASE WHEN t.valid IS NOT NULL THEN COALESCE(t.votes_1, 0) END AS leader_votes,\n"
     "       CASE WHEN t.votes_1 > t.votes_2 AND t.votes_2 > 0 THEN t.entry_2 END AS second,\n"
     "       CASE WHEN t.votes_1 > t.votes_2 AND t.votes_2 > 0 THEN t.candidate_2 END\n"
     "         AS second_candidate,\n"
     "       CASE WHEN t.votes_1 > t.votes_2 AND t.votes_2 > 0 THEN t.name_2 END\n"
     "         AS second_name,\n"
     "       CASE WHEN t.votes_1 > t.votes_2 AND t.votes_2 > 0 THEN t.party_2 END\n"
     "         AS second_party,\n"
     "       CASE WHEN t.valid IS NOT NULL THEN COALESCE(t.votes_2, 0) END AS second_votes,\n"
     "       CASE WHEN t.votes_1 > 0 THEN t.votes_in - t.votes_out END AS margin,\n"
     "       CASE WHEN t.seats > 1 THEN 'last_seat' ELSE 'first' END AS margin_of,\n"
     "       CASE WHEN t.valid IS NOT NULL\n"
     "         THEN COALESCE(t.votes_in = t.votes_out AND t.votes_out > 0, FALSE) END AS tied,\n"
     "       t.valid, t.ballots\n"
     "FROM (SELECT e.contest, e.unit, e.method, e.number, e.valid, e.ballots, k.seats,\n"
     "             e.entry AS entry_1, e.candidate AS candidate_1, e.name AS name_1,\n"
     "             e.party AS party_1, e.votes AS votes_1,\n"
     "             LEAD(e.entry) OVER w AS entry_2, LEAD(e.candidate) OVER w AS candidate_2,\n"
     "             LEAD(e.name) OVER w AS name_2, LEAD(e.party) OVER w AS party_2,\n"
     "             LEAD(e.votes) OVER w AS votes_2,\n"
     "             MAX(CASE WHEN e.place = k.seats THEN e.votes END)\n"
     "               OVER (PARTITION BY e.contest, e.unit, e.method) AS votes_in,\n"
     "             MAX(CASE WHEN e.place = k.seats + 1 THEN e.votes END)\n"
     "               OVER (PARTITION BY e.contest, e.unit, e.method) AS votes_out\n"
     "      FROM (\n"
     STANDING("")
     ") e\n"
     "      JOIN contests k ON k.contest = e.contest\n"
     "      WINDOW w AS (PARTITION BY e.contest, e.unit, e.method ORDER BY e.number)) t\n"
     "JOIN units u ON u.unit = t.unit\n"
     "WHERE t.number = 1"},
    {"v_turnout",
     "ballots by unit; share: of voters registered, not rounded",
     "SELECT t.unit, u.name AS unit_name, u.level, u.parent, u.leaf, t.ballots,\n"
     "       t.ballots_counted, t.registered, t.ballots_expected,\n"
     "       CASE WHEN t.registered > 0 AND COALESCE(t.ballots_counted, t.report) IS NOT NULL\n"
     "         THEN CAST(COALESCE(t.ballots_counted, t.ballots) AS DOUBLE PRECISION)\n"
     "              / t.registered END AS share,\n"
     "       t.complete, t.units_partial, t.over_registered, t.over_expected, t.still_out,\n"
     "       t.ceiling, t.ceiling_of\n"
     "FROM turnout t\n"
     "JOIN units u ON u.unit = t.unit"},
    {"v_seats",
     "seats led by party, of each group of contests; a seat whose candidates are level is "
     "nobody's, as are several seats that lists are to get; a referendum has none",
     "SELECT w.\"group\", w.party, p.alliance, COUNT(*) AS seats_led,\n"
     "       (SELECT CAST(SUM(k.seats) AS BIGINT) FROM contests k\n"
     "        WHERE k.\"group\" = w.\"group\" AND\n"
     HAS_SEATS("k")
     "       ) AS seats_total\n"
     "FROM (SELECT k.contest, k.\"group\", e.party, e.place, e.votes, k.seats,\n"
     "             MAX(CASE WHEN e.place = k.seats + 1 THEN e.votes END)\n"
     "               OVER (PARTITION BY e.contest) AS votes_out,\n"
     "             MIN(CASE WHEN k.seats > 1 AND e.candidate IS NULL THEN e.place END)\n"
     "               OVER (PARTITION BY e.contest) AS list_place\n"
     "      FROM (\n"
     STANDING("JOIN contests o ON o.contest = r.contest AND o.unit = r.unit\n"
              "WHERE r.method = ''\n")
     ") e\n"
     "      JOIN contests k ON k.contest = e.contest) w\n"
     "LEFT JOIN parties p ON p.party = w.party\n"
     "WHERE w.place <= w.seats AND w.votes > COALESCE(w.votes_out, 0)\n"
     "  AND (w.list_place IS NULL OR w.place < w.list_place) AND\n"
     HAS_SEATS("w")
     "GROUP BY w.\"group\", w.party, p.alliance"},
    {0},
};
