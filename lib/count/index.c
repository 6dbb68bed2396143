/* Tables stay sorted by where a key wants to be: linear probing without holes. One that
 * is full moves to more blocks. */
#include "count/index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"
#include "election/digest.h"

enum {
    LOAD_NUM = 17, /* a table grows past a load of 17/20 */
    LOAD_DEN = 20,
    BLOCK_BITS = 8,
    BLOCK_ENTRIES = 1 << BLOCK_BITS,
    REGION_BITS = 11,
    REGION_BLOCKS = 1 << REGION_BITS,
    TAIL_ENTRIES = 32, /* places past the capacity, instead of wrapping around */
    STAGGERS = 64,
    HUGE_PAGE_BYTES = 2 << 20,
    CACHE_LINE = 64,
    PREFETCH_LINES = 4,
};
#define COUNTED_BIT 0x80000000u

/* Four-byte words, so that entries pack to 28 bytes without packed attributes. */
struct psp_index_entry {
    uint32_t digest[4];
    uint32_t tag[2];
    uint32_t number; /* voter number + 1, top bit: counted; 0: empty place */
};

struct psp_index_block {
    struct psp_index_entry entries[BLOCK_ENTRIES];
};

struct psp_index_table {
    uint32_t *blocks;       /* [end / BLOCK_ENTRIES]: numbers of blocks */
    uint32_t capacity, end; /* places that keys ask for; all places */
    uint32_t used;
    uint32_t run_first, run; /* the first `run` blocks are numbered from run_first on: all of
                                them when the table was reserved, and nothing is read to know */
};

struct psp_index {
    struct psp_index_table tables[PSP_SLOT_COUNT];
    uint64_t voters;

    struct psp_index_block **regions; /* REGION_BLOCKS each, all zeros at first */
    uint32_t region_count, region_capacity;
    uint32_t block_count; /* handed out */
    uint64_t warm_bytes;  /* of those, from the first on */

    struct psp_index_entry *sweep; /* a table's entries while it grows */
    uint32_t sweep_capacity;
};

static_assert(sizeof(struct psp_index_entry) == 28, "an entry is 28 bytes");
static_assert(sizeof((struct psp_index_entry *)0)->digest == PSP_DIGEST_BYTES, "");
static_assert(sizeof((struct psp_index_entry *)0)->tag == PSP_TAG_BYTES, "");
static_assert(REGION_BLOCKS * sizeof(struct psp_index_block) % HUGE_PAGE_BYTES == 0,
              "a region is whole huge pages");
static_assert(PSP_INDEX_VOTERS_MAX < COUNTED_BIT - 1, "a number + 1 leaves its top bit");
static_assert(TAIL_ENTRIES < BLOCK_ENTRIES, "a table of one block has places for keys");
static_assert(LOAD_NUM < LOAD_DEN, "a search ends at an empty place");
static_assert(PSP_SLOT_COUNT % STAGGERS == 0, "as many slots for each stagger");

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

static inline bool fits(uint64_t voters, uint64_t capacity)
{
    return voters * LOAD_DEN <= capacity * LOAD_NUM;
}

static inline struct psp_index_entry *entry_at(const struct psp_index *index,
                                               const struct psp_index_table *table, uint32_t at)
{
    const uint32_t place = at >> BLOCK_BITS;
    const uint32_t block = place < table->run ? table->run_first + place : table->blocks[place];
    if (PSP_CHECKED) {
        assert(at < table->end);
        assert(block < index->block_count);
    }
    return &index->regions[block >> REGION_BITS][block % REGION_BLOCKS].entries[at % BLOCK_ENTRIES];
}

/* The entry at `at`, given the one before it. Not for at = end. */
static inline struct psp_index_entry *entry_next(const struct psp_index *index,
                                                 const struct psp_index_table *table, uint32_t at,
                                                 struct psp_index_entry *before)
{
    return at % BLOCK_ENTRIES ? before + 1 : entry_at(index, table, at);
}

/* ---- blocks ---- */

