/* The lines of /api/v1/changes, by boards that are fed by hand. Sums from collector.h. */
#include "tests/unit/fixture/api.h"

#include "collector/api/changes.h"

enum { ROW_P1_BOOTH = 0, ROW_P3_BOOTH = 4, P1_LEAF = 0, P3_LEAF = 2 };

/* All lines of an answer, NUL-terminated, in api->body; `since`: an ID or NULL. */
static char *ask(struct api *api, const char *since, const char *query)
{
    struct psp_api_request request = {0};
    struct psp_changes *changes;
    struct psp_text text = {0};
    char url[400];
    snprintf(url, sizeof url, "/api/v1/changes?%s%s&%s",
             since ? "since=" : "kind=", since ? since : "result", query);
    if (!since && strstr(query, "kind="))
        snprintf(url, sizeof url, "/api/v1/changes?%s", query);
    if (url[strlen(url) - 1] == '&')
        url[strlen(url) - 1] = 0;
    assert_true(api_ask(api, url, &request));
    if (api->reply.status != 200)
        print_error("%s: %s\n", url, api->body);
    assert_int_equal(api->reply.status, 200);
    assert_true(api->reply.lines);
    assert_int_equal(psp_changes_create(api->view, &api->reply.changes, request.stale, &changes),
                     PSP_OK);
    const bool any = psp_changes_any(changes);
    while (psp_changes_write(changes, &text))
        assert_int_equal(text.data[text.length - 1], '\n');
    assert_false(psp_changes_write(changes, &text));
    psp_changes_destroy(&changes);
    psp_text_bytes(&text, "", 1);
    free(api->body);
    api->body = text.data;
    const char *end = strstr(api->body, "{\"version\":");
    assert_non_null(end);
    assert_string_equal(strchr(end, '\n'), "\n"); /* the last line */
    if (strstr(api->body, "\"kind\":"))
        assert_true(any); /* else only for another state */
    return api->body;
}

static int lines_of(const char *text, const char *words)
{
    int n = 0;
    for (const char *at = strstr(text, words); at; at = strstr(at + 1, words))
        n++;
    return n;
}

static void expect_line(const char *text, const char *line)
{
    if (!strstr(text, line))
        print_error("%s\nwanted: %s\n", text, line);
    assert_non_null(strstr(text, line));
}

static void remember(struct api *api, char ret_id[PSP_VERSION_ID_BYTES])
{
    memcpy(ret_id, api->view->id, PSP_VERSION_ID_BYTES);
}

/* Shard 0 goes on to an index, with rows [put by the caller] and its books as they are. */
static struct psp_partial go_on(struct api *api, uint32_t shard, uint64_t index,
                                const struct fixture_rows *rows)
{
    const struct psp_board_shard *held = psp_board_shard(api->board, shard);
    struct psp_partial partial = fixture_partial(shard, index, rows);
    partial.base_index = held->index;
    partial.books = held->books;
    return partial;
}

static void merge(struct api *api, const struct psp_partial *partial)
{
    assert_int_equal(psp_board_merge(api->board, partial), PSP_OK);
    api_show(api);
}

static void everything_is_every_row_of_every_level_and_method(void **context)
{
    struct api *api = *context;
    const char *text = ask(api, NULL, "");
    /* pres in 8 units, bridge in us, vt, ca, p1, p2: each of all methods, booth and mail */
    assert_int_equal(lines_of(text, "\"kind\":\"result\""), (8 + 5) * 3);
    expect_line(text, "{\"kind\":\"result\",\"unit\":\"us\",\"method\":null,\"contest\":\"pres\","
                      "\"ballots\":15,\"choices\":[{\"choice\":\"ann-red\",\"votes\":5},"
                      "{\"choice\":\"ann-blue\",\"votes\":1},{\"choice\":\"bob\",\"votes\":6},"
                      "{\"choice\":\"blank\",\"votes\":1}],\"undervotes\":1,\"overvotes\":1,"
                      "\"revision\":0}\n");
    expect_line(text, "{\"kind\":\"result\",\"unit\":\"cd\",\"method\":\"mail\",\"contest\":"
                      "\"pres\",\"ballots\":0,\"choices\":[{\"choice\":\"ann-red\",\"votes\":0},"
                      "{\"choice\":\"bob\",\"votes\":0}],\"undervotes\":0,\"overvotes\":0,"
                      "\"revision\":0}\n");
    assert_int_equal(lines_of(ask(api, NULL, "kind=turnout"), "\"kind\":\"turnout\""), 8);
    text = ask(api, NULL, "kind=books");
    assert_int_equal(lines_of(text, "\"kind\":\"books\""), 3);
    expect_line(text, "{\"kind\":\"books\",\"shard\":null,\"received\":17,\"counted\":15,");
    expect_line(text, "\"shown\":15,\"held\":0,\"forgotten\":0,\"balanced\":true}\n");
    expect_line(text, "{\"kind\":\"books\",\"shard\":1,\"received\":8,");
    expect_line(text, "\"as_of\":\"2023-11-14T22:13:20.007Z\",\"stale\":false,\"state\":\"open\","
                      "\"publication\":\"immediate\"}\n");
}

