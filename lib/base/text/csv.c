/* A record is looked at twice: first for its end, then its quotes are taken out in place. */
#include "base/text/csv.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/utf8.h"

/* A record is first only looked at, and looked at again from its start when
 * the buffer ends inside it; only a complete one is changed in place (quotes
 * taken out, NULs put after fields). The second look costs one record in a
 * buffer of a million bytes. */

enum { BUFFER_BYTES = 2 * PSP_CSV_RECORD_BYTES_MAX };

struct span {
    size_t begin, end; /* in the buffer, quotes left out */
    bool quoted;       /* may hold doubled quotes */
};

struct psp_csv {
    FILE *file; /* NULL: memory */
    const char *memory;
    size_t memory_left;
    uint64_t line; /* where the next record begins */
    size_t begin, end;
    char delimiter;
    bool ended, started;
    bool skipping; /* after a fault: up to the end of its first line */
    uint32_t field_count;
    struct span spans[PSP_CSV_FIELDS_MAX];
    struct psp_csv_field fields[PSP_CSV_FIELDS_MAX];
    char buffer[BUFFER_BYTES + 1];
};

static enum psp_status create(struct psp_csv **ret_csv)
{
    struct psp_csv *csv = malloc(sizeof *csv);
    if (csv == NULL)
        return PSP_ENOMEM;
    memset(csv, 0, offsetof(struct psp_csv, buffer));
    csv->line = 1;
    csv->delimiter = ',';
    *ret_csv = csv;
    return PSP_OK;
}

enum psp_status psp_csv_open_memory(const char *text, size_t bytes, struct psp_csv **ret_csv)
{
    const enum psp_status status = create(ret_csv);
    if (status != PSP_OK)
        return status;
    (*ret_csv)->memory = text;
    (*ret_csv)->memory_left = bytes;
    return PSP_OK;
}

enum psp_status psp_csv_open_file(FILE *file, struct psp_csv **ret_csv)
{
    const enum psp_status status = create(ret_csv);
    if (status != PSP_OK)
        return status;
    (*ret_csv)->file = file;
    return PSP_OK;
}

void psp_csv_delimiter(struct psp_csv *csv, char delimiter)
{
    csv->delimiter = delimiter;
}

void psp_csv_close(struct psp_csv **csv)
{
    free(*csv);
    *csv = NULL;
}

/* Moves what is left to the front and reads more behind it. */
static enum psp_status refill(struct psp_csv *csv)
{
    memmove(csv->buffer, csv->buffer + csv->begin, csv->end - csv->begin);
    csv->end -= csv->begin;
    csv->begin = 0;
    const size_t room = BUFFER_BYTES - csv->end;
    size_t n;
    if (csv->file == NULL) {
        n = room < csv->memory_left ? room : csv->memory_left;
        if (n > 0)
            memcpy(csv->buffer + csv->end, csv->memory, n);
        csv->memory += n;
        csv->memory_left -= n;
        csv->ended = csv->memory_left == 0;
    } else {
        n = fread(csv->buffer + csv->end, 1, room, csv->file);
        if (ferror(csv->file))
            return PSP_EIO;
        csv->ended = n < room;
    }
    csv->end += n;
    return PSP_OK;
}

enum look {
    LOOK_RECORD,     /* complete: spans are filled, *ret_next is past its end */
    LOOK_INCOMPLETE, /* the buffer ends inside it */
    LOOK_FAULT,
};

static enum look fault(struct psp_reason *reterr_reason, uint64_t line, uint32_t column,
                       const char *reason)
{
    psp_reason_set_line(reterr_reason, line, column, "%s", reason);
    return LOOK_FAULT;
}

/* LF, or CR without LF behind it: as an editor counts. */
static bool ends_line(const struct psp_csv *csv, size_t at)
{
    return csv->buffer[at] == '\n' ||
           (csv->buffer[at] == '\r' && (at + 1 == csv->end || csv->buffer[at + 1] != '\n'));
}

/* A field in quotes; *at is at the opening quote and ends past the closing one. */
static enum look look_quoted(const struct psp_csv *csv, size_t *at, uint64_t *line, uint32_t column,
                             struct span *ret_span, struct psp_reason *reterr_reason)
{
    const uint64_t first_line = *line;
    size_t i = *at + 1;
    ret_span->begin = i;
    ret_span->quoted = true;
    for (;; i++) {
        if (i == csv->end)
            return csv->ended
                       ? fault(reterr_reason, first_line, column, "the quote is never closed")
                       : LOOK_INCOMPLETE;
        *line += ends_line(csv, i);
        if (csv->buffer[i] != '"')
            continue;
        if (i + 1 == csv->end && !csv->ended)
            return LOOK_INCOMPLETE;
        if (i + 1 == csv->end || csv->buffer[i + 1] != '"')
            break;
        i++;
    }
    ret_span->end = i;
    *at = i + 1;
    return LOOK_RECORD;
}

