/* Records become rows; a fault of a row is told and the next one is read. */
#include "election/import/reading/reading.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/memory/id_index.h"
#include "base/text/utf8.h"
#include "election/import/meaning/kinds.h"
#include "election/import/reading/cell.h"
#include "election/import/reading/header.h"
#include "election/import/reading/levels.h"

/* A row's key: its texts and its method. */
enum { KEY_BYTES = offsetof(struct psp_returns_row, file) };
_Static_assert(KEY_BYTES == PSP_RETURNS_TEXTS * sizeof(char *) + sizeof(uint32_t),
               "nothing lies between the texts and the method");

struct psp_reading {
    const struct psp_reading_options *options;
    struct psp_report *report;
    struct psp_returns_builder *builder;
    uint64_t votes; /* of all rows so far */
    struct psp_levels levels;
    bool full; /* a limit is reached: nothing more is taken */
    /* Of the file that is being read. */
    uint64_t records; /* that are no rows */
    const char *name;
    uint32_t file;
    struct psp_header header;
    const char *level;                        /* of the row that is read, or NULL */
    const char *otherwise[PSP_RETURNS_TEXTS]; /* of a column that it does not have */
};

enum psp_status psp_reading_create(const struct psp_reading_options *options,
                                   struct psp_report *report, struct psp_reading **ret_reading)
{
    struct psp_reading *reading = calloc(1, sizeof *reading);
    if (reading == NULL || psp_returns_builder_create(&reading->builder) != PSP_OK) {
        free(reading);
        return PSP_ENOMEM;
    }
    reading->options = options;
    reading->report = report;
    report->faulty_dropped = options->drop_faulty;
    *ret_reading = reading;
    return PSP_OK;
}

void psp_reading_destroy(struct psp_reading **reading)
{
    if (*reading == NULL)
        return;
    psp_returns_builder_destroy(&(*reading)->builder);
    psp_levels_free(&(*reading)->levels);
    free(*reading);
    *reading = NULL;
}

static const struct psp_csv_field *field_of(const struct psp_reading *reading,
                                            const struct psp_csv_record *record, int ours)
{
    static const struct psp_csv_field none = {"", 0};
    const int32_t at = reading->header.at[ours];
    return at >= 0 ? &record->fields[at] : &none;
}

enum cell { CELL_TAKEN, CELL_LEFT_OUT, CELL_FAULTY };

/* "71.98%" or "0.7198" in a row of the turnout: no votes, whatever else it is. */
static bool is_turnout(const struct psp_reading *reading, const struct psp_csv_record *record,
                       const struct psp_csv_field *field)
{
    return field->bytes > 0 && strspn(field->text, "0123456789., %") == field->bytes &&
           (strcasestr(field_of(reading, record, PSP_COLUMN_OFFICE)->text, "turnout") != NULL ||
            strcasestr(field_of(reading, record, PSP_COLUMN_CANDIDATE)->text, "turnout") != NULL);
}

/* *ret_votes is 0 unless the cell gives some. */
static enum cell read_cell(struct psp_reading *reading, const struct psp_csv_record *record,
                           uint32_t at, bool empty_is_zero, uint64_t *ret_votes)
{
    const struct psp_csv_field *field = &record->fields[at];
    const char *why = "";
    *ret_votes = 0;
    const enum psp_cell cell = psp_cell_read(field, ret_votes, &why);
    if (cell == PSP_CELL_VOTES || (cell == PSP_CELL_EMPTY && empty_is_zero))
        return CELL_TAKEN;
    enum psp_report_kind kind = PSP_REPORT_VOTES;
    if (cell == PSP_CELL_NONE && is_turnout(reading, record, field)) {
        psp_report_add(reading->report, PSP_REPORT_STATISTIC, reading->name, record->line,
                       "\"%s\": the turnout", psp_shown(field->text, field->bytes).text);
        return CELL_LEFT_OUT;
    }
    if (cell != PSP_CELL_NONE) {
        why = cell == PSP_CELL_EMPTY ? "empty" : "kept back";
        kind = reading->options->suppressed == PSP_SUPPRESSED_DROP   ? PSP_REPORT_DROPPED
               : reading->options->suppressed == PSP_SUPPRESSED_ZERO ? PSP_REPORT_ZEROED
                                                                     : PSP_REPORT_HIDDEN;
    }
    psp_report_add(reading->report, kind, reading->name, record->line, "\"%s\": %s",
                   psp_shown(field->text, field->bytes).text, why);
    return kind == PSP_REPORT_ZEROED    ? CELL_TAKEN
           : kind == PSP_REPORT_DROPPED ? CELL_LEFT_OUT
                                        : CELL_FAULTY;
}

