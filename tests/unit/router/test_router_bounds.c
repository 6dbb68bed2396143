/* What a station may cast, which rows go to a shard all the same, and what is said of each. */
#include "tests/unit/fixture/router.h"

#include "election/verdict.h"

static const uint32_t shard_0[] = {0};

/* One shard; station's units and methods as given. */
static struct fixture *bounded(uint32_t *units, uint32_t unit_count, uint32_t methods)
{
    struct fixture *f = fixture_make(1, 1, 0, 0);
    const struct psp_station station = {
        .unit_count = unit_count, .units = units, .methods = methods};
    assert_int_equal(psp_router_station_init(&f->bounds, &station, f->definition), PSP_OK);
    f->features = PSP_FEATURE_NOT_ALLOWED_ROWS;
    return f;
}

static void end(struct fixture *f)
{
    psp_router_station_free(&f->bounds);
    fixture_end(f);
}

/* ---- the bounds themselves ---- */

static void a_unit_means_the_leaves_below_it(void **state)
{
    (void)state;
    uint32_t units[] = {C1};
    struct fixture *f = bounded(units, 1, 0);
    assert_int_equal(f->bounds.run_count, 1);
    const struct {
        uint32_t unit;
        bool may;
    } cases[] = {{Q2, true},      {Q3, true},        {P1, false}, {C1, false},
                 {NATION, false}, {PSP_NONE, false}, {5, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(psp_router_station_may(&f->bounds, f->definition, cases[i].unit, 0),
                         cases[i].may);
    end(f);
}

static void units_that_touch_or_lie_in_each_other_are_one_run(void **state)
{
    (void)state;
    uint32_t all[] = {Q3, NATION, P1}, apart[] = {Q3, P1}, touching[] = {Q3, Q2};
    struct fixture *f = bounded(all, 3, 0);
    assert_int_equal(f->bounds.run_count, 1);
    assert_int_equal(f->bounds.runs[0].end, 3);
    end(f);
    f = bounded(touching, 2, 0);
    assert_int_equal(f->bounds.run_count, 1);
    assert_true(psp_router_station_may(&f->bounds, f->definition, Q2, 0));
    assert_false(psp_router_station_may(&f->bounds, f->definition, P1, 0));
    end(f);
    f = bounded(apart, 2, 0);
    assert_int_equal(f->bounds.run_count, 2);
    assert_true(psp_router_station_may(&f->bounds, f->definition, P1, 0));
    assert_false(psp_router_station_may(&f->bounds, f->definition, Q2, 0));
    assert_true(psp_router_station_may(&f->bounds, f->definition, Q3, 0));
    end(f);
}

static void a_method_is_one_of_those_named(void **state)
{
    (void)state;
    struct fixture *f = bounded(NULL, 0, 1u << 1);
    assert_false(psp_router_station_may(&f->bounds, f->definition, P1, 0));
    assert_true(psp_router_station_may(&f->bounds, f->definition, P1, 1));
    assert_false(psp_router_station_may(&f->bounds, f->definition, P1, 32 + 1));
    assert_false(psp_router_station_may(&f->bounds, f->definition, P1, 255));
    assert_true(psp_router_station_may(&f->bounds, f->definition, PSP_NONE, 1));
    end(f);
}

/* ---- rows ---- */

static void put_unit(struct fixture *f, uint32_t row, uint32_t unit)
{
    psp_put32(f->units + (size_t)row * 4, unit);
}

/* Row i of unit units[i]. */
static void submit_units(struct fixture *f, const struct psp_peer *peer, uint64_t batch_id,
                         const uint32_t *units, uint32_t n)
{
    struct psp_client_message message = fixture_message(f, batch_id, shard_0, 1, n);
    for (uint32_t i = 0; i < n; i++)
        put_unit(f, i, units[i]);
    fixture_send(f, peer, &message, 0);
}

static void rows_outside_go_back_and_the_others_go_on(void **state)
{
    (void)state;
    uint32_t units[] = {C1};
    struct fixture *f = bounded(units, 1, 0);
    submit_units(f, &station_a, 7, (const uint32_t[]){Q2, P1, PSP_NONE, Q3, C1}, 5);
    const struct psp_router_action *action = fixture_actions(f, 1);
    assert_int_equal(action->type, PSP_ROUTER_REFUSE);
    assert_int_equal(action->code, PSP_REFUSAL_NOT_ALLOWED_ROWS);
    assert_int_equal(action->batch_id, 7);
    assert_memory_equal(&action->peer, &station_a, sizeof station_a);
    assert_int_equal(action->n, 3);
    assert_memory_equal(action->row_numbers, "\1\0\2\0\4\0", 6);
    assert_non_null(strstr(action->text, "outside"));
    assert_int_equal(psp_router_core_inflight(f->core), 2);
    assert_int_equal(fixture_counters(f).outside, 3);
    assert_int_equal(fixture_counters(f).forwarded, 2);

    const uint64_t id = fixture_flush_one(f, 0);
    const struct psp_router_batch *batch = fixture_actions(f, 1)->batch;
    assert_int_equal(batch->n, 2);
    assert_memory_equal(batch->row_numbers, "\0\0\3\0", 4);
    struct psp_cluster_message message;
    psp_router_action_count(f->core, fixture_actions(f, 1), &message);
    assert_false(message.count_batch.only_known);
    fixture_verdicts(f, 0, 0, id, 2, 5, 1);
    assert_int_equal(fixture_actions(f, 1)->type, PSP_ROUTER_VERDICTS);
    end(f);
}

static void who_did_not_ask_for_the_code_is_not_allowed_with_the_rows(void **state)
{
    (void)state;
    uint32_t units[] = {C1};
    struct fixture *f = bounded(units, 1, 0);
    f->features = 0;
    submit_units(f, &station_a, 7, (const uint32_t[]){Q2, P1}, 2);
    assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_NOT_ALLOWED);
    assert_memory_equal(fixture_actions(f, 1)->row_numbers, "\1\0", 2);
    f->features = ~(uint32_t)PSP_FEATURE_NOT_ALLOWED_ROWS; /* other bits ask for other things */
    submit_units(f, &station_a, 8, (const uint32_t[]){P1}, 1);
    assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_NOT_ALLOWED);
    end(f);
}

