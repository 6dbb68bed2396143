/* One text for all rows: the places in it survive its growing. */
#include "bridge/sink/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"

bool psp_bridge_rows_key(const json_t *result, char ret_key[PSP_BRIDGE_ROW_KEY_BYTES])
{
    const char *contest = json_string_value(json_object_get(result, "contest"));
    const char *unit = json_string_value(json_object_get(result, "unit"));
    const char *method = json_string_value(json_object_get(result, "method"));
    if (!contest || !unit)
        return false;
    const int n = snprintf(ret_key, PSP_BRIDGE_ROW_KEY_BYTES, "%s/%s/%s", contest, unit,
                           method ? method : "");
    return n > 0 && n < PSP_BRIDGE_ROW_KEY_BYTES;
}

static int append(const char *bytes, size_t n, void *text)
{
    psp_text_bytes(text, bytes, n);
    return 0;
}

enum psp_status psp_bridge_rows_add(struct psp_bridge_rows *rows, int kind, const char *key,
                                    const json_t *value)
{
    struct psp_bridge_row row = {.kind = kind, .key_bytes = strlen(key)};
    if (!PSP_GROW(rows->rows, rows->capacity, rows->count + 1))
        return PSP_ENOMEM;
    row.key_at = rows->text.length;
    psp_text_string(&rows->text, key);
    row.value_at = rows->text.length;
    if (value && json_dump_callback(value, append, &rows->text, JSON_COMPACT) != 0)
        return PSP_ENOMEM;
    row.value_bytes = rows->text.length - row.value_at;
    if (rows->text.failed)
        return rows->text.too_long ? PSP_ENOSPC : PSP_ENOMEM;
    rows->rows[rows->count++] = row;
    return PSP_OK;
}

void psp_bridge_rows_clear(struct psp_bridge_rows *rows)
{
    if (rows->text.failed)
        psp_text_free(&rows->text);
    rows->text.length = 0;
    rows->count = 0;
}

void psp_bridge_rows_free(struct psp_bridge_rows *rows)
{
    psp_text_free(&rows->text);
    free(rows->rows);
    *rows = (struct psp_bridge_rows){0};
}

enum psp_status psp_bridge_rows_version(const json_t *end, struct psp_text *version)
{
    const json_t *from = json_object_get(end, "version");
    json_t *id = json_object_get(from, "id"), *number = json_object_get(from, "number");
    json_t *as_of = json_object_get(end, "as_of");
    if (!json_is_string(id) || !json_is_integer(number) || !as_of)
        return PSP_EINVAL;
    json_t *added =
        json_pack("{s:{s:O, s:O}, s:O}", "version", "id", id, "number", number, "as_of", as_of);
    char *text = added ? json_dumps(added, JSON_COMPACT) : NULL;
    json_decref(added);
    if (!text)
        return PSP_ENOMEM;
    version->length = 0;
    psp_text_string(version, text + 1); /* with the brace that ends the row */
    free(text);
    return version->failed ? PSP_ENOMEM : PSP_OK;
}

void psp_bridge_rows_value(const struct psp_bridge_rows *rows, size_t i,
                           const struct psp_text *version, struct psp_text *value)
{
    const struct psp_bridge_row *row = &rows->rows[i];
    psp_text_bytes(value, rows->text.data + row->value_at, row->value_bytes - 1);
    psp_text_bytes(value, ",", 1);
    psp_text_bytes(value, version->data, version->length);
}