/* Maps zeros at a multiple of the huge page's size. */
static struct psp_index_block *map_region(void)
{
    const size_t bytes = REGION_BLOCKS * sizeof(struct psp_index_block);
    char *map = mmap(NULL, bytes + HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    const size_t before = -(uintptr_t)map % HUGE_PAGE_BYTES;
    if (before > 0)
        munmap(map, before);
    if (before < HUGE_PAGE_BYTES)
        munmap(map + before + bytes, HUGE_PAGE_BYTES - before);
    assert((uintptr_t)(map + before) % HUGE_PAGE_BYTES == 0);
    madvise(map + before, bytes, MADV_HUGEPAGE); /* a wish: without it all is slower */
    return (struct psp_index_block *)(void *)(map + before);
}

static bool add_region(struct psp_index *index)
{
    assert(index->block_count == index->region_count * REGION_BLOCKS); /* none is left over */
    assert(index->region_count <= index->region_capacity);
    if (index->region_count == index->region_capacity) {
        const uint32_t capacity = index->region_capacity * 2 + 16;
        struct psp_index_block **regions =
            realloc(index->regions, capacity * sizeof *index->regions);
        if (!regions)
            return false;
        index->regions = regions;
        index->region_capacity = capacity;
    }
    struct psp_index_block *region = map_region();
    if (!region)
        return false;
    index->regions[index->region_count++] = region;
    return true;
}

bool psp_index_warm(struct psp_index *index)
{
    const size_t region_bytes = REGION_BLOCKS * sizeof(struct psp_index_block);
    const uint64_t bytes = index->block_count * sizeof(struct psp_index_block);
    if (index->warm_bytes + HUGE_PAGE_BYTES > bytes)
        return false;
    assert(index->warm_bytes / region_bytes < index->region_count);
    char *region = (char *)index->regions[index->warm_bytes / region_bytes];
#ifdef MADV_POPULATE_WRITE
    /* Unknown to older systems: not warmed, no harm. */
    madvise(region + index->warm_bytes % region_bytes, HUGE_PAGE_BYTES, MADV_POPULATE_WRITE);
#else
    (void)region;
#endif
    index->warm_bytes += HUGE_PAGE_BYTES;
    return index->warm_bytes + HUGE_PAGE_BYTES <= bytes;
}

/* Adds empty blocks until the table has `blocks`. */
static bool add_blocks(struct psp_index *index, struct psp_index_table *table, uint32_t blocks)
{
    assert(blocks <= UINT32_MAX / BLOCK_ENTRIES);
    if (blocks * BLOCK_ENTRIES <= table->end)
        return true;
    uint32_t *numbers = realloc(table->blocks, blocks * sizeof *numbers);
    if (!numbers)
        return false;
    table->blocks = numbers;
    while (table->end < blocks * BLOCK_ENTRIES) {
        if (index->block_count == index->region_count * REGION_BLOCKS && !add_region(index))
            return false;
        const uint32_t place = table->end / BLOCK_ENTRIES;
        if (place == 0)
            table->run_first = index->block_count;
        if (place == table->run && table->run_first + place == index->block_count)
            table->run++;
        numbers[place] = index->block_count++;
        table->end += BLOCK_ENTRIES;
    }
    assert(table->run > 0);
    assert(table->run <= blocks);
    return true;
}

/* ---- create ---- */

enum psp_status psp_index_create(struct psp_index **ret_index)
{
    struct psp_index *index = calloc(1, sizeof *index);
    if (!index)
        return PSP_ENOMEM;
    *ret_index = index;
    return PSP_OK;
}

void psp_index_destroy(struct psp_index **index)
{
    if (!*index)
        return;
    for (uint32_t slot = 0; slot < PSP_SLOT_COUNT; slot++)
        free((*index)->tables[slot].blocks);
    for (uint32_t region = 0; region < (*index)->region_count; region++)
        munmap((*index)->regions[region], REGION_BLOCKS * sizeof(struct psp_index_block));
    free((*index)->regions);
    free((*index)->sweep);
    free(*index);
    *index = NULL;
}

/* ---- growing ---- */

/* The fewest blocks of this slot's own sequence (1.25 from one to the next,
 * starting elsewhere for each of 64 neighbours) that hold `voters`. */
static uint64_t blocks_for(uint32_t slot, uint64_t voters)
{
    assert(slot < PSP_SLOT_COUNT);
    uint64_t scaled = (STAGGERS + slot % STAGGERS / 4) << 8; /* one block, and up to a quarter */
    uint64_t blocks = 1;
    while (!fits(voters, blocks * BLOCK_ENTRIES - TAIL_ENTRIES)) {
        scaled += scaled / 4;
        blocks = (scaled / STAGGERS + 128) >> 8;
    }
    return blocks;
}

static bool take_out(struct psp_index *index, const struct psp_index_table *table)
{
    if (table->used >= index->sweep_capacity) {
        const uint32_t capacity = table->used + table->used / 2 + 1;
        struct psp_index_entry *sweep = realloc(index->sweep, capacity * sizeof *sweep);
        if (!sweep)
            return false;
        index->sweep = sweep;
        index->sweep_capacity = capacity;
    }
    /* Copies every place, the empty ones too, and keeps what is in use: no branch
     * to mispredict. One entry more than `used` may be written. */
    assert(table->used < index->sweep_capacity);
    uint32_t n = 0;
    for (uint32_t at = 0; at < table->end; at += BLOCK_ENTRIES) {
        const struct psp_index_entry *entries = entry_at(index, table, at);
        for (uint32_t i = 0; i < BLOCK_ENTRIES; i++) {
            index->sweep[n] = entries[i];
            n += entries[i].number != 0;
        }
    }
    assert(n == table->used);
    return true;
}

/* Lays the entries out again, in order, and empties the places between. When
 * memory ends, the last ones are lost and the caller's process must end. */
static bool put_back(struct psp_index *index, struct psp_index_table *table)
{
    const uint32_t capacity = table->capacity;
    assert(capacity < table->end);
    uint32_t i = 0;
    for (uint32_t first = 0; first < table->end; first += BLOCK_ENTRIES) {
        struct psp_index_entry *entries = entry_at(index, table, first);
        for (uint32_t at = 0; at < BLOCK_ENTRIES; at++) {
            if (i < table->used && home_of(key_of_entry(&index->sweep[i]), capacity) <= first + at)
                entries[at] = index->sweep[i++];
            else
                entries[at].number = 0;
        }
        const bool last = first + BLOCK_ENTRIES == table->end;
        if (last && i < table->used && !add_blocks(index, table, table->end / BLOCK_ENTRIES + 1))
            return false;
    }
    assert(i == table->used);
    return true;
}

/* Gives the table its places for `voters`; entries are not moved. */
static enum psp_status resize(struct psp_index *index, uint32_t slot, uint64_t voters)
{
    struct psp_index_table *table = &index->tables[slot];
    const uint64_t blocks = blocks_for(slot, voters);
    if (blocks * BLOCK_ENTRIES > UINT32_MAX / 2 || !add_blocks(index, table, (uint32_t)blocks))
        return PSP_ENOMEM;
    table->capacity = table->end - TAIL_ENTRIES;
    assert(fits(voters, table->capacity));
    return PSP_OK;
}

static enum psp_status grow(struct psp_index *index, uint32_t slot, uint64_t voters)
{
    struct psp_index_table *table = &index->tables[slot];
    assert(voters > table->used); /* or they would have fitted */
    if (table->used == 0)
        return resize(index, slot, voters); /* not touched before it is used */
    if (!take_out(index, table))
        return PSP_ENOMEM;
    const enum psp_status status = resize(index, slot, voters);
    if (status != PSP_OK)
        return status;
    return put_back(index, table) ? PSP_OK : PSP_ENOMEM;
}

enum psp_status psp_index_reserve(struct psp_index *index, uint32_t slot, uint64_t voters)
{
    assert(slot < PSP_SLOT_COUNT);
    if (fits(voters, index->tables[slot].capacity))
        return PSP_OK;
    return grow(index, slot, voters);
}

/* ---- use ---- */

void psp_index_prefetch_slot(const struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES])
{
    __builtin_prefetch(&index->tables[psp_digest_slot(digest)]);
}