static enum psp_status add(struct psp_reading *reading, struct psp_returns_row *row,
                           const char *method, uint64_t votes)
{
    row->method = psp_returns_builder_method(reading->builder, method, strlen(method));
    row->votes = votes;
    reading->votes += votes;
    const bool many = row->method == PSP_NONE;
    if (many || reading->votes > PSP_RETURNS_TOTAL_MAX) {
        psp_report_add(reading->report, PSP_REPORT_LIMIT, reading->name, row->line,
                       many ? "more than %" PRIu64 " methods" : "more than %" PRIu64 " votes",
                       many ? (uint64_t)PSP_METHODS_MAX : PSP_RETURNS_TOTAL_MAX);
        reading->full = true;
        return PSP_OK;
    }
    const enum psp_status status = psp_returns_builder_add(reading->builder, row);
    return status == PSP_OK && reading->level != NULL
               ? psp_levels_add(&reading->levels, reading->builder, reading->level)
               : status;
}

/* A row for each method with votes, one at least: its line stands in the file. */
static enum psp_status add_by_method(struct psp_reading *reading,
                                     const struct psp_csv_record *record,
                                     struct psp_returns_row *row)
{
    const struct psp_header *header = &reading->header;
    uint64_t votes[PSP_CSV_FIELDS_MAX], sum = 0, whole = 0;
    bool any = false, faulty = false;
    for (uint32_t m = 0; m < header->method_n; m++) {
        const uint32_t at = header->methods[m].at;
        faulty |= read_cell(reading, record, at, true, &votes[m]) == CELL_FAULTY;
        any |= record->fields[at].bytes > 0;
        sum += votes[m];
    }
    const int32_t total = header->at[PSP_COLUMN_VOTES];
    if (total < 0 || (any && record->fields[total].bytes == 0))
        whole = sum;
    else if (read_cell(reading, record, (uint32_t)total, false, &whole) != CELL_TAKEN)
        return PSP_OK;
    if (faulty)
        return PSP_OK;
    if (whole < sum) {
        psp_report_add(reading->report, PSP_REPORT_METHODS, reading->name, record->line,
                       "%" PRIu64 " votes, %" PRIu64 " by method", whole, sum);
        return PSP_OK;
    }
    if (any && whole > sum)
        psp_report_add(reading->report, PSP_REPORT_REST, reading->name, record->line,
                       "%" PRIu64 " votes, %" PRIu64 " by method", whole, sum);
    enum psp_status status = PSP_OK;
    bool added = false;
    for (uint32_t m = 0; status == PSP_OK && m < header->method_n; m++)
        if (votes[m] > 0) {
            status = add(reading, row, header->methods[m].name, votes[m]);
            added = true;
        }
    if (status == PSP_OK && whole > sum)
        status = add(reading, row, "", whole - sum);
    else if (status == PSP_OK && !added)
        status = add(reading, row, header->methods[0].name, 0);
    return status;
}

static bool shape_is_right(struct psp_reading *reading, const struct psp_csv_record *record)
{
    const uint32_t width = reading->header.width;
    const struct psp_csv_field *surplus = NULL;
    for (uint32_t i = width; surplus == NULL && i < record->field_count; i++)
        surplus = record->fields[i].bytes > 0 ? &record->fields[i] : NULL;
    if (record->field_count >= width && surplus == NULL)
        return true;
    const struct psp_csv_field *shown =
        surplus != NULL ? surplus : &record->fields[record->field_count - 1];
    psp_report_add(reading->report, PSP_REPORT_FIELDS, reading->name, record->line,
                   "%" PRIu32 " fields, and the header has %" PRIu32 ": the last one is \"%s\"",
                   record->field_count, width, psp_shown(shown->text, shown->bytes).text);
    return false;
}

