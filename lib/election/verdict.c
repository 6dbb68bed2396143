#include "election/verdict.h"

#include <stddef.h>

const char *psp_disposition_name(enum psp_disposition disposition)
{
    switch (disposition) {
    case PSP_COUNTED:
        return "counted";
    case PSP_REPLAYED:
        return "replayed";
    case PSP_DOUBLE_VOTE:
        return "double_vote";
    case PSP_NOT_ELIGIBLE:
        return "not_eligible";
    case PSP_INVALID:
        return "invalid";
    case PSP_CLOSED:
        return "closed";
    }
    return NULL;
}
