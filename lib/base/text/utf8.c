/* The shortest form only, no surrogates: RFC 3629's table as comparisons. */
#include "base/text/utf8.h"

#include <stdint.h>
#include <string.h>

enum { SHOWN_BYTES_MAX = 90 };

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

size_t psp_utf8_length(const char *text, size_t bytes)
{
    if (bytes == 0)
        return 0;
    const unsigned char first = (unsigned char)text[0];
    if (first < 0x80)
        return 1;
    const size_t length = first < 0xC2   ? 0
                          : first < 0xE0 ? 2
                          : first < 0xF0 ? 3
                          : first < 0xF5 ? 4
                                         : 0;
    if (length == 0 || length > bytes)
        return 0;
    for (size_t i = 1; i < length; i++)
        if (!continues(text[i]))
            return 0;
    const unsigned char second = (unsigned char)text[1];
    const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool surrogate = first == 0xED && second > 0x9F;
    const bool too_large = first == 0xF4 && second > 0x8F;
    return overlong || surrogate || too_large ? 0 : length;
}

bool psp_utf8_valid(const char *text, size_t bytes)
{
    size_t at = 0;
    while (at < bytes) {
        uint64_t word;
        while (bytes - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if (word & UINT64_C(0x8080808080808080))
                break;
            at += sizeof word;
        }
        if (at == bytes)
            break;
        const size_t length = psp_utf8_length(text + at, bytes - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

size_t psp_utf8_cut(const char *text, size_t bytes, size_t max)
{
    if (bytes <= max)
        return bytes;
    while (max > 0 && continues(text[max]))
        max--;
    return max;
}

bool psp_utf8_marked(const char *text, size_t bytes)
{
    const size_t mark = sizeof PSP_BYTE_ORDER_MARK - 1;
    return bytes >= mark && memcmp(text, PSP_BYTE_ORDER_MARK, mark) == 0;
}

/* Of a well-formed character. */
static bool is_plain(const char *text, size_t length)
{
    const unsigned char a = (unsigned char)text[0];
    const unsigned char b = length > 1 ? (unsigned char)text[1] : 0;
    const unsigned char c = length > 2 ? (unsigned char)text[2] : 0;
    if (length == 1)
        return a >= 0x20 && a != 0x7F;
    if (length == 2)
        return !(a == 0xC2 && b < 0xA0) && !(a == 0xD8 && b == 0x9C); /* C1; U+061C */
    if (a != 0xE2 || length > 3)
        return true;
    if (b == 0x80)
        return c != 0x8E && c != 0x8F && (c < 0xA8 || c > 0xAE); /* U+200E, F; U+2028 to E */
    return b != 0x81 || c < 0xA6 || c > 0xA9;                    /* U+2066 to 9 */
}

void psp_utf8_make_plain(char *text)
{
    const size_t bytes = strlen(text);
    size_t out = 0;
    for (size_t at = 0; at < bytes;) {
        const size_t length = psp_utf8_length(text + at, bytes - at);
        if (length > 0 && (text[at] == '\n' || is_plain(text + at, length))) {
            memmove(text + out, text + at, length);
            out += length;
        } else {
            text[out++] = '?';
        }
        at += length > 0 ? length : 1;
    }
    text[out] = '\0';
}

struct psp_shown psp_shown(const char *text, size_t bytes)
{
    struct psp_shown shown;
    size_t out = 0, at = 0;
    while (at < bytes) {
        size_t length = psp_utf8_length(text + at, bytes - at);
        if (out + (length > 0 ? length : 1) > SHOWN_BYTES_MAX) {
            memcpy(shown.text + out, "...", 3);
            out += 3;
            break;
        }
        if (length == 0 || !is_plain(text + at, length)) {
            shown.text[out++] = '?';
            length = length > 0 ? length : 1;
        } else {
            memcpy(shown.text + out, text + at, length);
            out += length;
        }
        at += length;
    }
    shown.text[out] = '\0';
    return shown;
}
