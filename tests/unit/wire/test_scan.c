/* Messages that would take long to unpack are refused before: the arena has room for none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "wire/message/message.h"

enum { BYTES = 4 << 20, SMALL_ARENA = 4 << 10, HEAD_MAX = 64 };

struct desk {
    uint8_t *bytes;
    size_t length;
    struct psp_arena *arena;
    struct psp_client_message got;
    const char *reason;
};

static int make_desk(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    assert_non_null(d);
    d->bytes = malloc(BYTES + HEAD_MAX);
    assert_non_null(d->bytes);
    assert_int_equal(psp_arena_create(SMALL_ARENA, &d->arena), PSP_OK);
    *state = d;
    return 0;
}

static int end_desk(void **state)
{
    struct desk *d = *state;
    psp_arena_destroy(&d->arena);
    free(d->bytes);
    free(d);
    return 0;
}

static void add(struct desk *d, uint64_t value)
{
    for (; value > 0x7F; value >>= 7)
        d->bytes[d->length++] = (uint8_t)(value | 0x80);
    d->bytes[d->length++] = (uint8_t)value;
}

/* Protocol 1, then a body that says its batch ID first and is `bytes` long. */
static void begin(struct desk *d, unsigned body, size_t bytes, uint64_t batch_id)
{
    d->length = 0;
    add(d, 1 << 3);
    add(d, 1);
    add(d, body << 3 | 2);
    const size_t id_bytes = batch_id < 0x80 ? 2 : 3;
    add(d, bytes + id_bytes);
    add(d, 1 << 3);
    add(d, batch_id);
}

/* `n` times a field of this number with nothing in it. */
static void add_empty(struct desk *d, unsigned field, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        d->bytes[d->length++] = (uint8_t)(field << 3 | 2);
        d->bytes[d->length++] = 0;
    }
}

static void refused(struct desk *d, const char *reason)
{
    psp_arena_reset(d->arena);
    d->got.batch_id = 0;
    assert_int_equal(psp_client_message_decode(d->arena, d->bytes, d->length, &d->got, &d->reason),
                     PSP_EINVAL);
    assert_string_equal(d->reason, reason);
}

static void two_million_ballots_are_counted_first(void **state)
{
    struct desk *d = *state;
    const size_t n = 2000000;
    begin(d, 3, 2 * n, 300);
    add_empty(d, 3, n);
    refused(d, "a batch of more than 8192 ballots");
    assert_int_equal(d->got.batch_id, 300);
    assert_int_equal(psp_client_message_batch_id(d->bytes, d->length), 300);
}

static void so_are_marks_and_choices(void **state)
{
    struct desk *d = *state;
    const size_t n = 500000;
    begin(d, 3, 2 * n + 4, 7); /* one ballot */
    add(d, 3 << 3 | 2);
    add(d, 2 * n);
    add_empty(d, 6, n);
    refused(d, "more than 1024 contests are marked");
    assert_int_equal(d->got.batch_id, 7);

    begin(d, 3, 2 * n + 8, 7); /* one ballot, one mark */
    add(d, 3 << 3 | 2);
    add(d, 2 * n + 4);
    add(d, 6 << 3 | 2);
    add(d, 2 * n);
    add_empty(d, 2, n);
    refused(d, "more than 256 choices of one contest are marked");
}

/* Each ballot within its limits, and together too many. */
static void marks_of_a_message_are_counted_together(void **state)
{
    struct desk *d = *state;
    const size_t ballots = 400, marks = 1000;
    begin(d, 3, ballots * (2 * marks + 3), 9);
    for (size_t i = 0; i < ballots; i++) {
        add(d, 3 << 3 | 2);
        add(d, 2 * marks);
        add_empty(d, 6, marks);
    }
    refused(d, "more than 131072 marks and choices in one message");
}

static void fields_that_nobody_knows_are_few(void **state)
{
    struct desk *d = *state;
    const size_t n = 1000000;
    d->length = 0;
    add(d, 1 << 3);
    add(d, 1);
    add_empty(d, 15, n);
    refused(d, "too many fields for one message");
    begin(d, 4, 2 * n, 5);
    add_empty(d, 15, n);
    refused(d, "too many fields for one message");
    begin(d, 3, 2 * n + 4, 5);
    add(d, 3 << 3 | 2);
    add(d, 2 * n);
    add_empty(d, 7, n);
    refused(d, "too many fields for one message");
    d->length = 0; /* the body again and again */
    add(d, 1 << 3);
    add(d, 1);
    add_empty(d, 3, n);
    refused(d, "too many fields for one message");
}

static void of_another_version_only_that_is_said(void **state)
{
    struct desk *d = *state;
    begin(d, 3, 2000000, 5);
    add_empty(d, 3, 1000000);
    d->bytes[1] = 2;
    assert_int_equal(psp_client_message_decode(d->arena, d->bytes, d->length, &d->got, &d->reason),
                     PSP_EVERSION);
}

static void the_batch_id_is_read_from_the_first_bytes(void **state)
{
    struct desk *d = *state;
    begin(d, 4, 100, 77); /* the rest is not there */
    assert_int_equal(psp_client_message_batch_id(d->bytes, d->length), 0);
    memset(d->bytes + d->length, 0, 100);
    assert_int_equal(psp_client_message_batch_id(d->bytes, d->length + 100), 77);
    assert_int_equal(psp_client_message_batch_id(d->bytes, 0), 0);
    static const uint8_t hello[] = {8, 1, 0x12, 0}, rubbish[] = {0xFF, 0xFF, 0xFF};
    assert_int_equal(psp_client_message_batch_id(hello, sizeof hello), 0);
    assert_int_equal(psp_client_message_batch_id(rubbish, sizeof rubbish), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define AT_DESK(test) cmocka_unit_test_setup_teardown(test, make_desk, end_desk)
        AT_DESK(two_million_ballots_are_counted_first),
        AT_DESK(so_are_marks_and_choices),
        AT_DESK(marks_of_a_message_are_counted_together),
        AT_DESK(fields_that_nobody_knows_are_few),
        AT_DESK(of_another_version_only_that_is_said),
        AT_DESK(the_batch_id_is_read_from_the_first_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
