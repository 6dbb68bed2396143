/*
 * columns - the one list of what stands in the SQL tables.
 *
 * DDL of every dialect, the rows that are written and docs/sql.md follow it. A table's
 * columns are X(TABLE_NAME, name, type, whether it may be NULL, what it is), in their
 * order; the enums that come of it index a row's values.
 *
 * Where a method is said, '' is all of them; views say NULL. A new or changed column raises
 * PSP_SQL_FORMAT.
 *
 * Threads: any; it is names only.
 */
#ifndef PSP_SQL_COLUMNS_H
#define PSP_SQL_COLUMNS_H

enum { PSP_SQL_FORMAT = 1 };

#define PSP_SQL_ELECTION(X)                                                                        \
    X(ELECTION_ID, id, TEXT, NEVER, "of the election's definition")                                \
    X(ELECTION_NAME, name, TEXT, NEVER, "in the election's first language, as all names here")     \
    X(ELECTION_DATE, date, TEXT, NEVER, "YYYY-MM-DD")                                              \
    X(ELECTION_TIME_ZONE, time_zone, TEXT, NULLABLE, "IANA name")                                  \
    X(ELECTION_SOURCE, source, TEXT, NULLABLE, "where the definition is from")                     \
    X(ELECTION_LICENCE, licence, TEXT, NULLABLE, "under which it may be used")                     \
    X(ELECTION_MODE, mode, TEXT, NEVER, "live, or test: then no vote here is a vote")              \
    X(ELECTION_PUBLICATION, publication, TEXT, NEVER,                                              \
      "immediate, or reports: as of each unit's last one")                                         \
    X(ELECTION_DEFINITION_HASH, definition_hash, TEXT, NEVER,                                      \
      "SHA-256 of election.json, hexadecimal")                                                     \
    X(ELECTION_ROOT, root, TEXT, NEVER, "the unit above all others")                               \
    X(ELECTION_STATE, state, TEXT, NEVER, "new, open or closed")                                   \
    X(ELECTION_STATUS, status, TEXT, NEVER, "unofficial")                                          \
    X(ELECTION_VERSION_ID, version_id, TEXT, NULLABLE,                                             \
      "version.id of the REST API: what all of this is")                                           \
    X(ELECTION_VERSION_NUMBER, version_number, INTEGER, NEVER,                                     \
      "sum of epochs * 2^40 + sum of log indexes")                                                 \
    X(ELECTION_CLUSTER, cluster, TEXT, NEVER, "whose shards they are")                             \
    X(ELECTION_AS_OF, as_of, TIME, NULLABLE, "newest entry counted; NULL: none")                   \
    X(ELECTION_STALE, stale, BOOLEAN, NEVER, "some shard had not answered of late")

#define PSP_SQL_UNITS(X)                                                                           \
    X(UNITS_UNIT, unit, TEXT, NEVER, "its ID")                                                     \
    X(UNITS_NAME, name, TEXT, NEVER, "")                                                           \
    X(UNITS_CODE, code, TEXT, NEVER, "such as a county's FIPS code; '' where it has none")         \
    X(UNITS_LEVEL, level, TEXT, NEVER,                                                             \
      "nation, state, county, precinct, or as the election has them")                              \
    X(UNITS_PARENT, parent, TEXT, NULLABLE, "the unit above; NULL: the root")                      \
    X(UNITS_LEAF, leaf, BOOLEAN, NEVER, "ballots belong to it, and nothing is below it")           \
    X(UNITS_POSITION, position, INTEGER, NEVER, "in the definition, from 0")

#define PSP_SQL_METHODS(X)                                                                         \
    X(METHODS_METHOD, method, TEXT, NEVER, "its ID; '' stands for all methods")                    \
    X(METHODS_NAME, name, TEXT, NEVER, "")                                                         \
    X(METHODS_POSITION, position, INTEGER, NEVER, "in the definition, from 0; all methods: -1")

