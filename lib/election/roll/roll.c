/* A voter seen is remembered as 96 bits of a hash and the line, to find who stands
 * there twice. */
#include "election/roll/roll.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text/utf8.h"

enum { SLOTS_MIN = 1024, PREFIX_WORDS = 3, UNIT_COLUMN = PSP_ROLL_COLUMNS - 1, STYLE_COLUMN };

const char *const psp_roll_columns[PSP_ROLL_COLUMNS] = {
    "voter_id",      "voter_name",          "date_of_birth",    "gender",
    "nationality",   "registration_number", "address_street",   "address_city",
    "address_state", "address_country",     "address_postcode", "email",
    "phone_number",  "cell_number",         "picture",          "registered_age",
    "unit",
};

/* A voter seen: 96 bits of a hash of the ID, and the line. A hundred million
 * voters share 96 bits by chance with probability 1e-13. */
struct seen {
    uint32_t hash[PREFIX_WORDS];
    uint32_t line; /* 0: free */
};

struct psp_roll {
    struct psp_csv *csv;
    const struct psp_definition *definition;
    uint32_t column_count, voter_column, unit_column;
    uint32_t style_column; /* or PSP_NONE */
    struct seen *seen;
    uint64_t seen_count, seen_mask;
    struct psp_report *report; /* or NULL */
    const char *path;
};

/* The first reason of a row is the caller's; all are the report's. */
static void note(struct psp_roll *roll, enum psp_report_kind kind, const struct psp_reason *fault,
                 struct psp_reason *reterr_reason, enum psp_status *status)
{
    if (*status == PSP_OK)
        *reterr_reason = *fault;
    *status = PSP_EINVAL;
    if (roll->report != NULL)
        psp_report_add(roll->report, kind, roll->path, fault->line, "%s", fault->text);
}

/* In any case, blanks around it aside. */
static bool is_called(const struct psp_csv_field *field, const char *name)
{
    size_t begin = strspn(field->text, " "), bytes = field->bytes;
    while (bytes > begin && field->text[bytes - 1] == ' ')
        bytes--;
    return strlen(name) == bytes - begin &&
           strncasecmp(field->text + begin, name, bytes - begin) == 0;
}

static uint32_t known_column(const struct psp_csv_field *field)
{
    for (uint32_t i = 0; i < PSP_ROLL_COLUMNS; i++)
        if (is_called(field, psp_roll_columns[i]))
            return i;
    return is_called(field, "style") ? STYLE_COLUMN : PSP_NONE;
}

/* A table in which something else than commas stands between the columns. */
static const char *other_delimiter(const struct psp_csv_record *record)
{
    if (record->field_count != 1)
        return NULL;
    return strchr(record->fields[0].text, '\t') != NULL
               ? "tabs stand between its columns, and must be commas"
           : strchr(record->fields[0].text, ';') != NULL
               ? "semicolons stand between its columns, and must be commas"
               : NULL;
}

/* Columns that a roll cannot have, all of them, as far as a line of text holds them. */
static enum psp_status check_header(const struct psp_csv_record *record,
                                    struct psp_reason *reterr_reason)
{
    bool seen[PSP_ROLL_COLUMNS + 1] = {false};
    char unknown[600] = "", twice[200] = "";
    uint32_t first = 0;
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct psp_csv_field *field = &record->fields[i];
        const uint32_t column = known_column(field);
        if (column != PSP_NONE && !seen[column]) {
            seen[column] = true;
            continue;
        }
        char *list = column == PSP_NONE ? unknown : twice;
        const size_t size = column == PSP_NONE ? sizeof unknown : sizeof twice, at = strlen(list);
        first = first == 0 ? i + 1 : first;
        snprintf(list + at, size - at, "%s\"%s\"", at > 0 ? ", " : "",
                 psp_shown(field->text, field->bytes).text);
        list[psp_utf8_cut(list, strlen(list), size - 1)] = '\0';
    }
    if (first == 0)
        return PSP_OK;
    const char *delimiter = other_delimiter(record);
    if (delimiter != NULL)
        psp_reason_set_line(reterr_reason, record->line, first, "%s: %s", delimiter, unknown);
    else
        psp_reason_set_line(
            reterr_reason, record->line, first, "%s%s%s%s%s%s%s",
            unknown[0] != '\0' ? "a roll has no column of this name: " : "", unknown,
            unknown[0] != '\0' && twice[0] != '\0' ? "; " : "",
            twice[0] != '\0' ? "this column is there twice: " : "", twice,
            unknown[0] != '\0' && !seen[0] ? "; the column \"voter_id\" is missing" : "",
            unknown[0] != '\0' && !seen[UNIT_COLUMN] ? "; the column \"unit\" is missing" : "");
    return PSP_EINVAL;
}

