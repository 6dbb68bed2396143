/* What a later append on its way will replace does not count as durable. */
#include "shard/consensus/appends.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/memory/grow.h"

void psp_appends_check(const struct psp_appends *appends)
{
    const size_t n = appends->end - appends->first;
    assert(appends->first <= appends->end);
    assert(appends->end <= appends->capacity);
    assert(n < appends->next_number);
    if (n == 0)
        return;
    assert(appends->items[appends->first].number == appends->next_number - n);
    assert(appends->items[appends->end - 1].number == appends->next_number - 1);
    for (size_t i = appends->first + 1; i < appends->end && PSP_CHECKED; i++) {
        assert(appends->items[i].number == appends->items[i - 1].number + 1);
        assert(appends->items[i].first <= appends->items[i - 1].last + 1); /* no hole */
    }
}

enum psp_status psp_appends_push(struct psp_appends *appends, uint64_t first, uint64_t last)
{
    assert(first > 0);
    assert(first <= last);
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
    appends->items[appends->end++] = (struct psp_append){appends->next_number++, first, last};
    psp_appends_check(appends);
    return PSP_OK;
}

uint64_t psp_appends_done(struct psp_appends *appends, uint64_t number)
{
    uint64_t upto = 0;
    assert(number < appends->next_number);
    while (appends->first < appends->end && appends->items[appends->first].number <= number)
        upto = appends->items[appends->first++].last;
    for (size_t i = appends->first; i < appends->end; i++)
        if (appends->items[i].first <= upto)
            upto = appends->items[i].first - 1;
    psp_appends_check(appends);
    return upto;
}

void psp_appends_free(struct psp_appends *appends)
{
    free(appends->items);
    *appends = (struct psp_appends){0};
}
