/* "TOTAL" is a method where it stands alone, and the sum of the others beside them. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory/grow.h"
#include "election/import/meaning/inner.h"

enum { KEY_BYTES = sizeof((struct psp_returns_row){0}.text) };

/* Votes of the other methods, by the texts of their rows. */
struct parts {
    struct psp_id_index index;
    uint64_t *votes;
    size_t capacity;
};

static uint32_t total_of(const struct psp_returns *returns)
{
    for (uint32_t m = 0; m < returns->method_count && returns->method_count > 1; m++)
        if (strcasecmp(returns->methods[m], "total") == 0)
            return m;
    return PSP_NONE;
}

static enum psp_status add_part(struct parts *parts, const struct psp_returns_row *row)
{
    uint32_t at = parts->index.count;
    const enum psp_status status =
        psp_id_index_add(&parts->index, 0, (const char *)row->text, KEY_BYTES, at, &at);
    if (status == PSP_ENOMEM || !PSP_GROW(parts->votes, parts->capacity, (size_t)at + 1))
        return PSP_ENOMEM;
    parts->votes[at] = (status == PSP_EEXIST ? parts->votes[at] : 0) + row->votes;
    return PSP_OK;
}

static void judge(struct psp_meaning *meaning, const struct parts *parts, size_t i)
{
    const struct psp_returns_row *row = &meaning->rows[i];
    const uint32_t at = psp_id_index_find(&parts->index, 0, (const char *)row->text, KEY_BYTES);
    if (at == PSP_NONE)
        return;
    assert(parts->votes != NULL);
    meaning->leave_out[i] = true;
    const bool fits = parts->votes[at] == row->votes;
    PSP_MEANING_TELL(meaning, fits ? PSP_REPORT_TOTAL_METHOD : PSP_REPORT_TOTAL_METHOD_DIFFERS, row,
                     "%s, %s: %" PRIu64 ", by method %" PRIu64, row->text[PSP_COLUMN_OFFICE],
                     row->text[PSP_COLUMN_CANDIDATE], row->votes, parts->votes[at]);
}

enum psp_status psp_meaning_methods(struct psp_meaning *meaning)
{
    const uint32_t total = total_of(meaning->returns);
    struct parts parts = {0};
    enum psp_status status = PSP_OK;
    if (total == PSP_NONE)
        return PSP_OK;
    for (size_t i = 0; status == PSP_OK && i < meaning->n; i++)
        if (meaning->rows[i].method != total)
            status = add_part(&parts, &meaning->rows[i]);
    for (size_t i = 0; status == PSP_OK && i < meaning->n; i++)
        if (meaning->rows[i].method == total)
            judge(meaning, &parts, i);
    psp_id_index_free(&parts.index);
    free(parts.votes);
    return status;
}
