/* The store: what is checkpointed is loaded, whatever happened in between, and
 * what is not a store of this shard is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes/bytes.h"
#include "base/bytes/crc32c.h"
#include "shard/store/store.h"
#include "tests/unit/fixture/count.h"

static struct psp_definition *definition;
static char folder[64], data_file[96];

static int set_up(void **state)
{
    (void)state;
    definition = fixture_definition();
    snprintf(folder, sizeof folder, "/tmp/psp-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(data_file, sizeof data_file, "%s/data.mdb", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    psp_definition_destroy(&definition);
    char lock_file[96];
    snprintf(lock_file, sizeof lock_file, "%s/lock.mdb", folder);
    unlink(data_file);
    unlink(lock_file);
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static struct psp_store_options options(void)
{
    struct psp_store_options result = {.directory = folder, .shard = 1};
    memset(result.cluster_id, 0xC1, sizeof result.cluster_id);
    return result;
}

static struct psp_store *open_store(void)
{
    struct psp_store *store = NULL;
    struct psp_reason reason = {0};
    const struct psp_store_options given = options();
    const enum psp_status status = psp_store_open(&given, &store, &reason);
    if (status != PSP_OK)
        print_error("%s\n", reason.text);
    assert_int_equal(status, PSP_OK);
    return store;
}

static uint64_t stored_bytes(void)
{
    struct stat stat_of_file;
    assert_int_equal(stat(data_file, &stat_of_file), 0);
    return (uint64_t)stat_of_file.st_size;
}

static void expect_refused(const struct psp_store_options *given, enum psp_status expected,
                           const char *words)
{
    struct psp_store *store = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_store_open(given, &store, &reason), expected);
    assert_null(store);
    if (!strstr(reason.text, words))
        print_error("reason: %s\n", reason.text);
    assert_non_null(strstr(reason.text, words));
    assert_non_null(strstr(reason.text, given->directory));
}

static enum psp_status checkpoint(struct psp_store *store, struct psp_count *count)
{
    struct psp_count_delta *delta = NULL;
    assert_int_equal(psp_count_take_delta(count, &delta), PSP_OK);
    delta->term = 3;
    const enum psp_status status = psp_store_checkpoint(store, delta);
    psp_count_delta_destroy(&delta);
    return status;
}

static struct psp_count *load(const struct psp_roll_part *roll)
{
    struct psp_store *store = open_store();
    struct psp_count *count = fixture_count(definition, roll, 100000);
    assert_int_equal(psp_store_load(store, count), PSP_OK);
    psp_store_close(&store);
    assert_null(store);
    return count;
}

/* `n` ballots for ann in p1, one a voter, in batches of 500. */
static void cast(struct psp_count *count, uint32_t first, uint32_t n)
{
    uint8_t verdicts[500];
    memset(verdicts, PSP_COUNTED, sizeof verdicts);
    while (n > 0) {
        struct batch batch = {0};
        for (; n > 0 && batch.n < 500; n--, first++)
            add(&batch, first, first + 1, P1, BOOTH, ANN);
        expect(count, &batch, false, verdicts);
    }
}

static void expect_same(const struct psp_count *a, const struct psp_count *b)
{
    uint8_t hash_a[PSP_HASH_BYTES], hash_b[PSP_HASH_BYTES];
    psp_count_state_hash(a, hash_a);
    psp_count_state_hash(b, hash_b);
    assert_memory_equal(hash_a, hash_b, PSP_HASH_BYTES);
    assert_int_equal(psp_count_index(a), psp_count_index(b));
    assert_int_equal(psp_count_time_ms(a), psp_count_time_ms(b));
    assert_int_equal(psp_count_election_state(a), psp_count_election_state(b));
    assert_memory_equal(psp_count_books(a), psp_count_books(b), sizeof(struct psp_books));
    const struct psp_totals *totals = psp_count_totals(a);
    assert_memory_equal(totals->cells, psp_count_totals(b)->cells,
                        totals->cell_count * sizeof *totals->cells);
}

/* ---- round trips ---- */

