/* Options under the words that the command line has for them. */
#include "cli/returns/record.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/file.h"
#include "cli/say/memory.h"

#define RECORD_BYTES_MAX ((size_t)16 << 20)

enum { FORMAT = 1 };

static const char *const suppressed_words[] = {[PSP_SUPPRESSED_REFUSED] = "refuse",
                                               [PSP_SUPPRESSED_DROP] = "drop",
                                               [PSP_SUPPRESSED_ZERO] = "zero"};

char *psp_record_beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    const int folder = slash != NULL ? (int)(slash + 1 - path) : 0;
    return psp_memory_print("%.*simport.json", folder, path);
}

static void set(json_t *json, const char *name, json_t *value)
{
    json_object_set_new(json, name, value);
}

static json_t *facts_json(const struct psp_file_facts *facts)
{
    return json_pack("{s:s, s:s, s:s}", "state", facts->state, "party", facts->party, "county",
                     facts->county);
}

json_t *psp_record_reading(const struct psp_returns_options *options,
                           const struct psp_returns *returns)
{
    char character[2];
    json_t *json = json_object(), *columns = json_array(), *kinds = json_array();
    for (unsigned i = 0; i < options->reading.mapping_n; i++)
        json_array_append_new(
            columns,
            json_sprintf("%s=%s", psp_reading_column_name(options->reading.mappings[i].ours),
                         options->reading.mappings[i].theirs));
    const char delimiter = options->reading.delimiter != '\0' ? options->reading.delimiter : ',';
    set(json, "delimiter", json_string(psp_reading_delimiter_name(delimiter, character)));
    set(json, "encoding", json_string(psp_encoding_name(options->reading.encoding)));
    set(json, "columns", columns);
    set(json, "suppressed", json_string(suppressed_words[options->reading.suppressed]));
    set(json, "faulty", json_string(options->reading.drop_faulty ? "drop" : "refuse"));
    const struct psp_file_facts facts =
        returns->file_count > 0 ? psp_file_facts(returns->files[0]) : (struct psp_file_facts){0};
    set(json, "otherwise",
        facts_json(facts.state[0] != '\0' ? &facts : &options->reading.otherwise));
    for (unsigned i = 0; i < options->meaning.kinds.n; i++)
        json_array_append_new(
            kinds, json_pack("{s:s, s:s}", "name", options->meaning.kinds.added[i].word, "kind",
                             psp_line_kind_name(options->meaning.kinds.added[i].kind)));
    set(json, "kinds", kinds);
    set(json, "keep_all", json_boolean(options->meaning.keep_all));
    set(json, "merge_names", json_boolean(options->meaning.merge_names));
    return json;
}

json_t *psp_record_files(const struct psp_returns *returns)
{
    json_t *files = json_array();
    for (uint32_t i = 0; i < returns->file_count; i++) {
        const char *slash = strrchr(returns->files[i], '/');
        json_array_append_new(files, json_string(slash != NULL ? slash + 1 : returns->files[i]));
    }
    return files;
}

static json_t *record_json(const struct psp_returns_options *options,
                           const struct psp_returns *returns)
{
    json_t *json = json_object(), *seats = json_array();
    json_t *reading = psp_record_reading(options, returns);
    for (unsigned i = 0; i < options->seats_n; i++)
        json_array_append_new(seats, json_pack("{s:s, s:I}", "contest", options->seats[i].contest,
                                               "seats", (json_int_t)options->seats[i].n));
    set(json, "format", json_integer(FORMAT));
    set(json, "files", psp_record_files(returns));
    json_object_update(json, reading);
    set(json, "primary", json_boolean(options->primary));
    set(json, "root", json_string(options->root));
    set(json, "seats", seats);
    json_decref(reading);
    return json;
}

enum psp_status psp_record_write(const char *path, const struct psp_returns_options *options,
                                 const struct psp_returns *returns,
                                 struct psp_reason *reterr_reason)
{
    json_t *json = record_json(options, returns);
    char *dumped = json_dumps(json, JSON_INDENT(2));
    char *text = psp_memory_print("%s\n", dumped != NULL ? dumped : "{}");
    const enum psp_status status = psp_file_write(path, text, strlen(text), 0644);
    if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, path, status);
    free(text);
    free(dumped);
    json_decref(json);
    return status;
}

/* Fills a fixed field; what is missing stays empty. */
static void take(const json_t *json, const char *name, char *ret_text, size_t size)
{
    const char *text = json_string_value(json_object_get(json, name));
    if (text != NULL && strlen(text) < size)
        memcpy(ret_text, text, strlen(text) + 1);
}

