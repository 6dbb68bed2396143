/* One character at a time: a stream of the C library over the file (fopencookie). */
#include "base/text/decode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHARACTER_BYTES = 4, NO_CHARACTER = 0xFF };

static const char *const names[PSP_ENCODINGS_END] = {
    [PSP_ENCODING_UTF_8] = "utf-8",
    [PSP_ENCODING_LATIN_1] = "latin-1",
    [PSP_ENCODING_WINDOWS_1252] = "windows-1252",
    [PSP_ENCODING_UTF_16] = "utf-16",
    [PSP_ENCODING_UTF_16_LE] = "utf-16le",
    [PSP_ENCODING_UTF_16_BE] = "utf-16be",
};

/* What Windows-1252 has at 0x80 to 0x9F; 0: nothing. */
static const uint16_t windows[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

struct decoding {
    FILE *file;
    enum psp_encoding encoding;
    bool begun;
    char left[CHARACTER_BYTES]; /* of a character that the caller had no room for */
    size_t left_n;
    int32_t unit; /* of UTF-16, read ahead, or -1 */
};

const char *psp_encoding_name(enum psp_encoding encoding)
{
    return names[encoding];
}

static bool same(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '-' || *a == '_')
            a++;
        while (*b == '-' || *b == '_')
            b++;
        const char c = *a >= 'A' && *a <= 'Z' ? (char)(*a - 'A' + 'a') : *a;
        if (c != *b || c == '\0')
            return c == *b;
    }
}

bool psp_encoding_named(const char *name, enum psp_encoding *ret_encoding)
{
    static const struct {
        const char *name;
        enum psp_encoding encoding;
    } others[] = {{"iso-8859-1", PSP_ENCODING_LATIN_1}, {"cp1252", PSP_ENCODING_WINDOWS_1252}};
    for (int i = 0; i < PSP_ENCODINGS_END; i++)
        if (same(name, names[i])) {
            *ret_encoding = (enum psp_encoding)i;
            return true;
        }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (same(name, others[i].name)) {
            *ret_encoding = others[i].encoding;
            return true;
        }
    return false;
}

static size_t put(uint32_t point, char *ret_text)
{
    if (point < 0x80) {
        ret_text[0] = (char)point;
        return 1;
    }
    const size_t n = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; point >>= 6)
        ret_text[i] = (char)(0x80 | (point & 0x3F));
    ret_text[0] = (char)((0xF00 >> n & 0xFF) | point);
    return n;
}

static size_t put_nothing(char *ret_text)
{
    ret_text[0] = (char)NO_CHARACTER;
    return 1;
}

/* -1: the file ends; half a unit at its end is no character. */
static int32_t next_unit(struct decoding *decoding)
{
    if (decoding->unit >= 0) {
        const int32_t unit = decoding->unit;
        decoding->unit = -1;
        return unit;
    }
    const int a = getc(decoding->file), b = a == EOF ? EOF : getc(decoding->file);
    if (a == EOF)
        return -1;
    if (b == EOF)
        return 0xDC00;
    return decoding->encoding == PSP_ENCODING_UTF_16_BE ? a << 8 | b : b << 8 | a;
}

static size_t next_utf_16(struct decoding *decoding, char *ret_text)
{
    int32_t unit = next_unit(decoding);
    if (!decoding->begun && decoding->encoding == PSP_ENCODING_UTF_16 && unit == 0xFFFE)
        decoding->encoding = PSP_ENCODING_UTF_16_BE;
    if (!decoding->begun && (unit == 0xFFFE || unit == 0xFEFF))
        unit = next_unit(decoding);
    decoding->begun = true;
    if (unit < 0)
        return 0;
    if (unit < 0xD800 || unit > 0xDFFF)
        return put((uint32_t)unit, ret_text);
    const int32_t low = unit < 0xDC00 ? next_unit(decoding) : -1;
    if (low >= 0xDC00 && low <= 0xDFFF)
        return put(0x10000 + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00),
                   ret_text);
    decoding->unit = low;
    return put_nothing(ret_text);
}

static size_t next_byte(struct decoding *decoding, char *ret_text)
{
    const int c = getc(decoding->file);
    if (c == EOF)
        return 0;
    if (decoding->encoding == PSP_ENCODING_LATIN_1 || c < 0x80 || c > 0x9F)
        return put((uint32_t)c, ret_text);
    return windows[c - 0x80] != 0 ? put(windows[c - 0x80], ret_text) : put_nothing(ret_text);
}

static ssize_t read_decoded(void *cookie, char *buffer, size_t size)
{
    struct decoding *decoding = cookie;
    size_t at = 0;
    while (at < size) {
        if (decoding->left_n == 0) {
            const bool bytes = decoding->encoding == PSP_ENCODING_LATIN_1 ||
                               decoding->encoding == PSP_ENCODING_WINDOWS_1252;
            decoding->left_n =
                bytes ? next_byte(decoding, decoding->left) : next_utf_16(decoding, decoding->left);
            if (decoding->left_n == 0)
                break;
        }
        const size_t n = decoding->left_n < size - at ? decoding->left_n : size - at;
        memcpy(buffer + at, decoding->left, n);
        memmove(decoding->left, decoding->left + n, decoding->left_n - n);
        decoding->left_n -= n;
        at += n;
    }
    return at == 0 && ferror(decoding->file) ? -1 : (ssize_t)at;
}

static int close_decoded(void *cookie)
{
    struct decoding *decoding = cookie;
    const int failed = fclose(decoding->file);
    free(decoding);
    return failed;
}

FILE *psp_decode_open(FILE *file, enum psp_encoding encoding)
{
    if (encoding == PSP_ENCODING_UTF_8)
        return file;
    struct decoding *decoding = calloc(1, sizeof *decoding);
    FILE *decoded = NULL;
    if (decoding != NULL) {
        *decoding = (struct decoding){.file = file, .encoding = encoding, .unit = -1};
        const cookie_io_functions_t functions = {.read = read_decoded, .close = close_decoded};
        decoded = fopencookie(decoding, "r", functions);
    }
    if (decoded == NULL) {
        fclose(file);
        free(decoding);
    }
    return decoded;
}