/* Ends bare fields: delimiter, quote, CR, LF. */
static inline bool is_special(char character, char delimiter)
{
    return character == delimiter || character == '\n' || character == '\r' || character == '"';
}

/* What no field can have behind it. Other delimiters are named: whole files have them. */
static const char *why_not(bool quoted, char special)
{
    if (!quoted)
        return "a quote inside a field that does not begin with one";
    switch (special) {
    case '\t':
        return "a tab behind the closing quote, where a comma is expected";
    case ';':
        return "a semicolon behind the closing quote, where a comma is expected";
    case '|':
        return "a '|' behind the closing quote, where a comma is expected";
    default:
        return "text after the closing quote";
    }
}

static enum look look(const struct psp_csv *csv, struct span *spans, uint32_t *ret_count,
                      uint64_t *ret_line, size_t *ret_next, struct psp_reason *reterr_reason)
{
    uint64_t line = csv->line;
    uint32_t count = 0;
    for (size_t at = csv->begin;;) {
        if (count == PSP_CSV_FIELDS_MAX)
            return fault(reterr_reason, line, count,
                         "more than " PSP_TEXT(PSP_CSV_FIELDS_MAX) " fields in one record");
        struct span *span = &spans[count++];
        if (at < csv->end && csv->buffer[at] == '"') {
            const enum look looked = look_quoted(csv, &at, &line, count, span, reterr_reason);
            if (looked != LOOK_RECORD)
                return looked;
        } else {
            span->begin = at;
            span->quoted = false;
            while (at < csv->end && !is_special(csv->buffer[at], csv->delimiter))
                at++;
            span->end = at;
        }
        if (at == csv->end && !csv->ended)
            return LOOK_INCOMPLETE;
        if (span->end - span->begin > PSP_CSV_FIELD_BYTES_MAX)
            return fault(reterr_reason, line, count,
                         "a field of more than " PSP_TEXT(PSP_CSV_FIELD_BYTES_MAX) " bytes");
        const char special = at < csv->end ? csv->buffer[at] : '\n';
        if (special == csv->delimiter) {
            at++;
            continue;
        }
        if (special == '\r') {
            if (at + 1 == csv->end && !csv->ended)
                return LOOK_INCOMPLETE;
            at += at + 1 < csv->end && csv->buffer[at + 1] == '\n';
        } else if (special != '\n') {
            return fault(reterr_reason, line, count, why_not(span->quoted, special));
        }
        *ret_next = at < csv->end ? at + 1 : at;
        *ret_line = line + 1;
        *ret_count = count;
        return LOOK_RECORD;
    }
}

/* Takes one of two quotes out, in place. Returns the new length. */
static size_t undouble(char *text, size_t bytes)
{
    const char *first = memchr(text, '"', bytes);
    if (first == NULL)
        return bytes;
    size_t out = (size_t)(first - text);
    for (size_t in = out; in < bytes; in++) {
        text[out++] = text[in];
        in += text[in] == '"';
    }
    return out;
}

/* Lines are counted up to the field only when there is something to say. */
static uint64_t line_of(const struct psp_csv *csv, size_t position)
{
    uint64_t line = csv->line;
    for (size_t i = csv->begin; i < position; i++)
        line += ends_line(csv, i);
    return line;
}

static enum psp_status finish(struct psp_csv *csv, uint32_t count, size_t next,
                              struct psp_reason *reterr_reason)
{
    const char *record = csv->buffer + csv->begin;
    const size_t bytes = next - csv->begin;
    const bool clean = psp_utf8_valid(record, bytes) && memchr(record, '\0', bytes) == NULL;
    for (uint32_t i = 0; !clean && i < count; i++) {
        const struct span *span = &csv->spans[i];
        const char *text = csv->buffer + span->begin;
        const size_t length = span->end - span->begin;
        const bool nul = memchr(text, '\0', length) != NULL;
        if (!nul && psp_utf8_valid(text, length))
            continue;
        psp_reason_set_line(reterr_reason, line_of(csv, span->begin), i + 1, "%s: \"%s\"",
                            nul ? "a NUL byte" : "not UTF-8", psp_shown(text, length).text);
        return PSP_EINVAL;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct span *span = &csv->spans[i];
        char *text = csv->buffer + span->begin;
        size_t length = span->end - span->begin;
        if (span->quoted)
            length = undouble(text, length);
        text[length] = '\0'; /* on the quote, the delimiter or the spare byte */
        csv->fields[i] = (struct psp_csv_field){text, length};
    }
    return PSP_OK;
}

