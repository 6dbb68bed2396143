/* Digits, perhaps in groups of three, perhaps with a fraction of zeros. */
#include "election/import/reading/cell.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "election/returns/returns.h"

enum { GROUP_DIGITS = 3 };

static bool is_suppressed(const char *text, size_t bytes)
{
    static const char *const words[] = {"n/a", "#n/a", "na",         "n.a.",     "null",
                                        "nan", "none", "suppressed", "redacted", "withheld"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == bytes && strncasecmp(words[i], text, bytes) == 0)
            return true;
    if (text[0] == '<' && bytes > 1) /* "<10" */
        return strspn(text + 1, " =0123456789") >= bytes - 1;
    for (size_t i = 0; i < bytes;) {
        const bool dash = bytes - i >= 3 && (memcmp(text + i, "\xE2\x80\x93", 3) == 0 ||
                                             memcmp(text + i, "\xE2\x80\x94", 3) == 0);
        if (!dash && text[i] != '*' && text[i] != '-')
            return false;
        i += dash ? 3 : 1;
    }
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Bytes of the digits and their commas; 0: commas in the wrong places. */
static size_t read_digits(const char *text, size_t bytes, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t at = 0, group = 0;
    bool grouped = false;
    for (; at < bytes && (is_digit(text[at]) || text[at] == ','); at++) {
        if (text[at] == ',') {
            if (group == 0 || group > GROUP_DIGITS || (grouped && group != GROUP_DIGITS))
                return 0;
            grouped = true;
            group = 0;
            continue;
        }
        group++;
        number = number > PSP_RETURNS_VOTES_MAX ? number : 10 * number + (uint64_t)(text[at] - '0');
    }
    *ret_number = number;
    return grouped && group != GROUP_DIGITS ? 0 : at;
}

enum psp_cell psp_cell_read(const struct psp_csv_field *field, uint64_t *ret_votes,
                            const char **ret_why)
{
    const char *text = field->text;
    size_t bytes = field->bytes;
    for (; bytes > 0 && (*text == ' ' || *text == '\t'); bytes--)
        text++;
    while (bytes > 0 && (text[bytes - 1] == ' ' || text[bytes - 1] == '\t'))
        bytes--;
    if (bytes == 0)
        return PSP_CELL_EMPTY;
    uint64_t votes = 0;
    size_t at = is_digit(text[0]) ? read_digits(text, bytes, &votes) : 0;
    if (at > 0 && at + 1 < bytes && text[at] == '.')
        for (at++; at < bytes && text[at] == '0';)
            at++;
    if (at == bytes && votes <= PSP_RETURNS_VOTES_MAX) {
        *ret_votes = votes;
        return PSP_CELL_VOTES;
    }
    if (at == 0 && is_suppressed(text, bytes))
        return PSP_CELL_SUPPRESSED;
    *ret_why = at == bytes      ? "over the limit of " PSP_TEXT(PSP_RETURNS_VOTES_MAX)
               : text[0] == '-' ? "below 0"
                                : "no whole number";
    return PSP_CELL_NONE;
}
