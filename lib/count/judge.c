/* A function for each order that there ever was, one line a disposition. */
#include "count/judge.h"

#include <assert.h>

static uint8_t replayed(const struct psp_judge_known *known)
{
    assert(known->first < PSP_DISPOSITIONS_END);
    assert(known->first != PSP_REPLAYED); /* which is nobody's first */
    assert(known->first != PSP_COUNTED || known->voter_counted);
    return psp_verdict_replayed((enum psp_disposition)known->first);
}

/* promise 2: from the log before this row, and from nothing else */
uint8_t psp_judge_rules_1(bool accepting, const struct psp_judge_known *known)
{
    if (known->first != 0)
        return replayed(known);
    if (!known->valid)
        return PSP_INVALID;
    if (!known->eligible)
        return PSP_NOT_ELIGIBLE;
    if (known->voter_counted)
        return PSP_DOUBLE_VOTE;
    if (!accepting)
        return PSP_CLOSED;
    return PSP_COUNTED;
}

/* promise 2, likewise */
uint8_t psp_judge_rules_2(bool accepting, const struct psp_judge_known *known)
{
    if (known->first != 0)
        return replayed(known);
    if (!known->valid)
        return PSP_INVALID;
    if (!accepting)
        return PSP_CLOSED;
    if (!known->eligible)
        return PSP_NOT_ELIGIBLE;
    if (known->voter_counted)
        return PSP_DOUBLE_VOTE;
    return PSP_COUNTED;
}
