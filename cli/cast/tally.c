/* One receipt, one number more. */
#include "cli/cast/tally.h"

static enum psp_disposition counts_as(const struct psp_receipt *receipt,
                                      struct psp_cast_meaning meaning)
{
    return receipt->resent && !meaning.injected_replay ? psp_verdict_first(receipt->verdict)
                                                       : psp_verdict_disposition(receipt->verdict);
}

void psp_cast_tally_add(struct psp_cast_tally *tally, const struct psp_receipt *receipt,
                        struct psp_cast_meaning meaning)
{
    tally->cast++;
    tally->refused += meaning.refused;
    tally->unintended += meaning.unintended;
    switch (receipt->outcome) {
    case PSP_OUTCOME_VERDICT:
        tally->disposed[counts_as(receipt, meaning)]++;
        if (receipt->shard < PSP_SHARDS_MAX && receipt->index > tally->index[receipt->shard])
            tally->index[receipt->shard] = receipt->index;
        return;
    case PSP_OUTCOME_NOT_ALLOWED:
        tally->not_allowed++;
        return;
    }
}