#define PSP_SQL_PARTIES(X)                                                                         \
    X(PARTIES_PARTY, party, TEXT, NEVER, "its ID")                                                 \
    X(PARTIES_NAME, name, TEXT, NEVER, "")                                                         \
    X(PARTIES_COLOR, color, TEXT, NULLABLE, "#rrggbb")                                             \
    X(PARTIES_ALLIANCE, alliance, TEXT, NULLABLE, "parties of one alliance have the same")         \
    X(PARTIES_POSITION, position, INTEGER, NEVER, "in the definition, from 0")

#define PSP_SQL_CANDIDATES(X)                                                                      \
    X(CANDIDATES_CANDIDATE, candidate, TEXT, NEVER, "its ID")                                      \
    X(CANDIDATES_NAME, name, TEXT, NEVER, "")                                                      \
    X(CANDIDATES_PARTY, party, TEXT, NULLABLE, "the candidate's own")                              \
    X(CANDIDATES_PHOTO, photo, TEXT, NULLABLE, "a file's name")                                    \
    X(CANDIDATES_BIOGRAPHY, biography, TEXT, NULLABLE, "")                                         \
    X(CANDIDATES_PLATFORM, platform, TEXT, NULLABLE, "")                                           \
    X(CANDIDATES_POSITION, position, INTEGER, NEVER, "in the definition, from 0")

#define PSP_SQL_CONTESTS(X)                                                                        \
    X(CONTESTS_CONTEST, contest, TEXT, NEVER, "its ID")                                            \
    X(CONTESTS_NAME, name, TEXT, NEVER, "")                                                        \
    X(CONTESTS_OFFICE, office, TEXT, NEVER, "")                                                    \
    X(CONTESTS_DISTRICT, district, TEXT, NEVER, "'' where the office has one seat for all")        \
    X(CONTESTS_UNIT, unit, TEXT, NEVER, "in which it is held")                                     \
    X(CONTESTS_GROUP, group, TEXT, NEVER,                                                          \
      "contests that belong together: the office, unless said")                                    \
    X(CONTESTS_PARTY, party, TEXT, NULLABLE, "whose primary it is")                                \
    X(CONTESTS_VOTES_ALLOWED, votes_allowed, INTEGER, NEVER, "on one ballot")                      \
    X(CONTESTS_SEATS, seats, INTEGER, NEVER, "how many are elected")                               \
    X(CONTESTS_POSITION, position, INTEGER, NEVER, "in the definition, from 0")

#define PSP_SQL_CHOICES(X)                                                                         \
    X(CHOICES_CONTEST, contest, TEXT, NEVER, "")                                                   \
    X(CHOICES_CHOICE, choice, TEXT, NEVER, "a line of the contest: its ID, unique there only")     \
    X(CHOICES_NAME, name, TEXT, NEVER, "as the ballot has it")                                     \
    X(CHOICES_KIND, kind, TEXT, NEVER, "candidate, yes, no, blank, spoiled, write_in or other")    \
    X(CHOICES_CANDIDATE, candidate, TEXT, NULLABLE,                                                \
      "who stands there; NULL of a party's list, too")                                             \
    X(CHOICES_PARTY, party, TEXT, NULLABLE, "under which")                                         \
    X(CHOICES_ENTRY, entry, TEXT, NULLABLE,                                                        \
      "first line of who can win by it; NULL: it names nobody")                                    \
    X(CHOICES_POSITION, position, INTEGER, NEVER, "in the contest, from 0")

#define PSP_SQL_RESULTS(X)                                                                         \
    X(RESULTS_CONTEST, contest, TEXT, NEVER, "")                                                   \
    X(RESULTS_UNIT, unit, TEXT, NEVER, "of any level; higher ones hold the sums")                  \
    X(RESULTS_METHOD, method, TEXT, NEVER, "''; each method as well where there are several")      \
    X(RESULTS_CHOICE, choice, TEXT, NEVER, "each that is on a ballot there")                       \
    X(RESULTS_VOTES, votes, INTEGER, NULLABLE, "NULL: held, not told yet; that is not 0")          \
    X(RESULTS_VALID, valid, INTEGER, NULLABLE, "votes of the contest but blank and spoiled ones")  \
    X(RESULTS_BALLOTS, ballots, INTEGER, NEVER, "of the contest there, in each of its lines")      \
    X(RESULTS_UNDERVOTES, undervotes, INTEGER, NULLABLE, "likewise")                               \
    X(RESULTS_OVERVOTES, overvotes, INTEGER, NULLABLE, "likewise")                                 \
    X(RESULTS_REVISION, revision, INTEGER, NEVER,                                                  \
      "of the contest there; raised by corrections only")