static void a_unit_that_nobody_knows_is_the_shards_to_judge_without_bounds(void **state)
{
    (void)state;
    struct fixture *f = bounded(NULL, 0, 1); /* of methods only */
    submit_units(f, &station_a, 7, (const uint32_t[]){PSP_NONE, C1, 9}, 3);
    fixture_actions(f, 0);
    assert_int_equal(psp_router_core_inflight(f->core), 3);
    end(f);
}

static void rows_outside_and_rows_without_room_are_told_apart(void **state)
{
    (void)state;
    uint32_t units[] = {C1};
    struct fixture *f = bounded(units, 1, 0);
    const struct psp_router_options options = {.cluster = &f->cluster,
                                               .definition = f->definition,
                                               .key = &f->key,
                                               .inflight_rows_max = 2};
    psp_router_core_destroy(&f->core);
    assert_int_equal(psp_router_core_create(&options, &f->core), PSP_OK);
    submit_units(f, &station_a, 7, (const uint32_t[]){P1, Q2, Q2, P1}, 4);
    const struct psp_router_action *actions = fixture_actions(f, 2);
    assert_int_equal(actions[0].code, PSP_REFUSAL_BUSY);
    assert_memory_equal(actions[0].row_numbers, "\2\0", 2);
    assert_int_equal(actions[1].code, PSP_REFUSAL_NOT_ALLOWED_ROWS);
    assert_memory_equal(actions[1].row_numbers, "\0\0\3\0", 4);
    end(f);
}