static void the_members_come_back_with_the_checkpoint_that_carried_them(void **state)
{
    (void)state;
    struct psp_store *store = open_store();
    struct psp_count *count = open_count(definition, NULL, 100000);
    uint8_t *members = NULL;
    size_t bytes = 1;
    uint64_t index = 1;
    assert_int_equal(checkpoint(store, count), PSP_OK);
    assert_int_equal(psp_store_configuration(store, &members, &bytes, &index), PSP_OK);
    assert_int_equal(bytes, 0); /* the first ones */
    cast(count, 1, 2);
    struct psp_count_delta *delta = NULL;
    assert_int_equal(psp_count_take_delta(count, &delta), PSP_OK);
    delta->term = 3;
    delta->configuration = (uint8_t *)strdup("members");
    delta->configuration_bytes = 7;
    delta->configuration_index = delta->index;
    assert_int_equal(psp_store_checkpoint(store, delta), PSP_OK);
    psp_count_delta_destroy(&delta);
    psp_store_close(&store);
    store = open_store();
    assert_int_equal(psp_store_configuration(store, &members, &bytes, &index), PSP_OK);
    assert_int_equal(bytes, 7);
    assert_memory_equal(members, "members", 7);
    assert_int_equal(index, psp_count_index(count));
    free(members);
    psp_store_close(&store);
    psp_count_destroy(&count);
}

static void a_retry_after_a_restart_gets_the_first_verdict(void **state)
{
    (void)state;
    struct batch batch = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    add(&batch, 1, 11, P1, BOOTH, BOB);
    add(&batch, 2, 20, P2, MAIL, BOB); /* bob does not stand in p2 */
    add(&batch, 3, 30, P2, MAIL, BLANK);
    struct psp_count *count = open_count(definition, NULL, 100);
    expect(count, &batch, false, VERDICTS(PSP_COUNTED, PSP_DOUBLE_VOTE, PSP_INVALID, PSP_COUNTED));
    apply_plain(count, PSP_ENTRY_CLOSE, 0);
    struct psp_store *store = open_store();
    uint64_t index, term;
    psp_store_position(store, &index, &term);
    assert_int_equal(index, 0);
    assert_int_equal(checkpoint(store, count), PSP_OK);
    psp_store_position(store, &index, &term);
    assert_int_equal(index, 4);
    assert_int_equal(term, 3);
    psp_store_close(&store);

    store = open_store();
    psp_store_position(store, &index, &term);
    assert_int_equal(index, 4);
    assert_int_equal(term, 3);
    assert_in_range(stored_bytes(), 4096, 1 << 20);
    psp_store_close(&store);
    struct psp_count *restored = load(NULL);
    expect_same(count, restored);
    assert_int_equal(psp_count_genesis(restored)->slot_end, SLOT_END);
    expect(restored, &batch, false,
           VERDICTS(AGAIN(PSP_COUNTED), AGAIN(PSP_DOUBLE_VOTE), AGAIN(PSP_INVALID),
                    AGAIN(PSP_COUNTED)));
    psp_count_destroy(&count);
    psp_count_destroy(&restored);
}

static void many_checkpoints_of_many_sizes_are_loaded(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 0, 3275, 3276, 3277, 2, 9000, 499};
    struct psp_count *count = open_count(definition, NULL, 100000);
    uint32_t cast_n = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct psp_store *store = open_store();
        cast(count, cast_n, sizes[i]);
        cast_n += sizes[i];
        assert_int_equal(checkpoint(store, count), PSP_OK);
        psp_store_close(&store);
        struct psp_count *restored = load(NULL);
        expect_same(count, restored);
        psp_count_destroy(&restored);
    }
    struct psp_count *restored = load(NULL);
    assert_int_equal(psp_count_books(restored)->voters_counted, cast_n);
    expect_row(restored, 0, CELLS(cast_n, cast_n, 0, 0, 0, 0, 0, 0, 0, 2 * cast_n, 0));
    struct batch batch = {0};
    add(&batch, cast_n - 1, cast_n, P1, BOOTH, ANN);
    add(&batch, cast_n - 1, 7, P1, BOOTH, ANN);
    add(&batch, cast_n, cast_n + 1, P1, BOOTH, ANN);
    expect(restored, &batch, false, VERDICTS(AGAIN(PSP_COUNTED), PSP_DOUBLE_VOTE, PSP_COUNTED));
    psp_count_destroy(&restored);
    psp_count_destroy(&count);
}