#define PSP_SQL_TURNOUT(X)                                                                         \
    X(TURNOUT_UNIT, unit, TEXT, NEVER, "of any level")                                             \
    X(TURNOUT_BALLOTS, ballots, INTEGER, NEVER, "of what is shown")                                \
    X(TURNOUT_BALLOTS_COUNTED, ballots_counted, INTEGER, NULLABLE, "NULL: not told")               \
    X(TURNOUT_REGISTERED, registered, INTEGER, NULLABLE, "voters; NULL: not known")                \
    X(TURNOUT_BALLOTS_EXPECTED, ballots_expected, INTEGER, NULLABLE, "NULL: nobody says")          \
    X(TURNOUT_COMPLETE, complete, BOOLEAN, NEVER, "every leaf has reported, and finally")          \
    X(TURNOUT_UNITS_PARTIAL, units_partial, INTEGER, NEVER,                                        \
      "leaves that have reported, not finally")                                                    \
    X(TURNOUT_REPORT, report, INTEGER, NULLABLE, "number of the last report that is shown")        \
    X(TURNOUT_REPORT_FINAL, report_final, BOOLEAN, NULLABLE, "")                                   \
    X(TURNOUT_REPORT_AT, report_at, TIME, NULLABLE, "")                                            \
    X(TURNOUT_REPORT_UNDER_WAY, report_under_way, BOOLEAN, NEVER,                                  \
      "a newer one is not in all shards yet")                                                      \
    X(TURNOUT_OVER_REGISTERED, over_registered, BOOLEAN, NEVER, "more ballots than voters")        \
    X(TURNOUT_OVER_EXPECTED, over_expected, BOOLEAN, NEVER, "more ballots than expected")          \
    X(TURNOUT_COUNTED, counted, INTEGER, NULLABLE, "of those expected, added up leaf by leaf")     \
    X(TURNOUT_SHOWN, shown, INTEGER, NEVER, "likewise, of what is shown")                          \
    X(TURNOUT_EXPECTED, expected, INTEGER, NULLABLE, "likewise")                                   \
    X(TURNOUT_STILL_OUT, still_out, INTEGER, NULLABLE, "ballots expected and not counted")         \
    X(TURNOUT_CEILING, ceiling, INTEGER, NULLABLE, "so many can come at most")                     \
    X(TURNOUT_CEILING_OF, ceiling_of, TEXT, NULLABLE, "registered, or estimate")                   \
    X(TURNOUT_UNITS_OVER, units_over, INTEGER, NEVER,                                              \
      "units below with more ballots than there can be")

#define PSP_SQL_ACCOUNTING(X)                                                                      \
    X(ACCOUNTING_SHARD, shard, INTEGER, NEVER, "-1: all of them")                                  \
    X(ACCOUNTING_RECEIVED, received, INTEGER, NEVER, "ballots taken from the log")                 \
    X(ACCOUNTING_COUNTED, counted, INTEGER, NEVER, "")                                             \
    X(ACCOUNTING_REPLAYED, replayed, INTEGER, NEVER, "known already, and not counted again")       \
    X(ACCOUNTING_DOUBLE_VOTE, double_vote, INTEGER, NEVER, "the voter has voted")                  \
    X(ACCOUNTING_NOT_ELIGIBLE, not_eligible, INTEGER, NEVER, "not on the roll")                    \
    X(ACCOUNTING_INVALID, invalid, INTEGER, NEVER, "no ballot of this election")                   \
    X(ACCOUNTING_CLOSED, closed, INTEGER, NEVER, "came after the election was closed")             \
    X(ACCOUNTING_ADDED_BALLOTS, added_ballots, INTEGER, NEVER, "counted where they are added up")  \
    X(ACCOUNTING_VOTERS_COUNTED, voters_counted, INTEGER, NEVER,                                   \
      "counted where voters are marked")                                                           \
    X(ACCOUNTING_BALANCED, balanced, BOOLEAN, NEVER, "the counters prove each other")              \
    X(ACCOUNTING_SHOWN, shown, INTEGER, NULLABLE, "in what is shown; of all shards only")          \
    X(ACCOUNTING_HELD, held, INTEGER, NULLABLE, "counted and not shown; of all shards only")       \
    X(ACCOUNTING_FORGOTTEN, forgotten, INTEGER, NULLABLE,                                          \
      "refused, verdict not remembered; of all only")

