/* A table of few places. */
#include "shard/entries/reads.h"

#include <assert.h>
#include <stddef.h>

struct psp_read *psp_reads_begin(struct psp_reads *reads, enum psp_read_kind kind)
{
    assert(kind != PSP_READ_NOTHING);
    for (uint32_t i = 0; i < PSP_READS_MAX; i++) {
        struct psp_read *read = &reads->reads[i];
        if (read->kind != PSP_READ_NOTHING)
            continue;
        *read = (struct psp_read){.kind = kind, .number = ++reads->last_number};
        assert(read->number > 0);
        return read;
    }
    return NULL;
}

bool psp_reads_end(struct psp_reads *reads, uint64_t number, struct psp_read *ret_read)
{
    assert(number > 0 && number <= reads->last_number);
    for (uint32_t i = 0; i < PSP_READS_MAX; i++) {
        struct psp_read *read = &reads->reads[i];
        if (read->kind == PSP_READ_NOTHING || read->number != number)
            continue;
        *ret_read = *read;
        ret_read->message.fields = ret_read->fields;
        read->kind = PSP_READ_NOTHING;
        return true;
    }
    return false;
}

bool psp_reads_has(const struct psp_reads *reads, enum psp_read_kind kind, uint32_t replica)
{
    assert(kind != PSP_READ_NOTHING);
    assert(replica < PSP_REPLICAS_MAX);
    for (uint32_t i = 0; i < PSP_READS_MAX; i++)
        if (reads->reads[i].kind == kind && reads->reads[i].replica == replica)
            return true;
    return false;
}
