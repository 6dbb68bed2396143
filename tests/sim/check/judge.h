/*
 * judge - an independent count of a shard's committed log.
 *
 * Written from docs/protocol.md alone, over plain lists, and slow: it shares
 * nothing with lib/count or election/totals but the decoding of log entries.
 * What a replica, a client or a board shows is compared with it.
 *
 * It keeps every row for ever, with the entry by which its verdict was forgotten:
 * so it says what a replica must remember at any index of the past.
 */
#ifndef SIM_JUDGE_H
#define SIM_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "election/books.h"
#include "election/station_books.h"
#include "tests/sim/check/cells.h"
#include "tests/sim/check/reports.h"
#include "tests/sim/world/election.h"
#include "wire/message/message.h"

struct sim_judged { /* a row of a batch, in the order of the log */
    uint64_t index;
    uint8_t digest[PSP_DIGEST_BYTES], tag[PSP_TAG_BYTES];
    uint8_t verdict;        /* as lib/election/verdict.h; PSP_NOT_JUDGED: no room */
    uint32_t station, unit; /* unit: of counted ones */
    uint64_t forgotten;     /* index of the entry by which; 0: remembered */
    uint32_t next;          /* in the chain of its digest, + 1 */
};

struct sim_station {
    uint32_t number;
    struct psp_station_books books;
};

struct sim_replays { /* of a station, that an entry carries without rows */
    uint64_t index, n;
    uint32_t station;
    uint64_t since; /* its leader has led from this index on */
    uint64_t told;  /* ballots of which somebody was told so */
};

struct sim_told { /* a ballot among them */
    uint64_t index;
    uint32_t station;
    uint8_t digest[PSP_DIGEST_BYTES], tag[PSP_TAG_BYTES];
};

/* What happened, for who counts how often it does. */
struct sim_judge_events {
    uint64_t forgotten, forgotten_again; /* of these: judged once more */
    uint64_t unjudged;                   /* rows without room, in the log all the same */
    uint64_t replays, only_replays;      /* without a row; entries of nothing else */
    uint64_t wrong_style, roll_style;    /* invalid, not eligible because of that alone */
    uint64_t closes_ahead, closed_in_time, closed_by_leader, other_time, reopened;
};

enum { SIM_CHAINS = 256, SIM_JUDGE_STATIONS = 16 };

struct sim_judge {
    const struct sim_election *election;
    uint32_t shard;
    bool genesis;
    enum psp_election_state state;
    uint64_t index, time_ms, close_at_ms;
    uint64_t term, term_first; /* and the first index of this term */
    struct psp_books books;
    struct sim_station stations[SIM_JUDGE_STATIONS]; /* in order of coming */
    uint32_t station_count;
    struct sim_cells cells;
    uint8_t last_voter[PSP_DIGEST_BYTES]; /* whose ballot was counted last; zeros: none */
    struct sim_reports reports;
    struct sim_judged *rows;
    uint32_t row_count, row_capacity;
    struct sim_replays *replays; /* in order of index */
    uint32_t replays_count, replays_capacity;
    struct sim_told *told;
    uint32_t told_count, told_capacity;
    uint32_t chains[SIM_CHAINS]; /* newest row of a digest's chain, + 1 */
    struct sim_judge_events events;
    char fault[128]; /* what the log itself should not hold; "" none */
};

void sim_judge_init(struct sim_judge *judge, const struct sim_election *election, uint32_t shard);
void sim_judge_free(struct sim_judge *judge);
/* The next entry; NULL: one that is no command. */
void sim_judge_entry(struct sim_judge *judge, uint64_t index, uint64_t term,
                     const struct psp_entry *entry);
/* The disposition that is known of the ballot all the while from one index to another, when
 * they are applied; 0: none. And at an index. */
uint8_t sim_judge_known_from(const struct sim_judge *judge, const uint8_t *digest,
                             const uint8_t *tag, uint64_t from, uint64_t to);
static inline uint8_t sim_judge_known(const struct sim_judge *judge, const uint8_t *digest,
                                      const uint8_t *tag, uint64_t index)
{
    return sim_judge_known_from(judge, digest, tag, index, index);
}
/* Whether a verdict on it was ever forgotten. */
bool sim_judge_forgot(const struct sim_judge *judge, const uint8_t *digest, const uint8_t *tag);
/* Was that said of the station's ballot at this index? Without a row there, it was if the
 * leader knew the ballot so before, and the entry carries replays of the station that
 * nobody else was told of. */
bool sim_judge_said(struct sim_judge *judge, uint64_t index, uint32_t station,
                    const uint8_t *digest, const uint8_t *tag, uint8_t verdict);
uint32_t sim_judge_counted(const struct sim_judge *judge, const uint8_t *digest);
/* The station's books; NULL: nothing of it came. */
const struct sim_station *sim_judge_station(const struct sim_judge *judge, uint32_t number);
/* Whether the ballot, from this station, has no verdict and can have none: the election is
 * closed, and there is no room for another that is. */
bool sim_judge_stuck(const struct sim_judge *judge, const struct sim_ballot *ballot,
                     uint32_t station);

#endif
