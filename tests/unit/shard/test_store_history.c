/* A random history under limits of a few ballots, stored and loaded at every few entries:
 * what is loaded goes on like the first count to the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shard/store/store.h"
#include "tests/unit/fixture/history.h"

static struct psp_store *open_store(const char *folder)
{
    struct psp_store *store = NULL;
    struct psp_reason reason = {0};
    struct psp_store_options options = {.directory = folder, .shard = 1};
    memset(options.cluster_id, 0xC1, sizeof options.cluster_id);
    assert_int_equal(psp_store_open(&options, &store, &reason), PSP_OK);
    return store;
}

static void remove_store(const char *folder)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    char path[96];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void expect_loaded(struct history *history, struct psp_store *store,
                          const struct psp_count *first, uint32_t end)
{
    struct psp_count *loaded = history_count(history);
    assert_int_equal(psp_store_load(store, loaded), PSP_OK);
    uint8_t hash[PSP_HASH_BYTES];
    psp_count_state_hash(loaded, hash);
    assert_memory_equal(hash, history->entries[end - 1].state_hash, sizeof hash);
    assert_int_equal(psp_count_election_state(first), psp_count_election_state(loaded));
    assert_int_equal(psp_count_close_at_ms(first), psp_count_close_at_ms(loaded));
    assert_int_equal(psp_count_time_ms(first), psp_count_time_ms(loaded));
    history_expect_reports(history, loaded, end - 1);
    for (uint32_t i = end; i < HISTORY_ENTRIES; i++)
        history_apply(history, loaded, i, false);
    psp_count_destroy(&loaded);
}

/* promise 4: what a load passes over, and who forgets next, is what was forgotten, and who would */
static void a_load_at_any_index_forgets_what_the_first_count_does(void **state)
{
    (void)state;
    struct psp_definition *definition = fixture_definition();
    for (uint32_t every = 1; every <= 4; every += 3) { /* a checkpoint of one entry, of four */
        char folder[] = "/tmp/psp-store-XXXXXX";
        assert_non_null(mkdtemp(folder));
        struct history *history = history_make(definition, 4 + every);
        struct psp_store *store = open_store(folder);
        struct psp_count *first = history_count(history);
        for (uint32_t end = 1; end <= HISTORY_ENTRIES; end++) {
            history_apply(history, first, end - 1, false);
            if (end % every != 0)
                continue;
            struct psp_count_delta *delta = NULL;
            assert_int_equal(psp_count_take_delta(first, &delta), PSP_OK);
            delta->term = 1;
            assert_int_equal(psp_store_checkpoint(store, delta), PSP_OK);
            psp_count_delta_destroy(&delta);
            expect_loaded(history, store, first, end);
        }
        psp_count_destroy(&first);
        psp_store_close(&store);
        remove_store(folder);
        free(history);
    }
    psp_definition_destroy(&definition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_at_any_index_forgets_what_the_first_count_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
