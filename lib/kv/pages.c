/* From the newer head down: branches, leaves, and the pages that large values have. */
#include "kv/pages.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEAD_BYTES = 16, /* of a page: number 8, pad 2, flags 2, lower 2, upper 2 */
    NODE_BYTES = 8,  /* lo 2, hi 2, flags 2, bytes of the key 2 */
    TABLE_BYTES = 48,
    FLAGS = 10,
    LOWER = 12,
    UPPER = 14,
    PAGE_BRANCH = 1,
    PAGE_LEAF = 2,
    PAGE_OVERFLOW = 4,
    PAGE_META = 8,
    NODE_BIG = 1,
    NODE_TABLE = 2,
    DEPTH_MAX = 32,
    PAGE_BYTES_MIN = 512,
    PAGE_BYTES_MAX = 65536,
};
/* Within a head, behind the page's. */
enum { META_MAGIC = 16, META_VERSION = 20, META_FREE = 40, META_MAIN = 88, META_LAST = 136 };
enum { META_TRANSACTION = 144, META_BYTES = 152 };
enum { ROOT = 40, ENTRIES = 32 }; /* within a table's 48 bytes */
static const uint32_t magic = 0xBEEFC0DE;

struct walk {
    const struct psp_pages *pages;
    void (*visit)(void *context, const struct psp_page_found *found);
    void *context;
    uint8_t *seen; /* a bit a page: none is reached twice */
    struct psp_bytes table;
    struct psp_bytes last_key;
    uint64_t values;
};

/* ---- heads ---- */

static bool read_meta(const uint8_t *bytes, size_t length, size_t at, struct psp_pages *ret_pages)
{
    if (length < at || length - at < META_BYTES)
        return false;
    const uint8_t *page = bytes + at;
    const uint32_t page_bytes = psp_get32(page + META_FREE);
    if (psp_get32(page + META_MAGIC) != magic || psp_get32(page + META_VERSION) != 1 ||
        (psp_get16(page + FLAGS) & PAGE_META) == 0 || page_bytes < PAGE_BYTES_MIN ||
        page_bytes > PAGE_BYTES_MAX || (page_bytes & (page_bytes - 1)) != 0)
        return false;
    *ret_pages = (struct psp_pages){.bytes = bytes,
                                    .length = length,
                                    .page_bytes = page_bytes,
                                    .transaction = psp_get64(page + META_TRANSACTION),
                                    .last_page = psp_get64(page + META_LAST),
                                    .root = psp_get64(page + META_MAIN + ROOT)};
    return true;
}

enum psp_status psp_pages_open(const uint8_t *bytes, size_t length, struct psp_pages *ret_pages)
{
    struct psp_pages first = {0}, second = {0};
    const bool has_first = read_meta(bytes, length, 0, &first);
    bool has_second = false;
    if (has_first)
        has_second = read_meta(bytes, length, first.page_bytes, &second);
    for (size_t at = PAGE_BYTES_MIN; !has_first && !has_second && at <= PAGE_BYTES_MAX; at *= 2)
        has_second = read_meta(bytes, length, at, &second);
    if (!has_first && !has_second)
        return PSP_ECORRUPT;
    *ret_pages =
        has_second && (!has_first || second.transaction > first.transaction) ? second : first;
    return PSP_OK;
}

/* ---- pages ---- */

static void tell_fault(struct walk *walk, uint64_t offset, const char *fault)
{
    walk->visit(walk->context,
                &(struct psp_page_found){.table = walk->table, .offset = offset, .fault = fault});
}

/* NULL: not in the file, reached twice, or another page; told. */
static const uint8_t *page_at(struct walk *walk, uint64_t number, uint64_t count)
{
    const struct psp_pages *pages = walk->pages;
    const uint64_t held = pages->length / pages->page_bytes;
    const uint64_t offset = number * pages->page_bytes;
    if (number < 2 || number > pages->last_page || number >= held || count > held - number) {
        tell_fault(walk, number < held ? offset : pages->length, "a page that is not in the file");
        return NULL;
    }
    assert(count > 0 && number + count <= held);
    for (uint64_t i = number; i < number + count; i++) {
        if (walk->seen[i / 8] >> i % 8 & 1) {
            tell_fault(walk, i * pages->page_bytes, "a page that is reached twice");
            return NULL;
        }
        walk->seen[i / 8] |= (uint8_t)(1U << i % 8);
    }
    const uint8_t *page = pages->bytes + offset;
    if (psp_get64(page) != number) {
        tell_fault(walk, offset, "a page of another number");
        return NULL;
    }
    return page;
}

/* Where node `i` lies in the page; 0: not in it. */
static size_t node_at(const struct walk *walk, const uint8_t *page, uint32_t i)
{
    const size_t at = psp_get16(page + HEAD_BYTES + (size_t)i * 2);
    const size_t upper = psp_get16(page + UPPER);
    if (at < upper || at + NODE_BYTES > walk->pages->page_bytes)
        return 0;
    return at + NODE_BYTES + psp_get16(page + at + 6) <= walk->pages->page_bytes ? at : 0;
}

static bool follows(const struct walk *walk, struct psp_bytes key)
{
    if (walk->values == 0)
        return true;
    const size_t n = key.length < walk->last_key.length ? key.length : walk->last_key.length;
    const int order = memcmp(walk->last_key.data, key.data, n);
    return order < 0 || (order == 0 && walk->last_key.length < key.length);
}

