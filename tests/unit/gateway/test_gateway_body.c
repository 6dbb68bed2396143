/* Bodies in pieces of every size, faults by line, and what happens without room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/http/body.h"

static struct psp_definition *definition;
static struct psp_gateway_stats stats;

static int load(void **state)
{
    struct psp_reason reason = {0};
    (void)state;
    return psp_definition_load("tests/fixtures/town.json", &definition, &reason) == PSP_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    psp_definition_destroy(&definition);
    return 0;
}

#define LINE(voter)                                                                                \
    "{\"voter_id\":\"" voter "\",\"ballot_id\":\"00112233445566778899aabbccddeeff\","              \
    "\"unit\":\"north-1\",\"method\":\"booth\",\"contests\":{}}"

static void feed(struct psp_gateway_body *body, const char *text, size_t piece, bool one)
{
    psp_gateway_body_start(body, definition, &stats, 7, one);
    for (size_t at = 0, length = strlen(text); at < length; at += piece)
        psp_gateway_body_feed(body, text + at, length - at < piece ? length - at : piece);
    psp_gateway_body_end(body);
}

static void assert_fault(const char *text, bool one, enum psp_gateway_fault fault, uint32_t line,
                         const char *reason)
{
    struct psp_gateway_body body;
    for (size_t piece = 1; piece < 4096; piece = piece * 7 + 1) {
        feed(&body, text, piece, one);
        assert_int_equal(body.fault, fault);
        assert_int_equal(body.line, line);
        if (!strstr(body.reason.text, reason))
            fail_msg("\"%s\" does not say \"%s\"", body.reason.text, reason);
        assert_null(body.order.lines);
        psp_gateway_body_free(&body);
        assert_int_equal(psp_gateway_stat(&stats.held_bytes), 0);
    }
}

static void lines_are_read_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const char *const texts[] = {LINE("a") "\n" LINE("b") "\n", LINE("a") "\n" LINE("b"),
                                        LINE("a") "\r\n" LINE("b") "\r\n\r\n\n  \n"};
    for (size_t t = 0; t < 3; t++)
        for (size_t piece = 1; piece < 4096; piece = piece * 3 + 1) {
            struct psp_gateway_body body;
            feed(&body, texts[t], piece, false);
            assert_int_equal(body.fault, PSP_GATEWAY_GOOD);
            assert_int_equal(body.order.n, 2);
            assert_int_equal(body.order.station, 7);
            struct psp_ballot ballot;
            psp_gateway_order_ballot(&body.order, 1, &ballot);
            assert_memory_equal(ballot.voter_id, "b", 1);
            assert_int_equal(ballot.ballot_id[1], 0x11);
            assert_true(psp_gateway_stat(&stats.held_bytes) > 0);
            psp_gateway_body_free(&body);
            assert_int_equal(psp_gateway_stat(&stats.held_bytes), 0);
        }
}

static void one_object_may_have_many_lines(void **state)
{
    (void)state;
    struct psp_gateway_body body;
    feed(&body,
         "{\n\"voter_id\": \"a\", \"ballot_id\": \"00112233445566778899aabbccddeeff\",\n"
         "\"unit\": \"north-1\", \"method\":\"booth\",\n\n\"contests\": {}}\n",
         5, true);
    assert_int_equal(body.fault, PSP_GATEWAY_GOOD);
    assert_int_equal(body.order.n, 1);
    psp_gateway_body_free(&body);
    assert_fault(LINE("a") "\n" LINE("b") "\n", true, PSP_GATEWAY_BAD_LINE, 1, "behind the object");
}

static void the_first_fault_is_told_with_its_line(void **state)
{
    (void)state;
    assert_fault("", false, PSP_GATEWAY_BAD_LINE, 1, "no ballot");
    assert_fault("\n\n", false, PSP_GATEWAY_BAD_LINE, 1, "no ballot");
    assert_fault(LINE("a") "\n\n" LINE("b"), false, PSP_GATEWAY_BAD_LINE, 2, "empty");
    assert_fault(LINE("a") "\n[1]\n{", false, PSP_GATEWAY_BAD_LINE, 2, "array");
    assert_fault(LINE("a") "\nx\n", false, PSP_GATEWAY_BAD_LINE, 2, "");
    assert_fault(LINE("a") "\n{\"voter_id\":\"a\",\"unit\":\"north-1\",\"method\":\"booth\","
                           "\"contests\":{}}\n",
                 false, PSP_GATEWAY_BAD_LINE, 2, "choose one yourself (32 hex digits)");
    assert_fault(LINE(""), false, PSP_GATEWAY_BAD_LINE, 1, "voter_id");
}

static void more_than_may_be_is_too_large(void **state)
{
    (void)state;
    struct psp_gateway_body body;
    psp_gateway_body_start(&body, definition, &stats, 7, false);
    static const char line[] = LINE("a") "\n";
    for (uint32_t i = 0; i < PSP_GATEWAY_LINES_MAX; i++)
        psp_gateway_body_feed(&body, line, sizeof line - 1);
    assert_int_equal(body.fault, PSP_GATEWAY_GOOD);
    assert_int_equal(body.order.n, PSP_GATEWAY_LINES_MAX);
    psp_gateway_body_feed(&body, line, sizeof line - 1);
    assert_int_equal(body.fault, PSP_GATEWAY_TOO_LARGE);
    psp_gateway_body_free(&body);

    char *blanks = malloc(PSP_GATEWAY_LINE_BYTES_MAX);
    assert_non_null(blanks);
    memset(blanks, ' ', PSP_GATEWAY_LINE_BYTES_MAX);
    psp_gateway_body_start(&body, definition, &stats, 7, false);
    psp_gateway_body_feed(&body, blanks, PSP_GATEWAY_LINE_BYTES_MAX);
    assert_int_equal(body.fault, PSP_GATEWAY_GOOD);
    psp_gateway_body_feed(&body, blanks, 1);
    assert_int_equal(body.fault, PSP_GATEWAY_BAD_LINE);
    assert_non_null(strstr(body.reason.text, "1048576"));
    for (int i = 0; i < PSP_GATEWAY_BODY_MIB_MAX; i++)
        psp_gateway_body_feed(&body, blanks, PSP_GATEWAY_LINE_BYTES_MAX);
    assert_int_equal(body.fault, PSP_GATEWAY_TOO_LARGE);
    psp_gateway_body_free(&body);
    assert_int_equal(psp_gateway_stat(&stats.held_bytes), 0);
    free(blanks);
}

static void without_room_the_lines_are_counted(void **state)
{
    (void)state;
    struct psp_gateway_body body;
    psp_gateway_body_start(&body, definition, &stats, 7, false);
    static const char line[] = LINE("a") "\n";
    psp_gateway_body_feed(&body, line, sizeof line - 1);
    psp_gateway_count(&stats.held_bytes, PSP_GATEWAY_HELD_BYTES_MAX);
    for (uint32_t i = 0; i < 1000; i++)
        psp_gateway_body_feed(&body, line, sizeof line - 1);
    psp_gateway_body_end(&body);
    assert_int_equal(body.fault, PSP_GATEWAY_GOOD);
    assert_true(body.shed);
    assert_int_equal(body.order.n, 1001);
    assert_null(body.order.lines);
    psp_gateway_body_free(&body);
    assert_int_equal(psp_gateway_stat(&stats.held_bytes), PSP_GATEWAY_HELD_BYTES_MAX);
    atomic_store(&stats.held_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_in_pieces_of_any_size),
        cmocka_unit_test(one_object_may_have_many_lines),
        cmocka_unit_test(the_first_fault_is_told_with_its_line),
        cmocka_unit_test(more_than_may_be_is_too_large),
        cmocka_unit_test(without_room_the_lines_are_counted),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