static void nothing_new_is_the_last_line_alone(void **context)
{
    struct api *api = *context;
    const char *text = ask(api, api->view->id, "");
    assert_int_equal(lines_of(text, "\n"), 1);
    assert_non_null(strstr(text, api->view->id));
}

static void a_row_is_told_in_every_unit_above_and_no_other(void **context)
{
    struct api *api = *context;
    struct fixture_rows rows = {0};
    char since[PSP_VERSION_ID_BYTES];
    remember(api, since);
    ROW(&rows, ROW_P3_BOOTH, 4, 2, 1, 1, 0);
    struct psp_partial partial = go_on(api, 0, 6, &rows);
    merge(api, &partial);
    const char *text = ask(api, since, "kind=result");
    static const char *const units[] = {"us", "vt", "cb", "p3"};
    for (int i = 0; i < 4; i++) {
        char words[80];
        snprintf(words, sizeof words, "\"unit\":\"%s\",\"method\":null,", units[i]);
        assert_int_equal(lines_of(text, words), 1);
        snprintf(words, sizeof words, "\"unit\":\"%s\",\"method\":\"booth\",", units[i]);
        assert_int_equal(lines_of(text, words), 1);
    }
    assert_int_equal(lines_of(text, "\"kind\""), 8); /* no mail, no bridge, no other unit */
    assert_int_equal(lines_of(text, "\"decreased\""), 0);
    text = ask(api, since, "");
    assert_int_equal(lines_of(text, "\"kind\":\"turnout\""), 4);
    assert_int_equal(lines_of(text, "\"kind\":\"books\""), 2); /* of all and of shard 0 */
    assert_int_equal(lines_of(text, "\"kind\":\"books\",\"shard\":0"), 1);
    /* Once more of what came in between: the same, from either. */
    assert_int_equal(lines_of(ask(api, api->view->id, ""), "\"kind\""), 0);
}

static void a_correction_is_told_to_who_was_before_it(void **context)
{
    struct api *api = *context;
    struct fixture_rows rows = {0};
    char before[PSP_VERSION_ID_BYTES], corrected[PSP_VERSION_ID_BYTES];
    remember(api, before);
    REVISED(&rows, ROW_P3_BOOTH, 2, 1, 1, 0, 0, 0); /* 3 ballots were too many */
    struct psp_partial partial = go_on(api, 0, 6, &rows);
    partial.books.added_ballots -= 2;
    merge(api, &partial);
    remember(api, corrected);
    const char *text = ask(api, before, "contest=pres");
    expect_line(text, "\"unit\":\"us\",\"method\":null,\"contest\":\"pres\",\"ballots\":13,");
    assert_int_equal(lines_of(text, "\"revision\":2,\"decreased\":true}"), 8);

    /* Another shard corrects a row of the same unit upwards: the sums add up both. */
    rows = (struct fixture_rows){0};
    REVISED(&rows, ROW_P3_BOOTH, 5, 1, 1, 0, 0, 0);
    partial = go_on(api, 1, 8, &rows);
    partial.books.added_ballots++;
    merge(api, &partial);
    text = ask(api, corrected, "contest=pres");
    assert_int_equal(lines_of(text, "\"revision\":7}"), 8);
    assert_int_equal(lines_of(text, "\"decreased\""), 0); /* that was before */
    text = ask(api, before, "contest=pres");
    assert_int_equal(lines_of(text, "\"revision\":7,\"decreased\":true}"), 8);
    text = ask(api, NULL, "contest=pres&kind=result");
    assert_int_equal(lines_of(text, "\"revision\":7}"), 8); /* who has nothing has no more */
    assert_int_equal(lines_of(text, "\"revision\":0}"), 16);
}