static void from_its_time_on_a_station_casts_nothing(void **state)
{
    (void)state;
    struct fixture *f = bounded(NULL, 0, 0);
    f->bounds.until_ms = 5000;
    f->wall_ms = 4999;
    fixture_submit(f, &station_a, 7, shard_0, 1, 2, 0);
    fixture_actions(f, 0);
    f->wall_ms = 5000;
    fixture_submit(f, &station_a, 8, shard_0, 1, 2, 0);
    assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_NOT_ALLOWED_ROWS);
    assert_int_equal(fixture_actions(f, 1)->n, 2);
    assert_int_equal(psp_router_core_inflight(f->core), 2);
    f->bounds.until_ms = 0; /* no end */
    fixture_submit(f, &station_a, 9, shard_0, 1, 2, 0);
    fixture_actions(f, 0);
    end(f);
}

/* ---- what was sent before ---- */

static void of_a_resent_row_the_shard_is_asked_what_it_knows(void **state)
{
    (void)state;
    uint32_t units[] = {C1};
    struct fixture *f = bounded(units, 1, 0);
    f->marks_resent = true;
    f->resent[0] = 0x1E; /* rows 1 to 4 */
    submit_units(f, &station_a, 7, (const uint32_t[]){P1, P1, Q2, P1, P1}, 5);
    assert_memory_equal(fixture_actions(f, 1)->row_numbers, "\0\0", 2); /* not sent before */
    psp_router_core_flush(f->core, 0);
    const struct psp_router_action *actions = fixture_actions(f, 2);
    struct psp_cluster_message message;
    psp_router_action_count(f->core, &actions[0], &message);
    assert_false(message.count_batch.only_known);
    assert_memory_equal(actions[0].batch->row_numbers, "\2\0", 2);
    psp_router_action_count(f->core, &actions[1], &message);
    assert_true(message.count_batch.only_known);
    assert_int_equal(message.count_batch.columns.n, 3);
    assert_memory_equal(actions[1].batch->row_numbers, "\1\0\3\0\4\0", 6);

    memcpy(f->verdicts, (const uint8_t[]){PSP_NOT_KNOWN, 0x12, PSP_NOT_KNOWN}, 3);
    fixture_verdicts(f, 0, 0, actions[1].batch_id, 3, 5, 1);
    actions = fixture_actions(f, 2);
    assert_int_equal(actions[0].type, PSP_ROUTER_VERDICTS);
    assert_int_equal(actions[0].n, 1);
    assert_memory_equal(actions[0].row_numbers, "\3\0", 2);
    assert_memory_equal(actions[0].verdicts, "\x12", 1);
    assert_int_equal(actions[1].type, PSP_ROUTER_REFUSE);
    assert_int_equal(actions[1].code, PSP_REFUSAL_NOT_ALLOWED_ROWS);
    assert_memory_equal(actions[1].row_numbers, "\1\0\4\0", 4);
    assert_int_equal(fixture_counters(f).outside, 3);
    assert_int_equal(psp_router_core_inflight(f->core), 1);
    end(f);
}

static void each_is_refused_by_the_code_that_it_asked_for(void **state)
{
    (void)state;
    struct fixture *f = bounded(NULL, 0, 0);
    f->bounds.until_ms = f->wall_ms = 1;
    f->marks_resent = true;
    f->resent[0] = 0xFF;
    f->features = 0;
    fixture_submit(f, &station_a, 7, shard_0, 1, 2, 0);
    f->features = PSP_FEATURE_NOT_ALLOWED_ROWS;
    fixture_submit(f, &station_b, 8, shard_0, 1, 3, 0);
    const uint64_t id = fixture_flush_one(f, 0);
    memset(f->verdicts, PSP_NOT_KNOWN, 5);
    f->verdicts[3] = PSP_NOT_JUDGED;
    fixture_verdicts(f, 0, 0, id, 5, 5, 1);
    const struct psp_router_action *actions = fixture_actions(f, 3);
    assert_int_equal(actions[0].code, PSP_REFUSAL_NOT_ALLOWED);
    assert_int_equal(actions[0].n, 2);
    assert_int_equal(actions[1].code, PSP_REFUSAL_BUSY);
    assert_memory_equal(actions[1].row_numbers, "\1\0", 2);
    assert_int_equal(actions[2].code, PSP_REFUSAL_NOT_ALLOWED_ROWS);
    assert_memory_equal(actions[2].row_numbers, "\0\0\2\0", 4);
    end(f);
}

