/* Files in other encodings come out as UTF-8; what means nothing comes out as no UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/text/decode.h"
#include "base/text/utf8.h"

/* Read in pieces of `step` bytes: characters are cut at every place. */
static void decoded(const char *bytes, size_t n, enum psp_encoding encoding, const char *expected)
{
    for (size_t step = 1; step < 8; step++) {
        FILE *file = psp_decode_open(fmemopen((void *)(uintptr_t)bytes, n, "r"), encoding);
        assert_non_null(file);
        setvbuf(file, NULL, _IONBF, 0);
        char out[128];
        size_t at = 0, got;
        while ((got = fread(out + at, 1, step, file)) > 0)
            at += got;
        out[at] = '\0';
        fclose(file);
        assert_string_equal(out, expected);
    }
}

static void bytes_of_western_europe_are_read(void **state)
{
    (void)state;
    decoded("Do\xF1"
            "a\xA0",
            5, PSP_ENCODING_LATIN_1, "Doña\xC2\xA0");
    decoded("\x80 \x96\xFF", 4, PSP_ENCODING_WINDOWS_1252, "€ –ÿ");
    decoded("\x80", 1, PSP_ENCODING_LATIN_1, "\xC2\x80");
    decoded("a,b\n", 4, PSP_ENCODING_UTF_8, "a,b\n");
}

static void utf_16_is_read_by_its_mark_or_without(void **state)
{
    (void)state;
    decoded("\xFF\xFE"
            "a\0\xAC\x20",
            6, PSP_ENCODING_UTF_16, "a€");
    decoded("\xFE\xFF\0a\x20\xAC", 6, PSP_ENCODING_UTF_16, "a€");
    decoded("a\0\n\0", 4, PSP_ENCODING_UTF_16, "a\n");
    decoded("\0a", 2, PSP_ENCODING_UTF_16_BE, "a");
    decoded("a\0", 2, PSP_ENCODING_UTF_16_LE, "a");
    decoded("\x3D\xD8\x00\xDE", 4, PSP_ENCODING_UTF_16_LE, "😀"); /* U+1F600 */
}

static void what_means_nothing_is_no_utf_8(void **state)
{
    (void)state;
    decoded("a\x81", 2, PSP_ENCODING_WINDOWS_1252, "a\xFF");
    decoded("\x3D\xD8"
            "a\0",
            4, PSP_ENCODING_UTF_16_LE,
            "\xFF"
            "a");
    decoded("\x00\xDE", 2, PSP_ENCODING_UTF_16_LE, "\xFF");
    decoded("a\0b", 3, PSP_ENCODING_UTF_16_LE, "a\xFF");
    assert_false(psp_utf8_valid("\xFF", 1));
}

static void encodings_go_by_their_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum psp_encoding encoding;
    } names[] = {{"utf-8", PSP_ENCODING_UTF_8},         {"UTF8", PSP_ENCODING_UTF_8},
                 {"Latin1", PSP_ENCODING_LATIN_1},      {"ISO-8859-1", PSP_ENCODING_LATIN_1},
                 {"cp1252", PSP_ENCODING_WINDOWS_1252}, {"windows-1252", PSP_ENCODING_WINDOWS_1252},
                 {"utf16", PSP_ENCODING_UTF_16},        {"UTF-16BE", PSP_ENCODING_UTF_16_BE}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        enum psp_encoding encoding = PSP_ENCODINGS_END;
        assert_true(psp_encoding_named(names[i].name, &encoding));
        assert_int_equal(encoding, names[i].encoding);
    }
    enum psp_encoding encoding = PSP_ENCODINGS_END;
    assert_false(psp_encoding_named("utf", &encoding));
    assert_false(psp_encoding_named("ebcdic", &encoding));
    assert_int_equal(encoding, PSP_ENCODINGS_END);
    assert_string_equal(psp_encoding_name(PSP_ENCODING_UTF_16_LE), "utf-16le");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_western_europe_are_read),
        cmocka_unit_test(utf_16_is_read_by_its_mark_or_without),
        cmocka_unit_test(what_means_nothing_is_no_utf_8),
        cmocka_unit_test(encodings_go_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
