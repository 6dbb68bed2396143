/* Lines come out as they went in, whether they fit in memory or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/feed/spool.h"

static size_t line_of(uint32_t i, char ret_line[128])
{
    return (size_t)snprintf(ret_line, 128, "{\"kind\":\"result\",\"unit\":\"u%u\"%*s}", i,
                            (int)(i % 50), "");
}

static void put(struct psp_bridge_spool *spool, uint32_t n)
{
    struct psp_reason reason = {0};
    char line[128];
    for (uint32_t i = 0; i < n; i++) {
        const size_t bytes = line_of(i, line);
        assert_int_equal(psp_bridge_spool_add(spool, line, bytes, &reason), PSP_OK);
    }
    assert_int_equal(psp_bridge_spool_lines(spool), n);
}

static void look(struct psp_bridge_spool *spool, uint32_t n)
{
    struct psp_reason reason = {0};
    const char *line;
    char wanted[128];
    size_t bytes;
    assert_int_equal(psp_bridge_spool_rewind(spool, &reason), PSP_OK);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(psp_bridge_spool_next(spool, &line, &bytes, &reason), PSP_OK);
        assert_int_equal(bytes, line_of(i, wanted));
        assert_memory_equal(line, wanted, bytes);
    }
    assert_int_equal(psp_bridge_spool_next(spool, &line, &bytes, &reason), PSP_ENOENT);
}

static void lines_are_kept_in_memory_and_beyond_it(void **state)
{
    (void)state;
    struct psp_bridge_spool *spool = NULL;
    const uint32_t many = PSP_BRIDGE_SPOOL_BYTES / 40; /* lines have 32 to 86 bytes */
    assert_int_equal(psp_bridge_spool_create(PSP_BRIDGE_SPOOL_BYTES_MAX, &spool), PSP_OK);
    look(spool, 0);
    put(spool, 1000);
    look(spool, 1000);
    look(spool, 1000);
    psp_bridge_spool_clear(spool);
    put(spool, many);
    look(spool, many);
    look(spool, many);
    psp_bridge_spool_clear(spool);
    put(spool, 7);
    look(spool, 7);
    psp_bridge_spool_destroy(&spool);
    assert_null(spool);
}

static void a_folder_that_takes_nothing_is_named(void **state)
{
    (void)state;
    struct psp_bridge_spool *spool = NULL;
    struct psp_reason reason = {0};
    char *line = malloc(PSP_BRIDGE_SPOOL_BYTES);
    assert_non_null(line);
    memset(line, 'x', PSP_BRIDGE_SPOOL_BYTES);
    assert_int_equal(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
    assert_int_equal(psp_bridge_spool_create(PSP_BRIDGE_SPOOL_BYTES_MAX, &spool), PSP_OK);
    assert_int_equal(psp_bridge_spool_add(spool, line, PSP_BRIDGE_SPOOL_BYTES, &reason),
                     PSP_ENOENT);
    assert_non_null(strstr(reason.text, "/nowhere/at/all"));
    psp_bridge_spool_destroy(&spool);
    free(line);
    unsetenv("TMPDIR");
}

static void an_answer_without_end_is_not_kept(void **state)
{
    (void)state;
    struct psp_bridge_spool *spool = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_bridge_spool_create(2 << 20, &spool), PSP_OK);
    for (int again = 0; again < 2; again++) {
        enum psp_status status = PSP_OK;
        uint64_t lines = 0;
        while (status == PSP_OK && lines < (4 << 20) / 100) {
            char line[100] = "";
            status = psp_bridge_spool_add(spool, line, sizeof line - 1, &reason);
            lines += status == PSP_OK;
        }
        assert_int_equal(status, PSP_EUNREACHABLE);
        assert_int_equal(lines, (2 << 20) / 100);
        assert_non_null(strstr(reason.text, "more than 2 MiB"));
        psp_bridge_spool_clear(spool); /* the next one has all of the room */
    }
    psp_bridge_spool_destroy(&spool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_kept_in_memory_and_beyond_it),
        cmocka_unit_test(an_answer_without_end_is_not_kept),
        cmocka_unit_test(a_folder_that_takes_nothing_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