static void many_refusals_are_loaded(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100000);
    struct psp_store *store = open_store();
    uint8_t invalid[500], again[500];
    memset(invalid, PSP_INVALID, sizeof invalid);
    memset(again, AGAIN(PSP_INVALID), sizeof again);
    for (uint32_t i = 0; i < 12; i++) {
        struct batch batch = {0};
        while (batch.n < 500)
            add(&batch, i, i * 500 + batch.n, 0, BOOTH, ANN);
        expect(count, &batch, false, invalid);
    }
    assert_int_equal(checkpoint(store, count), PSP_OK); /* 6000 x 29 bytes: three chunks */
    psp_store_close(&store);
    struct psp_count *restored = load(NULL);
    expect_same(count, restored);
    for (uint32_t i = 0; i < 12; i += 11) {
        struct batch batch = {0};
        while (batch.n < 500)
            add(&batch, i, i * 500 + batch.n, 0, BOOTH, ANN);
        expect(restored, &batch, false, again);
    }
    psp_count_destroy(&restored);
    psp_count_destroy(&count);
}

static void an_empty_store_loads_nothing(void **state)
{
    (void)state;
    struct psp_count *count = load(NULL);
    assert_int_equal(psp_count_index(count), 0);
    apply_genesis(count, false);
    psp_count_destroy(&count);
}

static void a_store_without_a_genesis_keeps_its_index(void **state)
{
    (void)state;
    struct psp_count *count = fixture_count(definition, NULL, 100);
    psp_count_skip(count, 1);
    struct psp_store *store = open_store();
    assert_int_equal(checkpoint(store, count), PSP_OK);
    psp_store_close(&store);
    psp_count_destroy(&count);
    count = load(NULL);
    assert_int_equal(psp_count_index(count), 1);
    assert_null(psp_count_genesis(count));
    psp_count_destroy(&count);
}

static void the_map_grows_when_it_is_full(void **state)
{
    (void)state;
    struct psp_store_options given = options();
    given.map_bytes = 128 << 10;
    struct psp_store *store = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_store_open(&given, &store, &reason), PSP_OK);
    struct psp_count *count = open_count(definition, NULL, 100);
    for (uint32_t i = 0; i < 5; i++) {
        cast(count, i * 7000, 7000);
        assert_int_equal(checkpoint(store, count), PSP_OK);
    }
    assert_in_range(stored_bytes(), 35000 * 32, 35000 * 40);
    psp_store_close(&store);
    struct psp_count *restored = load(NULL);
    expect_same(count, restored);
    psp_count_destroy(&restored);
    psp_count_destroy(&count);
}

/* ---- a roll, split transactions, a full disk ---- */

enum { ROLL = 900000 }; /* 20 bytes each: 17.2 MiB, more than one transaction */

