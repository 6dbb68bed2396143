/* A line of JSON lives as a tree until the next one; a record of CSV is the reader's, a row
 * the connection's. */
#include "cli/prepare/people_file.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text/csv.h"
#include "base/text/text.h"
#include "cli/folder/local.h"
#include "cli/say/memory.h"

struct psp_people_file {
    const struct psp_people_field *fields;
    size_t n;
    FILE *file;
    struct psp_csv *csv;                /* NULL: lines of JSON */
    struct psp_postgres *server;        /* of a table; NULL: a file */
    uint32_t at[PSP_PEOPLE_FIELDS_MAX]; /* of a table: the column; PSP_NONE: it has none */
    json_t *root;                       /* of the line */
    char *text;                         /* it */
    size_t size;
    uint64_t line;
};

/* In any case, blanks around it aside. */
static bool is_named(const struct psp_csv_field *field, const char *name)
{
    const size_t begin = strspn(field->text, " \t"), bytes = strlen(name);
    return strncasecmp(field->text + begin, name, bytes) == 0 &&
           field->text[begin + bytes + strspn(field->text + begin + bytes, " \t")] == '\0';
}

static enum psp_status read_header(struct psp_people_file *file, struct psp_reason *reterr_reason)
{
    struct psp_csv_record header;
    const enum psp_status status = psp_csv_next(file->csv, &header, reterr_reason);
    if (status != PSP_OK)
        return status == PSP_ENOENT ? PSP_EINVAL : status;
    for (size_t i = 0; i < file->n; i++) {
        file->at[i] = PSP_NONE;
        for (uint32_t c = 0; c < header.field_count && file->at[i] == PSP_NONE; c++)
            if (is_named(&header.fields[c], file->fields[i].column))
                file->at[i] = c;
        if (file->at[i] != PSP_NONE || !file->fields[i].needed)
            continue;
        psp_reason_set_line(reterr_reason, 1, 0,
                            "no column %s: lines of JSON, or the table as CSV with its header, are "
                            "needed",
                            file->fields[i].column);
        return PSP_EINVAL;
    }
    return PSP_OK;
}

/* The first character that is no blank, which stays to be read; behind a byte order mark. */
static int peek(FILE *file)
{
    static const unsigned char mark[] = {0xEF, 0xBB, 0xBF};
    int c = getc(file);
    for (size_t i = 0; i < sizeof mark && c == mark[i]; i++)
        c = getc(file);
    while (c == ' ' || c == '\t' || c == '\r' || c == '\n')
        c = getc(file);
    return c;
}

static enum psp_status begin(struct psp_people_file *file, struct psp_reason *reterr_reason)
{
    const int first = peek(file->file);
    if (ferror(file->file))
        return PSP_EIO;
    if (first == EOF || first == '[') {
        psp_reason_set(reterr_reason, "%s",
                       first == EOF ? "empty"
                                    : "a JSON array: one object a line is needed, as `jq -c '.[]'` "
                                      "writes them");
        return PSP_EINVAL;
    }
    rewind(file->file);
    if (first == '{')
        return PSP_OK;
    const enum psp_status status = psp_csv_open_file(file->file, &file->csv);
    return status == PSP_OK ? read_header(file, reterr_reason) : status;
}

enum psp_status psp_people_file_open(const char *path, const struct psp_people_field *fields,
                                     size_t n, struct psp_people_file **ret_file,
                                     struct psp_reason *reterr_reason)
{
    struct psp_people_file *file = psp_memory_array(1, sizeof *file);
    file->fields = fields;
    file->n = n;
    file->file = fopen(path, "re");
    enum psp_status status =
        file->file != NULL ? begin(file, reterr_reason) : psp_status_from_errno(errno);
    if (status == PSP_OK) {
        *ret_file = file;
        return PSP_OK;
    }
    psp_people_file_close(&file);
    return psp_reason_set_file(reterr_reason, path, status);
}

/* Of the fields those that the table has; a list of columns for SELECT, the caller frees. */
static enum psp_status find_columns(struct psp_people_file *file, const char *table,
                                    char **ret_columns, struct psp_reason *reterr_reason)
{
    char *query = psp_memory_print("SELECT * FROM %s LIMIT 0", table);
    struct psp_text columns = {0};
    uint32_t found = 0;
    enum psp_status status = psp_postgres_query(file->server, query, reterr_reason);
    free(query);
    if (status != PSP_OK)
        return status;
    for (size_t i = 0; i < file->n && status == PSP_OK; i++) {
        const char *name = file->fields[i].column;
        const bool there = psp_postgres_column(file->server, name, &status) != PSP_NONE;
        file->at[i] = there ? found++ : PSP_NONE;
        if (there)
            psp_text_format(&columns, "%s%s::text", found > 1 ? ", " : "", name);
        if (there || !file->fields[i].needed)
            continue;
        psp_reason_set(reterr_reason, "the table %s has no column %s", table, name);
        status = PSP_EINVAL;
    }
    psp_postgres_query_end(file->server);
    psp_text_bytes(&columns, "", 1);
    *ret_columns = psp_memory_copy(columns.failed ? "" : columns.data);
    psp_text_free(&columns);
    return status;
}