/* False after a word in the report. */
static bool short_enough(struct psp_reading *reading, const struct psp_csv_record *record)
{
    for (int i = 0; i <= PSP_READING_MODE; i++) {
        const struct psp_csv_field *field = field_of(reading, record, i);
        if (field->bytes <= PSP_NAME_BYTES_MAX)
            continue;
        psp_report_add(reading->report, PSP_REPORT_TEXT, reading->name, record->line,
                       "%s of %zu bytes, at most %d: \"%s\"", psp_reading_column_name(i),
                       field->bytes, PSP_NAME_BYTES_MAX, psp_shown(field->text, field->bytes).text);
        return false;
    }
    return true;
}

/* Registered voters, ballots cast and the like are of a unit, and need no office. */
static bool is_of_unit(const struct psp_csv_field *candidate)
{
    enum psp_line_kind kind = PSP_LINE_CANDIDATE;
    return psp_kinds_of(NULL, candidate->text, &kind) == PSP_OK &&
           (kind == PSP_LINE_REGISTERED || kind == PSP_LINE_BALLOTS || kind == PSP_LINE_STATISTIC);
}

static bool has_office(struct psp_reading *reading, const struct psp_csv_record *record)
{
    const struct psp_csv_field *office = field_of(reading, record, PSP_COLUMN_OFFICE);
    if (strspn(office->text, " ") < office->bytes)
        return true;
    const struct psp_csv_field *candidate = field_of(reading, record, PSP_COLUMN_CANDIDATE);
    if (is_of_unit(candidate))
        return true;
    psp_report_add(reading->report, PSP_REPORT_OFFICE, reading->name, record->line,
                   "candidate \"%s\"", psp_shown(candidate->text, candidate->bytes).text);
    return false;
}

/* What further columns say is put behind. False after a word in the report. */
static bool add_more(struct psp_reading *reading, const struct psp_csv_record *record,
                     struct psp_returns_row *row)
{
    for (int i = 0; i < PSP_RETURNS_TEXTS; i++) {
        const uint32_t *more = reading->header.more[i];
        char text[2 * PSP_NAME_BYTES_MAX];
        if (more[0] == 0)
            continue;
        size_t bytes = (size_t)snprintf(text, sizeof text, "%s", row->text[i]);
        for (unsigned m = 0; m < PSP_HEADER_MORE && more[m] != 0 && bytes < sizeof text; m++) {
            const struct psp_csv_field *field = &record->fields[more[m] - 1];
            if (field->bytes > 0)
                bytes += (size_t)snprintf(text + bytes, sizeof text - bytes, "%s%s",
                                          bytes > 0 ? " " : "", field->text);
        }
        if (bytes > PSP_NAME_BYTES_MAX) {
            psp_report_add(reading->report, PSP_REPORT_TEXT, reading->name, record->line,
                           "%s put together has more than %d bytes", psp_reading_column_name(i),
                           PSP_NAME_BYTES_MAX);
            return false;
        }
        row->text[i] = psp_returns_builder_text(reading->builder, text, bytes);
        reading->full |= row->text[i] == NULL;
    }
    return !reading->full;
}

static bool is_true(const char *text)
{
    return strcasecmp(text, "true") == 0 || strcasecmp(text, "t") == 0 ||
           strcasecmp(text, "yes") == 0 || strcmp(text, "1") == 0;
}

/* A special election is another contest than the regular one of the same office; and how
 * many seats the contest has, where a column says that. */
