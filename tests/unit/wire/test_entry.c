/* What lies in the log. */

#define DESK_MESSAGE struct psp_cluster_message
#include "base/bytes/bytes.h"
#include "election/runs.h"
#include "tests/unit/fixture/message_desk.h"
#include "tests/unit/fixture/message_parts.h"

static enum psp_status decode_entry_of(struct desk *d, uint64_t format, unsigned field)
{
    wrap_body(d, format, field);
    psp_arena_reset(d->arena);
    return psp_entry_decode(d->arena, d->top.bytes, d->top.length, &d->entry, &d->reason);
}

static enum psp_status decode_entry(struct desk *d, unsigned field)
{
    return decode_entry_of(d, 2, field);
}

static void entry_comes_back(struct desk *d, const struct psp_entry *entry)
{
    assert_int_equal(psp_entry_encode(entry, &d->buffer), PSP_OK);
    psp_arena_reset(d->arena);
    assert_int_equal(
        psp_entry_decode(d->arena, d->buffer.data, d->buffer.length, &d->entry, &d->reason),
        PSP_OK);
    assert_int_equal(d->entry.type, entry->type);
    assert_true(d->entry.time_ms == entry->time_ms);
}

static void genesis_comes_back_as_it_went(void **state)
{
    struct desk *d = *state;
    struct psp_entry entry = {
        .type = PSP_ENTRY_GENESIS,
        .time_ms = 1604448000123,
        .genesis = {.fence = some_fence(),
                    .shard = 3,
                    .slot_first = 3072,
                    .slot_end = 4096,
                    .epoch = 2,
                    .rules = 2,
                    .mode = PSP_MODE_TEST,
                    .publication = PSP_PUBLICATION_REPORTS,
                    .turnout = PSP_PUBLICATION_IMMEDIATE,
                    .report_min = 300},
    };
    memset(entry.genesis.shard_roll_hash, 6, PSP_HASH_BYTES);
    entry_comes_back(d, &entry);
    assert_some_fence(&d->entry.genesis.fence);
    assert_int_equal(d->entry.genesis.shard, 3);
    assert_int_equal(d->entry.genesis.slot_first, 3072);
    assert_int_equal(d->entry.genesis.slot_end, 4096);
    assert_int_equal(d->entry.genesis.epoch, 2);
    assert_int_equal(d->entry.genesis.rules, 2);
    assert_int_equal(d->entry.genesis.mode, PSP_MODE_TEST);
    assert_true(psp_entry_is_genesis(d->buffer.data, d->buffer.length));
    assert_int_equal(d->entry.genesis.publication, PSP_PUBLICATION_REPORTS);
    assert_int_equal(d->entry.genesis.turnout, PSP_PUBLICATION_IMMEDIATE);
    assert_int_equal(d->entry.genesis.report_min, 300);
    assert_int_equal(d->entry.genesis.shard_roll_hash[31], 6);
}

static void ballots_come_back_as_they_went(void **state)
{
    struct desk *d = *state;
    struct psp_entry entry = {.type = PSP_ENTRY_BALLOTS, .time_ms = 1};
    entry.ballots.columns = two_ballots();
    memset(entry.ballots.fence_hash, 0xF0, PSP_HASH_BYTES);
    const uint8_t replays[] = {1, 5, 0xA0, 0x8D, 0x06, 1};
    entry.ballots.replays = (struct psp_bytes){replays, sizeof replays};
    entry_comes_back(d, &entry);
    assert_int_equal(d->entry.ballots.replays.length, sizeof replays);
    assert_memory_equal(d->entry.ballots.replays.data, replays, sizeof replays);
    assert_two_ballots(&d->entry.ballots.columns);
    assert_false(psp_entry_is_genesis(d->buffer.data, d->buffer.length));
    assert_false(psp_entry_is_genesis(d->buffer.data, 1));
    assert_memory_equal(d->entry.ballots.fence_hash, entry.ballots.fence_hash, PSP_HASH_BYTES);
}

