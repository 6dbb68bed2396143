/* A voter seen is remembered as 96 bits of a hash and the line, to find who stands
 * there twice. */
#include "election/roll/roll.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text/utf8.h"

enum { SLOTS_MIN = 1024, PREFIX_WORDS = 3, STYLE_COLUMN = PSP_ROLL_COLUMNS };

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
};

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

static enum psp_status read_header(struct psp_roll *roll, const struct psp_csv_record *record,
                                   struct psp_reason *reterr_reason)
{
    bool seen[PSP_ROLL_COLUMNS + 1] = {false};
    roll->column_count = record->field_count;
    roll->voter_column = roll->unit_column = roll->style_column = PSP_NONE;
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct psp_csv_field *field = &record->fields[i];
        const uint32_t column = known_column(field);
        if (column == PSP_NONE || seen[column]) {
            const char *delimiter = other_delimiter(record);
            psp_reason_set_line(reterr_reason, record->line, i + 1, "%s: \"%s\"",
                                delimiter != NULL    ? delimiter
                                : column == PSP_NONE ? "a roll has no column of this name"
                                                     : "this column is there twice",
                                psp_shown(field->text, field->bytes).text);
            return PSP_EINVAL;
        }
        seen[column] = true;
        if (column == 0)
            roll->voter_column = i;
        if (column == PSP_ROLL_COLUMNS - 1)
            roll->unit_column = i;
        if (column == STYLE_COLUMN)
            roll->style_column = i;
    }
    if (roll->voter_column == PSP_NONE || roll->unit_column == PSP_NONE) {
        psp_reason_set_line(reterr_reason, record->line, 0, "the column \"%s\" is missing",
                            roll->voter_column == PSP_NONE ? "voter_id" : "unit");
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
    for (uint32_t i = 0; unit == PSP_NONE && i < roll->definition->unit_count; i++)
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
                                   struct psp_reason *reterr_reason)
{
    const struct psp_csv_field *id = &record->fields[roll->voter_column];
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
    psp_reason_set_line(reterr_reason, record->line, roll->voter_column + 1,
                        "voter \"%s\" is on the roll already, in line %" PRIu32,
                        psp_shown(id->text, id->bytes).text, first_line);
    return PSP_EINVAL;
}

enum psp_status psp_roll_next(struct psp_roll *roll, struct psp_roll_voter *ret_voter,
                              struct psp_reason *reterr_reason)
{
    struct psp_csv_record record;
    enum psp_status status;
    do
        status = psp_csv_next(roll->csv, &record, reterr_reason);
    while (status == PSP_OK && record.field_count == 1 && record.fields[0].bytes == 0);
    if (status != PSP_OK)
        return status;
    if (record.field_count != roll->column_count) {
        psp_reason_set_line(reterr_reason, record.line, 0,
                            "%" PRIu32 " fields, and the header has %" PRIu32 " columns",
                            record.field_count, roll->column_count);
        return PSP_EINVAL;
    }
    uint32_t unit, style;
    status = check_voter(roll, &record, reterr_reason);
    if (status == PSP_OK)
        status = read_unit(roll, &record, &unit, reterr_reason);
    if (status == PSP_OK)
        status = read_style(roll, &record, unit, &style, reterr_reason);
    if (status != PSP_OK)
        return status;
    const struct psp_csv_field *id = &record.fields[roll->voter_column];
    *ret_voter = (struct psp_roll_voter){id->text, id->bytes, unit, style, record.line};
    return PSP_OK;
}
