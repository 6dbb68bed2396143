/* Text of strangers: UTF-8, how it is shown, and where a JSON Pointer leads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/json/line.h"
#include "base/text/utf8.h"

static void lengths_follow_the_unicode_standard(void **state)
{
    (void)state;
    const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"a", 1},
        {"\x7F", 1},
        {"\xC2\x80", 2},
        {"\xDF\xBF", 2},
        {"\xE0\xA0\x80", 3},
        {"\xED\x9F\xBF", 3},
        {"\xEF\xBF\xBF", 3},
        {"\xF0\x90\x80\x80", 4},
        {"\xF4\x8F\xBF\xBF", 4},
        {"\x80", 0},             /* a continuation alone */
        {"\xC1\xBF", 0},         /* overlong */
        {"\xE0\x9F\xBF", 0},     /* overlong */
        {"\xF0\x8F\xBF\xBF", 0}, /* overlong */
        {"\xED\xA0\x80", 0},     /* surrogate */
        {"\xF4\x90\x80\x80", 0}, /* past U+10FFFF */
        {"\xF5\x80\x80\x80", 0},
        {"\xE2\x82", 0}, /* truncated */
        {"\xC3(", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(psp_utf8_length(cases[i].text, strlen(cases[i].text)), cases[i].length);
}

static void validity_is_seen_at_every_offset(void **state)
{
    (void)state;
    for (size_t at = 0; at < 20; at++) {
        char text[24];
        memset(text, 'a', sizeof text);
        memcpy(text + at, "\xC3\xBC", 2);
        assert_true(psp_utf8_valid(text, sizeof text));
        assert_false(psp_utf8_valid(text, at + 1));
        text[at + 1] = 'a';
        assert_false(psp_utf8_valid(text, sizeof text));
    }
    assert_true(psp_utf8_valid("", 0));
}

static void a_byte_order_mark_is_seen_when_it_is_whole(void **state)
{
    (void)state;
    assert_true(psp_utf8_marked("\xEF\xBB\xBF{", 4));
    assert_true(psp_utf8_marked("\xEF\xBB\xBF", 3));
    assert_false(psp_utf8_marked("\xEF\xBB\xBF", 2));
    assert_false(psp_utf8_marked("{\xEF\xBB\xBF", 4));
}

static void cuts_fall_between_characters(void **state)
{
    (void)state;
    assert_int_equal(psp_utf8_cut("abc", 3, 5), 3);
    assert_int_equal(psp_utf8_cut("abc", 3, 2), 2);
    assert_int_equal(psp_utf8_cut("a\xE2\x82\xAC"
                                  "b",
                                  5, 4),
                     4);
    assert_int_equal(psp_utf8_cut("a\xE2\x82\xAC"
                                  "b",
                                  5, 3),
                     1);
}

static void strangers_cannot_write_to_the_terminal(void **state)
{
    (void)state;
    assert_string_equal(psp_shown("a\x1B[31m\xFF\x7F\n", 9).text, "a?[31m???");
    assert_string_equal(psp_shown("Doña", 5).text, "Doña");
    assert_string_equal(psp_shown("", 0).text, "");
    char text[200];
    memset(text, 'x', sizeof text);
    assert_int_equal(strlen(psp_shown(text, 90).text), 90);
    assert_int_equal(strlen(psp_shown(text, 91).text), 93);
    memcpy(text + 89, "\xC3\xBC", 2);
    assert_string_equal(psp_shown(text, 120).text + 88, "x...");
}

static void what_turns_the_direction_of_writing_is_seen(void **state)
{
    /* C1, the Arabic letter mark, marks, line and paragraph ends, embeddings, isolates. */
    static const char *const hidden[] = {
        "\xC2\x80",     "\xC2\x9B",     "\xD8\x9C",     "\xE2\x80\x8E", "\xE2\x80\x8F",
        "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x81\xA9",
        "\x1B",         "\t",           "\x7F",         "\xFF"};
    static const char *const shown[] = {"\xC2\xA0",     "\xD8\xA7",        "\xE2\x80\x8D",
                                        "\xE2\x80\xA7", "\xE2\x80\xAF",    "\xE2\x81\xA5",
                                        "\xE2\x82\xAC", "\xF0\x9F\x97\xB3"};
    char text[32], expected[32];
    (void)state;
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        snprintf(text, sizeof text, "a%sb", hidden[i]);
        assert_string_equal(psp_shown(text, strlen(text)).text, "a?b");
        psp_utf8_make_plain(text);
        assert_string_equal(text, "a?b");
    }
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        snprintf(expected, sizeof expected, "a%sb\n", shown[i]);
        memcpy(text, expected, sizeof text);
        psp_utf8_make_plain(text);
        assert_string_equal(text, expected);
    }
}

static void pointers_lead_to_lines(void **state)
{
    (void)state;
    static const char json[] = "\n{ \"a\": [1,\n 2, {\"b\": \"}\\\"]\",\n\"c\": [[],\n{}]}\n],"
                               "\n \"x/y~z\":\n 3, \"\": 4,\n \"e\\u0301\": 5}";
    const struct {
        const char *pointer;
        int line;
    } cases[] = {
        {"", 2},         {"/a", 2},       {"/a/0", 2},       {"/a/1", 3},
        {"/a/2", 3},     {"/a/2/b", 3},   {"/a/2/c", 4},     {"/a/2/c/0", 4},
        {"/a/2/c/1", 5}, {"/x~1y~0z", 7}, {"/", 8},          {"/a/7", 2},
        {"/a/2/no", 3},  {"/no", 2},      {"/a/2/c/1/x", 5}, {"/x~1y~0z/deep", 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(psp_json_line(json, sizeof json - 1, cases[i].pointer), cases[i].line);
    /* Cut anywhere it must not read on. */
    for (size_t bytes = 0; bytes < sizeof json; bytes++)
        assert_true(psp_json_line(json, bytes, "/a/2/c/1") >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_follow_the_unicode_standard),
        cmocka_unit_test(validity_is_seen_at_every_offset),
        cmocka_unit_test(a_byte_order_mark_is_seen_when_it_is_whole),
        cmocka_unit_test(cuts_fall_between_characters),
        cmocka_unit_test(strangers_cannot_write_to_the_terminal),
        cmocka_unit_test(what_turns_the_direction_of_writing_is_seen),
        cmocka_unit_test(pointers_lead_to_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
