/* An ID that stands twice is one bound: the file takes it once only. */
#include "cli/operate/client_bounds.h"

#include <stdlib.h>
#include <string.h>

#include "base/text/moment.h"
#include "cli/say/memory.h"

static int compare(const void *a, const void *b)
{
    const uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

/* The positions of IDs with commas between them; NULL with the reason. */
static uint32_t *positions(const char *text, const char *what,
                           uint32_t (*find)(const struct psp_definition *, const char *, size_t),
                           const struct psp_definition *definition, uint32_t *ret_count,
                           struct psp_reason *reterr_reason)
{
    uint32_t *list = NULL, n = 0, kept = 0;
    for (const char *id = text;; id++) {
        const size_t bytes = strcspn(id, ",");
        list = psp_memory_resize(list, n + 1, sizeof *list);
        list[n] = find(definition, id, bytes);
        if (list[n++] == PSP_NONE) {
            psp_reason_set(reterr_reason, "election.json has no %s \"%.*s\"", what, (int)bytes, id);
            free(list);
            return NULL;
        }
        id += bytes;
        if (!*id)
            break;
    }
    qsort(list, n, sizeof *list, compare);
    for (uint32_t i = 0; i < n; i++)
        if (i == 0 || list[i] != list[i - 1])
            list[kept++] = list[i];
    *ret_count = kept;
    return list;
}

enum psp_status psp_client_bounds_read(const struct psp_client_bounds *bounds,
                                       const struct psp_definition *definition, uint64_t now_ms,
                                       struct psp_station *ret_station,
                                       struct psp_reason *reterr_reason)
{
    uint32_t unit_count = 0, method_count = 0, methods = 0;
    uint64_t until_ms = 0;
    if (bounds->until && !psp_moment_read(bounds->until, true, &until_ms)) {
        psp_reason_set(reterr_reason,
                       "--until: a time with its zone, as 2026-11-03T20:00:00-05:00, not \"%s\"",
                       bounds->until);
        return PSP_EINVAL;
    }
    if (bounds->until && until_ms <= now_ms) {
        psp_reason_set(reterr_reason, "--until: %s is past", bounds->until);
        return PSP_EINVAL;
    }
    if (bounds->methods) {
        uint32_t *list = positions(bounds->methods, "method", psp_definition_method, definition,
                                   &method_count, reterr_reason);
        if (!list)
            return PSP_EINVAL;
        for (uint32_t i = 0; i < method_count; i++)
            methods |= UINT32_C(1) << list[i];
        free(list);
    }
    uint32_t *units = bounds->units ? positions(bounds->units, "unit", psp_definition_unit,
                                                definition, &unit_count, reterr_reason)
                                    : NULL;
    if (bounds->units && !units)
        return PSP_EINVAL;
    ret_station->units = units;
    ret_station->unit_count = unit_count;
    ret_station->methods = methods;
    ret_station->until_ms = until_ms;
    return PSP_OK;
}

json_t *psp_client_units_json(const struct psp_station *station,
                              const struct psp_definition *definition)
{
    if (station->unit_count == 0)
        return json_null();
    json_t *list = json_array();
    for (uint32_t i = 0; i < station->unit_count; i++)
        json_array_append_new(list, json_string(definition->units[station->units[i]].id));
    return list;
}

json_t *psp_client_methods_json(const struct psp_station *station,
                                const struct psp_definition *definition)
{
    if (station->methods == 0)
        return json_null();
    json_t *list = json_array();
    for (uint32_t m = 0; m < definition->method_count; m++)
        if (station->methods & UINT32_C(1) << m)
            json_array_append_new(list, json_string(definition->methods[m].id));
    return list;
}

json_t *psp_client_time_json(uint64_t ms)
{
    char text[PSP_MOMENT_BYTES];
    return ms ? json_string(psp_moment_write(ms, text)) : json_null();
}