static struct psp_roll_part make_roll(void)
{
    struct psp_roll_part roll = {.n = ROLL};
    uint8_t *digests = malloc((size_t)ROLL * 16), *units = malloc((size_t)ROLL * 4);
    assert_non_null(digests);
    assert_non_null(units);
    for (uint32_t voter = 0; voter < ROLL; voter++) {
        fixture_digest(voter, digests + (size_t)voter * 16);
        psp_put32(units + (size_t)voter * 4, voter % 2 ? P1 : P2);
    }
    roll.digests = digests;
    roll.units = units;
    return roll;
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The first transaction of a split checkpoint is done, the second finds no
 * room: as after a full disk, or a crash between the two. */
static void a_checkpoint_cut_short_leaves_the_position_before(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    const struct psp_roll_part roll = make_roll();
    struct psp_count *count = open_count(definition, &roll, 100);
    struct batch batch = {0};
    add(&batch, 899999, 1, P1, BOOTH, ANN);
    expect(count, &batch, true, VERDICTS(PSP_COUNTED));
    struct psp_count_delta *delta = NULL;
    assert_int_equal(psp_count_take_delta(count, &delta), PSP_OK);
    delta->term = 3;
    psp_count_destroy(&count);

    struct psp_store *store = open_store();
    limit_file_size((16 << 20) + (300 << 10));
    assert_int_equal(psp_store_checkpoint(store, delta), PSP_ENOSPC);
    limit_file_size(RLIM_INFINITY);
    assert_int_equal(psp_store_checkpoint(store, delta), PSP_ENOSPC); /* final */
    uint64_t index, term;
    psp_store_position(store, &index, &term);
    assert_int_equal(index, 0);
    assert_in_range(stored_bytes(), 15 << 20, 17 << 20); /* the first part is there */
    psp_store_close(&store);

    count = load(&roll); /* nothing of it counts */
    assert_int_equal(psp_count_index(count), 0);
    psp_count_destroy(&count);
    store = open_store(); /* and it is no obstacle to the same checkpoint */
    assert_int_equal(psp_store_checkpoint(store, delta), PSP_OK);
    psp_store_close(&store);
    psp_count_delta_destroy(&delta);

    count = load(&roll);
    assert_int_equal(psp_count_index(count), 3);
    struct batch next = {0};
    add(&next, 899999, 1, P1, BOOTH, ANN);
    add(&next, 899998, 2, P2, BOOTH, ANN);
    add(&next, 899997, 3, P2, BOOTH, ANN); /* registered in p1 */
    add(&next, 900000, 4, P2, BOOTH, ANN);
    expect(count, &next, true,
           VERDICTS(AGAIN(PSP_COUNTED), PSP_COUNTED, PSP_NOT_ELIGIBLE, PSP_NOT_ELIGIBLE));
    psp_count_destroy(&count);
    free((void *)(uintptr_t)roll.digests);
    free((void *)(uintptr_t)roll.units);
}

static void a_full_disk_loses_nothing_that_was_stored(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    struct psp_count *count = open_count(definition, NULL, 100);
    struct psp_store *store = open_store();
    cast(count, 0, 3000);
    assert_int_equal(checkpoint(store, count), PSP_OK);
    const uint64_t stored = psp_count_index(count);
    cast(count, 3000, 3000);
    limit_file_size((rlim_t)stored_bytes());
    assert_int_equal(checkpoint(store, count), PSP_ENOSPC);
    limit_file_size(RLIM_INFINITY);
    psp_store_close(&store);
    psp_count_destroy(&count);
    count = load(NULL);
    assert_int_equal(psp_count_index(count), stored);
    assert_int_equal(psp_count_books(count)->voters_counted, 3000);
    psp_count_destroy(&count);
}

/* A checkpoint a batch, until killed. */
static void write_until_killed(void)
{
    struct psp_count *count = open_count(definition, NULL, 100);
    struct psp_store *store = open_store();
    for (uint32_t voter = 0;; voter += 50) {
        cast(count, voter, 50);
        if (checkpoint(store, count) != PSP_OK)
            _exit(1);
    }
}

static void a_killed_writer_leaves_a_whole_checkpoint(void **state)
{
    (void)state;
    for (useconds_t wait_us = 20000; wait_us <= 60000; wait_us += 20000) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            write_until_killed();
        usleep(wait_us);
        assert_int_equal(kill(child, SIGKILL), 0);
        int how;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how));
        struct psp_count *count = load(NULL); /* restore_end checks that all adds up */
        const uint64_t index = psp_count_index(count);
        if (index > 0) /* genesis, open, then 50 ballots an index */
            assert_int_equal(psp_count_books(count)->voters_counted, (index - 2) * 50);
        psp_count_destroy(&count);
        unlink(data_file); /* the next round starts anew */
    }
}

/* ---- what is refused ---- */

static void make_small_store(void)
{
    struct psp_count *count = open_count(definition, NULL, 100);
    struct psp_store *store = open_store();
    cast(count, 0, 400);
    assert_int_equal(checkpoint(store, count), PSP_OK);
    psp_store_close(&store);
    psp_count_destroy(&count);
}

static void the_folder_of_another_cluster_or_shard_is_refused(void **state)
{
    (void)state;
    make_small_store();
    struct psp_store_options given = options();
    given.cluster_id[5] ^= 1;
    expect_refused(&given, PSP_EMISMATCH, "another cluster");
    given = options();
    given.shard = 2;
    expect_refused(&given, PSP_EMISMATCH, "another shard");
    struct psp_count *count = load(NULL);
    assert_int_equal(psp_count_books(count)->voters_counted, 400);
    psp_count_destroy(&count);
}

