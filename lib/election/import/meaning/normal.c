/* Lower case and single blanks for all; codes, districts, parties and one office have more. */
#include "election/import/meaning/normal.h"

#include <stdbool.h>
#include <string.h>

#include "election/import/guess.h"

/* The parties that files of one state abbreviate here and write out there. */
static const struct {
    const char *shorter, *longer;
} parties[] = {
    {"dem", "democratic"},   {"d", "democratic"},     {"democrat", "democratic"},
    {"rep", "republican"},   {"r", "republican"},     {"gop", "republican"},
    {"lib", "libertarian"},  {"l", "libertarian"},    {"lbt", "libertarian"},
    {"grn", "green"},        {"gre", "green"},        {"g", "green"},
    {"con", "constitution"}, {"cst", "constitution"}, {"ind", "independent"},
    {"i", "independent"},    {"npa", "nonpartisan"},  {"non", "nonpartisan"},
    {"np", "nonpartisan"},
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Of ASCII, and of the Latin letters from U+00C0 to U+00DE. */
static char lower(char c, char before)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    const unsigned char second = (unsigned char)c;
    if ((unsigned char)before == 0xC3 && second >= 0x80 && second <= 0x9E && second != 0x97)
        return (char)(second + 0x20);
    return c;
}

static size_t copy(const char *text, char ret_normal[PSP_NORMAL_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; text[i] != '\0' && n + 1 < PSP_NORMAL_BYTES; i++) {
        if (is_blank(text[i]) && (n == 0 || is_blank(text[i + 1]) || text[i + 1] == '\0'))
            continue;
        ret_normal[n++] = is_blank(text[i]) ? ' ' : lower(text[i], i > 0 ? text[i - 1] : '\0');
    }
    ret_normal[n] = '\0';
    return n;
}

static size_t without_fraction(char *normal, size_t n)
{
    size_t end = n;
    while (end > 0 && normal[end - 1] == '0')
        end--;
    if (end > 1 && end < n && normal[end - 1] == '.' && strspn(normal, "0123456789") == end - 1)
        n = end - 1;
    normal[n] = '\0';
    return n;
}

static size_t without_zeros(char *normal, size_t n)
{
    const size_t zeros = strspn(normal, "0");
    if (zeros == 0 || zeros == n || strspn(normal, "0123456789") != n)
        return n;
    memmove(normal, normal + zeros, n - zeros + 1);
    return n - zeros;
}

size_t psp_normal_of(enum psp_returns_column column, const char *text,
                     char ret_normal[PSP_NORMAL_BYTES])
{
    size_t n = copy(text, ret_normal);
    if (column == PSP_COLUMN_DISTRICT || column == PSP_COLUMN_PRECINCT ||
        column == PSP_COLUMN_COUNTY_FIPS)
        n = without_fraction(ret_normal, n);
    if (column == PSP_COLUMN_DISTRICT || column == PSP_COLUMN_COUNTY_FIPS)
        n = without_zeros(ret_normal, n);
    if (column == PSP_COLUMN_OFFICE && psp_import_guess_national(text)) {
        n = sizeof "president" - 1;
        memcpy(ret_normal, "president", n + 1);
    }
    for (size_t i = 0; column == PSP_COLUMN_PARTY && i < sizeof parties / sizeof *parties; i++)
        if (strcmp(parties[i].shorter, ret_normal) == 0) {
            n = strlen(parties[i].longer);
            memcpy(ret_normal, parties[i].longer, n + 1);
            break;
        }
    return n;
}