static enum psp_status read_header(struct psp_roll *roll, const struct psp_csv_record *record,
                                   struct psp_reason *reterr_reason)
{
    const enum psp_status status = check_header(record, reterr_reason);
    if (status != PSP_OK)
        return status;
    roll->column_count = record->field_count;
    roll->voter_column = roll->unit_column = roll->style_column = PSP_NONE;
    for (uint32_t i = 0; i < record->field_count; i++) {
        const uint32_t column = known_column(&record->fields[i]);
        if (column == 0)
            roll->voter_column = i;
        if (column == UNIT_COLUMN)
            roll->unit_column = i;
        if (column == STYLE_COLUMN)
            roll->style_column = i;
    }
    if (roll->voter_column == PSP_NONE || roll->unit_column == PSP_NONE) {
        psp_reason_set_line(reterr_reason, record->line, 0, "%s",
                            roll->unit_column != PSP_NONE ? "the column \"voter_id\" is missing"
                            : roll->voter_column != PSP_NONE
                                ? "the column \"unit\" is missing"
                                : "the columns \"voter_id\" and \"unit\" are missing");
        return PSP_EINVAL;
    }
    return PSP_OK;
}

enum psp_status psp_roll_open(FILE *file, const struct psp_definition *definition,
                              struct psp_roll **ret_roll, struct psp_reason *reterr_reason)
{
    struct psp_roll *roll = calloc(1, sizeof *roll);
    if (roll == NULL)
        return PSP_ENOMEM;
    roll->definition = definition;
    roll->seen = calloc(SLOTS_MIN, sizeof *roll->seen);
    roll->seen_mask = SLOTS_MIN - 1;
    struct psp_csv_record record;
    enum psp_status status = roll->seen != NULL ? psp_csv_open_file(file, &roll->csv) : PSP_ENOMEM;
    if (status == PSP_OK)
        status = psp_csv_next(roll->csv, &record, reterr_reason);
    if (status == PSP_ENOENT) {
        psp_reason_set(reterr_reason, "the file is empty, without even a header");
        status = PSP_EINVAL;
    } else if (status == PSP_OK) {
        status = read_header(roll, &record, reterr_reason);
    }
    if (status == PSP_OK)
        *ret_roll = roll;
    else
        psp_roll_close(&roll);
    return status;
}

void psp_roll_close(struct psp_roll **roll)
{
    if (*roll == NULL)
        return;
    psp_csv_close(&(*roll)->csv);
    free((*roll)->seen);
    free(*roll);
    *roll = NULL;
}

static struct seen *slot_of(struct seen *seen, uint64_t mask, const uint32_t hash[PREFIX_WORDS])
{
    for (uint64_t at = ((uint64_t)hash[0] << 32 | hash[1]) & mask;; at = (at + 1) & mask)
        if (seen[at].line == 0 || memcmp(seen[at].hash, hash, sizeof seen[at].hash) == 0)
            return &seen[at];
}

static enum psp_status grow(struct psp_roll *roll)
{
    const uint64_t mask = 2 * roll->seen_mask + 1;
    struct seen *larger = calloc(mask + 1, sizeof *larger);
    if (larger == NULL)
        return PSP_ENOMEM;
    for (uint64_t i = 0; i <= roll->seen_mask; i++)
        if (roll->seen[i].line != 0)
            *slot_of(larger, mask, roll->seen[i].hash) = roll->seen[i];
    free(roll->seen);
    roll->seen = larger;
    roll->seen_mask = mask;
    return PSP_OK;
}