static enum psp_status read_kinds(const json_t *json, struct psp_kinds *kinds,
                                  struct psp_reason *reterr_reason)
{
    size_t i;
    const json_t *entry;
    json_array_foreach(json_object_get(json, "kinds"), i, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "name"));
        const char *kind = json_string_value(json_object_get(entry, "kind"));
        if (psp_kinds_add(kinds, name != NULL ? name : "", kind != NULL ? kind : "",
                          reterr_reason) != PSP_OK)
            return PSP_EINVAL;
    }
    return PSP_OK;
}

/* What is no seat is passed over: a record is ours. */
static void read_seats(const json_t *json, struct psp_returns_options *options)
{
    size_t i;
    const json_t *entry;
    json_array_foreach(json_object_get(json, "seats"), i, entry)
    {
        const json_int_t seats = json_integer_value(json_object_get(entry, "seats"));
        if (seats < 1 || seats > PSP_MARKED_CHOICES_MAX ||
            options->seats_n == PSP_RETURNS_SEATS_MAX)
            continue;
        struct psp_import_seats *added = &options->seats[options->seats_n++];
        take(entry, "contest", added->contest, sizeof added->contest);
        added->n = (uint32_t)seats;
    }
}

static enum psp_status read_words(const json_t *json, struct psp_returns_options *options,
                                  struct psp_reason *reterr_reason)
{
    const char *delimiter = json_string_value(json_object_get(json, "delimiter"));
    const char *encoding = json_string_value(json_object_get(json, "encoding"));
    const char *suppressed = json_string_value(json_object_get(json, "suppressed"));
    const char *faulty = json_string_value(json_object_get(json, "faulty"));
    if (delimiter != NULL &&
        psp_reading_delimiter(&options->reading, delimiter, reterr_reason) != PSP_OK)
        return PSP_EINVAL;
    if (encoding != NULL && !psp_encoding_named(encoding, &options->reading.encoding)) {
        psp_reason_set(reterr_reason, "\"encoding\" is none");
        return PSP_EINVAL;
    }
    for (int i = 0; suppressed != NULL && i <= PSP_SUPPRESSED_ZERO; i++)
        if (strcmp(suppressed_words[i], suppressed) == 0)
            options->reading.suppressed = (enum psp_suppressed)i;
    options->reading.drop_faulty = faulty != NULL && strcmp(faulty, "drop") == 0;
    const json_t *columns = json_object_get(json, "columns"), *otherwise;
    size_t i;
    json_t *column;
    json_array_foreach(
        columns, i,
        column) if (psp_reading_columns(&options->reading,
                                        json_is_string(column) ? json_string_value(column) : "",
                                        reterr_reason) != PSP_OK) return PSP_EINVAL;
    otherwise = json_object_get(json, "otherwise");
    take(otherwise, "state", options->reading.otherwise.state,
         sizeof options->reading.otherwise.state);
    take(otherwise, "party", options->reading.otherwise.party,
         sizeof options->reading.otherwise.party);
    take(otherwise, "county", options->reading.otherwise.county,
         sizeof options->reading.otherwise.county);
    return PSP_OK;
}

enum psp_status psp_record_load(const char *path, struct psp_returns_options *ret_options,
                                struct psp_reason *reterr_reason)
{
    char *text = NULL;
    size_t bytes = 0;
    enum psp_status status = psp_file_read(path, RECORD_BYTES_MAX, &text, &bytes);
    if (status != PSP_OK)
        return psp_reason_set_status(reterr_reason, path, status);
    struct psp_returns_options options = {0};
    json_t *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    if (json_integer_value(json_object_get(json, "format")) != FORMAT) {
        psp_reason_set(reterr_reason, "no import.json of this version");
        status = PSP_EINVAL;
    }
    if (status == PSP_OK)
        status = read_words(json, &options, reterr_reason);
    if (status == PSP_OK)
        status = read_kinds(json, &options.meaning.kinds, reterr_reason);
    read_seats(json, &options);
    options.primary_told = json_object_get(json, "primary") != NULL;
    options.primary = json_is_true(json_object_get(json, "primary"));
    take(json, "root", options.root, sizeof options.root);
    options.meaning.keep_all = json_is_true(json_object_get(json, "keep_all"));
    options.meaning.merge_names = json_is_true(json_object_get(json, "merge_names"));
    json_decref(json);
    if (status != PSP_OK)
        return psp_reason_set_file(reterr_reason, path, status);
    *ret_options = options;
    return PSP_OK;
}

enum psp_status psp_record_carry(const char *from, const char *directory,
                                 struct psp_reason *reterr_reason)
{
    char *source = psp_record_beside(from);
    char *target = psp_memory_print("%s/import.json", directory), *text = NULL;
    size_t bytes = 0;
    enum psp_status status = psp_file_read(source, RECORD_BYTES_MAX, &text, &bytes);
    if (status == PSP_OK)
        status = psp_file_write(target, text, bytes, 0644);
    status = status == PSP_ENOENT ? PSP_OK : status;
    if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, target, status);
    free(text);
    free(target);
    free(source);
    return status;
}
