/* The words of the dispositions, from the one table. */
#include "election/verdict.h"

#include <stddef.h>

const char *psp_disposition_name(enum psp_disposition disposition)
{
    static const char *const words[PSP_DISPOSITIONS_END] = {
#define X(NAME, word, value) [PSP_##NAME] = #word,
        PSP_DISPOSITIONS(X)
#undef X
    };
    return (unsigned)disposition < PSP_DISPOSITIONS_END ? words[disposition] : NULL;
}
