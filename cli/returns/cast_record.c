/* The whole file is kept as it was read, so that storing changes only the units. */
#include "cli/returns/cast_record.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes/bytes.h"
#include "base/json/at.h"
#include "base/system/clock.h"
#include "base/system/file.h"
#include "base/text/moment.h"
#include "cli/say/memory.h"
#include "election/returns/fingerprint.h"

#define RECORD_BYTES_MAX ((size_t)256 << 20)

enum { FORMAT = 1 };

/* ---- the name ---- */

/* A pipe can be read once only: then what was read stands for its bytes. */
static void add_rows(struct psp_fingerprint *fingerprint, const struct psp_returns *returns)
{
    for (size_t i = 0; i < returns->n; i++) {
        const struct psp_returns_row *row = &returns->rows[i];
        for (int t = 0; t < PSP_RETURNS_TEXTS; t++)
            psp_fingerprint_add(fingerprint, row->text[t], strlen(row->text[t]));
        psp_fingerprint_add(fingerprint, &row->votes, sizeof row->votes);
    }
}

static bool is_regular(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

static enum psp_status add_file(struct psp_fingerprint *fingerprint, const char *path,
                                struct psp_reason *reterr_reason)
{
    FILE *file = fopen(path, "re");
    enum psp_status status =
        file != NULL ? psp_fingerprint_add_file(fingerprint, file) : psp_status_from_errno(errno);
    if (file != NULL)
        fclose(file);
    return status == PSP_OK ? PSP_OK : psp_reason_set_status(reterr_reason, path, status);
}

static enum psp_status add_files(struct psp_fingerprint *fingerprint,
                                 const struct psp_returns *returns,
                                 struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_OK;
    for (uint32_t i = 0; i < returns->file_count; i++)
        if (!is_regular(returns->files[i])) {
            add_rows(fingerprint, returns);
            return PSP_OK;
        }
    for (uint32_t i = 0; status == PSP_OK && i < returns->file_count; i++)
        status = add_file(fingerprint, returns->files[i], reterr_reason);
    return status;
}

static enum psp_status name_of(const struct psp_cast_origin *origin, const json_t *reading,
                               char ret_name[PSP_CAST_NAME_BYTES], struct psp_reason *reterr_reason)
{
    uint8_t hash[PSP_HASH_BYTES], seed[8];
    struct psp_fingerprint *fingerprint = psp_fingerprint_begin();
    char *read = json_dumps(reading, JSON_COMPACT | JSON_SORT_KEYS);
    if (fingerprint == NULL || read == NULL) {
        psp_fingerprint_end(&fingerprint, NULL);
        free(read);
        return PSP_ENOMEM;
    }
    psp_put64(seed, origin->seed);
    enum psp_status status = add_files(fingerprint, origin->returns, reterr_reason);
    psp_fingerprint_add(fingerprint, read, strlen(read));
    psp_fingerprint_add(fingerprint, seed, sizeof seed);
    if (status == PSP_OK && origin->roll_path != NULL && is_regular(origin->roll_path))
        status = add_file(fingerprint, origin->roll_path, reterr_reason);
    psp_fingerprint_end(&fingerprint, hash);
    free(read);
    for (int i = 0; i < PSP_HASH_BYTES; i++)
        snprintf(ret_name + 2 * i, 3, "%02x", hash[i]);
    return status;
}

/* ---- the file ---- */

static char *path_of(const char *folder, const char *name)
{
    return psp_memory_print("%s/%s", folder, name);
}

static bool *leaves_of(const struct psp_definition *definition)
{
    return psp_memory_array(definition->leaf_count, sizeof(bool));
}

enum psp_status psp_cast_record_make(const struct psp_cast_origin *origin,
                                     const struct psp_definition *definition, const bool *leaves,
                                     uint64_t ballots, struct psp_cast_record *ret_record,
                                     struct psp_reason *reterr_reason)
{
    char begun[PSP_MOMENT_BYTES];
    struct psp_cast_record record = {0};
    json_t *reading = psp_record_reading(origin->options, origin->returns);
    const enum psp_status status = name_of(origin, reading, record.name, reterr_reason);
    if (status != PSP_OK) {
        json_decref(reading);
        return status;
    }
    record.leaves = leaves_of(definition);
    memcpy(record.leaves, leaves, definition->leaf_count * sizeof *leaves);
    record.root =
        json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:b, s:I}", "format", FORMAT, "cast", record.name,
                  "begun", psp_moment_write(psp_clock_wall_ms() / 1000 * 1000, begun), "files",
                  psp_record_files(origin->returns), "read", reading, "seed",
                  json_sprintf("%" PRIu64, origin->seed), "roll", origin->roll_path != NULL,
                  "ballots", (json_int_t)ballots);
    *ret_record = record;
    return PSP_OK;
}

/* A unit that the definition does not have is of no interest. */
static bool read_units(const struct psp_json_at *root, const struct psp_definition *definition,
                       bool *leaves)
{
    struct psp_json_at list, at;
    size_t n = 0;
    if (!psp_json_list(root, "units", PSP_UNITS_MAX, &list, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!psp_json_element(&list, i, &at))
            return false;
        const char *id = json_string_value(at.value);
        if (id == NULL)
            return psp_json_refuse(&at, "must be the ID of a unit");
        const uint32_t unit = psp_definition_unit(definition, id, strlen(id));
        if (unit != PSP_NONE && definition->leaf_of_unit[unit] != PSP_NONE)
            leaves[definition->leaf_of_unit[unit]] = true;
    }
    return true;
}