static enum psp_status mark_contest(struct psp_reading *reading,
                                    const struct psp_csv_record *record,
                                    struct psp_returns_row *row)
{
    const char *office = row->text[PSP_COLUMN_OFFICE];
    if (is_true(field_of(reading, record, PSP_READING_SPECIAL)->text) &&
        strcasestr(office, "special") == NULL) {
        char text[PSP_NAME_BYTES_MAX + 16];
        const size_t bytes = (size_t)snprintf(text, sizeof text, "%s (special)", office);
        if (bytes <= PSP_NAME_BYTES_MAX)
            row->text[PSP_COLUMN_OFFICE] = psp_returns_builder_text(reading->builder, text, bytes);
        psp_report_add(reading->report, PSP_REPORT_SPECIAL, reading->name, record->line, "%s",
                       office);
    }
    const char *seats = field_of(reading, record, PSP_READING_SEATS)->text;
    const unsigned long n = strspn(seats, "0123456789.") == strlen(seats) && seats[0] != '\0'
                                ? strtoul(seats, NULL, 10)
                                : 0;
    if (row->text[PSP_COLUMN_OFFICE] == NULL)
        return PSP_ENOMEM;
    if (n <= 1 || n > PSP_MARKED_CHOICES_MAX)
        return PSP_OK;
    bool is_new;
    const enum psp_status status =
        psp_returns_builder_seats(reading->builder, row, (uint32_t)n, &is_new);
    if (status == PSP_OK && is_new)
        psp_report_add(reading->report, PSP_REPORT_SEATS, reading->name, record->line,
                       "%s%s%s: %lu", row->text[PSP_COLUMN_OFFICE],
                       row->text[PSP_COLUMN_DISTRICT][0] != '\0' ? "/" : "",
                       row->text[PSP_COLUMN_DISTRICT], n);
    return status;
}

/* False: out of memory. */
static bool take_level(struct psp_reading *reading, const struct psp_csv_record *record)
{
    const struct psp_csv_field *field = field_of(reading, record, PSP_READING_LEVEL);
    reading->level = NULL;
    if (reading->header.at[PSP_READING_LEVEL] < 0 || reading->options->all_levels)
        return true;
    reading->level = psp_returns_builder_text(reading->builder, field->text, field->bytes);
    return reading->level != NULL;
}

static enum psp_status read_row(struct psp_reading *reading, const struct psp_csv_record *record)
{
    if (!shape_is_right(reading, record) || !short_enough(reading, record) ||
        !has_office(reading, record))
        return PSP_OK;
    struct psp_returns_row row = {.line = record->line, .file = (uint16_t)reading->file};
    for (int i = 0; i < PSP_RETURNS_TEXTS; i++) {
        const struct psp_csv_field *field = field_of(reading, record, i);
        row.text[i] = reading->header.at[i] < 0
                          ? reading->otherwise[i]
                          : psp_returns_builder_text(reading->builder, field->text, field->bytes);
        if (row.text[i] == NULL)
            return PSP_ENOMEM;
    }
    if (!take_level(reading, record))
        return PSP_ENOMEM;
    if (!add_more(reading, record, &row))
        return PSP_OK;
    const enum psp_status marked = mark_contest(reading, record, &row);
    if (marked != PSP_OK)
        return marked;
    const char *date = field_of(reading, record, PSP_READING_DATE)->text;
    if (psp_file_date_good(date))
        psp_returns_builder_date(reading->builder, date);
    if (reading->header.method_n > 0)
        return add_by_method(reading, record, &row);
    uint64_t votes = 0;
    const uint32_t at = (uint32_t)reading->header.at[PSP_COLUMN_VOTES];
    if (read_cell(reading, record, at, false, &votes) != CELL_TAKEN)
        return PSP_OK;
    return add(reading, &row, field_of(reading, record, PSP_READING_MODE)->text, votes);
}

