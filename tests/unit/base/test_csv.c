/* CSV in and out, and every way a file is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/csv.h"

/* Reads all and prints records as a|b; one a line, to compare with. From memory, or
 * from a FILE that gives few bytes at a time. */
static enum psp_status read_all(const char *text, size_t bytes, bool from_file, char *ret_out,
                                size_t size, struct psp_reason *reterr_reason)
{
    struct psp_csv *csv = NULL;
    FILE *file = NULL;
    if (from_file) {
        file = bytes > 0 ? fmemopen((void *)(uintptr_t)text, bytes, "r") : fopen("/dev/null", "r");
        assert_non_null(file);
        setvbuf(file, NULL, _IOFBF, 16);
        assert_int_equal(psp_csv_open_file(file, &csv), PSP_OK);
    } else {
        assert_int_equal(psp_csv_open_memory(text, bytes, &csv), PSP_OK);
    }
    struct psp_csv_record record;
    size_t out = 0;
    enum psp_status status;
    ret_out[0] = '\0';
    while ((status = psp_csv_next(csv, &record, reterr_reason)) == PSP_OK) {
        out += (size_t)snprintf(ret_out + out, size - out, "%d:", (int)record.line);
        for (uint32_t i = 0; i < record.field_count; i++) {
            assert_int_equal(strlen(record.fields[i].text), record.fields[i].bytes);
            out += (size_t)snprintf(ret_out + out, size - out, "%s%s", i > 0 ? "|" : "",
                                    record.fields[i].text);
        }
        out += (size_t)snprintf(ret_out + out, size - out, ";");
    }
    if (status == PSP_ENOENT)
        assert_int_equal(psp_csv_next(csv, &record, reterr_reason), PSP_ENOENT);
    psp_csv_close(&csv);
    assert_null(csv);
    if (file != NULL)
        fclose(file);
    return status;
}

static void read_as(const char *text, const char *expected)
{
    for (int from_file = 0; from_file < 2; from_file++) {
        char out[512];
        struct psp_reason reason = {0};
        if (read_all(text, strlen(text), from_file, out, sizeof out, &reason) != PSP_ENOENT)
            fail_msg("line %d: %s", (int)reason.line, reason.text);
        assert_string_equal(out, expected);
    }
}

static void refused_bytes(const char *text, size_t bytes, uint64_t line, uint32_t column,
                          const char *reason)
{
    for (int from_file = 0; from_file < 2; from_file++) {
        char out[512];
        struct psp_reason fault = {0};
        assert_int_equal(read_all(text, bytes, from_file, out, sizeof out, &fault), PSP_EINVAL);
        if (strstr(fault.text, reason) == NULL)
            fail_msg("reason: %s", fault.text);
        assert_int_equal(fault.line, line);
        assert_int_equal(fault.column, column);
    }
}

static void refused(const char *text, uint64_t line, uint32_t column, const char *reason)
{
    refused_bytes(text, strlen(text), line, column, reason);
}

static void bare_fields_are_read(void **state)
{
    (void)state;
    read_as("", "");
    read_as("a,b\nc,d\n", "1:a|b;2:c|d;");
    read_as("a,b\nc,d", "1:a|b;2:c|d;");
    read_as("a,b\r\nc,d\r\n", "1:a|b;2:c|d;");
    read_as("a,b\rc,d\r", "1:a|b;2:c|d;");
    read_as("a\rb\r\nc\n\rd", "1:a;2:b;3:c;4:;5:d;");
    read_as("\"two\rlines\"\rc", "1:two\rlines;3:c;");
    read_as(",,\n,", "1:||;2:|;");
    read_as("a\n\nb\n", "1:a;2:;3:b;");
    read_as(" a , b \n", "1: a | b ;");
    read_as("\xEF\xBB\xBF"
            "a,b\n",
            "1:a|b;");
    read_as("Doña,東京\n", "1:Doña|東京;");
}

static void quoted_fields_are_read(void **state)
{
    (void)state;
    read_as("\"a\",\"b\"\n", "1:a|b;");
    read_as("\"a,b\",c\n", "1:a,b|c;");
    read_as("\"a\"\"b\",\"\"\"\"\n", "1:a\"b|\";");
    read_as("\"\",x\n", "1:|x;");
    read_as("\"two\nlines\",x\nc,d\n", "1:two\nlines|x;3:c|d;");
    read_as("\"cr\r\nlf\"\r\ne", "1:cr\r\nlf;3:e;");
    read_as("\"end\"", "1:end;");
    read_as("\"\"\"\"\"\"", "1:\"\";");
}