static void what_is_from_before_a_restore_is_gone(void **context)
{
    struct api *api = *context;
    struct fixture_rows rows = {0};
    char before[PSP_VERSION_ID_BYTES], url[160];
    remember(api, before);
    ask(api, before, "");
    ROW(&rows, ROW_P3_BOOTH, 1, 1, 0, 0, 0);
    struct psp_partial partial = fixture_partial(0, 3, &rows);
    partial.epoch = 2;
    partial.books.received = partial.books.disposed[PSP_COUNTED] = 1;
    partial.books.added_ballots = partial.books.voters_counted = 1;
    merge(api, &partial);
    snprintf(url, sizeof url, "/api/v1/changes?since=%s", before);
    expect_problem(api, url, 410, "replace everything");
    snprintf(url, sizeof url, "/api/v1/changes?since=%s.1&wait=10&kind=books", before);
    expect_problem(api, url, 410, "replace everything");
    const char *text = ask(api, NULL, ""); /* rows that were there are told as they are now */
    expect_line(text, "\"unit\":\"p1\",\"method\":\"booth\",\"contest\":\"pres\",\"ballots\":0,");
    remember(api, before);
    rows = (struct fixture_rows){0};
    ROW(&rows, ROW_P3_BOOTH, 2, 1, 1, 0, 0);
    partial = go_on(api, 0, 4, &rows);
    partial.epoch = 2;
    partial.books.received++, partial.books.disposed[PSP_COUNTED]++;
    partial.books.added_ballots++, partial.books.voters_counted++;
    merge(api, &partial);
    assert_int_equal(lines_of(ask(api, before, "contest=pres"), "\"kind\""), 8);
}

/* Nothing that was shown before is lower then. */
static void the_first_answer_of_a_shard_is_no_restore(void **context)
{
    struct api *api = *context;
    char before[PSP_VERSION_ID_BYTES];
    remember(api, before);
    fixture_fill(api->board);
    api_show(api);
    const char *text = ask(api, before, "");
    expect_line(text, "\"unit\":\"us\",\"method\":null,\"contest\":\"pres\",\"ballots\":15,");
    assert_int_equal(lines_of(text, "\"kind\":\"books\""), 3);
}

static void another_state_or_a_divergence_has_no_line(void **context)
{
    struct api *api = *context;
    struct fixture_rows rows = {0};
    struct psp_changes *changes;
    char before[PSP_VERSION_ID_BYTES];
    remember(api, before);
    struct psp_partial other = fixture_partial_0(&rows);
    other.state_hash[0] ^= 1;
    assert_int_equal(psp_board_merge(api->board, &other), PSP_EDIVERGED);
    api_show(api);
    assert_string_not_equal(api->view->id, before);
    assert_int_equal(lines_of(ask(api, before, ""), "\n"), 1);
    assert_int_equal(psp_changes_create(api->view, &api->reply.changes, false, &changes), PSP_OK);
    assert_false(psp_changes_any(changes));
    psp_changes_destroy(&changes);

    struct psp_partial partial = go_on(api, 0, 6, &rows); /* an entry that changes nothing */
    merge(api, &partial);
    assert_int_equal(lines_of(ask(api, before, ""), "\n"), 1);
    partial = go_on(api, 0, 7, &rows);
    partial.election_state = PSP_ELECTION_CLOSED;
    merge(api, &partial);
    assert_int_equal(lines_of(ask(api, before, ""), "\n"), 1);
    assert_int_equal(psp_changes_create(api->view, &api->reply.changes, false, &changes), PSP_OK);
    assert_true(psp_changes_any(changes)); /* and yet it is news */
    psp_changes_destroy(&changes);
    partial = go_on(api, 1, 8, &rows); /* now it is closed, which turnout depends on */
    partial.election_state = PSP_ELECTION_CLOSED;
    merge(api, &partial);
    const char *text = ask(api, before, "");
    assert_int_equal(lines_of(text, "\"kind\":\"turnout\""), 8);
    assert_int_equal(lines_of(text, "\"kind\""), 8);
    expect_line(text, "\"state\":\"closed\"");
}