static bool is_blank(const struct psp_csv_record *record)
{
    for (uint32_t i = 0; i < record->field_count; i++)
        if (strspn(record->fields[i].text, " \t") < record->fields[i].bytes)
            return false;
    return true;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* The next record that holds something; what is none is told. */
static enum psp_status next_record(struct psp_reading *reading, struct psp_csv *csv,
                                   struct psp_csv_record *ret_record)
{
    for (;;) {
        struct psp_reason reason = {0};
        const enum psp_status status = psp_csv_next(csv, ret_record, &reason);
        if (status == PSP_OK && is_blank(ret_record))
            continue;
        if (status == PSP_EIO)
            psp_report_add(reading->report, PSP_REPORT_FILE, reading->name, 0, "%s",
                           strerror(errno));
        if (status != PSP_EINVAL)
            return status;
        reading->records++;
        const bool foreign = begins(reason.text, "not UTF-8");
        psp_report_add(reading->report, foreign ? PSP_REPORT_ENCODING : PSP_REPORT_RECORD,
                       reading->name, reason.line, "%s%s", reason.text,
                       foreign ? "; --encoding latin-1 or windows-1252 may read it"
                       : begins(reason.text, "a tab behind") ? "; --delimiter tab reads it"
                       : begins(reason.text, "a semicolon behind")
                           ? "; --delimiter semicolon reads it"
                       : begins(reason.text, "a '|' behind") ? "; --delimiter pipe reads it"
                                                             : "");
    }
}

/* The table's own names, and what stands for columns that it does not have. */
static enum psp_status begin(struct psp_reading *reading, const char *name)
{
    const struct psp_file_facts facts = psp_file_facts(name);
    const struct psp_file_facts *otherwise = &reading->options->otherwise;
    const char *texts[PSP_RETURNS_TEXTS] = {
        [PSP_COLUMN_STATE] = facts.state[0] != '\0' ? facts.state : otherwise->state,
        [PSP_COLUMN_COUNTY] = facts.county[0] != '\0' ? facts.county : otherwise->county,
        [PSP_COLUMN_PARTY] = facts.party[0] != '\0' ? facts.party : otherwise->party,
    };
    reading->name = name;
    reading->file = psp_returns_builder_file(reading->builder, name);
    if (reading->file == PSP_NONE &&
        psp_returns_builder_view(reading->builder)->file_count > UINT16_MAX) {
        psp_report_add(reading->report, PSP_REPORT_LIMIT, name, 0, "more than %d files",
                       UINT16_MAX + 1);
        return PSP_EINVAL;
    }
    if (reading->file == PSP_NONE)
        return PSP_ENOMEM;
    for (int i = 0; i < PSP_RETURNS_TEXTS; i++) {
        const char *text = texts[i] != NULL ? texts[i] : "";
        reading->otherwise[i] = psp_returns_builder_text(reading->builder, text, strlen(text));
        if (reading->otherwise[i] == NULL)
            return PSP_ENOMEM;
    }
    psp_returns_builder_date(reading->builder, facts.date);
    return PSP_OK;
}

/* Excel's "sep=;": it says how the rest is to be read. */
static bool is_separator(const struct psp_csv_record *record)
{
    return record->line == 1 && record->field_count <= 2 &&
           strncmp(record->fields[0].text, "sep=", 4) == 0;
}

static enum psp_status read_header(struct psp_reading *reading, struct psp_csv *csv, bool *ret_read)
{
    struct psp_csv_record record;
    *ret_read = false;
    reading->records = 0;
    enum psp_status status = next_record(reading, csv, &record);
    if (status == PSP_OK && is_separator(&record)) {
        if (record.fields[0].bytes == 5)
            psp_csv_delimiter(csv, record.fields[0].text[4]);
        status = next_record(reading, csv, &record);
    }
    if (status == PSP_ENOENT && reading->records == 0)
        psp_report_add(reading->report, PSP_REPORT_FILE, reading->name, 0,
                       "empty, without even a header");
    if (status != PSP_OK)
        return PSP_OK;
    *ret_read = psp_header_read(&record, reading->options, reading->name, reading->report,
                                &reading->header);
    return PSP_OK;
}

enum psp_status psp_reading_table(struct psp_reading *reading, struct psp_csv *csv,
                                  const char *name)
{
    enum psp_status status = begin(reading, name);
    bool read = false;
    if (reading->options->delimiter != '\0')
        psp_csv_delimiter(csv, reading->options->delimiter);
    if (status == PSP_OK)
        status = read_header(reading, csv, &read);
    struct psp_csv_record record;
    uint64_t n = 0;
    reading->records = 0;
    while (status == PSP_OK && read && !reading->full) {
        const enum psp_status next = next_record(reading, csv, &record);
        if (next != PSP_OK) {
            if (next == PSP_ENOENT && n == 0 && reading->records == 0)
                psp_report_add(reading->report, PSP_REPORT_FILE, name, 0,
                               "no rows follow the header");
            break;
        }
        n++;
        status = read_row(reading, &record);
    }
    return status;
}

enum psp_status psp_reading_file(struct psp_reading *reading, const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        psp_report_add(reading->report, PSP_REPORT_FILE, path, 0, "%s", strerror(errno));
        return PSP_OK;
    }
    /* No UTF-8 begins with FE or FF; the byte order marks of UTF-16 do. */
    const int first = getc(file);
    ungetc(first, file);
    if (reading->options->encoding == PSP_ENCODING_UTF_8 && (first == 0xFE || first == 0xFF)) {
        psp_report_add(reading->report, PSP_REPORT_ENCODING, path, 1,
                       "the file is UTF-16: --encoding utf-16 reads it");
        fclose(file);
        return PSP_OK;
    }
    struct psp_csv *csv = NULL;
    file = psp_decode_open(file, reading->options->encoding);
    enum psp_status status = file != NULL ? psp_csv_open_file(file, &csv) : PSP_ENOMEM;
    if (status == PSP_OK)
        status = psp_reading_table(reading, csv, path);
    psp_csv_close(&csv);
    if (file != NULL)
        fclose(file);
    return status;
}