static void small_entries_are_the_bytes_of_the_format(void **state)
{
    struct desk *d = *state;
    struct psp_entry entry = {.type = PSP_ENTRY_OPEN, .time_ms = 300};
    const uint8_t open[] = {0x08, 2, 0x10, 0xAC, 0x02, 0x2A, 0};
    entry_comes_back(d, &entry);
    assert_int_equal(d->buffer.length, sizeof open);
    assert_memory_equal(d->buffer.data, open, sizeof open);
    entry.type = PSP_ENTRY_CLOSE;
    entry.close_at_ms = 301;
    const uint8_t close[] = {0x08, 2, 0x10, 0xAC, 0x02, 0x32, 3, 0x08, 0xAD, 0x02};
    entry_comes_back(d, &entry);
    assert_int_equal(d->entry.close_at_ms, 301);
    assert_memory_equal(d->buffer.data, close, sizeof close);
}

/* A genesis entry: cluster ID in part 1, hashes in 2 to 5 and 9. */
static enum psp_status decode_genesis(struct desk *d, unsigned wrong, uint32_t shard,
                                      uint32_t first, uint32_t end)
{
    d->body.length = 0;
    for (unsigned part = 1; part <= 5; part++)
        proto_filled(&d->body, part, 0, (part == 1 ? 16u : 32u) + (part == wrong));
    proto_number(&d->body, 6, shard);
    proto_number(&d->body, 7, first);
    proto_number(&d->body, 8, end);
    proto_filled(&d->body, 9, 0, 32u + (wrong == 9));
    proto_number(&d->body, 11, wrong == 11 ? 3 : 2);
    proto_number(&d->body, 12, wrong == 12 ? 3 : 1);
    if (wrong == 13)
        return decode_entry(d, 3); /* no publication */
    d->inner.length = 0;
    proto_number(&d->inner, 1, wrong == 14 ? 3 : 1);
    proto_number(&d->inner, 2, wrong == 15 ? 3 : 2);
    proto_message(&d->body, 13, &d->inner);
    return decode_entry(d, 3);
}

static void genesis_with_a_wrong_part_is_refused(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_genesis(d, 0, 255, 0, 4096), PSP_OK);
    assert_int_equal(decode_genesis(d, 0, 256, 0, 4096), PSP_EINVAL);
    assert_int_equal(decode_genesis(d, 0, 0, 0, 4097), PSP_EINVAL);
    assert_int_equal(decode_genesis(d, 0, 0, 7, 7), PSP_EINVAL);
    assert_int_equal(decode_genesis(d, 1, 0, 0, 1), PSP_EINVAL);
    assert_int_equal(decode_genesis(d, 3, 0, 0, 1), PSP_EINVAL);
    assert_int_equal(decode_genesis(d, 9, 0, 0, 1), PSP_EINVAL);
    for (unsigned wrong = 12; wrong <= 15; wrong++)
        assert_int_equal(decode_genesis(d, wrong, 0, 0, 1), PSP_EINVAL);
    assert_int_equal(decode_genesis(d, 11, 0, 0, 1), PSP_EVERSION); /* rules of another version */
}

static enum psp_status decode_ballots(struct desk *d, uint32_t n, unsigned wrong)
{
    const size_t widths[] = {[2] = 16, [3] = 8, [4] = 4, [5] = 1, [6] = 1};
    d->body.length = d->inner.length = 0;
    proto_filled(&d->body, 7, 0, 32u + (wrong == 1));
    proto_number(&d->inner, 1, n);
    for (unsigned field = 2; field <= 6; field++)
        proto_filled(&d->inner, field, 0, n * widths[field] + (field == wrong));
    for (unsigned field = 7; field <= 8; field++)
        proto_runs(&d->inner, field, n + (field == wrong));
    proto_message(&d->body, 8, &d->inner);
    return decode_entry(d, 4);
}

static void ballots_whose_lengths_do_not_fit_are_refused(void **state)
{
    struct desk *d = *state;
    assert_int_equal(decode_ballots(d, 2, 0), PSP_OK);
    assert_int_equal(decode_ballots(d, 0, 0), PSP_EINVAL);
    assert_int_equal(decode_ballots(d, 8193, 0), PSP_EINVAL);
    for (unsigned field = 1; field <= 8; field++)
        assert_int_equal(decode_ballots(d, 2, field), PSP_EINVAL);
}