#define PSP_SQL_CORRECTIONS(X)                                                                     \
    X(CORRECTIONS_NUMBER, number, INTEGER, NEVER, "")                                              \
    X(CORRECTIONS_UNIT, unit, TEXT, NEVER, "")                                                     \
    X(CORRECTIONS_METHOD, method, TEXT, NEVER, "")                                                 \
    X(CORRECTIONS_CONTEST, contest, TEXT, NEVER, "")                                               \
    X(CORRECTIONS_CHOICE, choice, TEXT, NEVER, "")                                                 \
    X(CORRECTIONS_BEFORE, before, INTEGER, NULLABLE, "votes")                                      \
    X(CORRECTIONS_AFTER, after, INTEGER, NULLABLE, "votes")                                        \
    X(CORRECTIONS_REASON, reason, TEXT, NEVER, "")                                                 \
    X(CORRECTIONS_AT, at, TIME, NEVER, "")

#define PSP_SQL_SERIES(X)                                                                          \
    X(SERIES_CONTEST, contest, TEXT, NEVER, "in its own unit")                                     \
    X(SERIES_POINT, point, INTEGER, NEVER,                                                         \
      "from 0; none where nothing of the contest has changed")                                     \
    X(SERIES_AT, at, TIME, NEVER, "")                                                              \
    X(SERIES_CHOICE, choice, TEXT, NEVER, "")                                                      \
    X(SERIES_BALLOTS, ballots, INTEGER, NEVER, "of the contest, in each of its lines")             \
    X(SERIES_VOTES, votes, INTEGER, NEVER, "shown at that time")

#define PSP_SQL_VERSION(X)                                                                         \
    X(VERSION_SHARD, shard, INTEGER, NEVER, "")                                                    \
    X(VERSION_EPOCH, epoch, INTEGER, NEVER, "raised by a restore")                                 \
    X(VERSION_LOG_INDEX, log_index, INTEGER, NEVER, "a receipt up to this index is counted in this")

/* X(NAME), in the order in which rows can be written: what is referred to comes first. */
#define PSP_SQL_TABLES(X)                                                                          \
    X(PARTIES)                                                                                     \
    X(METHODS)                                                                                     \
    X(UNITS)                                                                                       \
    X(ELECTION)                                                                                    \
    X(CANDIDATES)                                                                                  \
    X(CONTESTS)                                                                                    \
    X(CHOICES)                                                                                     \
    X(RESULTS)                                                                                     \
    X(TURNOUT)                                                                                     \
    X(ACCOUNTING)                                                                                  \
    X(CORRECTIONS)                                                                                 \
    X(SERIES)                                                                                      \
    X(VERSION)

#define X(NAME) PSP_SQL_TABLE_##NAME,
enum psp_sql_table_id { PSP_SQL_TABLES(X) PSP_SQL_TABLES_END };
#undef X

enum psp_sql_type { PSP_SQL_TEXT, PSP_SQL_INTEGER, PSP_SQL_BOOLEAN, PSP_SQL_TIME };

/* PSP_OF_RESULTS_VOTES: where a row of `results` has its votes; PSP_OF_RESULTS_END: how many
 * values it has. */
#define PLACE(NAME, name, type, null, about) PSP_OF_##NAME,
#define X(NAME) enum { PSP_SQL_##NAME(PLACE) PSP_OF_##NAME##_END };
PSP_SQL_TABLES(X)
#undef X
#undef PLACE

enum { PSP_SQL_COLUMNS_MAX = 20 };

#endif
