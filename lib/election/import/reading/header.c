/* Names are compared in lower case, with everything else than letters and digits one '_'. */
#include "election/import/reading/header.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text/utf8.h"

enum { WORD_BYTES = 64 };

/* What others call ours; of two that a file has, the first one here is read. */
static const struct {
    const char *theirs;
    int ours;
} known[] = {
    {"state_po", PSP_COLUMN_STATE},
    {"state", PSP_COLUMN_STATE},
    {"county", PSP_COLUMN_COUNTY},
    {"county_name", PSP_COLUMN_COUNTY},
    {"parish", PSP_COLUMN_COUNTY},
    {"county_fips", PSP_COLUMN_COUNTY_FIPS},
    {"precinct", PSP_COLUMN_PRECINCT},
    {"town", PSP_COLUMN_PRECINCT},
    {"municipality", PSP_COLUMN_PRECINCT},
    {"ward", PSP_COLUMN_PRECINCT},
    {"office", PSP_COLUMN_OFFICE},
    {"district", PSP_COLUMN_DISTRICT},
    {"party", PSP_COLUMN_PARTY},
    {"party_detailed", PSP_COLUMN_PARTY},
    {"candidate", PSP_COLUMN_CANDIDATE},
    {"votes", PSP_COLUMN_VOTES},
    {"mode", PSP_READING_MODE},
    {"date", PSP_READING_DATE},
    {"special", PSP_READING_SPECIAL},
    {"vote_for", PSP_READING_SEATS},
    {"seats", PSP_READING_SEATS},
    {"magnitude", PSP_READING_SEATS},
};

/* Of MEDSL: said by others of its columns, or about the data set. */
static const char *const unneeded[] = {
    "party_simplified",
    "jurisdiction_name",
    "jurisdiction_fips",
    "dataverse",
    "year",
    "stage",
    "writein",
    "state",
    "state_fips",
    "state_cen",
    "state_ic",
    "readme_check",
    "version",
};

/* Columns of votes by one method, as OpenElections' files name them; "_votes" behind
 * the name may be there or not. */
static const char *const methods[] = {
    "absentee",
    "absentee_affidavit",
    "absentee_by_mail",
    "absentee_in_person",
    "absentee_mail",
    "absentee_military",
    "advance",
    "advance_in_person",
    "advance_voting",
    "advanced",
    "affidavit",
    "by_mail",
    "curbside",
    "drop_box",
    "early",
    "early_vote",
    "early_voting",
    "election_day",
    "election_day_voting",
    "eday",
    "emergency",
    "federal",
    "hand_count",
    "in_person",
    "machine",
    "mail",
    "mail_in",
    "mail_ballot",
    "manually_counted_emergency",
    "military",
    "military_overseas",
    "one_stop",
    "overseas",
    "paper",
    "poll",
    "polling_place",
    "polls",
    "provisional",
    "regular",
    "special_federal",
    "special_presidential",
    "uocava",
    "vote_by_mail",
    "vote_center",
    "walk_in",
};

static void make_word(const struct psp_csv_field *field, char ret_word[WORD_BYTES])
{
    size_t n = 0;
    bool gap = false;
    for (size_t i = 0; i < field->bytes && n < WORD_BYTES - 2; i++) {
        const unsigned char c = (unsigned char)field->text[i];
        const bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
        if (!letter) {
            gap = n > 0;
            continue;
        }
        if (gap)
            ret_word[n++] = '_';
        gap = false;
        ret_word[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : (char)c;
    }
    ret_word[n] = '\0';
}

static bool is_method(const char *word)
{
    static const char end[] = "_votes";
    size_t bytes = strlen(word);
    if (bytes > sizeof end - 1 && strcmp(word + bytes - (sizeof end - 1), end) == 0)
        bytes -= sizeof end - 1;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strlen(methods[i]) == bytes && strncmp(methods[i], word, bytes) == 0)
            return true;
    return false;
}

static bool is_unneeded(const char *word)
{
    for (size_t i = 0; i < sizeof unneeded / sizeof *unneeded; i++)
        if (strcmp(unneeded[i], word) == 0)
            return true;
    return false;
}

/* "election_day" is "Election day". */
static void add_method(struct psp_header *header, uint32_t at, const char *word)
{
    char *name = header->methods[header->method_n].name;
    snprintf(name, sizeof header->methods->name, "%s", word);
    for (char *c = name; *c != '\0'; c++)
        if (*c == '_')
            *c = ' ';
    if (name[0] >= 'a' && name[0] <= 'z')
        name[0] = (char)(name[0] - 'a' + 'A');
    header->methods[header->method_n++].at = at;
}