static void asking_what_is_known_takes_no_other_batchs_place(void **state)
{
    (void)state;
    struct fixture *f = bounded(NULL, 0, 0);
    f->bounds.until_ms = 1;
    f->marks_resent = true;
    f->resent[0] = 0xFF;
    for (int i = 0; i < PSP_ROUTER_WINDOW_BATCHES; i++) {
        f->wall_ms = 1;
        fixture_submit(f, &station_a, 1, shard_0, 1, 1, 0);
        psp_router_core_flush(f->core, 0);
        fixture_actions(f, i == 0 ? 1 : 0); /* one on the way, the others wait for its answer */
    }
    f->wall_ms = 0;
    for (int i = 0; i < PSP_ROUTER_WINDOW_BATCHES; i++) {
        fixture_submit(f, &station_a, 2, shard_0, 1, 1, 0);
        fixture_flush_one(f, 0);
    }
    fixture_verdicts(f, 0, 0, 1000, 1, 5, 1);
    psp_router_core_flush(f->core, 1);
    assert_int_equal(fixture_actions(f, 1)->n, PSP_ROUTER_WINDOW_BATCHES - 1);
    assert_int_equal(fixture_actions(f, 1)->batch->lane, PSP_ROUTER_KNOWN);
    psp_router_core_tick(f->core, 2001); /* silence: nobody knows what became of them */
    assert_int_equal(fixture_counters(f).unknown, 2 * PSP_ROUTER_WINDOW_BATCHES - 1);
    assert_int_equal(psp_router_core_inflight(f->core), 0);
    end(f);
}

static void replays_take_no_other_batchs_place(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    fixture_submit(f, &station_a, 1, shard_0, 1, 1, 0);
    const uint64_t first = fixture_flush_one(f, 0);
    f->verdicts[0] = psp_verdict_replayed(PSP_COUNTED);
    fixture_verdicts(f, 0, 0, first, 1, 5, 1); /* from here on it is watched */
    for (int i = 0; i < 2 * PSP_ROUTER_WINDOW_REPLAYS_BATCHES; i++) {
        fixture_submit(f, &station_a, 2, shard_0, 1, 1, 0);
        psp_router_core_flush(f->core, 0);
        const bool room = i < PSP_ROUTER_WINDOW_REPLAYS_BATCHES;
        fixture_actions(f, room ? 1 : 0);
        if (room)
            assert_int_equal(fixture_actions(f, 1)->batch->lane, PSP_ROUTER_REPLAYS);
    }
    for (int i = 0; i < PSP_ROUTER_WINDOW_BATCHES; i++) { /* the others have all of theirs */
        fixture_submit(f, &station_b, 3, shard_0, 1, 1, 0);
        psp_router_core_flush(f->core, 0);
        assert_int_equal(fixture_actions(f, 1)->batch->lane, PSP_ROUTER_MODEST);
    }
    end(f);
}

static void a_station_without_replays_is_trusted_again(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    for (int i = 0; i <= PSP_ROUTER_WATCHED_ANSWERS + 1; i++) {
        fixture_submit(f, &station_a, 1, shard_0, 1, 1, 0);
        const uint64_t id = fixture_flush_one(f, 0);
        const bool watched = i > 0 && i <= PSP_ROUTER_WATCHED_ANSWERS;
        assert_int_equal(fixture_actions(f, 1)->batch->lane,
                         watched ? PSP_ROUTER_REPLAYS : PSP_ROUTER_MODEST);
        f->verdicts[0] = i == 0 ? psp_verdict_replayed(PSP_COUNTED) : PSP_COUNTED;
        fixture_verdicts(f, 0, 0, id, 1, 5, 1);
    }
    end(f);
}

/* ---- what goes with each row ---- */

static void assert_runs(struct psp_bytes runs, const void *bytes, size_t n)
{
    assert_int_equal(runs.length, n);
    assert_memory_equal(runs.data, bytes, n);
}