/* *ret_line is the line where the voter stood before, 0 when nowhere. */
static enum psp_status note_voter(struct psp_roll *roll, const struct psp_csv_field *id,
                                  uint64_t line, uint32_t *ret_line)
{
    static const unsigned char no_key[crypto_shorthash_siphashx24_KEYBYTES];
    unsigned char hash[crypto_shorthash_siphashx24_BYTES];
    uint32_t prefix[PREFIX_WORDS];
    if (line > UINT32_MAX)
        return PSP_ENOMEM;
    if (roll->seen_count >= (roll->seen_mask + 1) / 3 * 2 && grow(roll) != PSP_OK)
        return PSP_ENOMEM;
    crypto_shorthash_siphashx24(hash, (const unsigned char *)id->text, id->bytes, no_key);
    memcpy(prefix, hash, sizeof prefix);
    struct seen *slot = slot_of(roll->seen, roll->seen_mask, prefix);
    *ret_line = slot->line;
    if (slot->line == 0) {
        memcpy(slot->hash, prefix, sizeof prefix);
        slot->line = (uint32_t)line;
        roll->seen_count++;
    }
    return PSP_OK;
}

static enum psp_status read_unit(const struct psp_roll *roll, const struct psp_csv_record *record,
                                 uint32_t *ret_unit, struct psp_reason *reterr_reason)
{
    const struct psp_csv_field *field = &record->fields[roll->unit_column];
    const uint32_t unit = psp_definition_unit(roll->definition, field->text, field->bytes);
    if (unit != PSP_NONE && roll->definition->leaf_of_unit[unit] != PSP_NONE) {
        *ret_unit = unit;
        return PSP_OK;
    }
    /* Units are not searched for every line of a file that has names in all of them. */
    const bool shown =
        roll->report == NULL || roll->report->groups[PSP_REPORT_VOTER_UNIT].n < PSP_REPORT_FIRST;
    for (uint32_t i = 0; shown && unit == PSP_NONE && i < roll->definition->unit_count; i++)
        if (strcmp(roll->definition->units[i].name, field->text) == 0) {
            psp_reason_set_line(reterr_reason, record->line, roll->unit_column + 1,
                                "a unit's name, \"%s\": a roll has its ID, \"%s\"",
                                psp_shown(field->text, field->bytes).text,
                                roll->definition->units[i].id);
            return PSP_EINVAL;
        }
    psp_reason_set_line(reterr_reason, record->line, roll->unit_column + 1, "%s: \"%s\"",
                        unit == PSP_NONE
                            ? "the definition has no unit of this ID"
                            : "other units lie in this one, so no voter belongs to it directly",
                        psp_shown(field->text, field->bytes).text);
    return PSP_EINVAL;
}

/* 0 when the roll does not tell. */
static enum psp_status read_style(const struct psp_roll *roll, const struct psp_csv_record *record,
                                  uint32_t unit, uint32_t *ret_style,
                                  struct psp_reason *reterr_reason)
{
    *ret_style = 0;
    if (roll->style_column == PSP_NONE)
        return PSP_OK;
    const struct psp_csv_field *field = &record->fields[roll->style_column];
    const uint32_t place =
        psp_definition_unit_style(roll->definition, unit, field->text, field->bytes);
    if (place != PSP_NONE) {
        *ret_style = place + 1;
        return PSP_OK;
    }
    psp_reason_set_line(reterr_reason, record->line, roll->style_column + 1,
                        "unit \"%s\" has no ballot style of this ID: \"%s\"",
                        roll->definition->units[unit].id,
                        psp_shown(field->text, field->bytes).text);
    return PSP_EINVAL;
}

