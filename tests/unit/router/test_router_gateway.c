/* What a gateway's key may do: each row is the named station's, and nobody else's. */
#include "tests/unit/fixture/router.h"

#include "election/runs.h"
#include "election/verdict.h"

static const uint32_t shard_0[] = {0};

/* Stations 3 (all), 5 (county C1 only, until 1000) and 9 (by mail only). */
struct hall {
    struct fixture *f;
    struct psp_router_station list[3];
    uint8_t stations[FIXTURE_ROWS_MAX * 4];
};

static struct hall *hall_make(uint32_t rows_max)
{
    uint32_t units[] = {C1};
    struct hall *hall = calloc(1, sizeof *hall);
    assert_non_null(hall);
    hall->f = fixture_make(1, 1, rows_max, 0);
    hall->f->features = PSP_FEATURE_NOT_ALLOWED_ROWS;
    const struct psp_station of[] = {
        {.number = 3},
        {.number = 5, .unit_count = 1, .units = units, .until_ms = 1000},
        {.number = 9, .methods = 1u << 1},
    };
    for (int i = 0; i < 3; i++)
        assert_int_equal(psp_router_station_init(&hall->list[i], &of[i], hall->f->definition),
                         PSP_OK);
    return hall;
}

static void hall_end(struct hall *hall)
{
    for (int i = 0; i < 3; i++)
        psp_router_station_free(&hall->list[i]);
    fixture_end(hall->f);
    free(hall);
}

struct row {
    uint32_t station, unit;
    uint8_t method;
};

static void send_rows(struct hall *hall, uint64_t batch_id, const struct row *rows, uint32_t n)
{
    struct fixture *f = hall->f;
    struct psp_client_message message = fixture_message(f, batch_id, shard_0, 1, n);
    for (uint32_t i = 0; i < n; i++) {
        psp_put32(hall->stations + (size_t)i * 4, rows[i].station);
        psp_put32(f->units + (size_t)i * 4, rows[i].unit);
        f->methods[i] = rows[i].method;
    }
    message.columns.stations = hall->stations;
    psp_router_core_gateway(f->core, &station_a, hall->list, 3, &message, 0, f->wall_ms);
}

static void each_row_is_held_against_the_bounds_of_the_station_that_it_names(void **state)
{
    (void)state;
    struct hall *hall = hall_make(0);
    const struct row rows[] = {
        {3, P1, 0}, {5, P1, 0}, {5, Q2, 0}, {9, P1, 0},  {9, P1, 1},
        {3, Q3, 1}, {4, P1, 0}, {0, P1, 0}, {70, P1, 0}, {PSP_NONE, P1, 0},
    };
    send_rows(hall, 7, rows, 10);
    const struct psp_router_action *action = fixture_actions(hall->f, 1);
    assert_int_equal(action->code, PSP_REFUSAL_NOT_ALLOWED_ROWS);
    assert_int_equal(action->n, 6);
    assert_memory_equal(action->row_numbers, "\1\0\3\0\6\0\7\0\10\0\11\0", 12);
    assert_int_equal(fixture_counters(hall->f).outside, 6);
    assert_int_equal(fixture_counters(hall->f).forwarded, 4);
    /* 5's time is over, the others' is not. */
    hall->f->wall_ms = 1000;
    send_rows(hall, 8, rows, 3);
    assert_memory_equal(fixture_actions(hall->f, 1)->row_numbers, "\1\0\2\0", 4);
    assert_int_equal(fixture_actions(hall->f, 1)->n, 2);
    hall_end(hall);
}

static void rows_of_one_batch_go_with_the_number_that_each_names(void **state)
{
    (void)state;
    struct hall *hall = hall_make(0);
    const struct row rows[] = {{3, P1, 0}, {3, P1, 0}, {9, P1, 1}, {3, P1, 0}, {5, Q2, 0}};
    static const uint32_t wanted[] = {3, 3, 9, 3, 5};
    send_rows(hall, 7, rows, 5);
    fixture_actions(hall->f, 0);
    const uint64_t id = fixture_flush_one(hall->f, 0);
    struct psp_cluster_message message;
    const struct psp_router_action *action = fixture_actions(hall->f, 1);
    psp_router_action_count(hall->f->core, action, &message);
    assert_false(message.count_batch.only_known);
    const struct psp_bytes runs = message.count_batch.columns.stations;
    struct psp_runs_cursor cursor = psp_runs_begin(runs, 0);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(psp_runs_next(&cursor), wanted[i]);
    /* Every span is of one station; all of them go back to the gateway, whole. */
    assert_int_equal(action->batch->span_count, 4);
    fixture_verdicts(hall->f, 0, 0, id, 5, 77, 1);
    size_t n = 0, told = 0;
    const struct psp_router_action *answers = psp_router_core_actions(hall->f->core, &n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(answers[i].type, PSP_ROUTER_VERDICTS);
        assert_int_equal(answers[i].batch_id, 7);
        assert_memory_equal(&answers[i].peer, &station_a, sizeof station_a);
        for (uint32_t j = 0; j < answers[i].n; j++)
            assert_int_equal(answers[i].row_numbers[2 * j], told++);
    }
    assert_int_equal(told, 5);
    assert_int_equal(psp_router_core_inflight(hall->f->core), 0);
    hall_end(hall);
}