static void the_stations_number_goes_with_its_rows(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    fixture_submit(f, &station_a, 7, shard_0, 1, 2, 0);
    fixture_submit(f, &station_b, 7, shard_0, 1, 3, 0);
    fixture_submit(f, &station_b, 8, shard_0, 1, 1, 0);
    fixture_submit(f, &station_a, 9, shard_0, 1, 1, 0);
    fixture_flush_one(f, 0);
    struct psp_cluster_message message;
    psp_router_action_count(f->core, fixture_actions(f, 1), &message);
    const uint8_t a = (uint8_t)fixture_number(&station_a), b = (uint8_t)fixture_number(&station_b);
    assert_runs(message.count_batch.columns.stations, (const uint8_t[]){2, a, 4, b, 1, a}, 6);
    assert_runs(message.count_batch.columns.styles, (const uint8_t[]){7, 1}, 2);
    assert_true(psp_runs_check(message.count_batch.columns.stations, 7, 1, PSP_STATIONS_MAX));
    fixture_end(f);
}

static void the_highest_number_of_a_station_fits_row_by_row(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    for (uint32_t i = 0; i < 100; i++) {
        struct psp_client_message message = fixture_message(f, i, shard_0, 1, 1);
        const struct psp_router_station station = {.number = PSP_STATIONS_MAX - i % 2};
        psp_router_core_client(f->core, &station_a, &station, &message, 0, 0);
    }
    fixture_flush_one(f, 0);
    struct psp_cluster_message message;
    psp_router_action_count(f->core, fixture_actions(f, 1), &message);
    assert_int_equal(message.count_batch.columns.stations.length, 400);
    assert_true(psp_runs_check(message.count_batch.columns.stations, 100, 99999, 100000));
    fixture_end(f);
}

static void a_style_is_found_by_unit_and_name(void **state)
{
    (void)state;
    static const struct {
        uint32_t unit, named, value, position;
    } cases[] = {
        {P1, PSP_NONE, 1, ALL},      /* one style: no name needed */
        {P1, ALL, 1, ALL},           /* or its own */
        {P1, HALF, 0, PSP_NONE},     /* another one's */
        {P1, 7, 0, PSP_NONE},        /* nobody's */
        {Q2, PSP_NONE, 0, PSP_NONE}, /* two: which? */
        {Q2, HALF, 1, HALF},         /* in the unit's order */
        {Q2, ALL, 2, ALL},
        {Q2, PSP_NONE - 1, 0, PSP_NONE},
        {C1, ALL, 0, PSP_NONE}, /* no leaf */
        {PSP_NONE, ALL, 0, PSP_NONE},
        {5, PSP_NONE, 0, PSP_NONE},
    };
    enum { CASES = sizeof cases / sizeof *cases };
    struct fixture *f = fixture_make(1, 1, 0, 0);
    struct psp_client_message message = fixture_message(f, 7, shard_0, 1, CASES);
    for (uint32_t i = 0; i < CASES; i++) {
        put_unit(f, i, cases[i].unit);
        psp_put32(f->styles + (size_t)i * 4, cases[i].named);
    }
    message.columns.styles = f->styles;
    fixture_send(f, &station_a, &message, 0);
    fixture_flush_one(f, 0);
    const struct psp_router_batch *batch = fixture_actions(f, 1)->batch;
    struct psp_cluster_message count;
    psp_router_action_count(f->core, fixture_actions(f, 1), &count);
    assert_true(psp_runs_check(count.count_batch.columns.styles, CASES, 0, 2));
    struct psp_runs_cursor cursor = psp_runs_begin(count.count_batch.columns.styles, 9);
    for (uint32_t i = 0; i < CASES; i++) {
        uint8_t tag[PSP_TAG_BYTES];
        psp_digest_tag(&f->key, f->ballot_ids + (size_t)i * 16, cases[i].unit, 0, 0,
                       cases[i].position, f->marks, 1, tag);
        assert_int_equal(psp_runs_next(&cursor), cases[i].value);
        assert_memory_equal(batch->tags + (size_t)i * PSP_TAG_BYTES, tag, PSP_TAG_BYTES);
    }
    fixture_end(f);
}

