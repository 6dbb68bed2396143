/* What a count holds, shown; and what its genesis makes of it. */
#include <assert.h>
#include <string.h>

#include "count/genesis.h"
#include "count/inner.h"

/* ---- genesis ---- */

enum psp_status psp_count_reserve(struct psp_count *count, uint64_t voters)
{
    assert(count->has_genesis);
    const uint64_t slots = count->genesis.slot_end - count->genesis.slot_first;
    /* Slots differ by chance; those above the mean just grow once more. */
    const uint64_t share = (voters + slots - 1) / slots;
    for (uint32_t slot = count->genesis.slot_first; slot < count->genesis.slot_end; slot++) {
        const enum psp_status status = psp_index_reserve(count->index, slot, share);
        if (status != PSP_OK)
            return status;
    }
    return PSP_OK;
}

enum psp_status psp_count_set_genesis(struct psp_count *count, const struct psp_genesis *genesis)
{
    assert(!count->has_genesis);
    assert(genesis->slot_first < genesis->slot_end);
    assert(genesis->slot_end <= PSP_SLOT_COUNT);
    if (psp_genesis_has_roll(genesis) != count->has_roll)
        return PSP_EMISMATCH;
    count->genesis = *genesis;
    psp_fence_hash(&genesis->fence, count->fence_hash);
    count->has_genesis = true;
    return PSP_OK;
}

/* ---- what it shows ---- */

uint64_t psp_count_index(const struct psp_count *count)
{
    return count->last_index;
}

uint64_t psp_count_time_ms(const struct psp_count *count)
{
    return count->time_ms;
}

const struct psp_genesis *psp_count_genesis(const struct psp_count *count)
{
    return count->has_genesis ? &count->genesis : NULL;
}

enum psp_election_state psp_count_election_state(const struct psp_count *count)
{
    return count->election_state;
}

const struct psp_books *psp_count_books(const struct psp_count *count)
{
    return &count->books;
}

const struct psp_totals *psp_count_totals(const struct psp_count *count)
{
    return count->totals;
}

uint64_t psp_count_registered(const struct psp_count *count)
{
    return count->roll_n;
}

const uint32_t *psp_count_registered_leaves(const struct psp_count *count, uint32_t *ret_n)
{
    *ret_n = count->has_roll ? count->definition->leaf_count : 0;
    return count->registered_leaves;
}

void psp_count_state_hash(const struct psp_count *count, uint8_t ret_hash[PSP_HASH_BYTES])
{
    memset(ret_hash, 0, PSP_HASH_BYTES);
    memcpy(ret_hash, count->state_hash, PSP_STATE_HASH_BYTES);
}

const uint32_t *psp_count_units_complete(const struct psp_count *count, uint32_t *ret_n)
{
    *ret_n = count->units_complete_n;
    return count->units_complete;
}

bool psp_count_warm(struct psp_count *count)
{
    return psp_index_warm(count->index);
}

uint64_t psp_count_memory_bytes(const struct psp_count *count)
{
    return psp_index_memory_bytes(count->index) + psp_refusals_memory_bytes(count->refusals) +
           count->roll_n *
               (sizeof *count->roll_units + (count->roll_digests ? PSP_DIGEST_BYTES : 0));
}