/* Of 400 rows' room a station alone gets half; another one then half of what is left. */
static void the_room_is_that_of_the_named_stations(void **state)
{
    (void)state;
    struct hall *hall = hall_make(400);
    struct row rows[400];
    for (size_t i = 0; i < 400; i++)
        rows[i] = (struct row){i < 300 ? 3 : 9, P1, 1};
    send_rows(hall, 7, rows, 400);
    const struct psp_router_action *action = fixture_actions(hall->f, 1);
    assert_int_equal(action->code, PSP_REFUSAL_BUSY);
    assert_int_equal(fixture_counters(hall->f).busy, 100);
    assert_int_equal(action->row_numbers[0], 200); /* of 3: the first that found no room */
    assert_int_equal(psp_router_core_inflight(hall->f->core), 300); /* all of 9's found some */
    hall_end(hall);
}

static void of_a_resent_row_outside_the_shard_is_asked_as_of_the_named_station(void **state)
{
    (void)state;
    struct hall *hall = hall_make(0);
    memset(hall->f->resent, 0xFF, sizeof hall->f->resent);
    hall->f->marks_resent = true;
    const struct row rows[] = {{5, P1, 0}, {4, P1, 0}};
    send_rows(hall, 7, rows, 2);
    /* Who is not in the file has nothing that could be known. */
    assert_int_equal(fixture_actions(hall->f, 1)->n, 1);
    assert_memory_equal(fixture_actions(hall->f, 1)->row_numbers, "\1\0", 2);
    fixture_flush_one(hall->f, 0);
    struct psp_cluster_message message;
    psp_router_action_count(hall->f->core, fixture_actions(hall->f, 1), &message);
    assert_true(message.count_batch.only_known);
    assert_int_equal(message.count_batch.columns.n, 1);
    hall_end(hall);
}

static void a_stations_key_names_none_and_a_gateways_must(void **state)
{
    (void)state;
    struct hall *hall = hall_make(0);
    struct fixture *f = hall->f;
    struct psp_client_message message = fixture_message(f, 7, shard_0, 1, 2);
    memset(hall->stations, 0, sizeof hall->stations);
    message.columns.stations = hall->stations;
    fixture_send(f, &station_a, &message, 0);
    const struct psp_router_action *action = fixture_actions(f, 1);
    assert_int_equal(action->code, PSP_REFUSAL_NOT_ALLOWED);
    assert_int_equal(action->n, 0);
    assert_int_equal(action->batch_id, 7);
    message.columns.stations = NULL;
    psp_router_core_gateway(f->core, &station_a, hall->list, 3, &message, 0, 0);
    assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_NOT_ALLOWED);
    const struct psp_row row = {.voter_id = {(const uint8_t *)"v", 1}};
    struct psp_client_message as_rows = {
        .type = PSP_CLIENT_ROWS, .batch_id = 8, .rows = &row, .row_count = 1};
    psp_router_core_gateway(f->core, &station_a, hall->list, 3, &as_rows, 0, 0);
    assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_NOT_ALLOWED);
    assert_int_equal(fixture_counters(f).not_allowed, 3);
    assert_int_equal(psp_router_core_inflight(f->core), 0);
    const struct psp_client_message hello = {.type = PSP_CLIENT_HELLO};
    psp_router_core_gateway(f->core, &station_a, NULL, 0, &hello, 0, 0);
    assert_int_equal(fixture_actions(f, 1)->type, PSP_ROUTER_WELCOME);
    hall_end(hall);
}

static void without_any_station_every_row_is_outside(void **state)
{
    (void)state;
    struct hall *hall = hall_make(0);
    struct psp_client_message message = fixture_message(hall->f, 7, shard_0, 1, 2);
    memset(hall->stations, 0, sizeof hall->stations);
    message.columns.stations = hall->stations;
    psp_router_core_gateway(hall->f->core, &station_a, NULL, 0, &message, 0, 0);
    assert_int_equal(fixture_actions(hall->f, 1)->code, PSP_REFUSAL_NOT_ALLOWED_ROWS);
    assert_int_equal(fixture_actions(hall->f, 1)->n, 2);
    message.definition_hash[0] ^= 1;
    psp_router_core_gateway(hall->f->core, &station_a, NULL, 0, &message, 0, 0);
    assert_int_equal(fixture_actions(hall->f, 1)->code, PSP_REFUSAL_WRONG_ELECTION);
    hall_end(hall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_held_against_the_bounds_of_the_station_that_it_names),
        cmocka_unit_test(rows_of_one_batch_go_with_the_number_that_each_names),
        cmocka_unit_test(the_room_is_that_of_the_named_stations),
        cmocka_unit_test(of_a_resent_row_outside_the_shard_is_asked_as_of_the_named_station),
        cmocka_unit_test(a_stations_key_names_none_and_a_gateways_must),
        cmocka_unit_test(without_any_station_every_row_is_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