static void a_second_process_is_refused(void **state)
{
    (void)state;
    struct psp_store *store = open_store();
    const struct psp_store_options given = options();
    expect_refused(&given, PSP_EBUSY, "another process");
    psp_store_close(&store);
    store = open_store();
    psp_store_close(&store);
}

static void reading_only_needs_a_store_and_changes_nothing(void **state)
{
    (void)state;
    struct psp_store_options given = options();
    given.read_only = true;
    expect_refused(&given, PSP_ENOENT, "");
    assert_int_equal(access(data_file, F_OK), -1);
    make_small_store();
    struct stat before, after;
    assert_int_equal(stat(data_file, &before), 0);
    struct psp_store *store = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_store_open(&given, &store, &reason), PSP_OK);
    struct psp_count *count = fixture_count(definition, NULL, 100);
    assert_int_equal(psp_store_load(store, count), PSP_OK);
    assert_int_equal(psp_count_books(count)->voters_counted, 400);
    psp_count_destroy(&count);
    psp_store_close(&store);
    assert_int_equal(stat(data_file, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void a_folder_that_cannot_be_made_is_refused(void **state)
{
    (void)state;
    struct psp_store_options given = options();
    given.directory = "/tmp/psp-no-such-parent/store";
    expect_refused(&given, PSP_ENOENT, "No such file");
}

/* Opens the file with LMDB itself, to change what the store would not. */
static void with_table(const char *name, void (*change)(MDB_txn *, MDB_dbi))
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 6), 0);
    assert_int_equal(mdb_env_open(env, folder, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, name, 0, &table), 0);
    change(txn, table);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void set_format(MDB_txn *txn, MDB_dbi meta, uint8_t format)
{
    uint8_t bytes[8] = {format, 0, 0, 0};
    const uint8_t table = 0;
    uint32_t sum = psp_crc32c(0, &table, 1);
    sum = psp_crc32c(sum, "format", 6);
    psp_put32(bytes + 4, psp_crc32c(sum, bytes, 4));
    MDB_val key = {6, (char[]){"format"}}, value = {sizeof bytes, bytes};
    assert_int_equal(mdb_put(txn, meta, &key, &value, 0), 0);
}

static void set_format_1(MDB_txn *txn, MDB_dbi meta)
{
    set_format(txn, meta, 1);
}

static void set_format_3(MDB_txn *txn, MDB_dbi meta)
{
    set_format(txn, meta, 3);
}

static void remove_table(MDB_txn *txn, MDB_dbi table)
{
    assert_int_equal(mdb_drop(txn, table, 1), 0);
}

static void remove_first(MDB_txn *txn, MDB_dbi table)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    assert_int_equal(mdb_cursor_open(txn, table, &cursor), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    assert_int_equal(mdb_cursor_del(cursor, 0), 0);
    mdb_cursor_close(cursor);
}

static void an_unknown_format_is_refused(void **state)
{
    (void)state;
    make_small_store();
    with_table("meta", set_format_3);
    const struct psp_store_options given = options();
    expect_refused(&given, PSP_EVERSION, "format 3");
}

/* It has no table `stations`, which is not what should be said. */
static void a_store_of_0_1_0_is_refused_by_that_name(void **state)
{
    (void)state;
    make_small_store();
    with_table("stations", remove_table);
    struct psp_store_options given = options();
    expect_refused(&given, PSP_ECORRUPT, "not a store");
    with_table("meta", set_format_1);
    expect_refused(&given, PSP_EVERSION, "0.1.0");
    given.read_only = true;
    expect_refused(&given, PSP_EVERSION, "0.1.0");
}

static void missing_rows_are_corruption(void **state)
{
    (void)state;
    static const char *const tables[] = {"voters", "counted", "totals", "stations"};
    for (int i = 0; i < 4; i++) {
        make_small_store();
        with_table(tables[i], remove_first);
        struct psp_store *store = open_store();
        struct psp_count *count = fixture_count(definition, NULL, 100);
        assert_int_equal(psp_store_load(store, count), PSP_ECORRUPT);
        psp_count_destroy(&count);
        psp_store_close(&store);
        unlink(data_file);
    }
}

