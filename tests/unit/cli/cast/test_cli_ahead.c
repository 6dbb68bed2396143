/* Lines read by another thread: all of them, in the order of the file, whatever a pipe does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cast/lines/ahead.h"
#include "cli/cast/lines/lines.h"
#include "tests/unit/fixture/primary.h"

enum { VOTERS = 20000, EACH_UNREADABLE = 7, EACH_EMPTY = 5 };

static const uint8_t secret[32] = {7};

static struct psp_ballot_lines form_of(struct psp_definition **ret_definition)
{
    struct psp_reason reason = {0};
    assert_int_equal(
        psp_definition_parse(primary_json, sizeof primary_json - 1, ret_definition, &reason),
        PSP_OK);
    return (struct psp_ballot_lines){.definition = *ret_definition, .secret = secret};
}

static int print_line(char *text, size_t size, unsigned i)
{
    if (i % EACH_UNREADABLE == 0)
        return snprintf(text, size, "{\"voter_id\": %u}\n%s", i, i % EACH_EMPTY ? "" : " \n");
    return snprintf(text, size,
                    "{\"voter_id\":\"v%u\",\"unit\":\"%s\",\"style\":\"dem\",\"method\":\"mail\","
                    "\"contests\":{\"bridge\":[\"yes\"]}}\n%s",
                    i, i % 3 ? "x" : "nowhere", i % EACH_EMPTY ? "" : "\n");
}

static enum psp_status next_of(struct psp_ahead *ahead, struct psp_ahead_line *ret_line)
{
    enum psp_status status;
    while ((status = psp_ahead_next(ahead, ret_line)) == PSP_EAGAIN)
        usleep(1000);
    return status;
}

static void check_line(const struct psp_ahead_line *line, unsigned i, uint64_t number)
{
    char voter[16];
    assert_int_equal(line->number, number);
    if (i % EACH_UNREADABLE == 0) {
        assert_string_equal(line->fault, "voter_id: a string of 1 to 255 bytes is needed");
        return;
    }
    assert_null(line->fault);
    const int n = snprintf(voter, sizeof voter, "v%u", i);
    assert_int_equal(line->ballot.voter_id_bytes, n);
    assert_memory_equal(line->ballot.voter_id, voter, (size_t)n);
    assert_string_equal(line->doubt, i % 3 ? "" : "unknown unit \"nowhere\"");
    assert_int_equal(psp_marks_length(line->ballot.marks, line->ballot.marks_bytes),
                     line->ballot.marks_bytes);
}

static void every_line_comes_in_its_place(void **state)
{
    (void)state;
    char path[] = "/tmp/psephos-ahead-XXXXXX", text[256];
    struct psp_definition *definition = NULL;
    const struct psp_ballot_lines form = form_of(&definition);
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    for (unsigned i = 0; i < VOTERS; i++) {
        print_line(text, sizeof text, i);
        fputs(text, file);
    }
    fclose(file);
    struct psp_ahead *ahead = NULL;
    struct psp_ahead_line line;
    assert_int_equal(psp_ahead_open(path, &form, &ahead), PSP_OK);
    uint64_t number = 0;
    for (unsigned i = 0; i < VOTERS; i++) {
        assert_int_equal(next_of(ahead, &line), PSP_OK);
        check_line(&line, i, ++number);
        number += i % EACH_EMPTY == 0;
    }
    assert_int_equal(next_of(ahead, &line), PSP_ENOENT);
    assert_int_equal(next_of(ahead, &line), PSP_ENOENT);
    psp_ahead_close(&ahead);
    assert_null(ahead);
    psp_definition_destroy(&definition);
    unlink(path);
}

static void a_pipe_that_pauses_gives_what_it_has(void **state)
{
    (void)state;
    int ends[2];
    char path[32], text[256];
    struct psp_definition *definition = NULL;
    const struct psp_ballot_lines form = form_of(&definition);
    struct psp_ahead *ahead = NULL;
    struct psp_ahead_line line;
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    assert_int_equal(psp_ahead_open(path, &form, &ahead), PSP_OK);
    uint64_t number = 0;
    for (unsigned i = 1; i < 100; i++) {
        assert_int_equal(psp_ahead_next(ahead, &line), PSP_EAGAIN);
        const int n = print_line(text, sizeof text, i);
        assert_int_equal(write(ends[1], text, (size_t)n), n);
        assert_int_equal(next_of(ahead, &line), PSP_OK);
        check_line(&line, i, ++number);
        number += i % EACH_EMPTY == 0;
    }
    close(ends[1]);
    assert_int_equal(next_of(ahead, &line), PSP_ENOENT);
    psp_ahead_close(&ahead);
    close(ends[0]);
    psp_definition_destroy(&definition);
}

/* Whoever gives up early leaves filled blocks behind, and a thread that waits for room. */
static void it_can_be_closed_before_the_end(void **state)
{
    (void)state;
    char path[] = "/tmp/psephos-ahead-XXXXXX", text[256];
    struct psp_definition *definition = NULL;
    const struct psp_ballot_lines form = form_of(&definition);
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    for (unsigned i = 0; i < VOTERS; i++) {
        print_line(text, sizeof text, i);
        fputs(text, file);
    }
    fclose(file);
    for (unsigned lines = 0; lines < 1200; lines += 300) {
        struct psp_ahead *ahead = NULL;
        struct psp_ahead_line line;
        assert_int_equal(psp_ahead_open(path, &form, &ahead), PSP_OK);
        for (unsigned i = 0; i < lines; i++)
            assert_int_equal(next_of(ahead, &line), PSP_OK);
        psp_ahead_close(&ahead);
    }
    psp_definition_destroy(&definition);
    unlink(path);
}

static void a_line_that_is_too_long_is_told_and_the_next_is_read(void **state)
{
    (void)state;
    char path[] = "/tmp/psephos-ahead-XXXXXX", text[256];
    struct psp_definition *definition = NULL;
    const struct psp_ballot_lines form = form_of(&definition);
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    for (int i = 0; i < PSP_LINE_BYTES_MAX + 10; i++)
        fputc('x', file);
    print_line(text, sizeof text, 1);
    fprintf(file, "\n%s", text);
    fclose(file);
    struct psp_ahead *ahead = NULL;
    struct psp_ahead_line line;
    assert_int_equal(psp_ahead_open(path, &form, &ahead), PSP_OK);
    assert_int_equal(next_of(ahead, &line), PSP_OK);
    assert_string_equal(line.fault, "longer than a line may be (1048576 bytes)");
    assert_int_equal(next_of(ahead, &line), PSP_OK);
    check_line(&line, 1, 2);
    psp_ahead_close(&ahead);
    psp_definition_destroy(&definition);
    unlink(path);
}

static void a_file_that_is_not_there_is_no_source(void **state)
{
    (void)state;
    struct psp_definition *definition = NULL;
    const struct psp_ballot_lines form = form_of(&definition);
    struct psp_ahead *ahead = NULL;
    assert_int_equal(psp_ahead_open("/nowhere/at/all", &form, &ahead), PSP_ENOENT);
    assert_null(ahead);
    psp_definition_destroy(&definition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_comes_in_its_place),
        cmocka_unit_test(a_pipe_that_pauses_gives_what_it_has),
        cmocka_unit_test(it_can_be_closed_before_the_end),
        cmocka_unit_test(a_line_that_is_too_long_is_told_and_the_next_is_read),
        cmocka_unit_test(a_file_that_is_not_there_is_no_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