void psp_index_prefetch_table(const struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES])
{
    const struct psp_index_table *table = &index->tables[psp_digest_slot(digest)];
    const uint32_t place = home_of(key_of_digest(digest), table->capacity) >> BLOCK_BITS;
    if (place >= table->run && table->capacity > 0)
        __builtin_prefetch(&table->blocks[place]);
}

void psp_index_prefetch(const struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES])
{
    const struct psp_index_table *table = &index->tables[psp_digest_slot(digest)];
    if (table->capacity == 0)
        return;
    const char *line =
        (const char *)entry_at(index, table, home_of(key_of_digest(digest), table->capacity));
    for (int i = 0; i < PREFETCH_LINES; i++)
        __builtin_prefetch(line + i * CACHE_LINE, 1);
}

void psp_index_prefetch_page(const struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES])
{
    const struct psp_index_table *table = &index->tables[psp_digest_slot(digest)];
    const uint32_t at = home_of(key_of_digest(digest), table->capacity);
    if (at >> BLOCK_BITS < table->run)
        __builtin_prefetch(entry_at(index, table, at), 1);
}

void psp_index_find(const struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES],
                    struct psp_index_place *ret_place)
{
    const uint32_t slot = psp_digest_slot(digest);
    const struct psp_index_table *table = &index->tables[slot];
    const uint64_t key = key_of_digest(digest);
    *ret_place = (struct psp_index_place){.slot = slot};
    if (table->capacity == 0)
        return;
    uint32_t at = home_of(key, table->capacity);
    struct psp_index_entry *entry = entry_at(index, table, at);
    while (entry->number != 0 && key_of_entry(entry) <= key) {
        if (memcmp(entry->digest, digest, PSP_DIGEST_BYTES) == 0) {
            ret_place->known = true;
            ret_place->counted = (entry->number & COUNTED_BIT) != 0;
            ret_place->number = (entry->number & ~COUNTED_BIT) - 1;
            memcpy(ret_place->tag, entry->tag, PSP_TAG_BYTES);
            break;
        }
        if (++at == table->end)
            break;
        entry = entry_next(index, table, at, entry);
    }
    ret_place->at = at;
    if (PSP_CHECKED)
        assert(at <= table->end);
}

