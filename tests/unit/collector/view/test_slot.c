/* Which views can be asked for, and what their IDs tell. */
#include "tests/unit/fixture/collector.h"

#include "collector/view/overview.h"
#include "collector/view/slot.h"

static const struct psp_version_key key = {{1, 2, 3}}, other_key = {{1, 2, 4}};

struct state {
    struct psp_definition *definition;
    struct psp_board *board;
    struct psp_catalog *catalog;
    struct psp_view_slot slot;
};

static int set_up(void **context)
{
    struct state *state = calloc(1, sizeof *state);
    state->definition = fixture_definition();
    state->board = fixture_board(state->definition);
    assert_int_equal(psp_catalog_create(state->definition, &state->catalog), PSP_OK);
    psp_view_slot_init(&state->slot);
    *context = state;
    return 0;
}

static int tear_down(void **context)
{
    struct state *state = *context;
    psp_view_slot_clear(&state->slot);
    psp_catalog_destroy(&state->catalog);
    psp_board_destroy(&state->board);
    psp_definition_destroy(&state->definition);
    free(state);
    return 0;
}

/* A view named by a number; of so many bytes, 0: as many as it has. */
static void put(struct state *state, const char *id, uint64_t bytes, uint64_t now_ms)
{
    struct psp_view *view;
    assert_int_equal(psp_view_create(state->board, state->catalog, &key, &view), PSP_OK);
    snprintf(view->id, sizeof view->id, "%s", id);
    if (bytes > 0)
        view->bytes = bytes;
    psp_view_slot_put(&state->slot, view, now_ms);
}

static bool kept(struct state *state, const char *id, uint64_t now_ms)
{
    struct psp_view *view = psp_view_slot_find(&state->slot, id, now_ms);
    const bool found = view && strcmp(view->id, id) == 0;
    assert_true(found || !view);
    psp_view_release(&view);
    return found;
}

static void a_view_is_kept_for_five_seconds_after_it_was_the_newest(void **context)
{
    struct state *state = *context;
    assert_null(psp_view_slot_take(&state->slot));
    put(state, "a", 0, 1000);
    put(state, "b", 0, 50000); /* a was the newest until now */
    put(state, "c", 0, 50100);
    assert_true(kept(state, "a", 55000));
    assert_false(kept(state, "a", 55001)); /* also before anything drops it */
    assert_int_equal(state->slot.count, 3);
    psp_view_slot_expire(&state->slot, 55000);
    assert_int_equal(state->slot.count, 3);
    psp_view_slot_expire(&state->slot, 55001);
    assert_int_equal(state->slot.count, 2);
    assert_false(kept(state, "", 50100));
}

static void the_newest_two_are_kept_however_old_or_large(void **context)
{
    struct state *state = *context;
    put(state, "a", PSP_VIEWS_KEPT_BYTES, 1000);
    put(state, "b", PSP_VIEWS_KEPT_BYTES, 1100);
    psp_view_slot_expire(&state->slot, 99999999);
    assert_true(kept(state, "a", 99999999));
    assert_true(kept(state, "b", 99999999));
    struct psp_view *newest = psp_view_slot_take(&state->slot);
    assert_string_equal(newest->id, "b");
    psp_view_release(&newest);
}

static void bytes_are_bounded_the_oldest_goes_first(void **context)
{
    struct state *state = *context;
    put(state, "a", PSP_VIEWS_KEPT_BYTES / 4, 1000);
    put(state, "b", PSP_VIEWS_KEPT_BYTES / 4, 1001);
    put(state, "c", PSP_VIEWS_KEPT_BYTES / 4, 1002);
    put(state, "d", PSP_VIEWS_KEPT_BYTES / 4, 1003);
    assert_true(kept(state, "a", 1003));
    put(state, "e", 1, 1004);
    assert_false(kept(state, "a", 1004));
    assert_true(kept(state, "b", 1004));
    assert_true(state->slot.bytes == 3 * (PSP_VIEWS_KEPT_BYTES / 4) + 1);
}

static void no_more_views_than_there_is_room_for(void **context)
{
    struct state *state = *context;
    for (int i = 0; i < PSP_VIEWS_KEPT_MAX + 3; i++) {
        char id[12];
        snprintf(id, sizeof id, "%d", i);
        put(state, id, 0, 1000);
    }
    assert_int_equal(state->slot.count, PSP_VIEWS_KEPT_MAX);
    assert_false(kept(state, "2", 1000));
    assert_true(kept(state, "3", 1000));
}

/* 4 leaves, 8 units, 8 rows, 2 shards; no roll, nobody has sent ballots: 41 cells, one
 * more of each list, and what there is for reports alone only with them. */