static void a_roll_changes_every_turnout(void **context)
{
    struct api *api = *context;
    struct fixture_rows rows = {0};
    char before[PSP_VERSION_ID_BYTES];
    const uint8_t registered[16] = {9, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0};
    for (uint32_t shard = 0; shard < FIXTURE_SHARDS; shard++) {
        remember(api, before);
        struct psp_partial partial = go_on(api, shard, 9, &rows);
        partial.registered_leaves = (struct psp_bytes){registered, sizeof registered};
        merge(api, &partial);
    }
    const char *text = ask(api, before, "");
    assert_int_equal(lines_of(text, "\"kind\":\"turnout\""), 8);
    assert_int_equal(lines_of(text, "\"registered\":72"), 2); /* us and vt */
    remember(api, before);
    struct psp_partial partial = go_on(api, 0, 10, &rows); /* the same once more is no news */
    partial.registered_leaves = (struct psp_bytes){registered, sizeof registered};
    merge(api, &partial);
    assert_int_equal(lines_of(ask(api, before, ""), "\n"), 1);
}

static void filters_keep_the_lines_that_have_it(void **context)
{
    static const struct {
        const char *query;
        int lines;
    } cases[] = {
        {"contest=bridge&kind=result", 15},
        {"level=leaf&kind=result", (4 + 2) * 3},
        {"level=county&kind=result", (3 + 1) * 3},
        {"level=county&kind=turnout", 3},
        {"level=leaf&kind=turnout", 4},
        {"level=county&kind=books", 0},
        {"contest=pres&kind=turnout", 0},
        {"contest=pres&level=nation&kind=result", 3},
        {"contest=pres&kind=books", 0},
        {"level=state&contest=bridge&kind=result", 3},
    };
    struct api *api = *context;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int lines = lines_of(ask(api, NULL, cases[i].query), "\"kind\"");
        if (lines != cases[i].lines)
            print_error("%s: %d\n", cases[i].query, lines);
        assert_int_equal(lines, cases[i].lines);
    }
    expect_problem(api, "/api/v1/changes?wait=61", 400, "from 0 to 60");
    expect_problem(api, "/api/v1/changes?kind=", 400, "result, turnout or books");
    expect_problem(api, "/api/v1/changes?contest=x", 404, "contest");
    expect_problem(api, "/api/v1/changes?since=x&wait=61", 410, "since");
    struct psp_api_request head = {.head = true};
    assert_true(api_ask(api, "/api/v1/changes?wait=60", &head));
    assert_int_equal(api->reply.changes.wait_ms, 0); /* nobody waits for a head */
}

/* ---- by reports ---- */

static int set_up_reported(void **context)
{
    api_set_up_empty(context);
    struct api *api = *context;
    api->definition->publication = PSP_PUBLICATION_REPORTS;
    api->definition->report_min = 1;
    psp_board_destroy(&api->board);
    api->board = fixture_board(api->definition);
    api_show(api);
    return 0;
}

/* Shard 0 has `rows`, both shards say a report of p3; counted: so many ballots of p3. */
static void say(struct api *api, uint32_t shard, uint64_t index, const struct fixture_rows *rows,
                uint64_t report, uint64_t counted)
{
    struct fixture_rows reports = {0}, ballots = {0};
    const struct psp_board_shard *held = psp_board_shard(api->board, shard);
    struct psp_partial partial = fixture_partial(shard, index, rows);
    partial.base_index = held->index;
    if (report > 0)
        fixture_report(&reports, P3_LEAF, report, index, 1000 * report, false);
    if (counted > 0)
        fixture_leaf_ballots(&ballots, P3_LEAF, counted);
    partial.reports = fixture_list(&reports);
    partial.leaf_ballots = fixture_list(&ballots);
    partial.books = held->books;
    if (counted > 0) {
        partial.books.received = partial.books.disposed[PSP_COUNTED] = counted;
        partial.books.added_ballots = partial.books.voters_counted = counted;
    }
    merge(api, &partial);
}

