/* The words of the dispositions, from the one table. */
#include "election/verdict.h"

#include <assert.h>
#include <stddef.h>

static_assert((int)PSP_DISPOSITIONS_END <= (int)PSP_NOT_KNOWN, "four bits of a verdict");
static_assert((int)PSP_NOT_JUDGED < (int)PSP_COUNTED, "no disposition");

const char *psp_disposition_name(enum psp_disposition disposition)
{
    static const char *const words[PSP_DISPOSITIONS_END] = {
#define X(NAME, word, value) [PSP_##NAME] = #word,
        PSP_DISPOSITIONS(X)
#undef X
    };
    return (unsigned)disposition < PSP_DISPOSITIONS_END ? words[disposition] : NULL;
}
