/* Batches without a row in the log. An answer leaves when an entry that counts its
 * replays is applied: what was answered is in the books, whoever leads then. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "election/runs.h"
#include "shard/core/inner.h"

void psp_core_parked_free(struct psp_parked *parked)
{
    free(parked->verdicts);
    free(parked->tallies);
    free(parked->rows);
    *parked = (struct psp_parked){0};
}

bool psp_core_park(struct psp_core *core, const struct psp_parked *parked)
{
    assert(parked->verdicts != NULL && parked->index == 0);
    assert((parked->wants == 0) == (parked->rows == NULL || parked->tallies != NULL));
    assert(parked->wants != 0 || parked->tally_n > 0);
    assert(core->leading); /* whoever loses the leadership answers all of them */
    if (core->parked_count == PSP_CORE_PARKED_MAX)
        return false;
    core->parked[core->parked_count++] = *parked;
    return true;
}

static void take_out(struct psp_core *core, uint32_t at)
{
    assert(at < core->parked_count);
    core->parked_count--;
    memmove(&core->parked[at], &core->parked[at + 1],
            (core->parked_count - at) * sizeof core->parked[0]);
}

/* ---- into an entry ---- */

static bool waits_for_entry(const struct psp_parked *parked)
{
    return parked->wants == 0 && parked->index == 0;
}

static int by_station(const void *left, const void *right)
{
    const struct psp_tally *a = left, *b = right;
    return a->station < b->station ? -1 : a->station > b->station;
}

/* Ascending, each station once. */
static uint32_t merge(struct psp_tally *tallies, uint32_t n)
{
    uint32_t kept = 0;
    qsort(tallies, n, sizeof *tallies, by_station);
    assert(n == 0 || tallies[0].n > 0);
    for (uint32_t i = 0; i < n; i++) {
        if (kept > 0 && tallies[kept - 1].station == tallies[i].station)
            tallies[kept - 1].n += tallies[i].n;
        else
            tallies[kept++] = tallies[i];
    }
    return kept;
}

size_t psp_core_parked_tallies(const struct psp_core *core)
{
    size_t n = 0;
    for (uint32_t i = 0; i < core->parked_count; i++)
        n += waits_for_entry(&core->parked[i]) ? core->parked[i].tally_n : 0;
    return n;
}

uint32_t psp_core_parked_collect(struct psp_core *core, struct psp_tally *tallies, uint32_t n,
                                 size_t bytes)
{
    assert(n == 0 || tallies != NULL);
    size_t room = bytes / PSP_RUN_BYTES_MAX;
    for (uint32_t i = 0; i < core->parked_count; i++) {
        struct psp_parked *parked = &core->parked[i];
        if (!waits_for_entry(parked) || parked->tally_n > room)
            continue;
        memcpy(tallies + n, parked->tallies, parked->tally_n * sizeof *tallies);
        n += parked->tally_n;
        room -= parked->tally_n;
        parked->index = UINT64_MAX; /* collected */
    }
    return merge(tallies, n);
}

void psp_core_parked_place(struct psp_core *core, uint64_t index, uint64_t term)
{
    assert((index == 0) == (term == 0));
    assert(index != UINT64_MAX); /* the mark */
    for (uint32_t i = 0; i < core->parked_count; i++) {
        struct psp_parked *parked = &core->parked[i];
        if (parked->index != UINT64_MAX)
            continue;
        parked->index = index; /* 0: it waits for another */
        parked->term = term;
    }
}

uint64_t psp_core_parked_due(const struct psp_core *core)
{
    const uint64_t last = psp_consensus_last_index(core->consensus);
    uint64_t due = UINT64_MAX;
    for (uint32_t i = 0; i < core->parked_count; i++) {
        const struct psp_parked *parked = &core->parked[i];
        if ((waits_for_entry(parked) || parked->wants > last) && parked->due_ms < due)
            due = parked->due_ms;
    }
    return due;
}

/* ---- answers ---- */

void psp_core_parked_answer(struct psp_core *core, uint64_t index, uint64_t term)
{
    for (uint32_t i = 0; i < core->parked_count;) {
        struct psp_parked parked = core->parked[i];
        if (parked.index != index || parked.term != term) {
            i++;
            continue;
        }
        assert(parked.wants == 0);
        take_out(core, i);
        psp_core_tell_verdicts(core, &parked.peer, parked.id, index, parked.verdicts, parked.n);
        psp_core_parked_free(&parked);
    }
}

void psp_core_parked_lose(struct psp_core *core, const char *text)
{
    for (uint32_t i = 0; i < core->parked_count; i++) {
        psp_core_refuse_batch(core, &core->parked[i].peer, core->parked[i].id, PSP_COUNT_LOST,
                              text);
        psp_core_parked_free(&core->parked[i]);
    }
    core->parked_count = 0;
}

bool psp_core_parked_ready(struct psp_core *core, struct psp_parked *ret_parked)
{
    for (uint32_t i = 0; i < core->parked_count; i++) {
        if (core->parked[i].wants == 0 || core->parked[i].wants > psp_count_index(core->count))
            continue;
        assert(core->parked[i].index == 0); /* nothing of it is in an entry yet */
        *ret_parked = core->parked[i];
        take_out(core, i);
        return true;
    }
    return false;
}