static enum psp_status check_voter(struct psp_roll *roll, const struct psp_csv_record *record,
                                   enum psp_report_kind *ret_kind, struct psp_reason *reterr_reason)
{
    const struct psp_csv_field *id = &record->fields[roll->voter_column];
    *ret_kind = PSP_REPORT_VOTER_ID;
    if (id->bytes == 0 || id->bytes > PSP_VOTER_ID_BYTES_MAX) {
        psp_reason_set_line(reterr_reason, record->line, roll->voter_column + 1,
                            "a voter ID of %zu bytes: 1 to %d are allowed", id->bytes,
                            PSP_VOTER_ID_BYTES_MAX);
        return PSP_EINVAL;
    }
    if (id->text[0] == ' ' || id->text[id->bytes - 1] == ' ') {
        psp_reason_set_line(reterr_reason, record->line, roll->voter_column + 1,
                            "a voter ID that begins or ends with a blank, which no station would "
                            "send: \"%s\"",
                            psp_shown(id->text, id->bytes).text);
        return PSP_EINVAL;
    }
    uint32_t first_line;
    const enum psp_status status = note_voter(roll, id, record->line, &first_line);
    if (status != PSP_OK || first_line == 0)
        return status;
    *ret_kind = PSP_REPORT_VOTER_TWICE;
    psp_reason_set_line(reterr_reason, record->line, roll->voter_column + 1,
                        "voter \"%s\" is on the roll already, in line %" PRIu32,
                        psp_shown(id->text, id->bytes).text, first_line);
    return PSP_EINVAL;
}

/* What psp_csv_next found. */
static enum psp_report_kind kind_of_record(const struct psp_reason *reason)
{
    static const char foreign[] = "not UTF-8";
    return strncmp(reason->text, foreign, sizeof foreign - 1) == 0 ? PSP_REPORT_ENCODING
                                                                   : PSP_REPORT_RECORD;
}

/* Each field is looked at though another one is at fault. */
static enum psp_status check_row(struct psp_roll *roll, const struct psp_csv_record *record,
                                 struct psp_roll_voter *ret_voter, struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_OK;
    enum psp_report_kind kind;
    struct psp_reason fault;
    if (record->field_count != roll->column_count) {
        psp_reason_set_line(&fault, record->line, 0,
                            "%" PRIu32 " fields, and the header has %" PRIu32 " columns",
                            record->field_count, roll->column_count);
        note(roll, PSP_REPORT_FIELDS, &fault, reterr_reason, &status);
        return status;
    }
    uint32_t unit = PSP_NONE, style = 0;
    const enum psp_status checked = check_voter(roll, record, &kind, &fault);
    if (checked == PSP_EINVAL)
        note(roll, kind, &fault, reterr_reason, &status);
    else if (checked != PSP_OK)
        return checked;
    if (read_unit(roll, record, &unit, &fault) != PSP_OK)
        note(roll, PSP_REPORT_VOTER_UNIT, &fault, reterr_reason, &status);
    else if (read_style(roll, record, unit, &style, &fault) != PSP_OK)
        note(roll, PSP_REPORT_VOTER_STYLE, &fault, reterr_reason, &status);
    const struct psp_csv_field *id = &record->fields[roll->voter_column];
    if (status == PSP_OK)
        *ret_voter = (struct psp_roll_voter){id->text, id->bytes, unit, style, record->line};
    return status;
}

/* The next row, blank lines aside. */
static enum psp_status read_row(struct psp_roll *roll, struct psp_roll_voter *ret_voter,
                                struct psp_reason *reterr_reason)
{
    struct psp_csv_record record;
    struct psp_reason fault = {0};
    enum psp_status status;
    do
        status = psp_csv_next(roll->csv, &record, &fault);
    while (status == PSP_OK && record.field_count == 1 && record.fields[0].bytes == 0);
    if (status == PSP_OK)
        return check_row(roll, &record, ret_voter, reterr_reason);
    if (status != PSP_EINVAL)
        return status;
    status = PSP_OK;
    note(roll, kind_of_record(&fault), &fault, reterr_reason, &status);
    return status;
}

enum psp_status psp_roll_next(struct psp_roll *roll, struct psp_roll_voter *ret_voter,
                              struct psp_reason *reterr_reason)
{
    enum psp_status status = read_row(roll, ret_voter, reterr_reason);
    if (status != PSP_EINVAL || roll->report == NULL)
        return status;
    struct psp_reason more;
    do
        status = read_row(roll, ret_voter, &more);
    while (status == PSP_OK || status == PSP_EINVAL);
    return status == PSP_ENOENT ? PSP_EINVAL : status;
}

void psp_roll_tell(struct psp_roll *roll, struct psp_report *report, const char *path)
{
    report->nothing_dropped = true;
    roll->report = report;
    roll->path = path;
}
