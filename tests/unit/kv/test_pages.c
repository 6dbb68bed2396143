/* An LMDB file without LMDB: the same values, at the bytes where they are; damage told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kv/pages.h"
#include "kv/sealed.h"

enum { META = 0, ROWS = 1, VALUES = 3000 };

static const char *const tables[] = {"meta", "rows"};

struct state {
    char folder[64];
    uint8_t *bytes;
    size_t length;
    uint64_t values, faults;
    bool out_of_place, bad_sum;
    uint64_t last_offset; /* of the last value of rows */
};

static enum psp_status settle(void *context, const struct psp_kv *kv, MDB_txn *txn, bool empty)
{
    (void)context;
    (void)kv;
    (void)txn;
    (void)empty;
    return PSP_OK;
}

/* As many bytes as the row's number says: small ones in leaves, large ones in pages. */
static size_t value_bytes(uint64_t row)
{
    return row % 100 == 0 ? 9000 : row % 50 + 1;
}

static int put_all(void *context, MDB_txn *txn)
{
    const struct psp_kv *kv = context;
    int error = psp_kv_sealed_put(kv, txn, META, psp_kv_name("format"), psp_kv_name("two"));
    for (uint64_t row = 0; row < VALUES && !error; row++) {
        uint8_t key[8], value[9000];
        psp_kv_put_key64(key, row);
        memset(value, (int)(row % 251), sizeof value);
        error = psp_kv_sealed_put(kv, txn, ROWS, (struct psp_bytes){key, 8},
                                  (struct psp_bytes){value, value_bytes(row)});
    }
    return error;
}

static int set_up(void **context)
{
    struct state *state = calloc(1, sizeof *state);
    struct psp_kv kv;
    struct psp_reason reason = {0};
    snprintf(state->folder, sizeof state->folder, "/tmp/psp-pages-XXXXXX");
    assert_non_null(mkdtemp(state->folder));
    const struct psp_kv_options options = {.directory = state->folder,
                                           .tables = tables,
                                           .table_count = 2,
                                           .map_bytes = 64 << 20,
                                           .when_damaged = "",
                                           .settle = settle};
    assert_int_equal(psp_kv_open(&options, &kv, &reason), PSP_OK);
    assert_int_equal(psp_kv_write(&kv, put_all, &kv), 0);
    psp_kv_close(&kv);
    char path[128];
    snprintf(path, sizeof path, "%s/data.mdb", state->folder);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    state->length = (size_t)ftell(file);
    rewind(file);
    state->bytes = malloc(state->length);
    assert_int_equal(fread(state->bytes, 1, state->length, file), state->length);
    fclose(file);
    *context = state;
    return 0;
}

static int tear_down(void **context)
{
    struct state *state = *context;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", state->folder);
    const int result = system(command);
    free(state->bytes);
    free(state);
    return result;
}

static void visit(void *context, const struct psp_page_found *found)
{
    struct state *state = context;
    if (found->fault)
        state->faults++;
    if (found->fault || found->table.length == 0)
        return;
    const bool rows = found->table.length == 4 && memcmp(found->table.data, "rows", 4) == 0;
    const uint64_t row = rows ? psp_kv_get_key64(found->key.data) : 0;
    state->values++;
    state->out_of_place |= found->value.data != state->bytes + found->offset ||
                           (rows && found->value.length != value_bytes(row) + PSP_KV_SEAL_BYTES);
    state->bad_sum |= !psp_kv_seal_is_good(rows ? ROWS : META, found->key, found->value);
    if (rows)
        state->last_offset = found->offset;
}

static enum psp_status walk(struct state *state)
{
    struct psp_pages pages;
    state->values = state->faults = 0;
    state->out_of_place = state->bad_sum = false;
    const enum psp_status status = psp_pages_open(state->bytes, state->length, &pages);
    return status == PSP_OK ? psp_pages_walk(&pages, visit, state) : status;
}

static void every_value_is_found_at_its_byte(void **context)
{
    struct state *state = *context;
    assert_int_equal(walk(state), PSP_OK);
    assert_int_equal(state->values, VALUES + 1);
    assert_int_equal(state->faults, 0);
    assert_false(state->out_of_place);
    assert_false(state->bad_sum);
    state->bytes[state->last_offset] ^= 1;
    assert_int_equal(walk(state), PSP_OK);
    assert_int_equal(state->faults, 0);
    assert_true(state->bad_sum);
}

static void one_bad_head_leaves_the_other(void **context)
{
    struct state *state = *context;
    for (int i = 0; i < 2; i++) { /* the older one may be of an empty file */
        state->bytes[i * 4096 + 16] ^= 1;
        assert_int_equal(walk(state), PSP_OK);
        state->bytes[i * 4096 + 16] ^= 1;
    }
    state->bytes[16] ^= 1;
    state->bytes[4096 + 16] ^= 1;
    assert_int_equal(walk(state), PSP_ECORRUPT);
}

/* A bit of each page's head, and of what follows it: no value is found that was not
 * there, and the walk ends. */
static void flipped_bits_in_pages_are_told_or_harmless(void **context)
{
    struct state *state = *context;
    uint64_t told = 0;
    for (size_t at = 2 * 4096; at < state->length; at += at % 4096 < 24 ? 1 : 4096 - at % 4096) {
        state->bytes[at] ^= 0x10;
        assert_int_equal(walk(state), PSP_OK);
        assert_true(state->values <= VALUES + 1 || state->faults > 0);
        assert_false(state->out_of_place && state->faults == 0 && !state->bad_sum);
        told += state->faults > 0;
        state->bytes[at] ^= 0x10;
    }
    assert_true(told > 100);
}

static void a_file_cut_short_is_told(void **context)
{
    struct state *state = *context;
    state->length /= 2;
    assert_int_equal(walk(state), PSP_OK);
    assert_true(state->faults > 0);
    state->length = 100;
    assert_int_equal(walk(state), PSP_ECORRUPT);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(every_value_is_found_at_its_byte),
        FACT(one_bad_head_leaves_the_other),
        FACT(flipped_bits_in_pages_are_told_or_harmless),
        FACT(a_file_cut_short_is_told),
    };
    return cmocka_run_group_tests_name("pages", facts, NULL, NULL);
}
