#include "shard/consensus/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"

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
    if (appends->end == appends->capacity) {
        const size_t capacity = appends->capacity == 0 ? 64 : appends->capacity * 2;
        struct psp_append *items = realloc(appends->items, capacity * sizeof(*items));
        if (items == NULL)
            return PSP_ENOMEM;
        appends->items = items;
        appends->capacity = capacity;
    }
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

void psp_appends_clear(struct psp_appends *appends)
{
    appends->first = appends->end = 0;
}

void psp_appends_free(struct psp_appends *appends)
{
    free(appends->items);
    *appends = (struct psp_appends){0};
}

enum psp_status psp_configurations_keep(struct psp_configurations *configurations, uint64_t index,
                                        const void *bytes, size_t length, bool applied)
{
    if (configurations->count == configurations->capacity) {
        const size_t capacity = configurations->capacity == 0 ? 4 : configurations->capacity * 2;
        struct psp_configuration *items = realloc(configurations->items, capacity * sizeof(*items));
        if (items == NULL)
            return PSP_ENOMEM;
        configurations->items = items;
        configurations->capacity = capacity;
    }
    uint8_t *copy = malloc(length == 0 ? 1 : length);
    if (copy == NULL)
        return PSP_ENOMEM;
    memcpy(copy, bytes, length);
    configurations->items[configurations->count++] =
        (struct psp_configuration){index, copy, length, applied};
    return PSP_OK;
}

enum psp_status psp_configurations_start(struct psp_configurations *configurations,
                                         const struct psp_consensus_start *start,
                                         const struct psp_record *first)
{
    enum psp_status status = PSP_OK;
    struct psp_bytes snapshot = start->snapshot_configuration;
    const bool given = snapshot.length > 0;
    if (start->snapshot_index > 0)
        status =
            psp_configurations_keep(configurations, given ? start->snapshot_configuration_index : 1,
                                    given ? snapshot.data : first->payload,
                                    given ? snapshot.length : first->payload_bytes, true);
    for (uint64_t i = 0; i < start->record_count && status == PSP_OK; i++) {
        const struct psp_record *record = &start->records[i];
        if (record->type == PSP_RECORD_CONFIGURATION && record->index > start->snapshot_index)
            status = psp_configurations_keep(configurations, record->index, record->payload,
                                             record->payload_bytes, false);
    }
    return status;
}

void psp_configurations_cut(struct psp_configurations *configurations, uint64_t from)
{
    while (configurations->count > 0 &&
           configurations->items[configurations->count - 1].index >= from)
        free(configurations->items[--configurations->count].bytes);
}

const struct psp_configuration *psp_configurations_at(
    const struct psp_configurations *configurations, uint64_t index)
{
    for (size_t i = configurations->count; i > 0; i--)
        if (configurations->items[i - 1].index <= index)
            return &configurations->items[i - 1];
    return NULL;
}

struct psp_configuration *psp_configurations_unapplied(struct psp_configurations *configurations,
                                                       uint64_t commit_index)
{
    for (size_t i = 0; i < configurations->count; i++)
        if (!configurations->items[i].applied && configurations->items[i].index <= commit_index)
            return &configurations->items[i];
    return NULL;
}

void psp_configurations_free(struct psp_configurations *configurations)
{
    psp_configurations_cut(configurations, 0);
    free(configurations->items);
    *configurations = (struct psp_configurations){0};
}

bool psp_reserve(void **array, size_t *capacity, size_t n, size_t element_bytes)
{
    if (n <= *capacity)
        return true;
    size_t grown = *capacity == 0 ? 16 : *capacity;
    while (grown < n)
        grown *= 2;
    void *memory = realloc(*array, grown * element_bytes);
    if (memory == NULL)
        return false;
    *array = memory;
    *capacity = grown;
    return true;
}

/* Numbers lie in memory as the processor has them: little-endian, checked at
 * build time below. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fields are copied byte by byte");

static uint32_t fields_load(const struct psp_field *layout, const void *message, uint64_t *ret)
{
    uint32_t n = 0;
    for (; n < PSP_FIELDS_MAX && layout[n].bytes != 0; n++) {
        ret[n] = 0;
        memcpy(&ret[n], (const uint8_t *)message + layout[n].offset, layout[n].bytes);
    }
    return n;
}

bool psp_fields_store(const struct psp_field *layout, const uint64_t *fields, uint32_t n,
                      void *message)
{
    uint32_t i = 0;
    for (; i < PSP_FIELDS_MAX && layout[i].bytes != 0; i++) {
        if (i >= n || fields[i] > layout[i].max ||
            (layout[i].bytes < 8 && fields[i] >> (8 * layout[i].bytes) != 0))
            return false;
        memcpy((uint8_t *)message + layout[i].offset, &fields[i], layout[i].bytes);
    }
    return i == n;
}

enum psp_status psp_outbox_push(struct psp_outbox *outbox, uint64_t to, uint32_t type,
                                uint32_t entry_count, const struct psp_field *layout,
                                const void *message)
{
    const size_t n = outbox->count + 1;
    const bool moved = n > outbox->field_capacity;
    if (!psp_reserve((void **)&outbox->to, &outbox->to_capacity, n, sizeof(*outbox->to)) ||
        !psp_reserve((void **)&outbox->fields, &outbox->field_capacity, n,
                     sizeof(*outbox->fields)) ||
        !psp_reserve((void **)&outbox->messages, &outbox->capacity, n, sizeof(*outbox->messages)))
        return PSP_ENOMEM;
    const size_t at = outbox->count++;
    outbox->to[at] = to;
    outbox->messages[at] = (struct psp_raft_message){
        .type = type,
        .field_count = fields_load(layout, message, outbox->fields[at]),
        .entry_count = entry_count,
    };
    for (size_t i = moved ? 0 : at; i < outbox->count; i++)
        outbox->messages[i].fields = outbox->fields[i];
    return PSP_OK;
}

void psp_outbox_free(struct psp_outbox *outbox)
{
    free(outbox->messages);
    free(outbox->to);
    free(outbox->fields);
    *outbox = (struct psp_outbox){0};
}

uint32_t psp_consensus_entries_of(const struct psp_raft_message *message, uint64_t *ret_first)
{
    enum { APPEND_ENTRIES = 1, PREV_INDEX = 2 }; /* numbers of the wire: consensus.c's table */
    if (message->type != APPEND_ENTRIES)
        return 0;
    *ret_first = message->fields[PREV_INDEX] + 1;
    return message->entry_count;
}
