/*
 * codes - the closed sets of numbers in messages, each listed once.
 *
 * A number keeps its meaning for ever; a new one goes last. Those that proto/ has
 * as enums are compared with it when this is compiled; what docs/protocol.md says
 * of refusals, tests/lint/facts.py compares. (What becomes of a ballot:
 * election/verdict.h.)
 *
 * Threads: any; pure.
 */
#ifndef PSP_CODES_H
#define PSP_CODES_H

#include <stdbool.h>
#include <stdint.h>

/* Why a router did not take ballots. X(NAME of RefusalCode in proto/client.proto, number) */
#define PSP_REFUSALS(X)                                                                            \
    X(BUSY, 1)                                                                                     \
    X(UNKNOWN, 2)                                                                                  \
    X(UNDECODABLE, 3)                                                                              \
    X(UNSUPPORTED_PROTOCOL, 4)                                                                     \
    X(WRONG_ELECTION, 5)                                                                           \
    X(NOT_ALLOWED, 6)                                                                              \
    X(CONFIGURATION, 7)                                                                            \
    X(NOT_ALLOWED_ROWS, 8)

enum psp_refusal_code {
#define X(NAME, number) PSP_REFUSAL_##NAME = number,
    PSP_REFUSALS(X)
#undef X
};

/* Why a shard did not judge a batch. X(NAME, number) */
#define PSP_COUNT_REFUSALS(X)                                                                      \
    X(BUSY, 1)       /* definitely not proposed */                                                 \
    X(NOT_LEADER, 2) /* definitely not proposed here */                                            \
    X(FENCE, 3)      /* the configuration fence refuses the batch */                               \
    X(LOST, 4)       /* proposed, then leadership lost: unknown */                                 \
    X(UNDECODABLE, 5)

enum psp_count_refusal {
#define X(NAME, number) PSP_COUNT_##NAME = number,
    PSP_COUNT_REFUSALS(X)
#undef X
};

/* What an operator may ask of a shard's leader. X(NAME of Operation in proto/, number) */
#define PSP_OPERATIONS(X)                                                                          \
    X(OPEN, 1)                                                                                     \
    X(CLOSE, 2)                                                                                    \
    X(MOVE_LEADER, 4)                                                                              \
    X(REPLACE_REPLICA, 5)                                                                          \
    X(REPORT, 6)

enum psp_operation {
#define X(NAME, number) PSP_OPERATE_##NAME = number,
    PSP_OPERATIONS(X)
#undef X
};

/* What became of it. X(NAME, number) */
#define PSP_OPERATE_STATUSES(X)                                                                    \
    X(OPERATED, 0)                                                                                 \
    X(OPERATE_NOT_LEADER, 1)                                                                       \
    X(OPERATE_LOST, 2) /* leadership lost: unknown */                                              \
    X(OPERATE_REFUSED, 3)

enum psp_operate_status {
#define X(NAME, number) PSP_##NAME = number,
    PSP_OPERATE_STATUSES(X)
#undef X
};

/* X(NAME, word of the API, number) */
#define PSP_ELECTION_STATES(X)                                                                     \
    X(NEW, new, 0) /* never opened */                                                              \
    X(OPEN, open, 1)                                                                               \
    X(CLOSED, closed, 2)

enum psp_election_state {
#define X(NAME, word, number) PSP_ELECTION_##NAME = number,
    PSP_ELECTION_STATES(X)
#undef X
};

/* Whether votes are counted or it is all tried out. X(NAME, word, number) */
#define PSP_MODES(X)                                                                               \
    X(LIVE, live, 1)                                                                               \
    X(TEST, test, 2)

enum psp_mode {
#define X(NAME, word, number) PSP_MODE_##NAME = number,
    PSP_MODES(X)
#undef X
};

/* What a report says of its leaves: whether more will be counted there. X(NAME, number) */
#define PSP_REPORT_FINALS(X)                                                                       \
    X(YES, 1)                                                                                      \
    X(NO, 2)                                                                                       \
    X(UNCHANGED, 3)

enum psp_report_final {
#define X(NAME, number) PSP_FINAL_##NAME = number,
    PSP_REPORT_FINALS(X)
#undef X
};

/* What a router says of a station that it was asked after. X(NAME, number) */
#define PSP_ADMITS(X)                                                                              \
    X(NOT_SAID, 0) /* not asked, or of a version that does not say */                              \
    X(NO, 1)                                                                                       \
    X(YES, 2)

enum psp_admits {
#define X(NAME, number) PSP_ADMITS_##NAME = number,
    PSP_ADMITS(X)
#undef X
};

/* Whether a number that came is one of the set. */
bool psp_refusal_known(uint64_t number);
bool psp_count_refusal_known(uint64_t number);
bool psp_operation_known(uint64_t number);
bool psp_operate_status_known(uint64_t number);
bool psp_election_state_known(uint64_t number);
bool psp_mode_known(uint64_t number);
bool psp_report_final_known(uint64_t number);
bool psp_admits_known(uint64_t number);

/* "new", "open", "closed". NULL when out of range. */
const char *psp_election_state_name(enum psp_election_state state);

/* "live", "test". NULL when out of range. */
const char *psp_mode_name(enum psp_mode mode);

#endif
