#include "shard/index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "election/digest.h"

enum {
    LOAD_NUM = 17, /* a table grows past a load of 17/20 */
    LOAD_DEN = 20,
    CAPACITY_SCALE = 64,  /* capacities are stepped in 1/64, so that 64 staggers differ */
    CAPACITY_FIRST = 16,
    TAIL_MAX = 64,        /* places past the capacity at first, instead of wrapping around */
    CACHE_LINE = 64,
    PREFETCH_LINES = 3,
};
#define COUNTED_BIT 0x80000000u

/* Four-byte words, so that entries pack to 28 bytes without packed attributes. */
struct psp_index_entry {
    uint32_t digest[4];
    uint32_t tag[2];
    uint32_t number; /* voter number + 1, top bit: counted; 0: empty place */
};

struct psp_index_table {
    struct psp_index_entry *entries; /* [end] */
    uint32_t capacity, end, used;
};

struct psp_index {
    struct psp_index_table tables[PSP_SLOT_COUNT];
    uint64_t voters;
    uint64_t memory_bytes;
};

_Static_assert(sizeof(struct psp_index_entry) == 28, "an entry is 28 bytes");

static inline uint64_t key_of_digest(const uint8_t *digest)
{
    uint64_t key;
    memcpy(&key, digest + 8, sizeof key);
    return key;
}

static inline uint64_t key_of_entry(const struct psp_index_entry *entry)
{
    uint64_t key;
    memcpy(&key, entry->digest + 2, sizeof key);
    return key;
}

/* Where a key wants to be: monotone in the key, which keeps tables sorted. */
static inline uint32_t home_of(uint64_t key, uint32_t capacity)
{
    return (uint32_t)(((key >> 32) * capacity) >> 32);
}

static bool fits(uint64_t voters, uint64_t capacity)
{
    return voters * LOAD_DEN <= capacity * LOAD_NUM;
}

/* The smallest capacity of this slot's own sequence that holds `voters`; the
 * sequences of 64 neighbouring slots are staggered. */
static uint64_t capacity_for(uint32_t slot, uint64_t voters)
{
    const uint64_t stagger = slot % CAPACITY_SCALE;
    uint64_t scaled = CAPACITY_FIRST * (CAPACITY_SCALE + stagger / 4);
    while (!fits(voters, scaled / CAPACITY_SCALE))
        scaled += scaled / 4;
    return scaled / CAPACITY_SCALE;
}

enum psp_status psp_index_create(struct psp_index **ret_index)
{
    struct psp_index *index = calloc(1, sizeof *index);
    if (!index)
        return PSP_ENOMEM;
    index->memory_bytes = sizeof *index;
    *ret_index = index;
    return PSP_OK;
}

void psp_index_destroy(struct psp_index **index)
{
    if (!*index)
        return;
    for (uint32_t slot = 0; slot < PSP_SLOT_COUNT; slot++)
        free((*index)->tables[slot].entries);
    free(*index);
    *index = NULL;
}

/* More places behind the end; `end` 0 to begin with. */
static bool extend(struct psp_index_table *table, uint32_t end)
{
    struct psp_index_entry *entries =
        table->entries ? realloc(table->entries, end * sizeof *entries)
                       : calloc(end, sizeof *entries); /* fresh pages need no clearing */
    if (!entries)
        return false;
    if (table->entries)
        memset(entries + table->end, 0, (end - table->end) * sizeof *entries);
    table->entries = entries;
    table->end = end;
    return true;
}

/* Lays the sorted entries of `from` out in an empty table. */
static bool sweep(const struct psp_index_table *from, struct psp_index_table *to)
{
    uint32_t next = 0;
    for (uint32_t at = 0; at < from->end; at++) {
        const struct psp_index_entry *entry = &from->entries[at];
        if (entry->number == 0)
            continue;
        const uint32_t home = home_of(key_of_entry(entry), to->capacity);
        const uint32_t place = home > next ? home : next;
        if (place >= to->end && !extend(to, to->end + TAIL_MAX))
            return false;
        to->entries[place] = *entry;
        next = place + 1;
    }
    to->used = from->used;
    return true;
}