static void what_rfc_4180_forbids_is_refused(void **state)
{
    (void)state;
    refused("a,b\nc,\"d\n", 2, 2, "never closed");
    refused("a,\"b\"c\n", 1, 2, "text after the closing quote");
    refused("\"a\"\t\"b\"\n", 1, 1, "a tab behind the closing quote");
    refused("\"a\";\"b\"\n", 1, 1, "a semicolon behind the closing quote");
    refused("a,b\"c\n", 1, 2, "a quote inside a field");
    refused("\"x\ny\",a\"\n", 2, 2, "a quote inside a field");
}

static void another_delimiter_is_read(void **state)
{
    (void)state;
    static const char text[] = "a;b,c\n\"d;e\";f\n";
    struct psp_csv *csv = NULL;
    struct psp_csv_record record;
    struct psp_reason reason = {0};
    assert_int_equal(psp_csv_open_memory(text, strlen(text), &csv), PSP_OK);
    psp_csv_delimiter(csv, ';');
    assert_int_equal(psp_csv_next(csv, &record, &reason), PSP_OK);
    assert_int_equal(record.field_count, 2);
    assert_string_equal(record.fields[1].text, "b,c");
    assert_int_equal(psp_csv_next(csv, &record, &reason), PSP_OK);
    assert_string_equal(record.fields[0].text, "d;e");
    psp_csv_close(&csv);
}

/* Each broken record is one fault; the reader goes on in the line after its first. */
static void reading_goes_on_after_a_fault(void **state)
{
    (void)state;
    enum { PADDING = 3 * PSP_CSV_RECORD_BYTES_MAX };
    static const char begin[] = "a\"b\nfirst\n\"c\"d\r\nsecond\nbad\xFF\nthird\n\"";
    char *text = malloc(PADDING + 64);
    memcpy(text, begin, sizeof begin);
    size_t bytes = sizeof begin - 1;
    memset(text + bytes, 'x', PADDING); /* a quote that is never closed, over the buffer's end */
    bytes += PADDING;
    memcpy(text + bytes, "\nlast", 5);
    bytes += 5;
    struct psp_csv *csv = NULL;
    struct psp_csv_record record;
    struct psp_reason reason = {0};
    assert_int_equal(psp_csv_open_memory(text, bytes, &csv), PSP_OK);
    static const char *const records[] = {"first", "second", "third", "last"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(psp_csv_next(csv, &record, &reason), PSP_EINVAL);
        assert_int_equal(reason.line, 1 + 2 * i);
        assert_int_equal(psp_csv_next(csv, &record, &reason), PSP_OK);
        assert_int_equal(record.line, 2 + 2 * i);
        assert_string_equal(record.fields[0].text, records[i]);
    }
    assert_int_equal(psp_csv_next(csv, &record, &reason), PSP_ENOENT);
    psp_csv_close(&csv);
    free(text);
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    refused("a,b\nc,Do\xF1"
            "a\n",
            2, 2, "not UTF-8: \"Do?a\"");
    refused("\"x\ny\",\xC0\xAF\n", 2, 2, "not UTF-8");
    refused("\xED\xA0\x80\n", 1, 1, "not UTF-8");
    refused_bytes("a,b\0c\n", 6, 1, 2, "a NUL byte");
}

static void limits_are_kept(void **state)
{
    (void)state;
    char commas[PSP_CSV_FIELDS_MAX + 1];
    memset(commas, ',', sizeof commas - 1);
    commas[sizeof commas - 1] = '\0';
    refused(commas, 1, 64, "more than 64 fields");
    const size_t bytes = PSP_CSV_FIELD_BYTES_MAX + 1;
    char *text = malloc(3 * (size_t)PSP_CSV_RECORD_BYTES_MAX);
    memset(text, 'x', bytes);
    refused_bytes(text, bytes, 1, 1, "more than 65536 bytes");
    memset(text, 'x', 3 * (size_t)PSP_CSV_RECORD_BYTES_MAX);
    text[0] = '"';
    refused_bytes(text, 3 * (size_t)PSP_CSV_RECORD_BYTES_MAX, 1, 0,
                  "perhaps a quote is never closed");
    free(text);
}

