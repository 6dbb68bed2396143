/* The fast reader of lines against jansson: what one takes or refuses, the other does, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/line/leaf_names.h"
#include "tests/fuzz/same_json.h"
#include "tests/unit/fixture/primary.h"

enum { LINE_BYTES_MAX = 1 << 20, CHANGED_LINES = 60000, CHANGES_MAX = 4 };

#define WHOLE(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
struct line {
    const char *text;
    size_t bytes;
};

static const struct line taken[] = {
    WHOLE("{}"),
    WHOLE(" \t\r\n{ \n} \n"),
    WHOLE("{\"\":0}"),
    WHOLE("{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}]}"),
    WHOLE("{\"a\":-0,\"b\":-0.0,\"c\":0e999999999999,\"d\":1e-999999999999}"),
    WHOLE("{\"a\":9223372036854775807,\"b\":-9223372036854775808}"),
    WHOLE("{\"a\":1.7976931348623157e308,\"b\":4.9e-324,\"c\":0.1E+2}"),
    WHOLE(
        "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\x7f\xc3\xa9\xf0\x9f\x98\x80\"}"),
    WHOLE("{\"\\u00e9\":1,\"\\u00e8\":2,\"e\":true,\"f\":false,\"g\":null}"),
};
static const struct line refused[] = {
    WHOLE(""),
    WHOLE(" "),
    WHOLE("[]"),
    WHOLE("\"a\""),
    WHOLE("1"),
    WHOLE("null"),
    WHOLE("{"),
    WHOLE("{}}"),
    WHOLE("{}{}"),
    WHOLE("{} x"),
    WHOLE("{},"),
    WHOLE("{}\0"),
    WHOLE("\0{}"),
    WHOLE("{\"a\":1,}"),
    WHOLE("{,\"a\":1}"),
    WHOLE("{\"a\" 1}"),
    WHOLE("{\"a\":}"),
    WHOLE("{\"a\":1 \"b\":2}"),
    WHOLE("{a:1}"),
    WHOLE("{'a':1}"),
    WHOLE("{\"a\":[1,]}"),
    WHOLE("{\"a\":[1 2]}"),
    WHOLE("{\"a\":[1}"),
    WHOLE("{\"a\":nul}"),
    WHOLE("{\"a\":nulll}"),
    WHOLE("{\"a\":True}"),
    WHOLE("{\"a\":NaN}"),
    WHOLE("{\"a\":Infinity}"),
    WHOLE("{\"a\":01}"),
    WHOLE("{\"a\":-}"),
    WHOLE("{\"a\":+1}"),
    WHOLE("{\"a\":.5}"),
    WHOLE("{\"a\":1.}"),
    WHOLE("{\"a\":1e}"),
    WHOLE("{\"a\":0x1}"),
    WHOLE("{\"a\":9223372036854775808}"),
    WHOLE("{\"a\":18446744073709551615}"),
    WHOLE("{\"a\":18446744073709551616}"),
    WHOLE("{\"a\":-9223372036854775809}"),
    WHOLE("{\"a\":1e309}"),
    WHOLE("{\"a\":-1e309}"),
    WHOLE("{\"a\":\"\t\"}"),
    WHOLE("{\"a\":\"\0\"}"),
    WHOLE("{\"a\":\"\\u0000\"}"),
    WHOLE("{\"\\u0000\":1}"),
    WHOLE("{\"a\":\"\\ud800\"}"),
    WHOLE("{\"a\":\"\\udc00\"}"),
    WHOLE("{\"a\":\"\\ud800\\ud800\"}"),
    WHOLE("{\"a\":\"\\ud800x\"}"),
    WHOLE("{\"\\udc00\":1}"),
    WHOLE("{\"a\":\"\\x\"}"),
    WHOLE("{\"a\":\"\\u12g4\"}"),
    WHOLE("{\"a\":\"\\"),
    WHOLE("{\"a\":\"\xff\"}"),
    WHOLE("{\"a\":\"\xed\xa0\x80\"}"),
    WHOLE("{\"a\":\"\xc0\x80\"}"),
    WHOLE("{\"a\":\"\xf4\x90\x80\x80\"}"),
    WHOLE("{\"a\":1}\xff"),
    WHOLE("{\"a\":1,\xc3\xa9}"),
    WHOLE("\xef\xbb\xbf{}"),
    WHOLE("{\"a\":1,\"a\":2}"),
    WHOLE("{\"a\":1,\"\\u0061\":2}"),
    WHOLE("{\"\":1,\"\":2}"),
    WHOLE("{\"b\":[{\"c\":{\"x\":1,\"y\":2,\"x\":3}}]}"),
    WHOLE("{\"a\":1/**/}"),
    WHOLE("{\"a\":[1\0]}"),
    WHOLE("{\"a\":[true\0]}"),
};

