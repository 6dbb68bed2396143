/* Answers are compared with one another; a majority of equal ones decides. */
#include "shard/entries/mending.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void forget(struct psp_mending *mending, uint32_t replica)
{
    assert(replica < PSP_REPLICAS_MAX);
    assert((mending->of[replica].answer == PSP_MENDING_RECORD) ==
           (mending->of[replica].payload != NULL));
    free(mending->of[replica].payload);
    mending->of[replica].payload = NULL;
    mending->of[replica].answer = PSP_MENDING_NONE;
}

void psp_mending_begin(struct psp_mending *mending, uint64_t index)
{
    for (uint32_t r = 0; r < PSP_REPLICAS_MAX; r++)
        forget(mending, r);
    mending->index = index;
}

enum psp_status psp_mending_hear(struct psp_mending *mending, uint32_t replica,
                                 enum psp_mending_answer answer, const struct psp_record *record)
{
    assert(mending->index != 0);
    forget(mending, replica);
    if (answer == PSP_MENDING_RECORD) {
        assert(record->index == mending->index);
        uint8_t *copy = malloc(record->payload_bytes + 1);
        if (copy == NULL)
            return PSP_ENOMEM;
        if (record->payload_bytes > 0)
            memcpy(copy, record->payload, record->payload_bytes);
        mending->of[replica].payload = copy;
        mending->of[replica].record = *record;
        mending->of[replica].record.payload = copy;
    }
    mending->of[replica].answer = answer;
    return PSP_OK;
}

static bool same(const struct psp_record *a, const struct psp_record *b)
{
    return a->term == b->term && a->type == b->type && a->payload_bytes == b->payload_bytes &&
           memcmp(a->payload, b->payload, a->payload_bytes) == 0;
}

enum psp_mending_state psp_mending_state(const struct psp_mending *mending, uint32_t replicas,
                                         uint32_t own, struct psp_record *ret_record)
{
    assert(mending->index != 0);
    assert(replicas <= PSP_REPLICAS_MAX);
    assert(own < replicas && mending->of[own].answer == PSP_MENDING_NONE);
    const uint32_t majority = replicas / 2 + 1;
    uint32_t heard = 0, damaged = 0;
    for (uint32_t r = 0; r < replicas; r++) {
        if (r == own)
            continue;
        damaged += mending->of[r].answer == PSP_MENDING_DAMAGED;
        if (mending->of[r].answer != PSP_MENDING_RECORD)
            continue;
        heard++;
        uint32_t equal = 0;
        for (uint32_t other = 0; other < replicas; other++)
            equal += other != own && mending->of[other].answer == PSP_MENDING_RECORD &&
                     same(&mending->of[r].record, &mending->of[other].record);
        if (equal >= majority) {
            assert(mending->of[r].record.index == mending->index);
            *ret_record = mending->of[r].record;
            return PSP_MENDING_AGREED;
        }
    }
    assert(heard + damaged <= replicas - 1);
    if (replicas - 1 - damaged < majority)
        return PSP_MENDING_LOST;
    return heard + damaged == replicas - 1 ? PSP_MENDING_DIFFERS : PSP_MENDING_WAITS;
}
