/*
 * mutants - deliberate defects, to see whether the simulator finds them.
 *
 * Those of the product are not in its sources: mutate.py makes a copy of the
 * tree in which they stand, each behind its number. Those of what the simulator
 * replaces (log writer, store, collector's database) are here, behind
 * SIM_MUTANT, which is the constant false in every other build.
 */
#ifndef SIM_MUTANTS_H
#define SIM_MUTANTS_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_MUTANT_LIST(X)                                                                         \
    X(VERDICT_BEFORE_COMMIT, "a leader applies what is not committed")                             \
    X(FOLLOWER_PAST_COMMIT, "a follower applies past the commit")                                  \
    X(APPLY_BEFORE_OWN_LOG, "applied before it is in the own log")                                 \
    X(DEDUP_FROM_MEMORY, "a retry is answered from leader memory")                                 \
    X(FOLLOWER_SKIPS, "a follower does not count")                                                 \
    X(STALE_REPLY_INDEX, "W1: a stale reply claims what it has not")                               \
    X(REPLY_LAST_STORED, "a follower acknowledges all that it has stored")                         \
    X(OLD_TERM_COMMIT, "an old term's entry committed by counting")                                \
    X(OVERWRITTEN_PERSISTED, "a write is reported though replaced")                                \
    X(NO_SYNC, "fsync of the log skipped")                                                         \
    X(NO_VOTE_SYNC, "vote file not synced")                                                        \
    X(ONE_VOTE_COPY, "a vote is written to one copy only")                                         \
    X(NO_FOLDER_SYNC, "a new segment's name not synced")                                           \
    X(NO_SYNC_AT_OPEN, "a killed process's tail trusted unsynced")                                 \
    X(NO_NAME_SYNC_AT_OPEN, "a killed process's rename trusted unsynced")                          \
    X(NO_CHECKSUM, "a record's checksum not checked")                                              \
    X(PERSISTED_BEFORE_SYNC, "persisted is told before the sync")                                  \
    X(SENT_BEFORE_VOTE, "messages leave before the vote is durable")                               \
    X(NO_FENCE, "no configuration fence")                                                          \
    X(REPLAY_ANEW, "a replay judged anew after a restart")                                         \
    X(DOUBLE_VOTE_NEW_LEADER, "double vote let through after a leader change")                     \
    X(OLD_BOOKS, "books not in the checkpoint's transaction")                                      \
    X(OLD_INDEX, "totals checkpointed without the index")                                          \
    X(TIME_NOT_CLAMPED, "the leader's time may go back")                                           \
    X(MERGED_BY_ADDING, "a partial is merged by adding")                                           \
    X(BOARD_NOT_STORED, "a board is published before it is stored")                                \
    X(OLD_PARTIAL_WINS, "an older partial replaces a newer one")                                   \
    X(CLIENT_GIVES_UP, "a client gives up on timeout")                                             \
    X(CLIENT_NEW_ID, "a resend under a new ballot ID")                                             \
    X(SECOND_OVERTAKES, "a voter's second ballot does not wait for the first")                     \
    X(SECOND_FORGOTTEN, "a ballot that waited for another is not sent")                            \
    X(POOL_FORGOTTEN, "a pool leaves only when it is full")                                        \
    X(QUEUE_LOSES, "a router's queue loses a message")                                             \
    X(ROWS_MIXED_UP, "a router gives verdicts to other rows")                                      \
    X(WIPED_KEEPS_ID, "a wiped replica comes back under its old ID")                               \
    X(MEMBERS_NOT_STORED, "members not in the checkpoint")                                         \
    X(VOTED_IS_TOLD, "after the close it is told who has voted")                                   \
    X(CLOSED_LATE, "it closes later than was said")                                                \
    X(CLOSED_FORGOTTEN, "a closed ballot is forgotten")                                            \
    X(FORGETS_THE_NEXT, "of two stations with most the higher forgets")                            \
    X(NOT_FORGOTTEN_AT_LOAD, "what was forgotten is remembered after a restart")                   \
    X(OTHER_FORGOTTEN_AT_LOAD, "a restart takes closed ones for the forgotten")                    \
    X(STATION_LOST, "a row's station is lost")                                                     \
    X(STATIONS_NOT_STORED, "books by station not in the checkpoint")                               \
    X(REPLAYS_TWICE, "replays without a row are booked twice")                                     \
    X(REPLAYS_NEVER, "replays without a row are not booked")                                       \
    X(REPLAYS_OF_OTHER, "replays are booked for another station")                                  \
    X(PARKED_EARLY, "replays are answered before their entry is applied")                          \
    X(TALLIES_TWICE, "two entries carry the same replays")                                         \
    X(KEPT_STYLE_LOST, "rows kept after a look-up lose their style")                               \
    X(KNOWN_JUDGED, "a ballot asked for, if known, is judged")                                     \
    X(KNOWN_TOO_EARLY, "not known, says a leader that has not applied its log")                    \
    X(CLOSED_SHARED, "stations share one budget for closed ballots")                               \
    X(STATION_OF_ROUTER, "a router sends every ballot as station 1's")                             \
    X(FORGETS_NEWEST, "a station's newest refusal is forgotten first")                             \
    X(LOAD_TURNS_ROUND, "a load puts a station's newest refusal first")                            \
    X(LOAD_FORGETS_LAST, "a load forgets a station's last refusals")                               \
    X(STYLE_OF_OTHER_UNIT, "a ballot style of another unit is taken")                              \
    X(STYLE_NOT_IN_TAG, "the ballot style is not part of the tag")                                 \
    X(ROLL_STYLE_IGNORED, "the roll's ballot style is not looked at")                              \
    X(CLOSE_TIME_LATE, "an entry of the closing time is still open")                               \
    X(CLOSE_AT_ONCE, "a closing time ahead is not waited for")                                     \
    X(SECOND_CLOSE_WINS, "another closing time overrides the first")                               \
    X(CLOSE_NOT_STORED, "the closing time is not in the checkpoint")                               \
    X(CLOSE_WITHOUT_LEADER, "nobody says that the time to close has come")                         \
    X(CLOSE_ONCE_A_TERM, "a leader says once only that the time to close has come")                \
    X(BOUNDS_IGNORED, "what a key may not cast is judged")                                         \
    X(OUTSIDE_NOT_ASKED, "a resent ballot outside is refused unasked")                             \
    X(STATIONS_SENT_LATE, "a board is not sent a station's last change")                           \
    X(HELD_LEAVES, "what no report has named leaves a shard")                                      \
    X(TURNOUT_LEAVES, "turnout leaves a shard though it is held back")                             \
    X(NUMBER_TWICE, "two reports of one number")                                                   \
    X(ROW_INDEX_LOST, "a load loses which report changed a row")                                   \
    X(FINAL_FLIPS, "a report that keeps finality takes it away")                                   \
    X(ROW_OF_ONE_SHARD, "what one shard has not reported is shown")                                \
    X(BELOW_MIN_SHOWN, "a row that moved by less than report_min is shown")                        \
    X(HELD_IS_SHOWN, "what is held counts as shown")                                               \
    X(HELD_NOT_SAID, "a row never shown is said to be shown")                                      \
    X(MIXED_AFTER_RESTORE, "reports of before a restore stay")                                     \
    X(RESTORED_NOT_TAKEN, "a report of after a restore is taken for the old one")                  \
    X(SHOWN_NOT_STORED, "what is shown is not stored")                                             \
    X(ANY_HEAD_STOPS, "whoever has a collector's key stops a lone replica")                        \
    X(SHOWN_NUMBER_LOST, "a restart loses which report a row shows")                               \
    X(FINAL_OF_ANY, "final in one shard is final")                                                 \
    X(HELD_HASH_TO_ALL, "anybody is told the hash of what is held")                                \
    X(LAST_VOTER_LOST, "a load loses whose ballot was counted last")                               \
    X(COUNTED_TOLD, "a board tells of turnout though it is held back")                             \
    X(REPORT_NOT_FINISHED, "a report is begun before the last one is everywhere")                  \
    X(OVERTAKEN_UNSEEN, "who reports does not see that another was faster")                        \
    X(NUMBERS_AGAIN, "numbers of before a restore are given again")

enum sim_mutant {
    SIM_MUTANT_NONE,
#define X(name, text) SIM_MUTANT_##name,
    SIM_MUTANT_LIST(X)
#undef X
        SIM_MUTANTS
};

#ifdef PSP_MUTANTS
extern int psp_mutant;
#define SIM_MUTANT(name) (psp_mutant == (int)SIM_MUTANT_##name)
#else
#define SIM_MUTANT(name) false
#endif

/* Figure 8 of the Raft paper: four elections, each of which must lose the right
 * messages. Random seeds hardly ever get there; its schedule is a unit test. */
static inline bool sim_mutant_by_schedule(uint32_t mutant)
{
    return mutant == SIM_MUTANT_OLD_TERM_COMMIT;
}

void sim_mutant_set(uint32_t mutant);
bool sim_mutants_built(void);
const char *sim_mutant_name(uint32_t mutant);

#endif
