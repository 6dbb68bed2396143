/* What a later append on its way will replace does not count as durable. */
#include "shard/consensus/appends.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"

enum psp_status psp_appends_push(struct psp_appends *appends, uint64_t first, uint64_t last)
{
    if (appends->first == appends->end)
        appends->first = appends->end = 0;
    if (appends->end == appends->capacity && appends->first > appends->end / 2) {
        memmove(appends->items, appends->items + appends->first,
                (appends->end - appends->first) * sizeof(*appends->items));
        appends->end -= appends->first;
        appends->first = 0;
    }
    if (!PSP_GROW(appends->items, appends->capacity, appends->end + 1))
        return PSP_ENOMEM;
    assert(first <= last);
    appends->items[appends->end++] = (struct psp_append){appends->next_number++, first, last};
    return PSP_OK;
}

uint64_t psp_appends_done(struct psp_appends *appends, uint64_t number)
{
    uint64_t upto = 0;
    while (appends->first < appends->end && appends->items[appends->first].number <= number)
        upto = appends->items[appends->first++].last;
    for (size_t i = appends->first; i < appends->end; i++)
        if (appends->items[i].first <= upto)
            upto = appends->items[i].first - 1;
    return upto;
}

void psp_appends_free(struct psp_appends *appends)
{
    free(appends->items);
    *appends = (struct psp_appends){0};
}