/* Three megabytes of records cross the buffer's end at every kind of byte. */
static void records_across_the_buffer_come_whole(void **state)
{
    (void)state;
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    enum { RECORDS = 100000 };
    for (int i = 0; i < RECORDS; i++)
        fprintf(file, "%d,\"a\"\"%0*d\nb\",ü\r\n", i, i % 37, i);
    fclose(file);
    struct psp_csv *csv = NULL;
    struct psp_csv_record record;
    struct psp_reason reason = {0};
    assert_int_equal(psp_csv_open_memory(text, bytes, &csv), PSP_OK);
    for (int i = 0; i < RECORDS; i++) {
        assert_int_equal(psp_csv_next(csv, &record, &reason), PSP_OK);
        char expected[64];
        snprintf(expected, sizeof expected, "a\"%0*d\nb", i % 37, i);
        assert_int_equal(record.field_count, 3);
        assert_int_equal(atoi(record.fields[0].text), i);
        assert_string_equal(record.fields[1].text, expected);
        assert_string_equal(record.fields[2].text, "ü");
        assert_int_equal(record.line, 1 + 2 * i);
    }
    assert_int_equal(psp_csv_next(csv, &record, &reason), PSP_ENOENT);
    psp_csv_close(&csv);
    free(text);
}

static void a_file_that_cannot_be_read_is_an_io_error(void **state)
{
    (void)state;
    FILE *folder = fopen("/", "r");
    assert_non_null(folder);
    struct psp_csv *csv = NULL;
    struct psp_csv_record record;
    struct psp_reason reason;
    assert_int_equal(psp_csv_open_file(folder, &csv), PSP_OK);
    assert_int_equal(psp_csv_next(csv, &record, &reason), PSP_EIO);
    psp_csv_close(&csv);
    fclose(folder);
}

static void writer_quotes_only_where_it_must(void **state)
{
    (void)state;
    const struct {
        const char *field, *written;
    } cases[] = {{"plain", "plain"},
                 {"", ""},
                 {"a,b", "\"a,b\""},
                 {"say \"hi\"", "\"say \"\"hi\"\"\""},
                 {"two\nlines", "\"two\nlines\""},
                 {"cr\r", "\"cr\r\""},
                 {" space ", " space "},
                 {"semi;colon", "semi;colon"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64], *text = NULL;
        size_t bytes = 0;
        const size_t length =
            psp_csv_quote(cases[i].field, strlen(cases[i].field), out, sizeof out);
        assert_int_equal(length, strlen(cases[i].written));
        assert_memory_equal(out, cases[i].written, length);
        memset(out, '#', sizeof out);
        assert_int_equal(psp_csv_quote(cases[i].field, strlen(cases[i].field), out, 2), length);
        assert_int_equal(out[2], '#');
        FILE *file = open_memstream(&text, &bytes);
        const struct psp_csv_field fields[] = {{cases[i].field, strlen(cases[i].field)}, {"x", 1}};
        assert_int_equal(psp_csv_write(file, fields, 2), PSP_OK);
        fclose(file);
        char expected[80];
        snprintf(expected, sizeof expected, "%s,x\n", cases[i].written);
        assert_string_equal(text, expected);
        free(text);
    }
}

static void writing_to_a_full_disk_is_told(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL) {
        print_message("skipped: /dev/full is not there\n");
        skip();
    }
    setvbuf(full, NULL, _IONBF, 0);
    const struct psp_csv_field field = {"x", 1};
    assert_int_equal(psp_csv_write(full, &field, 1), PSP_EIO);
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bare_fields_are_read),
        cmocka_unit_test(quoted_fields_are_read),
        cmocka_unit_test(what_rfc_4180_forbids_is_refused),
        cmocka_unit_test(another_delimiter_is_read),
        cmocka_unit_test(reading_goes_on_after_a_fault),
        cmocka_unit_test(text_that_is_not_utf8_is_refused),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(records_across_the_buffer_come_whole),
        cmocka_unit_test(a_file_that_cannot_be_read_is_an_io_error),
        cmocka_unit_test(writer_quotes_only_where_it_must),
        cmocka_unit_test(writing_to_a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