static void each_kind_of_line_is_taken_or_refused_as_by_jansson(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (!psp_line_nodes(taken[i].text, taken[i].bytes) ||
            !same_json(taken[i].text, taken[i].bytes))
            fail_msg("not taken: %s", taken[i].text);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (psp_line_nodes(refused[i].text, refused[i].bytes) ||
            !same_json(refused[i].text, refused[i].bytes))
            fail_msg("taken: %s", refused[i].text);
}

/* ---- lines changed by chance ---- */

static uint64_t chance(uint64_t *seed) /* splitmix64 */
{
    uint64_t z = *seed += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static const char *const whole_lines[] = {
    ("{\"voter_id\": \"6f1f\", \"voter_name\": \"Ada Hunt\", \"date_of_birth\": \"1944-03-04\","
     " \"gender\": \"female\", \"address\": {\"street\": \"1 Way\", \"state\": \"Kent\"},"
     " \"registered_age\": 44, \"candidate_id\": \"c9e9c616\", \"vote\": 1}"),
    ("{\"voter_id\":\"v1\",\"unit\":\"x\",\"style\":\"dem\",\"contests\":{\"gov-d\":[\"ann\"],"
     "\"bridge\":[\"yes\",\"no\"]},\"cast_at\":1790000000000,\"more\":[[],{},[{\"a\":-1.5e3}]]}"),
    "{\"a\":\"\\u0041\\ud83d\\ude00\\\\\\/ \xc3\xa9\xf0\x9f\x98\x80\",\"A\":[true,false,null,0]}",
};
static const struct line pieces[] = {WHOLE("{"),
                                     WHOLE("}"),
                                     WHOLE("["),
                                     WHOLE("]"),
                                     WHOLE(","),
                                     WHOLE(":"),
                                     WHOLE("\""),
                                     WHOLE("\\"),
                                     WHOLE("\\u"),
                                     WHOLE("\\u0000"),
                                     WHOLE("\\ud800"),
                                     WHOLE("\\udc00"),
                                     WHOLE("0"),
                                     WHOLE("-"),
                                     WHOLE("."),
                                     WHOLE("e"),
                                     WHOLE("99999999999999999999"),
                                     WHOLE("1e400"),
                                     WHOLE(" "),
                                     WHOLE("\t"),
                                     WHOLE("\n"),
                                     WHOLE("\0"),
                                     WHOLE("\x1f"),
                                     WHOLE("\x7f"),
                                     WHOLE("\xff"),
                                     WHOLE("\xc3"),
                                     WHOLE("\xed\xa0\x80"),
                                     WHOLE("true"),
                                     WHOLE("null"),
                                     WHOLE(",\"vote\":1"),
                                     WHOLE(",\"a\":1"),
                                     WHOLE("{\"a\":1}"),
                                     WHOLE("[[[[[[[[")};

/* Puts a piece in, takes some bytes out or another byte in, or doubles some. */
static size_t change(char *line, size_t bytes, uint64_t *seed)
{
    const size_t at = chance(seed) % (bytes + 1), n = chance(seed) % 8;
    const struct line *piece = &pieces[chance(seed) % (sizeof pieces / sizeof *pieces)];
    switch (chance(seed) % 4) {
    case 0:
        memmove(line + at + piece->bytes, line + at, bytes - at);
        memcpy(line + at, piece->text, piece->bytes);
        return bytes + piece->bytes;
    case 1:
        if (at + n > bytes)
            return bytes;
        memmove(line + at, line + at + n, bytes - at - n);
        return bytes - n;
    case 2:
        if (at < bytes)
            line[at] = (char)chance(seed);
        return bytes;
    default:
        if (at + 4 * n > bytes)
            return bytes;
        memmove(line + at + 4 * n, line + at, bytes - at);
        return bytes + 4 * n;
    }
}

static void lines_changed_by_chance_are_read_as_by_jansson(void **state)
{
    (void)state;
    char line[1024];
    for (uint64_t i = 0; i < CHANGED_LINES; i++) {
        uint64_t seed = i;
        const char *from = whole_lines[i % (sizeof whole_lines / sizeof *whole_lines)];
        size_t bytes = strlen(from);
        memcpy(line, from, bytes);
        for (uint64_t n = 1 + chance(&seed) % CHANGES_MAX; n > 0; n--)
            bytes = change(line, bytes, &seed);
        if (!same_json(line, bytes))
            fail_msg("seed %d: %.*s", (int)i, (int)bytes, line);
    }
}

/* ---- large ones ---- */

static void a_value_may_be_as_deep_as_jansson_lets_it(void **state)
{
    (void)state;
    static char line[8 * PSP_LINE_DEPTH_MAX];
    for (size_t lists = PSP_LINE_DEPTH_MAX - 3; lists < PSP_LINE_DEPTH_MAX + 3; lists++) {
        for (int inside = 0; inside < 2; inside++) {
            char *at = line + sprintf(line, "{\"a\":");
            memset(at, '[', lists);
            at += lists;
            if (inside)
                *at++ = '1';
            memset(at, ']', lists);
            at += lists;
            *at++ = '}';
            const size_t bytes = (size_t)(at - line);
            assert_true(same_json(line, bytes));
            /* The object is the first level, a number inside one more. */
            assert_int_equal(psp_line_nodes(line, bytes) != NULL,
                             1 + lists + (size_t)inside <= PSP_LINE_DEPTH_MAX);
        }
    }
}

/* Of 4 bytes each, the last as the one at `twice`. */
static size_t many_names(char *line, unsigned n, unsigned twice)
{
    char *at = line;
    *at++ = '{';
    for (unsigned i = 0; i < n; i++)
        at += sprintf(at, "%s\"%04x\":%u", i > 0 ? "," : "", i + 1 < n ? i : twice, i);
    *at++ = '}';
    return (size_t)(at - line);
}

static void a_name_that_stands_twice_is_seen_among_many(void **state)
{
    (void)state;
    static char line[LINE_BYTES_MAX];
    for (unsigned n = 2; n < 200; n++) {
        assert_non_null(psp_line_nodes(line, many_names(line, n, n - 1)));
        for (unsigned twice = 0; twice + 1 < n; twice += 1 + n / 9)
            assert_null(psp_line_nodes(line, many_names(line, n, twice)));
    }
    assert_non_null(psp_line_nodes(line, many_names(line, 60000, 59999)));
    assert_null(psp_line_nodes(line, many_names(line, 60000, 31)));
}

static void the_longest_lines_are_read_and_short_ones_after_them(void **state)
{
    (void)state;
    static char line[LINE_BYTES_MAX];
    for (int round = 0; round < 2; round++) {
        memset(line, ' ', sizeof line);
        memcpy(line, "{\"a\":[0", 7);
        for (size_t i = 7; i + 4 < sizeof line; i += 2)
            memcpy(line + i, ",1", 2);
        memcpy(line + sizeof line - 2, "]}", 2);
        assert_true(same_json(line, sizeof line));
        const struct psp_line_node *nodes = psp_line_nodes(line, sizeof line);
        assert_non_null(nodes);
        assert_true(nodes->end > 500000);
        assert_true(same_json(taken[3].text, taken[3].bytes));
    }
}

/* ---- names of places ---- */

static void a_leaf_is_found_by_any_of_its_names_in_any_case(void **state)
{
    (void)state;
    struct psp_definition *definition = NULL;
    struct psp_leaf_names *names = NULL;
    struct psp_reason reason = {0};
    static char json[2 * sizeof primary_json];
    static const char old_name[] = "\"name\":\"Y\"";
    const char *at = strstr(primary_json, old_name);
    snprintf(json, sizeof json, "%.*s\"name\":\"High Land\"%s", (int)(at - primary_json),
             primary_json, at + sizeof old_name - 1);
    assert_int_equal(psp_definition_parse(json, strlen(json), &definition, &reason), PSP_OK);
    assert_int_equal(psp_leaf_names_create(definition, &names), PSP_OK);
    const uint32_t y = psp_definition_unit(definition, "y", 1);
    assert_int_equal(psp_leaf_names_find(names, "high land", 9), y);
    assert_int_equal(psp_leaf_names_find(names, "HIGH LAND", 9), y);
    assert_int_equal(psp_leaf_names_find(names, "y", 1), y);
    assert_int_equal(psp_leaf_names_find(names, "Y", 1), y);
    assert_int_equal(psp_leaf_names_find(names, "yy", 2), PSP_NONE);
    assert_int_equal(psp_leaf_names_find(names, "", 0), PSP_NONE);
    assert_int_equal(psp_leaf_names_find(names, "c", 1), PSP_NONE); /* no leaf */
    static char longer[2 * PSP_NAME_BYTES_MAX];
    assert_int_equal(psp_leaf_names_find(names, longer, sizeof longer), PSP_NONE);
    psp_leaf_names_destroy(&names);
    psp_definition_destroy(&definition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_line_is_taken_or_refused_as_by_jansson),
        cmocka_unit_test(lines_changed_by_chance_are_read_as_by_jansson),
        cmocka_unit_test(a_value_may_be_as_deep_as_jansson_lets_it),
        cmocka_unit_test(a_name_that_stands_twice_is_seen_among_many),
        cmocka_unit_test(the_longest_lines_are_read_and_short_ones_after_them),
        cmocka_unit_test(a_leaf_is_found_by_any_of_its_names_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
