/* Each line of an answer is one JSON object with all its members, however it is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "election/verdict.h"
#include "gateway/http/answer.h"

static void add(struct psp_gateway_order *order, const char *doubt)
{
    static const uint8_t blank[] = {0};
    const struct psp_ballot ballot = {.voter_id = (const uint8_t *)"v",
                                      .voter_id_bytes = 1,
                                      .ballot_id = {0x01, 0xfe},
                                      .marks = blank,
                                      .marks_bytes = 1};
    assert_int_equal(psp_gateway_order_add(order, &ballot, doubt), PSP_OK);
}

/* The whole answer, taken in pieces of that size. */
static void take(const struct psp_gateway_order *order, size_t piece, struct psp_text *ret_text)
{
    struct psp_gateway_answer answer = {.order = order};
    char bytes[4096];
    ssize_t n;
    while ((n = psp_gateway_answer_read(&answer, bytes, piece)) > 0)
        psp_text_bytes(ret_text, bytes, (size_t)n);
    assert_int_equal(n, 0);
    psp_text_free(&answer.text);
}

static void assert_lines(const struct psp_gateway_order *order, const char *wanted)
{
    for (size_t piece = 1; piece <= 4096; piece *= 8) {
        struct psp_text text = {0};
        take(order, piece, &text);
        assert_int_equal(text.length, strlen(wanted));
        assert_memory_equal(text.data, wanted, text.length);
        psp_text_free(&text);
    }
}

#define ID "\"ballot_id\":\"01fe0000000000000000000000000000\""

static void what_became_of_each_line_is_told(void **state)
{
    (void)state;
    struct psp_gateway_order order = {.state = PSP_GATEWAY_GIVEN_UP, .why = "late"};
    struct psp_gateway_stats stats = {0};
    add(&order, "");
    add(&order, "");
    add(&order, "unknown unit \"x\"");
    add(&order, "");
    add(&order, "");
    static const uint8_t verdicts[] = {PSP_COUNTED, PSP_REPLAYED | PSP_COUNTED << 4, PSP_INVALID};
    for (int i = 0; i < 3; i++) {
        order.lines[i].fate = PSP_GATEWAY_VERDICT;
        order.lines[i].verdict = verdicts[i];
        order.lines[i].shard = 3;
        order.lines[i].index = UINT64_C(12345678901);
    }
    order.lines[3].fate = PSP_GATEWAY_NOT_ALLOWED;
    assert_lines(
        &order, "{\"line\":1," ID ",\"disposition\":\"counted\",\"first\":\"counted\",\"shard\":3,"
                "\"index\":12345678901,\"reason\":null}\n"
                "{\"line\":2," ID ",\"disposition\":\"replayed\",\"first\":\"counted\",\"shard\":3,"
                "\"index\":12345678901,\"reason\":null}\n"
                "{\"line\":3," ID ",\"disposition\":\"invalid\",\"first\":\"invalid\",\"shard\":3,"
                "\"index\":12345678901,\"reason\":\"unknown unit \\\"x\\\"\"}\n"
                "{\"line\":4," ID ",\"disposition\":\"not_allowed\",\"first\":\"not_allowed\","
                "\"shard\":null,\"index\":null,\"reason\":\"outside the units, methods or time "
                "that this token may cast for\"}\n"
                "{\"line\":5," ID ",\"disposition\":null,\"first\":null,\"shard\":null,"
                "\"index\":null,\"reason\":\"late\"}\n");
    assert_int_equal(psp_gateway_answer_status(&order), 503);
    psp_gateway_answer_count(&order, &stats);
    assert_int_equal(stats.verdicts[PSP_COUNTED], 1);
    assert_int_equal(stats.verdicts[PSP_REPLAYED], 1);
    assert_int_equal(stats.not_allowed, 1);
    assert_int_equal(stats.unanswered, 1);
    psp_gateway_order_free(&order);
}

static void lines_that_were_counted_only_are_there_without_their_ids(void **state)
{
    (void)state;
    const struct psp_gateway_order order = {.state = PSP_GATEWAY_NO_ROOM, .n = 1, .why = "full"};
    assert_lines(&order, "{\"line\":1,\"ballot_id\":null,\"disposition\":null,\"first\":null,"
                         "\"shard\":null,\"index\":null,\"reason\":\"full\"}\n");
}

static void a_long_answer_is_whole(void **state)
{
    (void)state;
    enum { LINES = 3000 };
    struct psp_gateway_order order = {.state = PSP_GATEWAY_TOO_MANY};
    struct psp_text text = {0};
    for (int i = 0; i < LINES; i++)
        add(&order, "");
    take(&order, 1000, &text);
    const char *at = text.data;
    for (int i = 1; i <= LINES; i++) {
        const char *end = memchr(at, '\n', (size_t)(text.data + text.length - at));
        assert_non_null(end);
        json_t *line = json_loadb(at, (size_t)(end - at), 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(line, "line")), i);
        assert_int_equal(json_object_size(line), 7);
        json_decref(line);
        at = end + 1;
    }
    assert_ptr_equal(at, text.data + text.length);
    assert_int_equal(psp_gateway_answer_status(&order), 429);
    psp_text_free(&text);
    psp_gateway_order_free(&order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_became_of_each_line_is_told),
        cmocka_unit_test(lines_that_were_counted_only_are_there_without_their_ids),
        cmocka_unit_test(a_long_answer_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