struct header_reading {
    const struct psp_csv_record *record;
    const char *file;
    struct psp_report *report;
    struct psp_header *header;
    bool taken[PSP_CSV_FIELDS_MAX];
    char words[PSP_CSV_FIELDS_MAX][WORD_BYTES];
};

/* The column of this name; *ret_twice: there are two. PSP_NONE: there is none. */
static uint32_t find(const struct header_reading *reading, const char *word, bool *ret_twice)
{
    uint32_t found = PSP_NONE;
    *ret_twice = false;
    for (uint32_t i = 0; i < reading->header->width; i++)
        if (strcmp(reading->words[i], word) == 0) {
            *ret_twice = found != PSP_NONE;
            found = found == PSP_NONE ? i : found;
        }
    return found;
}

static void tell(const struct header_reading *reading, const char *what, const char *name)
{
    psp_report_add(reading->report, PSP_REPORT_HEADER, reading->file, reading->record->line,
                   "%s \"%s\"", what, psp_shown(name, strlen(name)).text);
}

/* Takes the one column of this name for ours. */
static bool take_named(struct header_reading *reading, const char *name, size_t bytes, int ours)
{
    const struct psp_csv_field theirs = {name, bytes};
    char word[WORD_BYTES];
    bool twice;
    make_word(&theirs, word);
    const uint32_t at = find(reading, word, &twice);
    if (at == PSP_NONE || twice) {
        tell(reading, twice ? "two columns are called" : "no column is called", name);
        return false;
    }
    reading->taken[at] = true;
    if (ours == PSP_READING_METHOD)
        add_method(reading->header, at, word);
    else
        reading->header->at[ours] = (int32_t)at;
    return true;
}

/* "town+ward": the texts of all, in this order; only a text is put together. */
static bool take_joined(struct header_reading *reading, const char *names, int ours)
{
    uint32_t *more = reading->header->more[ours];
    const size_t first = strcspn(names, "+");
    if (!take_named(reading, names, first, ours))
        return false;
    unsigned n = 0;
    for (const char *at = names + first; *at == '+';) {
        const size_t bytes = strcspn(++at, "+");
        const struct psp_csv_field theirs = {at, bytes};
        char word[WORD_BYTES];
        bool twice;
        make_word(&theirs, word);
        const uint32_t place = find(reading, word, &twice);
        if (place == PSP_NONE || twice || n == PSP_HEADER_MORE) {
            tell(reading,
                 n == PSP_HEADER_MORE ? "too many columns are put together by"
                 : twice              ? "two columns are called"
                                      : "no column is called",
                 at);
            return false;
        }
        reading->taken[place] = true;
        more[n++] = place + 1;
        at += bytes;
    }
    return true;
}

static bool take_mapped(struct header_reading *reading, const struct psp_reading_options *options)
{
    bool good = true;
    for (unsigned i = 0; i < options->mapping_n; i++) {
        const struct psp_reading_mapping *mapping = &options->mappings[i];
        const size_t bytes = strlen(mapping->theirs);
        const struct psp_csv_field whole = {mapping->theirs, bytes};
        char word[WORD_BYTES];
        bool twice;
        make_word(&whole, word);
        const bool joined = mapping->ours < PSP_RETURNS_TEXTS &&
                            strchr(mapping->theirs, '+') != NULL &&
                            find(reading, word, &twice) == PSP_NONE;
        good &= joined ? take_joined(reading, mapping->theirs, mapping->ours)
                       : take_named(reading, mapping->theirs, bytes, mapping->ours);
    }
    return good;
}

static bool take_known(struct header_reading *reading)
{
    bool good = true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        bool twice;
        const uint32_t at = find(reading, known[i].theirs, &twice);
        if (at == PSP_NONE || reading->taken[at] || reading->header->at[known[i].ours] >= 0)
            continue;
        if (twice) {
            tell(reading, "two columns are called", known[i].theirs);
            good = false;
        }
        reading->taken[at] = true;
        reading->header->at[known[i].ours] = (int32_t)at;
    }
    return good;
}

/* What `psephos export openelections` writes, of all levels; elsewhere "level" may be of an
 * office. */
static void take_level(struct header_reading *reading)
{
    uint32_t at = strcmp(reading->words[0], "level") != 0;
    if (reading->header->at[PSP_READING_LEVEL] >= 0 ||
        reading->header->width < at + 1 + PSP_RETURNS_COLUMNS ||
        strcmp(reading->words[at], "level") != 0)
        return;
    for (int i = 0; i < PSP_RETURNS_COLUMNS; i++)
        if (strcmp(reading->words[at + 1 + (uint32_t)i], psp_reading_column_name(i)) != 0)
            return;
    reading->taken[at] = true;
    reading->header->at[PSP_READING_LEVEL] = (int32_t)at;
}