/* The value of a leaf's node; false: told. */
static bool value_of(struct walk *walk, const uint8_t *node, size_t room, size_t key_bytes,
                     struct psp_bytes *ret_value)
{
    const size_t n = psp_get16(node) | (size_t)psp_get16(node + 2) << 16;
    const uint8_t *data = node + NODE_BYTES + key_bytes;
    const uint64_t offset = (uint64_t)(node - walk->pages->bytes);
    if ((psp_get16(node + 4) & NODE_BIG) == 0) {
        if (n > room) {
            tell_fault(walk, offset, "a value longer than its page");
            return false;
        }
        *ret_value = (struct psp_bytes){data, n};
        return true;
    }
    if (room < 8) {
        tell_fault(walk, offset, "a large value without its page");
        return false;
    }
    const uint64_t pages =
        (HEAD_BYTES + (uint64_t)n + walk->pages->page_bytes - 1) / walk->pages->page_bytes;
    const uint8_t *page = page_at(walk, psp_get64(data), pages);
    if (page == NULL)
        return false;
    if ((psp_get16(page + FLAGS) & PAGE_OVERFLOW) == 0) {
        tell_fault(walk, (uint64_t)(page - walk->pages->bytes), "no page of a large value");
        return false;
    }
    *ret_value = (struct psp_bytes){page + HEAD_BYTES, n};
    return true;
}

static void visit_node(struct walk *walk, const uint8_t *page, size_t at)
{
    const uint8_t *node = page + at;
    const size_t key_bytes = psp_get16(node + 6);
    assert(at + NODE_BYTES + key_bytes <= walk->pages->page_bytes); /* node_at said so */
    const struct psp_bytes key = {node + NODE_BYTES, key_bytes};
    struct psp_bytes value;
    if (!follows(walk, key))
        tell_fault(walk, (uint64_t)(node - walk->pages->bytes), "a key out of order");
    if (!value_of(walk, node, walk->pages->page_bytes - at - NODE_BYTES - key_bytes, key_bytes,
                  &value))
        return;
    walk->last_key = key;
    walk->values++;
    const bool is_table = (psp_get16(node + 4) & NODE_TABLE) != 0;
    if ((walk->table.length == 0) != is_table || (is_table && value.length != TABLE_BYTES)) {
        tell_fault(walk, (uint64_t)(node - walk->pages->bytes), "neither table nor value");
        return;
    }
    walk->visit(walk->context,
                &(struct psp_page_found){walk->table, key, value,
                                         (uint64_t)(value.data - walk->pages->bytes), NULL});
}

/* The tree below a page. Depth is bounded: a tree of LMDB's has no more. */
static void descend(struct walk *walk, uint64_t number, uint32_t depth)
{
    const uint8_t *page = page_at(walk, number, 1);
    if (page == NULL)
        return;
    const uint64_t offset = (uint64_t)(page - walk->pages->bytes);
    const uint32_t flags = psp_get16(page + FLAGS) & (PAGE_BRANCH | PAGE_LEAF | PAGE_OVERFLOW);
    const size_t lower = psp_get16(page + LOWER), upper = psp_get16(page + UPPER);
    if ((flags != PAGE_BRANCH && flags != PAGE_LEAF) || lower < HEAD_BYTES || lower > upper ||
        upper > walk->pages->page_bytes || depth == DEPTH_MAX) {
        tell_fault(walk, offset, "no page of a tree");
        return;
    }
    for (uint32_t i = 0; i < (lower - HEAD_BYTES) / 2; i++) {
        const size_t at = node_at(walk, page, i);
        if (at == 0)
            tell_fault(walk, offset, "an entry that is not in its page");
        else if (flags == PAGE_LEAF)
            visit_node(walk, page, at);
        else
            descend(walk,
                    psp_get16(page + at) | (uint64_t)psp_get16(page + at + 2) << 16 |
                        (uint64_t)psp_get16(page + at + 4) << 32,
                    depth + 1);
    }
}

/* ---- tables ---- */

static void walk_table(struct walk *walk, struct psp_bytes name, const uint8_t *table)
{
    const uint64_t root = psp_get64(table + ROOT), entries = psp_get64(table + ENTRIES);
    walk->table = name;
    walk->values = 0;
    if (root != UINT64_MAX)
        descend(walk, root, 0);
    if (walk->values != entries)
        tell_fault(walk, (uint64_t)(table - walk->pages->bytes),
                   "the table does not have as many values as it says");
}

struct tables { /* names and where they begin; LMDB of ours has few */
    struct psp_bytes names[128];
    const uint8_t *tables[128];
    uint32_t n;
    void (*visit)(void *context, const struct psp_page_found *found);
    void *context;
};

static void visit_tables(void *context, const struct psp_page_found *found)
{
    struct tables *tables = context;
    struct psp_page_found told = *found;
    if (found->fault == NULL && tables->n < 128 && found->key.length > 0) {
        tables->names[tables->n] = found->key;
        tables->tables[tables->n++] = found->value.data;
    } else if (told.fault == NULL) {
        told.fault = "a table without a name, or one too many";
    }
    tables->visit(tables->context, &told);
}

enum psp_status psp_pages_walk(const struct psp_pages *pages,
                               void (*visit)(void *context, const struct psp_page_found *found),
                               void *context)
{
    struct tables tables = {.visit = visit, .context = context};
    struct walk walk = {.pages = pages, .visit = visit_tables, .context = &tables};
    walk.seen = calloc(pages->length / pages->page_bytes / 8 + 1, 1);
    if (walk.seen == NULL)
        return PSP_ENOMEM;
    if (pages->root != UINT64_MAX)
        descend(&walk, pages->root, 0);
    walk.visit = visit;
    walk.context = context;
    for (uint32_t i = 0; i < tables.n; i++)
        walk_table(&walk, tables.names[i], tables.tables[i]);
    free(walk.seen);
    return PSP_OK;
}