/* Replaces the table by a bigger one that holds `voters`. */
static enum psp_status grow(struct psp_index *index, uint32_t slot, uint64_t voters)
{
    struct psp_index_table *table = &index->tables[slot];
    const uint64_t capacity = capacity_for(slot, voters);
    if (capacity > UINT32_MAX / 2)
        return PSP_ENOMEM;
    struct psp_index_table bigger = {.capacity = (uint32_t)capacity};
    const uint32_t tail = bigger.capacity / 4 < TAIL_MAX ? bigger.capacity / 4 : TAIL_MAX;
    if (!extend(&bigger, bigger.capacity + tail) || !sweep(table, &bigger)) {
        free(bigger.entries);
        return PSP_ENOMEM;
    }
    index->memory_bytes += bigger.end * sizeof *bigger.entries;
    index->memory_bytes -= table->end * sizeof *table->entries;
    free(table->entries);
    *table = bigger;
    return PSP_OK;
}

enum psp_status psp_index_reserve(struct psp_index *index, uint32_t slot, uint64_t voters)
{
    assert(slot < PSP_SLOT_COUNT);
    const struct psp_index_table *table = &index->tables[slot];
    if (voters == 0 || (table->entries && fits(voters, table->capacity)))
        return PSP_OK;
    return grow(index, slot, voters);
}

void psp_index_prefetch(const struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES])
{
    const struct psp_index_table *table = &index->tables[psp_digest_slot(digest)];
    if (!table->entries)
        return;
    const char *line = (const char *)&table->entries[home_of(key_of_digest(digest),
                                                             table->capacity)];
    for (int i = 0; i < PREFETCH_LINES; i++)
        __builtin_prefetch(line + i * CACHE_LINE, 1);
}

void psp_index_find(const struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES],
                    struct psp_index_place *ret_place)
{
    const uint32_t slot = psp_digest_slot(digest);
    const struct psp_index_table *table = &index->tables[slot];
    const uint64_t key = key_of_digest(digest);
    *ret_place = (struct psp_index_place){.slot = slot};
    if (!table->entries)
        return;
    uint32_t at = home_of(key, table->capacity);
    for (; at < table->end; at++) {
        const struct psp_index_entry *entry = &table->entries[at];
        if (entry->number == 0)
            break;
        const uint64_t other = key_of_entry(entry);
        if (other < key)
            continue;
        if (other > key)
            break;
        if (memcmp(entry->digest, digest, PSP_DIGEST_BYTES) != 0)
            continue;
        ret_place->known = true;
        ret_place->counted = (entry->number & COUNTED_BIT) != 0;
        ret_place->number = (entry->number & ~COUNTED_BIT) - 1;
        memcpy(ret_place->tag, entry->tag, PSP_TAG_BYTES);
        break;
    }
    ret_place->at = at;
}

enum psp_status psp_index_insert(struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES],
                                 uint32_t number, struct psp_index_place *place)
{
    assert(!place->known);
    assert(number < PSP_INDEX_VOTERS_MAX);
    struct psp_index_table *table = &index->tables[place->slot];
    if (!table->entries || !fits((uint64_t)table->used + 1, table->capacity)) {
        const enum psp_status status = grow(index, place->slot, (uint64_t)table->used + 1);
        if (status != PSP_OK)
            return status;
        psp_index_find(index, digest, place);
    }
    uint32_t hole = place->at;
    while (hole < table->end && table->entries[hole].number != 0)
        hole++;
    if (hole == table->end) {
        if (!extend(table, table->end + TAIL_MAX))
            return PSP_ENOMEM;
        index->memory_bytes += TAIL_MAX * sizeof *table->entries;
    }
    struct psp_index_entry *entry = &table->entries[place->at];
    memmove(entry + 1, entry, (hole - place->at) * sizeof *entry);
    memcpy(entry->digest, digest, PSP_DIGEST_BYTES);
    memset(entry->tag, 0, sizeof entry->tag);
    entry->number = number + 1;
    table->used++;
    index->voters++;
    place->known = true;
    place->counted = false;
    place->number = number;
    return PSP_OK;
}

void psp_index_mark(struct psp_index *index, const struct psp_index_place *place,
                    const uint8_t tag[PSP_TAG_BYTES])
{
    struct psp_index_entry *entry = &index->tables[place->slot].entries[place->at];
    assert(entry->number == place->number + 1);
    memcpy(entry->tag, tag, PSP_TAG_BYTES);
    entry->number |= COUNTED_BIT;
}

uint64_t psp_index_voters(const struct psp_index *index)
{
    return index->voters;
}

uint64_t psp_index_memory_bytes(const struct psp_index *index)
{
    return index->memory_bytes;
}