/* Moves the entries [at, hole) one place to the right, into the hole. */
static void shift(struct psp_index *index, const struct psp_index_table *table, uint32_t at,
                  uint32_t hole)
{
    if (PSP_CHECKED) {
        assert(at <= hole);
        assert(hole < table->end);
    }
    while (at / BLOCK_ENTRIES != hole / BLOCK_ENTRIES) {
        const uint32_t first = hole - hole % BLOCK_ENTRIES;
        struct psp_index_entry *entries = entry_at(index, table, first);
        memmove(entries + 1, entries, (hole - first) * sizeof *entries);
        entries[0] = *entry_at(index, table, first - 1);
        hole = first - 1;
    }
    struct psp_index_entry *entry = entry_at(index, table, at);
    memmove(entry + 1, entry, (hole - at) * sizeof *entry);
}

/* In the order of keys, at or after the place its key asks for, without a hole between. */
static bool stands_right(const struct psp_index *index, const struct psp_index_table *table,
                         uint32_t at)
{
    const struct psp_index_entry *entry = entry_at(index, table, at);
    const uint64_t key = key_of_entry(entry);
    const uint32_t home = home_of(key, table->capacity);
    if (entry->number == 0 || at < home)
        return false;
    if (at > home) {
        const struct psp_index_entry *before = entry_at(index, table, at - 1);
        if (before->number == 0 || key_of_entry(before) > key)
            return false;
    }
    if (at + 1 == table->end)
        return true;
    const struct psp_index_entry *after = entry_at(index, table, at + 1);
    return after->number == 0 || key_of_entry(after) >= key;
}

enum psp_status psp_index_insert(struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES],
                                 uint32_t number, struct psp_index_place *place)
{
    assert(!place->known);
    assert(number < PSP_INDEX_VOTERS_MAX);
    if (PSP_CHECKED)
        assert(place->slot == psp_digest_slot(digest));
    struct psp_index_table *table = &index->tables[place->slot];
    if (!fits((uint64_t)table->used + 1, table->capacity)) {
        const enum psp_status status = grow(index, place->slot, (uint64_t)table->used + 1);
        if (status != PSP_OK)
            return status;
        psp_index_find(index, digest, place);
    }
    uint32_t hole = place->at;
    if (hole < table->end) {
        struct psp_index_entry *entry = entry_at(index, table, hole);
        while (entry->number != 0 && ++hole < table->end)
            entry = entry_next(index, table, hole, entry);
    }
    if (hole == table->end && !add_blocks(index, table, table->end / BLOCK_ENTRIES + 1))
        return PSP_ENOMEM;
    shift(index, table, place->at, hole);
    struct psp_index_entry *entry = entry_at(index, table, place->at);
    memcpy(entry->digest, digest, PSP_DIGEST_BYTES);
    memset(entry->tag, 0, sizeof entry->tag);
    entry->number = number + 1;
    table->used++;
    index->voters++;
    place->known = true;
    place->counted = false;
    place->number = number;
    if (PSP_CHECKED)
        assert(stands_right(index, table, place->at));
    return PSP_OK;
}

/* ---- in bulk ---- */