static enum psp_status decode_replays(struct desk *d, const uint8_t *bytes, size_t n)
{
    d->body.length = 0;
    proto_filled(&d->body, 7, 0, 32);
    proto_bytes(&d->body, 9, bytes, n);
    return decode_entry(d, 4);
}

static void replays_stand_alone_and_ascend_by_station(void **state)
{
    struct desk *d = *state;
    static const uint8_t good[] = {1, 5, 0xA0, 0x8D, 0x06, 1}; /* 100,000 is the last */
    assert_int_equal(decode_replays(d, good, sizeof good), PSP_OK);
    assert_int_equal(d->entry.ballots.columns.n, 0);
    assert_int_equal(decode_replays(d, NULL, 0), PSP_OK); /* neither ballots nor replays */
    assert_int_equal(d->entry.ballots.columns.n, 0);
    static const struct {
        size_t length;
        uint8_t bytes[6];
    } bad[] = {
        {1, {1}},                   /* no number */
        {2, {0, 1}},                /* no station */
        {2, {1, 0}},                /* none of them */
        {4, {2, 1, 1, 1}},          /* not ascending */
        {4, {2, 1, 2, 1}},          /* twice */
        {4, {0xA1, 0x8D, 0x06, 1}}, /* over the last */
        {3, {0x81, 0x00, 1}},       /* not the shortest */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(decode_replays(d, bad[i].bytes, bad[i].length), PSP_EINVAL);
}

/* A report entry: number 1, leaves 0 and 1, final, but for one part. */
static enum psp_status decode_report(struct desk *d, uint32_t format, unsigned wrong)
{
    static const uint8_t leaves[] = {0, 0}, turned[] = {0, 0x80, 0};
    d->body.length = 0;
    proto_number(&d->body, 1, wrong == 1 ? 0 : 1);
    if (wrong != 2)
        proto_bytes(&d->body, 2, wrong == 3 ? turned : leaves, wrong == 3 ? 3 : 2);
    proto_number(&d->body, 3, wrong == 4 ? 4 : 1);
    return decode_entry_of(d, format, 8);
}

static void reports_come_back_as_they_went_and_others_are_refused(void **state)
{
    struct desk *d = *state;
    static const uint8_t leaves[] = {0, 0};
    struct psp_entry entry = {.type = PSP_ENTRY_REPORT, .time_ms = 5};
    entry.report = (struct psp_report){7, {leaves, 2}, PSP_FINAL_UNCHANGED, true};
    entry_comes_back(d, &entry);
    assert_int_equal(d->entry.report.number, 7);
    assert_int_equal(d->entry.report.leaves.length, 2);
    assert_memory_equal(d->entry.report.leaves.data, leaves, 2);
    assert_int_equal(d->entry.report.final, PSP_FINAL_UNCHANGED);
    assert_true(d->entry.report.again);
    assert_int_equal(decode_report(d, 2, 0), PSP_OK);
    assert_int_equal(d->entry.report.final, PSP_FINAL_YES);
    assert_false(d->entry.report.again);
    for (unsigned wrong = 1; wrong <= 4; wrong++)
        assert_int_equal(decode_report(d, 2, wrong), PSP_EINVAL);
    assert_int_equal(decode_report(d, 1, 0), PSP_EINVAL); /* 0.1.0 had none */
}

/* Of 0.1.0: the columns stand in the batch; there are no stations, rules or mode. */
static void entries_of_format_1_are_read(void **state)
{
    struct desk *d = *state;
    const size_t widths[] = {[2] = 16, [3] = 8, [4] = 4, [5] = 1, [6] = 1};
    d->body.length = 0;
    proto_number(&d->body, 1, 2);
    for (unsigned field = 2; field <= 6; field++)
        proto_filled(&d->body, field, 0, 2 * widths[field]);
    proto_filled(&d->body, 7, 0, 32);
    assert_int_equal(decode_entry_of(d, 1, 4), PSP_OK);
    assert_int_equal(d->entry.ballots.columns.n, 2);
    assert_int_equal(d->entry.ballots.columns.stations.length, 0);
    assert_int_equal(decode_entry_of(d, 2, 4), PSP_EINVAL); /* as format 2 it is nothing */
    d->body.length = 0;
    for (unsigned part = 1; part <= 5; part++)
        proto_filled(&d->body, part, 0, part == 1 ? 16 : 32);
    proto_number(&d->body, 8, 4096);
    proto_filled(&d->body, 9, 0, 32);
    assert_int_equal(decode_entry_of(d, 1, 3), PSP_OK);
    assert_int_equal(d->entry.genesis.rules, 1);
    assert_int_equal(d->entry.genesis.mode, PSP_MODE_LIVE);
    assert_int_equal(d->entry.genesis.publication, PSP_PUBLICATION_IMMEDIATE);
    assert_int_equal(d->entry.genesis.turnout, PSP_PUBLICATION_IMMEDIATE);
    assert_int_equal(decode_entry_of(d, 2, 3), PSP_EINVAL);
    d->body.length = 0;
    proto_number(&d->body, 1, 14);
    assert_int_equal(decode_entry_of(d, 1, 7), PSP_OK);
    assert_int_equal(d->entry.type, PSP_ENTRY_UNIT_COMPLETE);
    assert_int_equal(d->entry.unit, 14);
    assert_int_equal(decode_entry_of(d, 2, 7), PSP_EINVAL);
    assert_string_equal(d->reason, "a complete unit, which only format 1 has");
}

static void entry_of_another_format_is_refused(void **state)
{
    struct desk *d = *state;
    const uint8_t later[] = {0x08, 3, 0x2A, 0}, no_body[] = {0x08, 2};
    assert_int_equal(psp_entry_decode(d->arena, later, sizeof later, &d->entry, &d->reason),
                     PSP_EVERSION);
    assert_int_equal(psp_entry_decode(d->arena, no_body, sizeof no_body, &d->entry, &d->reason),
                     PSP_EINVAL);
}

/* 8,192 ballots of one station and style, with marks of four bytes each. */
static void a_ballot_takes_29_bytes_and_its_marks_in_a_full_entry(void **state)
{
    struct desk *d = *state;
    enum { N = PSP_BATCH_ROWS_MAX, MARKS = 4 };
    static uint8_t digests[N * PSP_DIGEST_BYTES], tags[N * PSP_TAG_BYTES], units[N * 4], methods[N];
    static uint8_t marks[N * MARKS], stations[PSP_RUN_BYTES_MAX], styles[PSP_RUN_BYTES_MAX];
    struct psp_runs_writer station = {.bytes = stations}, style = {.bytes = styles};
    psp_runs_add(&station, PSP_STATIONS_MAX, N);
    psp_runs_add(&style, 1, N);
    for (size_t i = 0; i < N; i++)
        memcpy(marks + i * MARKS, "\1\0\1\0", MARKS);
    struct psp_entry entry = {.type = PSP_ENTRY_BALLOTS, .time_ms = 1604448000123};
    entry.ballots.columns = (struct psp_count_columns){.n = N,
                                                       .digests = digests,
                                                       .tags = tags,
                                                       .units = units,
                                                       .methods = methods,
                                                       .marks = marks,
                                                       .marks_bytes = sizeof marks,
                                                       .stations = psp_runs_end(&station),
                                                       .styles = psp_runs_end(&style)};
    entry_comes_back(d, &entry);
    assert_true(d->buffer.length >= (size_t)N * (29 + MARKS));
    assert_true(d->buffer.length <= (size_t)N * (29 + MARKS) + N / 64); /* 1 B would be N */
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        FACT(genesis_comes_back_as_it_went),
        FACT(ballots_come_back_as_they_went),
        FACT(small_entries_are_the_bytes_of_the_format),
        FACT(genesis_with_a_wrong_part_is_refused),
        FACT(ballots_whose_lengths_do_not_fit_are_refused),
        FACT(replays_stand_alone_and_ascend_by_station),
        FACT(reports_come_back_as_they_went_and_others_are_refused),
        FACT(entries_of_format_1_are_read),
        FACT(a_ballot_takes_29_bytes_and_its_marks_in_a_full_entry),
        FACT(entry_of_another_format_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