/* Flips one bit of the first place in the file that holds these bytes. */
static void flip(const uint8_t *bytes, size_t n)
{
    const int fd = open(data_file, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    struct stat stat;
    assert_int_equal(fstat(fd, &stat), 0);
    uint8_t *file = malloc((size_t)stat.st_size);
    assert_non_null(file);
    assert_int_equal(pread(fd, file, (size_t)stat.st_size, 0), stat.st_size);
    const uint8_t *at = memmem(file, (size_t)stat.st_size, bytes, n);
    assert_non_null(at);
    const uint8_t flipped = at[n - 1] ^ 0x10;
    assert_int_equal(pwrite(fd, &flipped, 1, at - file + (off_t)n - 1), 1);
    free(file);
    close(fd);
}

static void a_flipped_bit_is_corruption(void **state)
{
    (void)state;
    uint8_t digest[16], counted[12];
    make_small_store();
    fixture_digest(200, digest);
    flip(digest, sizeof digest);
    struct psp_store *store = open_store();
    struct psp_count *count = fixture_count(definition, NULL, 100);
    assert_int_equal(psp_store_load(store, count), PSP_ECORRUPT);
    psp_count_destroy(&count);
    psp_store_close(&store);
    unlink(data_file);

    make_small_store();
    psp_put32(counted, 200);
    psp_put64(counted + 4, 201);
    flip(counted, sizeof counted);
    store = open_store();
    count = fixture_count(definition, NULL, 100);
    assert_int_equal(psp_store_load(store, count), PSP_ECORRUPT);
    psp_count_destroy(&count);
    psp_store_close(&store);
    unlink(data_file);

    make_small_store();
    const struct psp_genesis genesis = fixture_genesis(false);
    flip(genesis.fence.parts[PSP_FENCE_DEFINITION], PSP_HASH_BYTES);
    store = open_store();
    count = fixture_count(definition, NULL, 100);
    assert_int_equal(psp_store_load(store, count), PSP_ECORRUPT);
    psp_count_destroy(&count);
    psp_store_close(&store);
}

static void a_file_that_is_no_store_is_refused(void **state)
{
    (void)state;
    FILE *file = fopen(data_file, "w");
    assert_non_null(file);
    for (int i = 0; i < 20000; i++)
        fputs("election", file);
    fclose(file);
    const struct psp_store_options given = options();
    expect_refused(&given, PSP_ECORRUPT, "not a store");
    assert_int_equal(unlink(data_file), 0);

    make_small_store(); /* an LMDB file, but its identity is gone */
    with_table("meta", remove_first);
    expect_refused(&given, PSP_ECORRUPT, "not a store");
}

int main(void)
{
#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_members_come_back_with_the_checkpoint_that_carried_them),
        STORE_TEST(a_retry_after_a_restart_gets_the_first_verdict),
        STORE_TEST(many_checkpoints_of_many_sizes_are_loaded),
        STORE_TEST(many_refusals_are_loaded),
        STORE_TEST(an_empty_store_loads_nothing),
        STORE_TEST(a_store_without_a_genesis_keeps_its_index),
        STORE_TEST(the_map_grows_when_it_is_full),
        STORE_TEST(a_checkpoint_cut_short_leaves_the_position_before),
        STORE_TEST(a_full_disk_loses_nothing_that_was_stored),
        STORE_TEST(a_killed_writer_leaves_a_whole_checkpoint),
        STORE_TEST(the_folder_of_another_cluster_or_shard_is_refused),
        STORE_TEST(a_second_process_is_refused),
        STORE_TEST(reading_only_needs_a_store_and_changes_nothing),
        STORE_TEST(a_folder_that_cannot_be_made_is_refused),
        STORE_TEST(an_unknown_format_is_refused),
        STORE_TEST(a_store_of_0_1_0_is_refused_by_that_name),
        STORE_TEST(missing_rows_are_corruption),
        STORE_TEST(a_flipped_bit_is_corruption),
        STORE_TEST(a_file_that_is_no_store_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