static void take_methods(struct header_reading *reading)
{
    for (uint32_t i = 0; i < reading->header->width; i++)
        if (!reading->taken[i] && is_method(reading->words[i])) {
            add_method(reading->header, i, reading->words[i]);
            reading->taken[i] = true;
        }
}

static void tell_rest(const struct header_reading *reading)
{
    for (uint32_t i = 0; i < reading->header->width; i++) {
        const struct psp_csv_field *field = &reading->record->fields[i];
        const char *word = reading->words[i];
        if (!reading->taken[i] && word[0] != '\0' && !is_unneeded(word))
            psp_report_add(reading->report, PSP_REPORT_COLUMN, reading->file, reading->record->line,
                           "\"%s\"", psp_shown(field->text, field->bytes).text);
    }
}

/* The whole header, for a message. */
static void show_header(const struct header_reading *reading, char *ret_text, size_t size)
{
    size_t at = 0;
    ret_text[0] = '\0';
    for (uint32_t i = 0; i < reading->header->width && at < size; i++)
        at += (size_t)snprintf(
            ret_text + at, size - at, "%s%s", i > 0 ? ", " : "",
            psp_shown(reading->record->fields[i].text, reading->record->fields[i].bytes).text);
    ret_text[psp_utf8_cut(ret_text, strlen(ret_text), size - 1)] = '\0';
}

/* One field with other delimiters in it: the option that would read it. */
static const char *other_delimiter(const struct psp_csv_record *record)
{
    static const struct {
        char character;
        const char *says;
    } others[] = {{'\t', "the columns are separated by tabs: --delimiter tab reads them"},
                  {';', "the columns are separated by ';': --delimiter semicolon reads them"},
                  {'|', "the columns are separated by '|': --delimiter pipe reads them"},
                  {',', "the columns are separated by commas: --delimiter comma reads them"}};
    for (size_t i = 0; record->field_count == 1 && i < sizeof others / sizeof *others; i++)
        if (strchr(record->fields[0].text, others[i].character) != NULL)
            return others[i].says;
    return NULL;
}

/* What Psephos itself prints of a test; its first column is no method. */
static bool is_of_a_test(const struct header_reading *reading)
{
    if (reading->header->width != PSP_RETURNS_COLUMNS + 1 || strcmp(reading->words[0], "mode") != 0)
        return false;
    for (int i = 0; i < PSP_RETURNS_COLUMNS; i++)
        if (strcmp(reading->words[i + 1], psp_reading_column_name(i)) != 0)
            return false;
    psp_report_add(reading->report, PSP_REPORT_HEADER, reading->file, reading->record->line,
                   "the header of the results of a test, which is no election");
    return true;
}

static bool complete(const struct header_reading *reading)
{
    const struct psp_header *header = reading->header;
    const bool votes = header->at[PSP_COLUMN_VOTES] >= 0 || header->method_n > 0;
    const bool office = header->at[PSP_COLUMN_OFFICE] >= 0;
    const bool line = header->at[PSP_COLUMN_CANDIDATE] >= 0 || header->at[PSP_COLUMN_PARTY] >= 0;
    if (votes && office && line)
        return true;
    const char *delimiter = other_delimiter(reading->record);
    char names[160];
    show_header(reading, names, sizeof names);
    if (delimiter != NULL)
        psp_report_add(reading->report, PSP_REPORT_HEADER, reading->file, reading->record->line,
                       "%s", delimiter);
    else
        psp_report_add(reading->report, PSP_REPORT_HEADER, reading->file, reading->record->line,
                       "no column for%s%s%s (--columns OURS=THEIRS names one); there are %s",
                       office ? "" : " office", line ? "" : " candidate", votes ? "" : " votes",
                       names);
    return false;
}

bool psp_header_read(const struct psp_csv_record *record, const struct psp_reading_options *options,
                     const char *file, struct psp_report *report, struct psp_header *ret_header)
{
    struct psp_header header = {0};
    struct header_reading reading = {
        .record = record, .file = file, .report = report, .header = &header};
    for (int i = 0; i < PSP_READING_COLUMNS; i++)
        header.at[i] = -1;
    for (uint32_t i = 0; i < record->field_count; i++) {
        make_word(&record->fields[i], reading.words[i]);
        if (reading.words[i][0] != '\0')
            header.width = i + 1;
    }
    if (is_of_a_test(&reading))
        return false;
    const bool mapped = take_mapped(&reading, options);
    const bool good = take_known(&reading) && mapped;
    take_level(&reading);
    take_methods(&reading);
    if (!good || !complete(&reading))
        return false;
    tell_rest(&reading);
    *ret_header = header;
    return true;
}