/* Whoever casts much shares no batch with those who cast little. */
static void a_modest_station_has_batches_of_its_own(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    fixture_submit(f, &station_a, 1, shard_0, 1, PSP_ROUTER_MODEST_ROWS + 1, 5000);
    fixture_submit(f, &station_b, 2, shard_0, 1, 1, 5000);
    psp_router_core_flush(f->core, 5000);
    const struct psp_router_action *out = fixture_actions(f, 2);
    assert_int_equal(out[0].batch->lane, PSP_ROUTER_MODEST);
    assert_int_equal(out[0].n, 1);
    assert_int_equal(out[1].batch->lane, PSP_ROUTER_JUDGE);
    assert_int_equal(out[1].n, PSP_ROUTER_MODEST_ROWS + 1);
    fixture_submit(f, &station_a, 3, shard_0, 1, 1, 6999); /* in the next second, too */
    psp_router_core_flush(f->core, 6999);
    assert_int_equal(fixture_actions(f, 1)->batch->lane, PSP_ROUTER_JUDGE);
    fixture_submit(f, &station_a, 4, shard_0, 1, 1, 7000);
    psp_router_core_flush(f->core, 7000);
    assert_int_equal(fixture_actions(f, 1)->batch->lane, PSP_ROUTER_MODEST);
    fixture_end(f);
}

/* As many as the shard answers in time: fewer when it is late, slowly more when it is not. */
static void who_casts_much_waits_while_others_cast(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    fixture_submit(f, &station_a, 1, shard_0, 1, PSP_ROUTER_SHARED_ROWS, 5000);
    psp_router_core_flush(f->core, 5000);
    assert_false(psp_router_core_bulk_waits(f->core, 5000)); /* nobody else casts */
    fixture_submit(f, &station_b, 2, shard_0, 1, 1, 5000);
    assert_true(psp_router_core_bulk_waits(f->core, 5000));
    assert_true(psp_router_core_bulk_waits(f->core, 5000 + PSP_ROUTER_SILENT_MS - 1));
    fixture_verdicts(f, 0, 0, 1000, PSP_ROUTER_SHARED_ROWS, 4, 5100); /* 100 ms later */
    assert_false(psp_router_core_bulk_waits(f->core, 5100));
    fixture_submit(f, &station_a, 3, shard_0, 1, PSP_ROUTER_SHARED_ROWS * 3 / 4, 5100);
    assert_true(psp_router_core_bulk_waits(f->core, 5100)); /* fewer do now */
    psp_router_core_flush(f->core, 5100);
    fixture_verdicts(f, 0, 0, 1002, PSP_ROUTER_SHARED_ROWS * 3 / 4, 5, 5105); /* in time */
    fixture_submit(f, &station_a, 4, shard_0, 1, PSP_ROUTER_SHARED_ROWS * 3 / 4, 5105);
    assert_false(psp_router_core_bulk_waits(f->core, 5105)); /* and more again */
    fixture_end(f);
}

/* Each shard has its bound: with the first one full no more comes for the second one either,
 * for a message has ballots of both. */
static void who_casts_much_waits_for_each_shard(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(2, 1, 0, 0);
    static const uint32_t shard_1[] = {1};
    fixture_submit(f, &station_a, 1, shard_0, 1, PSP_ROUTER_SHARED_ROWS, 5000);
    fixture_submit(f, &station_b, 2, shard_1, 1, 1, 5000);
    psp_router_core_flush(f->core, 5000);
    assert_true(psp_router_core_bulk_waits(f->core, 5000));
    fixture_verdicts(f, 0, 0, 1000, PSP_ROUTER_SHARED_ROWS, 4, 5001);
    assert_false(psp_router_core_bulk_waits(f->core, 5001));
    fixture_end(f);
}

