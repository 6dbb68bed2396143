/* Every value of an LMDB file; those of a shard's store end in a checksum. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit/inspect/said.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "kv/pages.h"
#include "kv/sealed.h"
#include "shard/store/store.h"

struct store {
    struct psp_said *said;
    bool sealed; /* a shard's: only it has a table of voters */
};

static bool is(struct psp_bytes text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.data, word, text.length) == 0;
}

static void look_for_voters(void *context, const struct psp_page_found *found)
{
    struct store *store = context;
    store->sealed = store->sealed || (found->table.length == 0 && is(found->key, "voters"));
}

/* Names as they are, numbers in hexadecimal digits. The caller frees. */
static char *key_text(struct psp_bytes key)
{
    bool letters = key.length > 0;
    for (size_t i = 0; i < key.length; i++)
        letters = letters && ((key.data[i] >= 'a' && key.data[i] <= 'z') || key.data[i] == '_');
    if (letters)
        return psp_memory_print("%.*s", (int)key.length, (const char *)key.data);
    char *text = psp_memory_array(2 * key.length + 1, 1);
    for (size_t i = 0; i < key.length; i++)
        snprintf(text + 2 * i, 3, "%02x", key.data[i]);
    return text;
}

/* NULL: the value has none. */
static const char *checksum_of(const struct store *store, const struct psp_page_found *found)
{
    if (!store->sealed)
        return NULL;
    for (uint32_t number = 0; psp_store_table_name(number); number++)
        if (is(found->table, psp_store_table_name(number)))
            return psp_kv_seal_is_good(number, found->key, found->value) ? "good" : "bad";
    return NULL;
}

static void say(void *context, const struct psp_page_found *found)
{
    const struct store *store = context;
    if (!found->fault && found->table.length == 0)
        return;
    char *table = psp_memory_print("%.*s", (int)found->table.length,
                                   found->table.length ? (const char *)found->table.data : "");
    if (found->fault) {
        psp_said_record(
            store->said, found->offset, 0,
            json_pack("{s:s%, s:n, s:n}", "table", table, found->table.length, "key", "checksum"),
            found->fault, "%s%s", table[0] ? "table " : "tables", table);
        free(table);
        return;
    }
    const char *checksum = checksum_of(store, found);
    char *key = key_text(found->key);
    psp_said_record(
        store->said, found->offset, found->value.length,
        json_pack("{s:s%, s:s, s:s?}", "table", table, found->table.length, "key", key, "checksum",
                  checksum),
        checksum && strcmp(checksum, "bad") == 0 ? "the checksum is of other bytes" : NULL,
        "%s %s%s%s", table, key, checksum ? ", checksum " : "", checksum ? checksum : "");
    free(key);
    free(table);
}

void psp_inspect_store(struct psp_said *said, const struct psp_inspected *inspected)
{
    struct psp_pages pages;
    struct store store = {.said = said};
    if (psp_pages_open(inspected->bytes, inspected->length, &pages) != PSP_OK) {
        psp_said_bad_head(said, "store", 0, "neither of the two heads of LMDB is good");
        psp_said_end(said);
        return;
    }
    if (psp_pages_walk(&pages, look_for_voters, &store) != PSP_OK) {
        fputs("psephos inspect: out of memory\n", stderr);
        exit(1);
    }
    psp_said_head(said, "store",
                  json_pack("{s:s, s:o, s:o, s:o}", "of", store.sealed ? "shard" : "collector",
                            "page_bytes", psp_json_count(pages.page_bytes), "transaction",
                            psp_json_count(pages.transaction), "last_page",
                            psp_json_count(pages.last_page)));
    if (psp_pages_walk(&pages, say, &store) != PSP_OK)
        said->damaged++;
    psp_said_end(said);
}