enum psp_status psp_cast_record_load(const char *folder, const char *name,
                                     const struct psp_definition *definition,
                                     struct psp_cast_record *ret_record,
                                     struct psp_reason *reterr_reason)
{
    static const struct psp_json_format format = {.first = FORMAT, .last = FORMAT};
    struct psp_cast_record record = {0};
    char *path = path_of(folder, name);
    enum psp_status status = psp_json_load(path, format, reterr_reason, &record.root);
    const struct psp_json_at root = {.value = record.root, .reason = reterr_reason};
    snprintf(record.name, sizeof record.name, "%s", name);
    record.leaves = leaves_of(definition);
    if (status == PSP_OK && !read_units(&root, definition, record.leaves))
        status = PSP_EINVAL;
    if (status == PSP_OK) {
        *ret_record = record;
    } else {
        psp_reason_set_file(reterr_reason, path, status);
        psp_cast_record_free(&record);
    }
    free(path);
    return status;
}

enum psp_status psp_cast_record_store(struct psp_cast_record *record, const char *folder,
                                      const struct psp_definition *definition,
                                      struct psp_reason *reterr_reason)
{
    json_t *units = json_array();
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++)
        if (record->leaves[leaf])
            json_array_append_new(units,
                                  json_string(definition->units[definition->leaves[leaf]].id));
    json_object_set_new(record->root, "units", units);
    char *dumped = json_dumps(record->root, JSON_INDENT(1));
    char *text = psp_memory_print("%s\n", dumped != NULL ? dumped : "{}");
    char *path = path_of(folder, record->name);
    const enum psp_status status = psp_file_write(path, text, strlen(text), 0600);
    if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, path, status);
    free(path);
    free(text);
    free(dumped);
    return status;
}

void psp_cast_record_free(struct psp_cast_record *record)
{
    json_decref(record->root);
    free(record->leaves);
    *record = (struct psp_cast_record){0};
}

char *psp_cast_record_told(const struct psp_cast_record *record, const char *folder)
{
    const char *begun = json_string_value(json_object_get(record->root, "begun"));
    const json_t *files = json_object_get(record->root, "files");
    const char *file = json_string_value(json_array_get(files, 0));
    return psp_memory_print("%s/%s, begun %s, of %s%s", folder, record->name,
                            begun != NULL ? begun : "at some time", file != NULL ? file : "returns",
                            json_array_size(files) > 1 ? " and more" : "");
}

/* ---- the folder ---- */

static int is_record(const struct dirent *entry)
{
    const size_t bytes = PSP_CAST_NAME_BYTES - 1;
    return strlen(entry->d_name) == bytes && strspn(entry->d_name, "0123456789abcdef") == bytes;
}

enum psp_status psp_cast_record_list(const char *folder, char ***ret_names, size_t *ret_n,
                                     struct psp_reason *reterr_reason)
{
    struct dirent **entries = NULL;
    const int n = scandir(folder, &entries, is_record, alphasort);
    if (n < 0 && errno != ENOENT)
        return psp_reason_set_status(reterr_reason, folder, psp_status_from_errno(errno));
    *ret_n = n > 0 ? (size_t)n : 0;
    *ret_names = psp_memory_array(*ret_n + 1, sizeof **ret_names);
    for (size_t i = 0; i < *ret_n; i++) {
        (*ret_names)[i] = psp_memory_copy(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return PSP_OK;
}

static enum psp_status carry_one(const char *from, const char *to, const char *name, bool replace,
                                 struct psp_reason *reterr_reason)
{
    char *source = path_of(from, name), *target = path_of(to, name), *text = NULL;
    size_t bytes = 0;
    enum psp_status status = PSP_OK;
    if (replace || access(target, F_OK) != 0) {
        status = psp_file_read(source, RECORD_BYTES_MAX, &text, &bytes);
        if (status != PSP_OK)
            psp_reason_set_status(reterr_reason, source, status);
        else if ((status = psp_file_write(target, text, bytes, 0600)) != PSP_OK)
            psp_reason_set_status(reterr_reason, target, status);
    }
    free(text);
    free(target);
    free(source);
    return status;
}

enum psp_status psp_cast_record_carry(const char *from, const char *to, bool replace,
                                      struct psp_reason *reterr_reason)
{
    char **names = NULL;
    size_t n = 0;
    enum psp_status status = psp_cast_record_list(from, &names, &n, reterr_reason);
    if (status != PSP_OK)
        return status;
    if (n > 0 && (status = psp_file_make_folder(to, 0700)) != PSP_OK)
        psp_reason_set_status(reterr_reason, to, status);
    for (size_t i = 0; i < n; i++) {
        if (status == PSP_OK)
            status = carry_one(from, to, names[i], replace, reterr_reason);
        free(names[i]);
    }
    free(names);
    return status;
}