enum psp_status psp_index_append(struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES],
                                 uint32_t number, const uint8_t *tag)
{
    assert(number < PSP_INDEX_VOTERS_MAX);
    struct psp_index_table *table = &index->tables[psp_digest_slot(digest)];
    if (table->used == table->end && !add_blocks(index, table, table->end / BLOCK_ENTRIES + 1))
        return PSP_ENOMEM;
    struct psp_index_entry *entry = entry_at(index, table, table->used);
    assert(entry->number == 0); /* else it was ordered, or inserted into */
    memcpy(entry->digest, digest, PSP_DIGEST_BYTES);
    entry->number = number + 1;
    if (tag) {
        memcpy(entry->tag, tag, PSP_TAG_BYTES);
        entry->number |= COUNTED_BIT;
    }
    table->used++;
    index->voters++;
    return PSP_OK;
}

static enum psp_status order_table(struct psp_index *index, uint32_t slot)
{
    struct psp_index_table *table = &index->tables[slot];
    if (!take_out(index, table))
        return PSP_ENOMEM;
    const uint32_t n = table->used;
    for (uint32_t at = 0; at < table->end; at += BLOCK_ENTRIES)
        memset(entry_at(index, table, at), 0, sizeof(struct psp_index_block));
    assert(n <= index->voters);
    table->used = 0;
    index->voters -= n;
    enum psp_status status = resize(index, slot, n);
    for (uint32_t i = 0; i < n && status == PSP_OK; i++) {
        const struct psp_index_entry *entry = &index->sweep[i];
        const uint8_t *digest = (const uint8_t *)entry->digest;
        struct psp_index_place place;
        psp_index_find(index, digest, &place);
        if (place.known)
            return PSP_EEXIST;
        status = psp_index_insert(index, digest, (entry->number & ~COUNTED_BIT) - 1, &place);
        if (status == PSP_OK && (entry->number & COUNTED_BIT))
            psp_index_mark(index, &place, (const uint8_t *)entry->tag);
    }
    assert(status != PSP_OK || table->used == n);
    return status;
}

enum psp_status psp_index_order(struct psp_index *index)
{
    enum psp_status status = PSP_OK;
    for (uint32_t slot = 0; slot < PSP_SLOT_COUNT && status == PSP_OK; slot++)
        if (index->tables[slot].used > 0)
            status = order_table(index, slot);
    return status;
}

void psp_index_mark(struct psp_index *index, const struct psp_index_place *place,
                    const uint8_t tag[PSP_TAG_BYTES])
{
    struct psp_index_entry *entry = entry_at(index, &index->tables[place->slot], place->at);
    assert(place->known);
    assert(entry->number == place->number + 1); /* not counted yet, and not moved since */
    memcpy(entry->tag, tag, PSP_TAG_BYTES);
    entry->number |= COUNTED_BIT;
}

uint64_t psp_index_voters(const struct psp_index *index)
{
    return index->voters;
}

uint64_t psp_index_memory_bytes(const struct psp_index *index)
{
    uint64_t bytes = sizeof *index + index->block_count * sizeof(struct psp_index_block) +
                     index->block_count * sizeof(uint32_t);
    return bytes + index->sweep_capacity * sizeof *index->sweep;
}

/* ---- what must hold ---- */

static void check_table(const struct psp_index *index, const struct psp_index_table *table)
{
    assert(table->end % BLOCK_ENTRIES == 0);
    assert(table->run <= table->end / BLOCK_ENTRIES);
    assert(table->capacity == 0 || table->capacity + TAIL_ENTRIES <= table->end);
    assert(fits(table->used, table->capacity));
    uint32_t used = 0;
    for (uint32_t at = 0; at < table->end; at++) {
        if (entry_at(index, table, at)->number == 0)
            continue;
        assert(stands_right(index, table, at));
        used++;
    }
    assert(used == table->used);
}

void psp_index_check(const struct psp_index *index)
{
    assert(index->region_count <= index->region_capacity);
    assert(index->block_count <= index->region_count * REGION_BLOCKS);
    assert(index->warm_bytes <= index->block_count * sizeof(struct psp_index_block));
    assert(index->voters <= (uint64_t)index->block_count * BLOCK_ENTRIES);
    uint64_t used = 0;
    for (uint32_t slot = 0; PSP_CHECKED && slot < PSP_SLOT_COUNT; slot++) {
        check_table(index, &index->tables[slot]);
        used += index->tables[slot].used;
    }
    assert(!PSP_CHECKED || used == index->voters);
}