static void tell_twice(struct psp_reading *reading, const struct psp_returns_row *first,
                       const struct psp_returns_row *again)
{
    const struct psp_returns *view = psp_returns_builder_view(reading->builder);
    const char *office = again->text[PSP_COLUMN_OFFICE];
    const char *candidate = again->text[PSP_COLUMN_CANDIDATE];
    char file[96] = "";
    if (first->file != again->file)
        snprintf(file, sizeof file, " of %s", view->files[first->file]);
    if (first->votes == again->votes)
        psp_report_add(reading->report, PSP_REPORT_AGAIN, view->files[again->file], again->line,
                       "as line %" PRIu64 "%s: %s, %s, %" PRIu64, first->line, file, office,
                       candidate, again->votes);
    else
        psp_report_add(reading->report, PSP_REPORT_TWICE, view->files[again->file], again->line,
                       "as line %" PRIu64 "%s: %s, %s, %" PRIu64 " and then %" PRIu64, first->line,
                       file, office, candidate, first->votes, again->votes);
}

/* Rows no longer move: the index keeps pointers into them. */
static enum psp_status find_twice(struct psp_reading *reading, bool *leave_out)
{
    struct psp_id_index keys = {0};
    size_t n;
    const struct psp_returns_row *rows = psp_returns_builder_rows(reading->builder, &n);
    enum psp_status status = PSP_OK;
    for (size_t i = 0; status == PSP_OK && i < n; i++) {
        uint32_t first;
        status = psp_id_index_add(&keys, 0, (const char *)&rows[i], KEY_BYTES, (uint32_t)i, &first);
        if (status != PSP_EEXIST)
            continue;
        status = PSP_OK;
        tell_twice(reading, &rows[first], &rows[i]);
        leave_out[i] = true;
        leave_out[first] |= rows[first].votes != rows[i].votes;
    }
    psp_id_index_free(&keys);
    return status;
}

/* First of all: a county and the precinct without a name in it differ in the level only. */
static enum psp_status leave_totals_out(struct psp_reading *reading, bool *leave_out)
{
    size_t n;
    psp_returns_builder_rows(reading->builder, &n);
    const enum psp_status status =
        psp_levels_leave_out(&reading->levels, reading->builder, reading->report, leave_out);
    if (status == PSP_OK)
        psp_returns_builder_leave_out(reading->builder, leave_out);
    memset(leave_out, 0, (n + 1) * sizeof *leave_out);
    return status;
}

enum psp_status psp_reading_finish(struct psp_reading **reading,
                                   struct psp_returns_builder **ret_builder)
{
    size_t n;
    psp_returns_builder_rows((*reading)->builder, &n);
    bool *leave_out = calloc(n + 1, sizeof *leave_out);
    enum psp_status status = leave_out != NULL ? leave_totals_out(*reading, leave_out) : PSP_ENOMEM;
    if (status == PSP_OK)
        status = find_twice(*reading, leave_out);
    if (status == PSP_OK) {
        psp_returns_builder_leave_out((*reading)->builder, leave_out);
        psp_returns_builder_rows((*reading)->builder, &n);
        status = psp_report_status((*reading)->report);
    }
    free(leave_out);
    if (status == PSP_OK && n == 0) {
        psp_report_add((*reading)->report, PSP_REPORT_FILE, "", 0, "not one row can be read");
        status = PSP_EINVAL;
    }
    if (status == PSP_OK) {
        *ret_builder = (*reading)->builder;
        (*reading)->builder = NULL;
    }
    psp_reading_destroy(reading);
    return status;
}