static void bytes_are_those_of_all_arrays(void **context)
{
    struct state *state = *context;
    struct psp_view *view;
    assert_int_equal(psp_view_create(state->board, state->catalog, &key, &view), PSP_OK);
    const size_t cells = 4 * (1 + 6 + 4) + 4 * (1 + 4);
    const size_t expected =
        3 * sizeof *view->shards + (cells + 1) * 8 + 7 * 8 /* choice_votes */ +
        2 * 5 * 8 /* ballots_sum, counted_sum */ + 2 * 5 * 4 + 9 + 5 * sizeof *view->leaf_reports +
        (5 * 2 + 1) * sizeof *view->leaf_report_shards + sizeof *view->stations +
        9 * 8 /* changes.rows */ + 2 * sizeof(struct psp_overview_contest) +
        state->catalog->group_count * sizeof(struct psp_overview_group);
    assert_int_equal(view->bytes, expected);
    psp_view_release(&view);
}

static void an_id_tells_its_process_and_its_change(void **context)
{
    char id[PSP_VERSION_ID_BYTES], longer[PSP_VERSION_ID_BYTES + 12];
    uint64_t change = 0;
    enum psp_version_stale stale = PSP_VERSION_STALE;
    (void)context;
    psp_version_write(&key, 0x2F, UINT64_MAX, id);
    assert_int_equal(strncmp(id, "2f-ffffffffffffffff-", 20), 0);
    assert_int_equal(strlen(id), 36);
    assert_true(psp_version_read(&key, id, &change, &stale));
    assert_int_equal(change, 0x2F);
    assert_int_equal(stale, PSP_VERSION_UNTOLD);
    for (int told = 0; told < 2; told++) {
        snprintf(longer, sizeof longer, "%s.%d", id, told);
        assert_true(psp_version_read(&key, longer, &change, &stale));
        assert_int_equal(stale, told ? PSP_VERSION_STALE : PSP_VERSION_FRESH);
    }
    assert_false(psp_version_read(&other_key, id, &change, &stale));
    psp_version_write(&key, UINT64_MAX, UINT64_MAX, id);
    assert_int_equal(strlen(id), 50);
    assert_int_equal(strspn(id, "0123456789abcdef-"), 50);
    assert_true(psp_version_read(&key, id, &change, &stale));
}

static void nothing_else_is_an_id(void **context)
{
    static const char *const forms[] = {"",      "-",   "x",     "%s.",  "%s.2", "%s.00",
                                        "%s.1 ", " %s", "0%s",   "0x%s", "+%s",  "%s-0",
                                        "%s%s",  "1-2", "1-2-3", "é",    "%.35s"};
    char id[PSP_VERSION_ID_BYTES], text[160], upper[PSP_VERSION_ID_BYTES];
    uint64_t change;
    enum psp_version_stale stale;
    (void)context;
    psp_version_write(&key, 0x2F, 0xABC, id);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof text, forms[i], id, id);
#pragma GCC diagnostic pop
        if (psp_version_read(&key, text, &change, &stale))
            print_error("%s was taken for an ID\n", text);
        assert_false(psp_version_read(&key, text, &change, &stale));
    }
    for (size_t i = 0; i < strlen(id); i++) { /* any other character */
        snprintf(upper, sizeof upper, "%s", id);
        upper[i] = upper[i] == '7' ? '8' : '7';
        assert_false(psp_version_read(&key, upper, &change, &stale));
    }
}

/* A divergence is told: the same entries of the shards, another version. */
static void the_same_number_of_another_state_is_another_id(void **context)
{
    struct state *state = *context;
    struct fixture_rows rows = {0};
    struct psp_view *views[2];
    fixture_fill(state->board);
    assert_int_equal(psp_view_create(state->board, state->catalog, &key, &views[0]), PSP_OK);
    struct psp_partial other = fixture_partial_0(&rows);
    other.state_hash[0] ^= 1;
    assert_int_equal(psp_board_merge(state->board, &other), PSP_EDIVERGED);
    assert_int_equal(psp_view_create(state->board, state->catalog, &key, &views[1]), PSP_OK);
    assert_true(views[0]->number == ((uint64_t)2 << 40) + 5 + 7);
    assert_true(views[1]->number == views[0]->number);
    assert_string_not_equal(views[1]->id, views[0]->id);
    assert_true(views[1]->check != views[0]->check);
    psp_view_release(&views[0]);
    psp_view_release(&views[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_view_is_kept_for_five_seconds_after_it_was_the_newest),
        TEST(the_newest_two_are_kept_however_old_or_large),
        TEST(bytes_are_bounded_the_oldest_goes_first),
        TEST(no_more_views_than_there_is_room_for),
        TEST(bytes_are_those_of_all_arrays),
        TEST(an_id_tells_its_process_and_its_change),
        TEST(nothing_else_is_an_id),
        TEST(the_same_number_of_another_state_is_another_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