static void what_is_held_is_null_and_told_when_it_is_reported(void **context)
{
    static const struct fixture_rows none;
    struct api *api = *context;
    struct fixture_rows rows = {0};
    char since[PSP_VERSION_ID_BYTES];
    say(api, 1, 2, &none, 0, 0);
    remember(api, since);
    ROW(&rows, ROW_P3_BOOTH, 3, 1, 1, 1, 0);
    say(api, 0, 2, &rows, 0, 3);
    const char *text = ask(api, since, ""); /* that some are counted, not how they voted */
    assert_int_equal(lines_of(text, "\"kind\":\"result\""), 0);
    assert_int_equal(lines_of(text, "\"kind\":\"turnout\""), 4);
    assert_int_equal(lines_of(text, "\"ballots\":0,\"ballots_counted\":3,"), 4);
    assert_int_equal(lines_of(text, "\"kind\":\"books\""), 2);
    text = ask(api, NULL, "");
    assert_int_equal(lines_of(text, "\"ballots\":0,\"choices\":null,\"undervotes\":null,"
                                    "\"overvotes\":null,\"revision\":0}"),
                     39);

    remember(api, since);
    say(api, 0, 3, &none, 1, 0); /* one shard has the report: it is under way */
    text = ask(api, since, "");
    assert_int_equal(lines_of(text, "\"report_under_way\":true"), 4);
    assert_int_equal(lines_of(text, "\"kind\""), 4);
    remember(api, since);
    say(api, 1, 3, &none, 1, 0);
    text = ask(api, since, "");
    expect_line(text, "\"unit\":\"us\",\"method\":null,\"contest\":\"pres\",\"ballots\":3,"
                      "\"choices\":[{\"choice\":\"ann-red\",\"votes\":1},");
    expect_line(text, "\"unit\":\"p3\",\"method\":\"mail\",\"contest\":\"pres\",\"ballots\":0,"
                      "\"choices\":[{\"choice\":\"ann-red\",\"votes\":0},"); /* shown, none */
    assert_int_equal(lines_of(text, "\"kind\":\"result\""), 4 * 3);
    assert_int_equal(lines_of(text, "\"kind\":\"turnout\""), 4);
    assert_int_equal(lines_of(text, "\"kind\":\"books\",\"shard\":null"), 1);
    expect_line(text, "\"shown\":3,\"held\":0");
    text = ask(api, NULL, ""); /* a sum is told as soon as one of its rows is */
    assert_int_equal(lines_of(text, "\"choices\":null"), 39 - 12);
}

/* Not even that there was a correction is told before it is reported. */
static void a_correction_is_told_with_its_report(void **context)
{
    static const struct fixture_rows none;
    struct api *api = *context;
    struct fixture_rows rows = {0};
    char since[PSP_VERSION_ID_BYTES];
    ROW(&rows, ROW_P3_BOOTH, 3, 1, 1, 1, 0);
    say(api, 0, 2, &rows, 1, 3);
    say(api, 1, 2, &none, 1, 0);
    remember(api, since);
    rows = (struct fixture_rows){0};
    REVISED(&rows, ROW_P3_BOOTH, 4, 1, 1, 0, 0, 0);
    say(api, 0, 3, &rows, 0, 0);
    assert_int_equal(lines_of(ask(api, since, "contest=pres"), "\"kind\""), 0);
    assert_int_equal(lines_of(ask(api, NULL, ""), "\"revision\":0}"), 39);
    say(api, 0, 4, &none, 2, 0);
    say(api, 1, 3, &none, 2, 0);
    const char *text = ask(api, since, "contest=pres");
    assert_int_equal(lines_of(text, "\"revision\":4,\"decreased\":true}"), 8);
    assert_int_equal(lines_of(text, "\"revision\":0}"), 4); /* mail: reported again, the same */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)
#define EMPTY(name) cmocka_unit_test_setup_teardown(name, api_set_up_empty, api_tear_down)
#define REPORTED(name) cmocka_unit_test_setup_teardown(name, set_up_reported, api_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(everything_is_every_row_of_every_level_and_method),
        TEST(nothing_new_is_the_last_line_alone),
        TEST(a_row_is_told_in_every_unit_above_and_no_other),
        TEST(a_correction_is_told_to_who_was_before_it),
        TEST(what_is_from_before_a_restore_is_gone),
        EMPTY(the_first_answer_of_a_shard_is_no_restore),
        TEST(another_state_or_a_divergence_has_no_line),
        TEST(a_roll_changes_every_turnout),
        TEST(filters_keep_the_lines_that_have_it),
        REPORTED(what_is_held_is_null_and_told_when_it_is_reported),
        REPORTED(a_correction_is_told_with_its_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
