/* A partly open election is worded here, what all shards agree on in cli/show/standing.h. */
#include "cli/run/phase.h"

#include <stdlib.h>

#include "cli/say/memory.h"
#include "cli/show/standing.h"

void psp_phase_take(struct psp_phase *phase, uint32_t shard, uint64_t index,
                    enum psp_election_state state)
{
    struct psp_phase_shard *known = &phase->shards[shard];
    if (!known->known || index >= known->index)
        *known = (struct psp_phase_shard){.known = true, .index = index, .state = state};
}

static uint32_t count(const struct psp_phase *phase, enum psp_election_state state)
{
    uint32_t n = 0;
    for (uint32_t s = 0; s < phase->shard_count; s++)
        n += phase->shards[s].known && phase->shards[s].state == state;
    return n;
}

/* A shard that does not answer may be anything; one that is open makes the election open,
 * as the collectors say it. Where none is open nothing counts: closed, although some shard
 * was never opened. */
enum psp_phase_word psp_phase_of(const struct psp_phase *phase)
{
    const uint32_t fresh = count(phase, PSP_ELECTION_NEW), open = count(phase, PSP_ELECTION_OPEN),
                   closed = count(phase, PSP_ELECTION_CLOSED);
    const bool all = fresh + open + closed == phase->shard_count;
    if (closed > 0 && open > 0)
        return PSP_PHASE_PARTLY_CLOSED;
    if (fresh > 0 && open > 0)
        return PSP_PHASE_PARTLY_OPEN;
    if (open > 0)
        return PSP_PHASE_OPEN;
    if (!all)
        return PSP_PHASE_UNKNOWN;
    return closed > 0 ? PSP_PHASE_CLOSED : PSP_PHASE_NEW;
}

bool psp_phase_is_partial(enum psp_phase_word of)
{
    return of == PSP_PHASE_PARTLY_OPEN || of == PSP_PHASE_PARTLY_CLOSED;
}

const char *psp_phase_name(enum psp_phase_word of)
{
    switch (of) {
    case PSP_PHASE_UNKNOWN:
        break;
    case PSP_PHASE_NEW:
        return psp_election_state_name(PSP_ELECTION_NEW);
    case PSP_PHASE_PARTLY_OPEN:
        return "partly_open";
    case PSP_PHASE_OPEN:
        return psp_election_state_name(PSP_ELECTION_OPEN);
    case PSP_PHASE_PARTLY_CLOSED:
        return "partly_closed";
    case PSP_PHASE_CLOSED:
        return psp_election_state_name(PSP_ELECTION_CLOSED);
    }
    return NULL;
}

/* Adds ", shard 0, 3 closed" of those that are so; `text` is given up. */
static char *add(char *text, const struct psp_phase *phase, bool known,
                 enum psp_election_state state, const char *word)
{
    uint32_t n = 0;
    for (uint32_t s = 0; s < phase->shard_count; s++) {
        const struct psp_phase_shard *shard = &phase->shards[s];
        if (shard->known != known || (known && shard->state != state))
            continue;
        char *longer = psp_memory_print("%s%s%u", text,
                                        n > 0   ? ", "
                                        : *text ? "; shard "
                                                : "shard ",
                                        s);
        free(text);
        text = longer;
        n++;
    }
    if (n == 0)
        return text;
    char *whole = psp_memory_print("%s %s", text, word);
    free(text);
    return whole;
}

static char *partial_text(const struct psp_phase *phase, enum psp_phase_word of,
                          const char *directory)
{
    char *shards = psp_memory_copy("");
    shards = add(shards, phase, true, PSP_ELECTION_CLOSED, "closed");
    shards = add(shards, phase, true, PSP_ELECTION_OPEN, "open");
    shards = add(shards, phase, true, PSP_ELECTION_NEW, "never opened");
    shards = add(shards, phase, false, PSP_ELECTION_NEW, "not known");
    const bool closing = of == PSP_PHASE_PARTLY_CLOSED;
    char *text = psp_memory_print(
        "the election is PARTLY %s: %s. Ballots are refused as closed for ever where it is not "
        "open: run psephos %s --dir %s again",
        closing ? "CLOSED" : "OPEN", shards, closing ? "close" : "open", directory);
    free(shards);
    return text;
}

char *psp_phase_text(const struct psp_phase *phase, const char *directory)
{
    const enum psp_phase_word of = psp_phase_of(phase);
    switch (of) {
    case PSP_PHASE_UNKNOWN:
        break;
    case PSP_PHASE_NEW:
        return psp_memory_copy(psp_standing_text(PSP_ELECTION_NEW));
    case PSP_PHASE_OPEN:
        return psp_memory_copy(psp_standing_text(PSP_ELECTION_OPEN));
    case PSP_PHASE_CLOSED:
        return psp_memory_copy(psp_standing_text(PSP_ELECTION_CLOSED));
    case PSP_PHASE_PARTLY_OPEN:
    case PSP_PHASE_PARTLY_CLOSED:
        return partial_text(phase, of, directory);
    }
    return NULL;
}
