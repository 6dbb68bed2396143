/* LMDB our way: what both stores rely on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kv/sealed.h"

enum { META = 0, ROWS = 1 };

static const char *const tables[] = {"meta", "rows", "later"};

struct state {
    char folder[64], inside[80];
    struct psp_reason reason;
    struct psp_kv kv;
    enum psp_status verdict; /* of settle */
    int settled;
    bool was_empty;
};

static int set_up(void **context)
{
    struct state *state = calloc(1, sizeof *state);
    snprintf(state->folder, sizeof state->folder, "/tmp/psp-kv-XXXXXX");
    assert_non_null(mkdtemp(state->folder));
    snprintf(state->inside, sizeof state->inside, "%s/kv", state->folder);
    state->kv = PSP_KV_CLOSED;
    *context = state;
    return 0;
}

static int tear_down(void **context)
{
    struct state *state = *context;
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    psp_kv_close(&state->kv);
    for (int i = 0; i < 2; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", state->inside, files[i]);
        unlink(path);
    }
    rmdir(state->inside);
    assert_int_equal(rmdir(state->folder), 0);
    free(state);
    return 0;
}

static struct psp_bytes bytes_of(const char *text)
{
    return (struct psp_bytes){(const uint8_t *)text, strlen(text)};
}

/* A store's check of its own: writes who it is into an empty folder. */
static enum psp_status settle(void *context, const struct psp_kv *kv, MDB_txn *txn, bool empty)
{
    struct state *state = context;
    state->settled++;
    state->was_empty = empty;
    if (empty)
        assert_int_equal(psp_kv_put(kv, txn, META, psp_kv_name("who"), bytes_of("me")), 0);
    return state->verdict;
}

static struct psp_kv_options options(struct state *state)
{
    return (struct psp_kv_options){
        .directory = state->inside,
        .tables = tables,
        .table_count = 2,
        .map_bytes = 1 << 20,
        .when_damaged = "call for help",
        .settle = settle,
        .context = state,
    };
}

static enum psp_status open_with(struct state *state, const struct psp_kv_options *given,
                                 struct psp_kv *ret_kv)
{
    return psp_kv_open(given, ret_kv, &state->reason);
}

static void open_kv(struct state *state)
{
    const struct psp_kv_options given = options(state);
    assert_int_equal(open_with(state, &given, &state->kv), PSP_OK);
}

static bool holds(const struct psp_kv *kv, uint32_t table, struct psp_bytes key)
{
    MDB_txn *txn;
    MDB_val value;
    assert_int_equal(psp_kv_begin(kv, MDB_RDONLY, &txn), 0);
    const int error = psp_kv_get(kv, txn, table, key, &value);
    mdb_txn_abort(txn);
    assert_true(error == 0 || error == MDB_NOTFOUND);
    return error == 0;
}

static uint64_t file_bytes(const struct state *state)
{
    char path[128];
    struct stat found;
    snprintf(path, sizeof path, "%s/data.mdb", state->inside);
    assert_int_equal(stat(path, &found), 0);
    return (uint64_t)found.st_size;
}

/* ---- opening ---- */