static void skip_byte_order_mark(struct psp_csv *csv)
{
    csv->started = true;
    if (psp_utf8_marked(csv->buffer + csv->begin, csv->end - csv->begin))
        csv->begin += sizeof PSP_BYTE_ORDER_MARK - 1;
}

/* Past the end of the line that the broken record begins in. */
static enum psp_status skip_line(struct psp_csv *csv)
{
    for (;;) {
        size_t at = csv->begin;
        while (at < csv->end && csv->buffer[at] != '\n' && csv->buffer[at] != '\r')
            at++;
        if (at < csv->end && (at + 1 < csv->end || csv->ended)) {
            at += csv->buffer[at] == '\r' && at + 1 < csv->end && csv->buffer[at + 1] == '\n';
            csv->begin = at + 1;
            csv->line++;
            csv->skipping = false;
            return PSP_OK;
        }
        csv->begin = at;
        if (csv->ended) {
            csv->skipping = false;
            return PSP_OK;
        }
        const enum psp_status status = refill(csv);
        if (status != PSP_OK)
            return status;
    }
}

enum psp_status psp_csv_next(struct psp_csv *csv, struct psp_csv_record *ret_record,
                             struct psp_reason *reterr_reason)
{
    if (csv->skipping && skip_line(csv) != PSP_OK)
        return PSP_EIO;
    for (;;) {
        if (csv->started && csv->begin == csv->end && csv->ended)
            return PSP_ENOENT;
        uint32_t count;
        uint64_t next_line;
        size_t next;
        enum look looked = LOOK_INCOMPLETE;
        if (csv->started)
            looked = look(csv, csv->spans, &count, &next_line, &next, reterr_reason);
        csv->skipping = true; /* unless a record comes of it */
        if (looked == LOOK_FAULT)
            return PSP_EINVAL;
        if (looked == LOOK_RECORD && next - csv->begin <= PSP_CSV_RECORD_BYTES_MAX) {
            const enum psp_status status = finish(csv, count, next, reterr_reason);
            if (status != PSP_OK)
                return status;
            *ret_record = (struct psp_csv_record){csv->fields, count, csv->line};
            csv->begin = next;
            csv->line = next_line;
            csv->skipping = false;
            return PSP_OK;
        }
        if (csv->end - csv->begin > PSP_CSV_RECORD_BYTES_MAX) {
            fault(reterr_reason, csv->line, 0,
                  "a record of more than " PSP_TEXT(
                      PSP_CSV_RECORD_BYTES_MAX) " bytes: perhaps a quote is never closed");
            return PSP_EINVAL;
        }
        csv->skipping = false;
        const enum psp_status status = refill(csv);
        if (status != PSP_OK)
            return status;
        if (!csv->started)
            skip_byte_order_mark(csv);
    }
}

static bool must_quote(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (is_special(text[i], ','))
            return true;
    return false;
}

static void put(char character, char *ret_text, size_t size, size_t *length)
{
    if (*length < size)
        ret_text[*length] = character;
    ++*length;
}

size_t psp_csv_quote(const char *text, size_t bytes, char *ret_text, size_t size)
{
    if (!must_quote(text, bytes)) {
        if (bytes > 0)
            memcpy(ret_text, text, bytes < size ? bytes : size);
        return bytes;
    }
    size_t length = 0;
    put('"', ret_text, size, &length);
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '"')
            put('"', ret_text, size, &length);
        put(text[i], ret_text, size, &length);
    }
    put('"', ret_text, size, &length);
    return length;
}

static void write_field(FILE *file, const struct psp_csv_field *field)
{
    if (!must_quote(field->text, field->bytes)) {
        fwrite(field->text, 1, field->bytes, file);
        return;
    }
    putc('"', file);
    for (size_t i = 0; i < field->bytes; i++) {
        if (field->text[i] == '"')
            putc('"', file);
        putc(field->text[i], file);
    }
    putc('"', file);
}

enum psp_status psp_csv_write(FILE *file, const struct psp_csv_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            putc(',', file);
        write_field(file, &fields[i]);
    }
    putc('\n', file);
    return ferror(file) ? PSP_EIO : PSP_OK;
}
