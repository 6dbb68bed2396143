/* Words of options, in both directions. */
#include "election/import/reading/options.h"

#include <stdio.h>
#include <string.h>

#include "base/text/utf8.h"

static const char *const other_names[] = {"mode", "date", "special", "seats", "level", "method"};

static const struct {
    const char *name;
    char character;
} delimiters[] = {{"comma", ','}, {"tab", '\t'}, {"semicolon", ';'}, {"pipe", '|'}, {"\\t", '\t'}};

const char *psp_reading_column_name(int ours)
{
    return ours < PSP_RETURNS_COLUMNS ? psp_returns_column_name((enum psp_returns_column)ours)
                                      : other_names[ours - PSP_RETURNS_COLUMNS];
}

static int column_named(const char *name, size_t bytes)
{
    for (int i = 0; i <= PSP_READING_METHOD; i++)
        if (strlen(psp_reading_column_name(i)) == bytes &&
            strncmp(psp_reading_column_name(i), name, bytes) == 0)
            return i;
    return -1;
}

static enum psp_status add(struct psp_reading_options *options, const char *text, size_t bytes,
                           struct psp_reason *reterr_reason)
{
    const char *equals = memchr(text, '=', bytes);
    const size_t left = equals != NULL ? (size_t)(equals - text) : bytes;
    const int ours = column_named(text, left);
    if (equals == NULL || ours < 0) {
        psp_reason_set(reterr_reason,
                       "\"%s\" is not OURS=THEIRS; ours are state, county, county_fips, precinct, "
                       "office, district, party, candidate, votes, mode (a column that names the "
                       "method), method (a column of votes by one method), date, special, seats",
                       psp_shown(text, bytes).text);
        return PSP_EINVAL;
    }
    const size_t right = bytes - left - 1;
    struct psp_reading_mapping *mapping = &options->mappings[options->mapping_n];
    if (options->mapping_n == PSP_CSV_FIELDS_MAX || right == 0 || right >= sizeof mapping->theirs) {
        psp_reason_set(reterr_reason,
                       "\"%s\": a column's name has 1 to %zu bytes, and there are "
                       "at most %d",
                       psp_shown(text, bytes).text, sizeof mapping->theirs - 1, PSP_CSV_FIELDS_MAX);
        return PSP_EINVAL;
    }
    mapping->ours = ours;
    memcpy(mapping->theirs, equals + 1, right);
    mapping->theirs[right] = '\0';
    options->mapping_n++;
    return PSP_OK;
}

enum psp_status psp_reading_columns(struct psp_reading_options *options, const char *text,
                                    struct psp_reason *reterr_reason)
{
    for (const char *at = text;; at++) {
        const char *end = strchr(at, ',');
        const size_t bytes = end != NULL ? (size_t)(end - at) : strlen(at);
        const enum psp_status status = add(options, at, bytes, reterr_reason);
        if (status != PSP_OK || end == NULL)
            return status;
        at = end;
    }
}

enum psp_status psp_reading_delimiter(struct psp_reading_options *options, const char *text,
                                      struct psp_reason *reterr_reason)
{
    char delimiter = strlen(text) == 1 ? text[0] : '\0';
    for (size_t i = 0; i < sizeof delimiters / sizeof *delimiters; i++)
        if (strcmp(text, delimiters[i].name) == 0)
            delimiter = delimiters[i].character;
    const bool word = (delimiter >= '0' && delimiter <= '9') ||
                      (delimiter >= 'A' && delimiter <= 'Z') ||
                      (delimiter >= 'a' && delimiter <= 'z');
    if (delimiter <= 0 || delimiter == '"' || delimiter == '\n' || delimiter == '\r' || word) {
        psp_reason_set(reterr_reason,
                       "\"%s\" is none: comma, tab, semicolon, pipe, or one ASCII character that "
                       "is no letter, digit or quote",
                       psp_shown(text, strlen(text)).text);
        return PSP_EINVAL;
    }
    options->delimiter = delimiter;
    return PSP_OK;
}

const char *psp_reading_delimiter_name(char delimiter, char text[2])
{
    for (size_t i = 0; i < sizeof delimiters / sizeof *delimiters; i++)
        if (delimiters[i].character == delimiter)
            return delimiters[i].name;
    text[0] = delimiter;
    text[1] = '\0';
    return text;
}