enum psp_status psp_people_file_open_table(struct psp_postgres *server, const char *table,
                                           const struct psp_people_field *fields, size_t n,
                                           struct psp_people_file **ret_file,
                                           struct psp_reason *reterr_reason)
{
    struct psp_people_file *file = psp_memory_array(1, sizeof *file);
    char *columns = NULL;
    file->fields = fields;
    file->n = n;
    file->server = server;
    enum psp_status status = find_columns(file, table, &columns, reterr_reason);
    char *query = psp_memory_print("SELECT %s FROM %s ORDER BY %s::text COLLATE \"C\"",
                                   columns != NULL ? columns : "", table, fields[0].column);
    if (status == PSP_OK)
        status = psp_postgres_query(server, query, reterr_reason);
    free(query);
    free(columns);
    if (status == PSP_OK)
        *ret_file = file;
    else
        psp_people_file_close(&file);
    return status;
}

void psp_people_file_close(struct psp_people_file **file)
{
    if (!*file)
        return;
    psp_csv_close(&(*file)->csv);
    if ((*file)->server != NULL)
        psp_postgres_query_end((*file)->server);
    if ((*file)->file != NULL)
        fclose((*file)->file);
    json_decref((*file)->root);
    free((*file)->text);
    free(*file);
    *file = NULL;
}

/* PSP_EINVAL: there, and no text. */
static enum psp_status text_of(const json_t *root, const struct psp_people_field *field,
                               const char **ret_text, struct psp_reason *reterr_reason)
{
    const json_t *value = NULL;
    if (field->object != NULL)
        value = json_object_get(json_object_get(root, field->object), field->member);
    if (value == NULL)
        value = json_object_get(root, field->column);
    *ret_text = "";
    if (value == NULL || json_is_null(value))
        return PSP_OK;
    *ret_text = json_string_value(value);
    if (*ret_text != NULL && strlen(*ret_text) == json_string_length(value))
        return PSP_OK;
    psp_reason_set(reterr_reason, "%s: a text is needed", field->column);
    return PSP_EINVAL;
}

static enum psp_status next_object(struct psp_people_file *file, const char **ret_texts,
                                   struct psp_reason *reterr_reason)
{
    static const char mark[] = "\xEF\xBB\xBF";
    for (;;) {
        errno = 0;
        const ssize_t bytes = getline(&file->text, &file->size, file->file);
        if (bytes < 0)
            return ferror(file->file) ? PSP_EIO : PSP_ENOENT;
        file->line++;
        const char *from = file->text;
        if (file->line == 1 && strncmp(from, mark, sizeof mark - 1) == 0)
            from += sizeof mark - 1;
        from += strspn(from, " \t\r\n");
        if (*from == '\0' && from == file->text + bytes)
            continue; /* empty */
        json_error_t error;
        json_decref(file->root);
        file->root = bytes <= PSP_PEOPLE_LINE_BYTES_MAX
                         ? json_loadb(from, (size_t)(file->text + bytes - from),
                                      JSON_REJECT_DUPLICATES, &error)
                         : NULL;
        if (!json_is_object(file->root)) {
            psp_reason_set(reterr_reason, "%s",
                           bytes > PSP_PEOPLE_LINE_BYTES_MAX ? "longer than a line may be"
                           : file->root != NULL              ? "a JSON object is needed"
                                                             : error.text);
            return PSP_EINVAL;
        }
        enum psp_status status = PSP_OK;
        for (size_t i = 0; i < file->n && status == PSP_OK; i++)
            status = text_of(file->root, &file->fields[i], &ret_texts[i], reterr_reason);
        return status;
    }
}

static enum psp_status next_record(struct psp_people_file *file, const char **ret_texts,
                                   struct psp_reason *reterr_reason)
{
    struct psp_csv_record record;
    do {
        const enum psp_status status = psp_csv_next(file->csv, &record, reterr_reason);
        if (status == PSP_EINVAL)
            file->line = reterr_reason->line;
        if (status != PSP_OK)
            return status;
    } while (record.field_count == 1 && record.fields[0].bytes == 0);
    file->line = record.line;
    for (size_t i = 0; i < file->n; i++)
        ret_texts[i] = file->at[i] < record.field_count ? record.fields[file->at[i]].text : "";
    return PSP_OK;
}

/* A server that refuses to go on says nothing of the next row. */
static enum psp_status next_row(struct psp_people_file *file, const char **ret_texts,
                                struct psp_reason *reterr_reason)
{
    const enum psp_status status = psp_postgres_row(file->server, true, reterr_reason);
    if (status != PSP_OK)
        return status == PSP_EINVAL ? PSP_EIO : status;
    file->line++;
    for (size_t i = 0; i < file->n; i++) {
        size_t bytes = 0;
        const char *text =
            file->at[i] != PSP_NONE ? psp_postgres_cell(file->server, file->at[i], &bytes) : NULL;
        ret_texts[i] = text != NULL ? text : "";
        if (bytes <= PSP_PEOPLE_LINE_BYTES_MAX)
            continue;
        psp_reason_set(reterr_reason, "%s: longer than a line may be", file->fields[i].column);
        return PSP_EINVAL;
    }
    return PSP_OK;
}

enum psp_status psp_people_file_next(struct psp_people_file *file, const char **ret_texts,
                                     uint64_t *ret_line, struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_OK;
    if (file->server != NULL)
        status = next_row(file, ret_texts, reterr_reason);
    else if (file->csv != NULL)
        status = next_record(file, ret_texts, reterr_reason);
    else
        status = next_object(file, ret_texts, reterr_reason);
    *ret_line = file->line;
    return status;
}