static void a_new_folder_is_made_and_settled_once(void **context)
{
    struct state *state = *context;
    struct stat found;
    open_kv(state);
    assert_true(state->was_empty);
    assert_int_equal(stat(state->inside, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    psp_kv_close(&state->kv);
    open_kv(state);
    assert_false(state->was_empty);
    assert_int_equal(state->settled, 2);
    assert_true(holds(&state->kv, META, psp_kv_name("who")));
}

static void a_second_writer_is_kept_out_and_a_reader_is_not(void **context)
{
    struct state *state = *context;
    struct psp_kv second = PSP_KV_CLOSED;
    struct psp_kv_options given = options(state);
    open_kv(state);
    assert_int_equal(open_with(state, &given, &second), PSP_EBUSY);
    assert_non_null(strstr(state->reason.text, "another process uses this folder"));
    assert_non_null(strstr(state->reason.text, state->inside));
    psp_kv_close(&state->kv); /* one process may not open an environment twice */
    given.read_only = true;
    assert_int_equal(open_with(state, &given, &second), PSP_OK);
    open_kv(state);
    psp_kv_close(&state->kv);
    psp_kv_close(&second);
}

static void what_settle_refuses_is_left_as_it_was(void **context)
{
    struct state *state = *context;
    const struct psp_kv_options given = options(state);
    state->verdict = PSP_EMISMATCH;
    assert_int_equal(open_with(state, &given, &state->kv), PSP_EMISMATCH);
    assert_null(state->kv.env);
    state->verdict = PSP_OK;
    open_kv(state); /* the lock is gone, and nothing was written */
    assert_true(state->was_empty);
}

static void a_reader_of_nothing_is_told_so(void **context)
{
    struct state *state = *context;
    struct psp_kv_options given = options(state);
    given.read_only = true;
    assert_int_equal(open_with(state, &given, &state->kv), PSP_ENOENT);
    assert_int_equal(access(state->inside, F_OK), -1);
}

static void a_missing_table_is_damage_unless_it_may_be_made(void **context)
{
    struct state *state = *context;
    open_kv(state);
    psp_kv_close(&state->kv);
    struct psp_kv_options given = options(state);
    given.table_count = 3;
    assert_int_equal(open_with(state, &given, &state->kv), PSP_ECORRUPT);
    assert_non_null(strstr(state->reason.text, "call for help"));
    given.make_missing = true;
    assert_int_equal(open_with(state, &given, &state->kv), PSP_OK);
    assert_false(state->was_empty);
}

static void a_file_of_something_else_is_refused(void **context)
{
    struct state *state = *context;
    const struct psp_kv_options given = options(state);
    char path[128], page[8192];
    memset(page, 'x', sizeof page);
    assert_int_equal(mkdir(state->inside, 0700), 0);
    snprintf(path, sizeof path, "%s/data.mdb", state->inside);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(page, 1, sizeof page, file), sizeof page);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(open_with(state, &given, &state->kv), PSP_ECORRUPT);
    assert_int_equal(state->settled, 0);
}

/* ---- writing ---- */

struct filling {
    const struct psp_kv *kv;
    uint64_t rows;
    int calls;
    int error; /* what it ends with */
};

static int fill(void *context, MDB_txn *txn)
{
    struct filling *filling = context;
    static const uint8_t row[4000];
    filling->calls++;
    for (uint64_t i = 0; i < filling->rows; i++) {
        uint8_t key[8];
        psp_kv_put_key64(key, i);
        const int error = psp_kv_put(filling->kv, txn, ROWS, (struct psp_bytes){key, 8},
                                     (struct psp_bytes){row, sizeof row});
        if (error)
            return error;
    }
    return filling->error;
}

static void a_full_map_grows_and_the_whole_is_written(void **context)
{
    struct state *state = *context;
    open_kv(state);
    struct filling filling = {.kv = &state->kv, .rows = 1000}; /* 4 MB into 1 MiB */
    assert_int_equal(psp_kv_write(&state->kv, fill, &filling), 0);
    assert_int_equal(filling.calls, 3); /* 1, 2, 4 MiB */
    uint8_t last[8];
    psp_kv_put_key64(last, 999);
    assert_true(holds(&state->kv, ROWS, (struct psp_bytes){last, 8}));
    assert_in_range(file_bytes(state), 4000000, 8 << 20);
}

static void what_fails_in_the_middle_leaves_nothing(void **context)
{
    struct state *state = *context;
    open_kv(state);
    struct filling filling = {.kv = &state->kv, .rows = 3, .error = ENOMEM};
    assert_int_equal(psp_kv_write(&state->kv, fill, &filling), ENOMEM);
    assert_int_equal(filling.calls, 1);
    uint8_t first[8] = {0};
    assert_false(holds(&state->kv, ROWS, (struct psp_bytes){first, 8}));
    filling.error = 0;
    assert_int_equal(psp_kv_write(&state->kv, fill, &filling), 0);
    assert_true(holds(&state->kv, ROWS, (struct psp_bytes){first, 8}));
}

/* A file that may not grow is what a full disk is: a short write, or EFBIG. */
static void a_file_that_may_not_grow_is_a_full_disk(void **context)
{
    struct state *state = *context;
    struct rlimit before, limit;
    open_kv(state);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    limit = before;
    limit.rlim_cur = (rlim_t)file_bytes(state) + 2000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct filling filling = {.kv = &state->kv, .rows = 100};
    const int error = psp_kv_write(&state->kv, fill, &filling);
    const enum psp_status status = psp_kv_write_status(&state->kv, error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_not_equal(error, 0);
    assert_int_equal(status, PSP_ENOSPC);
}

static void codes_have_one_meaning(void **context)
{
    (void)context;
    assert_int_equal(psp_kv_status(0), PSP_OK);
    assert_int_equal(psp_kv_status(MDB_NOTFOUND), PSP_ENOENT);
    assert_int_equal(psp_kv_status(MDB_CORRUPTED), PSP_ECORRUPT);
    assert_int_equal(psp_kv_status(MDB_INVALID), PSP_ECORRUPT);
    assert_int_equal(psp_kv_status(MDB_KEYEXIST), PSP_ECORRUPT);
    assert_int_equal(psp_kv_status(MDB_VERSION_MISMATCH), PSP_EVERSION);
    assert_int_equal(psp_kv_status(EFBIG), PSP_ENOSPC);
    assert_int_equal(psp_kv_status(EDQUOT), PSP_ENOSPC);
    assert_int_equal(psp_kv_status(ENOSPC), PSP_ENOSPC);
    assert_int_equal(psp_kv_status(ENOMEM), PSP_ENOMEM);
    assert_int_equal(psp_kv_status(EIO), PSP_EIO);
    assert_int_equal(psp_kv_status(MDB_PANIC), PSP_EIO);
}

/* ---- keys and values ---- */

static int put_keys(void *context, MDB_txn *txn)
{
    const struct psp_kv *kv = context;
    static const char *const keys[] = {"a1", "a2", "a3", "b1", "b2", "c"};
    for (int i = 0; i < 6; i++) {
        const int error = psp_kv_put(kv, txn, ROWS, bytes_of(keys[i]), bytes_of("x"));
        if (error)
            return error;
    }
    return 0;
}

static int cut_b(void *context, MDB_txn *txn)
{
    return psp_kv_cut(context, txn, ROWS, bytes_of("b0"), 1);
}

static int cut_from_a2(void *context, MDB_txn *txn)
{
    return psp_kv_cut(context, txn, ROWS, bytes_of("a2"), 0);
}

static void a_cut_ends_with_its_prefix_or_the_table(void **context)
{
    struct state *state = *context;
    open_kv(state);
    assert_int_equal(psp_kv_write(&state->kv, put_keys, &state->kv), 0);
    assert_int_equal(psp_kv_write(&state->kv, cut_b, &state->kv), 0);
    assert_true(holds(&state->kv, ROWS, bytes_of("a3")));
    assert_false(holds(&state->kv, ROWS, bytes_of("b1")));
    assert_false(holds(&state->kv, ROWS, bytes_of("b2")));
    assert_true(holds(&state->kv, ROWS, bytes_of("c")));
    assert_int_equal(psp_kv_write(&state->kv, cut_from_a2, &state->kv), 0);
    assert_true(holds(&state->kv, ROWS, bytes_of("a1")));
    assert_false(holds(&state->kv, ROWS, bytes_of("a2")));
    assert_false(holds(&state->kv, ROWS, bytes_of("c")));
    assert_true(holds(&state->kv, META, psp_kv_name("who")));
    assert_int_equal(psp_kv_write(&state->kv, cut_b, &state->kv), 0); /* nothing there */
}

static void keys_sort_as_numbers_do(void **context)
{
    (void)context;
    uint8_t a[8], b[8];
    psp_kv_put_key64(a, 0x00000000000000FFU);
    psp_kv_put_key64(b, 0x0102030405060708U);
    assert_memory_equal(b, ((uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8}), 8);
    assert_true(memcmp(a, b, 8) < 0);
    assert_true(psp_kv_get_key64(b) == 0x0102030405060708U);
    psp_kv_put_key32(a, 0x0A0B0C0DU);
    assert_memory_equal(a, ((uint8_t[]){10, 11, 12, 13}), 4);
    assert_int_equal(psp_kv_get_key32(a), 0x0A0B0C0DU);
}

static int put_sealed(void *context, MDB_txn *txn)
{
    return psp_kv_sealed_put(context, txn, META, psp_kv_name("format"),
                             (struct psp_bytes){(const uint8_t *)"\1\0\0\0", 4});
}

/* CRC32C of 00 "format" 01 00 00 00, little-endian, from another implementation. */
static void a_sealed_value_ends_in_its_checksum(void **context)
{
    struct state *state = *context;
    MDB_txn *txn;
    MDB_val value;
    open_kv(state);
    assert_int_equal(psp_kv_write(&state->kv, put_sealed, &state->kv), 0);
    assert_int_equal(psp_kv_begin(&state->kv, MDB_RDONLY, &txn), 0);
    assert_int_equal(psp_kv_get(&state->kv, txn, META, psp_kv_name("format"), &value), 0);
    assert_int_equal(value.mv_size, 8);
    assert_memory_equal(value.mv_data, ((uint8_t[]){1, 0, 0, 0, 0xA0, 0x4E, 0x85, 0x42}), 8);
    assert_int_equal(psp_kv_sealed_get(&state->kv, txn, META, psp_kv_name("format"), &value), 0);
    assert_int_equal(value.mv_size, 4);
    assert_int_equal(psp_kv_sealed_get(&state->kv, txn, META, psp_kv_name("none"), &value),
                     MDB_NOTFOUND);
    /* Not sealed, and shorter than a checksum. */
    assert_int_equal(psp_kv_sealed_get(&state->kv, txn, META, psp_kv_name("who"), &value),
                     MDB_CORRUPTED);
    mdb_txn_abort(txn);
}

static void a_seal_fits_one_table_one_key_and_every_bit(void **context)
{
    (void)context;
    uint8_t bytes[8] = {1, 2, 3, 4}, changed[8];
    psp_kv_seal(ROWS, bytes_of("key"), bytes, 4);
    MDB_val key = {3, (char[]){"key"}}, other = {3, (char[]){"kez"}};
    MDB_val value = {8, bytes};
    assert_int_equal(psp_kv_unseal(ROWS, &key, &value), 0);
    assert_int_equal(value.mv_size, 4);
    value.mv_size = 8;
    assert_int_equal(psp_kv_unseal(META, &key, &value), MDB_CORRUPTED);
    assert_int_equal(psp_kv_unseal(ROWS, &other, &value), MDB_CORRUPTED);
    for (int bit = 0; bit < 64; bit++) {
        memcpy(changed, bytes, 8);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        MDB_val flipped = {8, changed};
        assert_int_equal(psp_kv_unseal(ROWS, &key, &flipped), MDB_CORRUPTED);
    }
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_new_folder_is_made_and_settled_once),
        FACT(a_second_writer_is_kept_out_and_a_reader_is_not),
        FACT(what_settle_refuses_is_left_as_it_was),
        FACT(a_reader_of_nothing_is_told_so),
        FACT(a_missing_table_is_damage_unless_it_may_be_made),
        FACT(a_file_of_something_else_is_refused),
        FACT(a_full_map_grows_and_the_whole_is_written),
        FACT(what_fails_in_the_middle_leaves_nothing),
        FACT(a_file_that_may_not_grow_is_a_full_disk),
        FACT(codes_have_one_meaning),
        FACT(a_cut_ends_with_its_prefix_or_the_table),
        FACT(keys_sort_as_numbers_do),
        FACT(a_sealed_value_ends_in_its_checksum),
        FACT(a_seal_fits_one_table_one_key_and_every_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
