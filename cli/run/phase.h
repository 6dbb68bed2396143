/*
 * phase - whether the election is open, as its shards tell it.
 *
 * Each shard has its own log, so a call that reached only some of them leaves an
 * election that is open here and closed there: ballots of some voters count and those
 * of others are refused. Nobody must take that for an open election.
 *
 * Threads: one owner; pure.
 */
#ifndef PSP_PHASE_H
#define PSP_PHASE_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/cluster.h"
#include "wire/message/codes.h"

enum psp_phase_word {
    PSP_PHASE_UNKNOWN, /* a shard on which it depends did not answer */
    PSP_PHASE_NEW,
    PSP_PHASE_PARTLY_OPEN, /* some are open, and some were never opened */
    PSP_PHASE_OPEN,
    PSP_PHASE_PARTLY_CLOSED,
    PSP_PHASE_CLOSED,
};

struct psp_phase_shard { /* its furthest replica of those that answered */
    bool known;
    uint64_t index;
    enum psp_election_state state;
};

struct psp_phase { /* zero-initialise, but for shard_count */
    uint32_t shard_count;
    struct psp_phase_shard shards[PSP_SHARDS_MAX];
};

/* A replica's word. One that is behind knows less: it may have applied nothing yet. */
void psp_phase_take(struct psp_phase *phase, uint32_t shard, uint64_t index,
                    enum psp_election_state state);

/* Of all shards together. */
enum psp_phase_word psp_phase_of(const struct psp_phase *phase);
/* Open, or closed, in some shards only. */
bool psp_phase_is_partial(enum psp_phase_word of);
/* "open", "partly_closed", ..., as `--json` has it; NULL: not known. */
const char *psp_phase_name(enum psp_phase_word of);
/* "the election is open", or which shards are open, which are not, and what to call;
 * NULL: not known. The caller frees. */
char *psp_phase_text(const struct psp_phase *phase, const char *directory);

#endif
