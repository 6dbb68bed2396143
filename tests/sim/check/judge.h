/*
 * judge - an independent count of a shard's committed log.
 *
 * Written from the design's rules alone, over plain lists, and slow: it shares
 * nothing with lib/count or election/totals but the decoding of log entries.
 * What a replica, a client or a board shows is compared with it.
 */
#ifndef SIM_JUDGE_H
#define SIM_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "election/books.h"
#include "election/station_books.h"
#include "election/totals.h"
#include "tests/sim/world/election.h"
#include "wire/message/message.h"

struct sim_judged { /* a row of a batch, in the order of the log */
    uint64_t index;
    uint8_t digest[PSP_DIGEST_BYTES], tag[PSP_TAG_BYTES];
    uint8_t verdict; /* as lib/election/verdict.h */
    bool forgotten;  /* a refusal that is not remembered any more */
    uint32_t station;
    uint32_t next; /* in the chain of its digest, + 1 */
};

struct sim_cells { /* [unit][method][contest]: choices, then under- and overvotes */
    uint64_t ballots[SIM_UNITS][SIM_METHODS];
    uint64_t votes[SIM_UNITS][SIM_METHODS][SIM_CONTESTS][SIM_CHOICES_MAX + 2];
};

struct sim_replays { /* that an entry carries without rows */
    uint64_t index, n;
    uint64_t told; /* ballots of which somebody was told so */
};

struct sim_told { /* a ballot among them */
    uint64_t index;
    uint8_t digest[PSP_DIGEST_BYTES], tag[PSP_TAG_BYTES];
};

enum { SIM_CHAINS = 256, SIM_STATIONS = 8 };

struct sim_judge {
    const struct sim_election *election;
    uint32_t shard;
    bool genesis;
    enum psp_election_state state;
    uint64_t index, time_ms, close_at_ms;
    struct psp_books books;
    struct psp_station_books stations[SIM_STATIONS]; /* by number */
    struct sim_cells cells;
    bool complete[SIM_UNITS];
    struct sim_judged *rows;
    uint32_t row_count, row_capacity;
    struct sim_replays *replays; /* in order of index */
    uint32_t replays_count, replays_capacity;
    struct sim_told *told;
    uint32_t told_count, told_capacity;
    uint32_t chains[SIM_CHAINS]; /* newest row of a digest's chain, + 1 */
    char fault[128];             /* what the log itself should not hold; "" none */
};

void sim_judge_init(struct sim_judge *judge, const struct sim_election *election, uint32_t shard);
void sim_judge_free(struct sim_judge *judge);
/* The next entry; NULL: one that is no command. */
void sim_judge_entry(struct sim_judge *judge, uint64_t index, const struct psp_entry *entry);
/* The first verdict on the ballot, forgotten or not, else NULL. */
const struct sim_judged *sim_judge_first(const struct sim_judge *judge, const uint8_t *digest,
                                         const uint8_t *tag);
/* Was that said of the ballot at this index? Without a row there, it was if the ballot was
 * judged so before and the entry carries replays that nobody else was told of. */
bool sim_judge_said(struct sim_judge *judge, uint64_t index, const uint8_t *digest,
                    const uint8_t *tag, uint8_t verdict);
uint32_t sim_judge_counted(const struct sim_judge *judge, const uint8_t *digest);

/* Adds a counted ballot, from (contest, choice) pairs. */
void sim_cells_add(struct sim_cells *cells, uint32_t unit, uint32_t method,
                   const struct psp_mark *pairs, uint32_t n);
/* The same counts? Else `ret_text` says where they differ. */
bool sim_cells_match(const struct sim_cells *cells, const struct psp_totals *totals, char *ret_text,
                     size_t size);

#endif