/* One that does not answer holds up nobody, and since when it should is known. */
static void nobody_waits_for_a_silent_shard(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    fixture_submit(f, &station_b, 1, shard_0, 1, 1, 1000);
    fixture_verdicts(f, 0, 0, fixture_flush_one(f, 1000), 1, 3, 1001);
    fixture_submit(f, &station_b, 2, shard_0, 1, 1, 9000);
    fixture_submit(f, &station_a, 3, shard_0, 1, PSP_ROUTER_SHARED_ROWS, 9000);
    psp_router_core_flush(f->core, 9000);
    for (uint64_t ms = 9000; ms < 9000 + PSP_ROUTER_SILENT_MS; ms += 10)
        assert_true(psp_router_core_bulk_waits(f->core, ms));
    assert_false(psp_router_core_bulk_waits(f->core, 9000 + PSP_ROUTER_SILENT_MS));
    fixture_verdicts(f, 0, 0, 1002, 1, 4, 9300); /* it answers again */
    assert_true(psp_router_core_bulk_waits(f->core, 9301));
    assert_false(psp_router_core_bulk_waits(f->core, 9000 + PSP_ROUTER_SHARED_MS + 10));
    fixture_end(f);
}

/* While others cast, what was judged before and comes again has room for so much. */
static void of_replays_only_so_many_are_on_the_way(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    fixture_submit(f, &station_a, 1, shard_0, 1, 1, 5000);
    f->verdicts[0] = psp_verdict_replayed(PSP_COUNTED);
    fixture_verdicts(f, 0, 0, fixture_flush_one(f, 5000), 1, 3, 5001);
    fixture_submit(f, &station_a, 2, shard_0, 1, 5000, 7000); /* nobody else casts */
    fixture_submit(f, &station_a, 3, shard_0, 1, 5000, 7000);
    assert_int_equal(fixture_counters(f).busy, 0);
    fixture_submit(f, &station_b, 4, shard_0, 1, 1, 7001);
    fixture_submit(f, &station_a, 5, shard_0, 1, 100, 7001);
    const struct psp_router_action *refusal = fixture_actions(f, 1);
    assert_int_equal(refusal->type, PSP_ROUTER_REFUSE);
    assert_int_equal(refusal->code, PSP_REFUSAL_BUSY);
    assert_int_equal(refusal->n, 100);
    fixture_submit(f, &station_b, 6, shard_0, 1, 100, 7001); /* these find room */
    assert_int_equal(fixture_counters(f).busy, 100);
    fixture_submit(f, &station_a, 7, shard_0, 1, 100, 7001 + PSP_ROUTER_SHARED_MS);
    assert_int_equal(fixture_counters(f).busy, 100);
    fixture_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unit_means_the_leaves_below_it),
        cmocka_unit_test(units_that_touch_or_lie_in_each_other_are_one_run),
        cmocka_unit_test(a_method_is_one_of_those_named),
        cmocka_unit_test(rows_outside_go_back_and_the_others_go_on),
        cmocka_unit_test(who_did_not_ask_for_the_code_is_not_allowed_with_the_rows),
        cmocka_unit_test(a_unit_that_nobody_knows_is_the_shards_to_judge_without_bounds),
        cmocka_unit_test(rows_outside_and_rows_without_room_are_told_apart),
        cmocka_unit_test(from_its_time_on_a_station_casts_nothing),
        cmocka_unit_test(of_a_resent_row_the_shard_is_asked_what_it_knows),
        cmocka_unit_test(each_is_refused_by_the_code_that_it_asked_for),
        cmocka_unit_test(asking_what_is_known_takes_no_other_batchs_place),
        cmocka_unit_test(replays_take_no_other_batchs_place),
        cmocka_unit_test(a_station_without_replays_is_trusted_again),
        cmocka_unit_test(the_stations_number_goes_with_its_rows),
        cmocka_unit_test(the_highest_number_of_a_station_fits_row_by_row),
        cmocka_unit_test(a_modest_station_has_batches_of_its_own),
        cmocka_unit_test(who_casts_much_waits_while_others_cast),
        cmocka_unit_test(who_casts_much_waits_for_each_shard),
        cmocka_unit_test(nobody_waits_for_a_silent_shard),
        cmocka_unit_test(of_replays_only_so_many_are_on_the_way),
        cmocka_unit_test(a_style_is_found_by_unit_and_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
