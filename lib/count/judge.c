/* One line a disposition, in the order of the protocol. */
#include "count/judge.h"

/* promise 2: from the log before this row, and from nothing else */
uint8_t psp_judge(bool election_open, const struct psp_judge_known *known)
{
    if (known->first != 0)
        return psp_verdict_replayed((enum psp_disposition)known->first);
    if (!known->valid)
        return PSP_INVALID;
    if (!known->eligible)
        return PSP_NOT_ELIGIBLE;
    if (known->voter_counted)
        return PSP_DOUBLE_VOTE;
    if (!election_open)
        return PSP_CLOSED;
    return PSP_COUNTED;
}
