/* Members that a station does not need are left out of the file, and mean no bound. */
#include "cluster/stations.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json/at.h"
#include "base/system/file.h"
#include "base/text/moment.h"
#include "base/text/text.h"

enum { STATIONS_FORMAT = 2, FILE_MODE = 0644 };

void psp_stations_free(struct psp_stations *stations)
{
    for (uint32_t i = 0; i < stations->count; i++)
        free(stations->list[i].units);
    free(stations->list);
    *stations = (struct psp_stations){0};
}

/* ---- read ---- */

static int compare_positions(const void *a, const void *b)
{
    const uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

/* The text at `i` of the list; NULL, refused: it is none. */
static const char *text_of(const struct psp_json_at *list, size_t i, struct psp_json_at *ret_at)
{
    if (!psp_json_element(list, i, ret_at))
        return NULL;
    if (!json_is_string(ret_at->value))
        psp_json_refuse(ret_at, "must be an ID");
    return json_string_value(ret_at->value);
}

/* An empty list would read as "none" to people and as "all" to us. */
static bool bounds_list(const struct psp_json_at *at, const char *name, size_t most,
                        struct psp_json_at *ret_list, size_t *ret_n)
{
    return psp_json_list(at, name, most, ret_list, ret_n) &&
           (*ret_n > 0 || psp_json_refuse(ret_list, "is empty: leave it out when all are meant"));
}

static bool read_units(const struct psp_json_at *at, const struct psp_definition *definition,
                       struct psp_station *station)
{
    struct psp_json_at list, one;
    size_t n;
    if (!psp_json_has(at, "units"))
        return true;
    if (!bounds_list(at, "units", definition->unit_count, &list, &n))
        return false;
    station->units = calloc(n, sizeof *station->units);
    if (!station->units)
        return psp_json_refuse(&list, "out of memory");
    station->unit_count = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        const char *id = text_of(&list, i, &one);
        if (!id)
            return false;
        station->units[i] = psp_definition_unit(definition, id, strlen(id));
        if (station->units[i] == PSP_NONE)
            return psp_json_refuse(&one, "election.json has no unit \"%.60s\"", id);
    }
    qsort(station->units, n, sizeof *station->units, compare_positions);
    for (size_t i = 1; i < n; i++)
        if (station->units[i] == station->units[i - 1])
            return psp_json_refuse(&list, "\"%s\" stands twice",
                                   definition->units[station->units[i]].id);
    return true;
}

static bool read_methods(const struct psp_json_at *at, const struct psp_definition *definition,
                         struct psp_station *station)
{
    struct psp_json_at list, one;
    size_t n;
    if (!psp_json_has(at, "methods"))
        return true;
    if (!bounds_list(at, "methods", PSP_METHODS_MAX, &list, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *id = text_of(&list, i, &one);
        if (!id)
            return false;
        const uint32_t method = psp_definition_method(definition, id, strlen(id));
        if (method == PSP_NONE)
            return psp_json_refuse(&one, "election.json has no method \"%.60s\"", id);
        if (station->methods & UINT32_C(1) << method)
            return psp_json_refuse(&one, "\"%.60s\" stands twice", id);
        station->methods |= UINT32_C(1) << method;
    }
    return true;
}

static bool read_time(const struct psp_json_at *at, const char *name, uint64_t *ret_ms)
{
    if (!psp_json_has(at, name))
        return true;
    /* 0 stands for no such time. */
    return psp_json_moment(at, name, ret_ms) &&
           (*ret_ms > 0 || psp_json_refuse(at, "\"%s\" must be later than 1970 began", name));
}

/* A key or a token's hash: with both, revoking one would leave the other. */
static bool read_credential(const struct psp_json_at *at, struct psp_station *station,
                            char **ret_key)
{
    const json_t *token = json_object_get(at->value, "token_hash");
    station->has_token = token && !json_is_null(token);
    if (station->has_token && psp_json_has(at, "public_key"))
        return psp_json_refuse(at, "has \"public_key\" and \"token_hash\": a station has one");
    if (station->has_token)
        return psp_json_hex(at, "token_hash", false, PSP_HASH_BYTES, station->token_hash);
    return psp_json_key(at, "public_key", ret_key);
}

static bool read_station(const struct psp_json_at *at, const struct psp_definition *definition,
                         struct psp_station *station)
{
    static const char *const names[] = {"number", "name",    "public_key", "units", "methods",
                                        "until",  "revoked", "token_hash", NULL};
    uint64_t number = 0;
    char *name = NULL, *key = NULL;
    bool good = psp_json_members(at, names) &&
                psp_json_number(at, "number", PSP_STATIONS_MAX, &number) &&
                (number > 0 || psp_json_refuse(at, "\"number\" begins at 1")) &&
                psp_json_text(at, "name", &name) && read_credential(at, station, &key);
    if (good && strlen(name) > PSP_STATION_NAME_BYTES_MAX)
        good = psp_json_refuse(at, "\"name\" is longer than %d bytes",
                               (int)PSP_STATION_NAME_BYTES_MAX);
    if (good) {
        station->number = (uint32_t)number;
        memcpy(station->name, name, strlen(name) + 1);
        if (key)
            memcpy(station->public_key, key, sizeof station->public_key);
    }
    free(name);
    free(key);
    return good && read_units(at, definition, station) && read_methods(at, definition, station) &&
           read_time(at, "until", &station->until_ms) &&
           read_time(at, "revoked", &station->revoked_ms);
}

static int compare_numbers(const void *a, const void *b)
{
    const uint32_t one = ((const struct psp_station *)a)->number,
                   other = ((const struct psp_station *)b)->number;
    return (one > other) - (one < other);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const struct psp_station *const *)a)->name,
                  (*(const struct psp_station *const *)b)->name);
}

static int compare_keys(const void *a, const void *b)
{
    const struct psp_station *one = *(const struct psp_station *const *)a,
                             *other = *(const struct psp_station *const *)b;
    const int order = strcmp(one->public_key, other->public_key);
    return order != 0 ? order : memcmp(one->token_hash, other->token_hash, PSP_HASH_BYTES);
}

/* Only those that have one are compared. */
static bool same_credential(const struct psp_station *one, const struct psp_station *other)
{
    return one->has_token == other->has_token &&
           (one->has_token ? memcmp(one->token_hash, other->token_hash, PSP_HASH_BYTES) == 0
                           : strcmp(one->public_key, other->public_key) == 0);
}

/* A name twice could be revoked by half, a key twice would have two names: of those
 * that may cast. */
static bool those_that_cast_differ(const struct psp_json_at *list,
                                   const struct psp_stations *stations)
{
    const struct psp_station **casting = calloc(stations->count + 1, sizeof *casting);
    if (!casting)
        return psp_json_refuse(list, "out of memory");
    size_t n = 0;
    bool good = true;
    for (uint32_t i = 0; i < stations->count; i++)
        if (!stations->list[i].revoked_ms)
            casting[n++] = &stations->list[i];
    qsort(casting, n, sizeof *casting, compare_keys);
    for (size_t i = 1; i < n && good; i++)
        if (same_credential(casting[i - 1], casting[i]))
            good =
                psp_json_refuse(list, "\"%s\" and \"%s\" have the same %s", casting[i - 1]->name,
                                casting[i]->name, casting[i]->has_token ? "token" : "public key");
    qsort(casting, n, sizeof *casting, compare_names);
    for (size_t i = 1; i < n && good; i++)
        if (compare_names(&casting[i - 1], &casting[i]) == 0)
            good = psp_json_refuse(list, "the name \"%s\" stands twice", casting[i]->name);
    free(casting);
    return good;
}

static bool read_stations(const struct psp_json_at *root, const struct psp_definition *definition,
                          struct psp_stations *stations)
{
    static const char *const names[] = {"format", "clients", NULL};
    struct psp_json_at list, at;
    size_t n;
    if (!psp_json_members(root, names) ||
        !psp_json_list(root, "clients", PSP_STATIONS_MAX, &list, &n))
        return false;
    stations->list = calloc(n + 1, sizeof *stations->list);
    if (!stations->list)
        return psp_json_refuse(&list, "out of memory");
    while (stations->count < n) {
        struct psp_station *station = &stations->list[stations->count];
        if (!psp_json_element(&list, stations->count++, &at) ||
            !read_station(&at, definition, station))
            return false;
    }
    qsort(stations->list, n, sizeof *stations->list, compare_numbers);
    for (size_t i = 1; i < n; i++)
        if (stations->list[i].number == stations->list[i - 1].number)
            return psp_json_refuse(&list, "the number %u stands twice: \"%s\" and \"%s\"",
                                   stations->list[i].number, stations->list[i - 1].name,
                                   stations->list[i].name);
    return those_that_cast_differ(&list, stations);
}

enum psp_status psp_stations_load(const char *path, const struct psp_definition *definition,
                                  struct psp_stations *ret_stations,
                                  struct psp_reason *reterr_reason)
{
    const struct psp_json_format format = {
        .first = STATIONS_FORMAT,
        .last = STATIONS_FORMAT,
        .older = "written by Psephos 0.1.0, as its whole folder was; go on with 0.1.0",
    };
    json_t *root;
    const enum psp_status status = psp_json_load(path, format, reterr_reason, &root);
    if (status != PSP_OK)
        return status;
    const struct psp_json_at at = {.value = root, .reason = reterr_reason};
    struct psp_stations stations = {0};
    const bool good = read_stations(&at, definition, &stations);
    json_decref(root);
    if (good)
        *ret_stations = stations;
    else
        psp_stations_free(&stations);
    return good ? PSP_OK : PSP_EINVAL;
}

/* ---- written ---- */

static void set_time(json_t *object, const char *name, uint64_t ms)
{
    char text[PSP_MOMENT_BYTES];
    if (ms)
        json_object_set_new(object, name, json_string(psp_moment_write(ms, text)));
}

static json_t *station_json(const struct psp_station *station,
                            const struct psp_definition *definition)
{
    json_t *object = json_pack("{s:i, s:s}", "number", (int)station->number, "name", station->name);
    if (station->has_token)
        json_object_set_new(object, "token_hash",
                            psp_json_of_bytes(station->token_hash, PSP_HASH_BYTES, false));
    else
        json_object_set_new(object, "public_key", json_string(station->public_key));
    json_t *units = json_array(), *methods = json_array();
    for (uint32_t i = 0; i < station->unit_count; i++)
        json_array_append_new(units, json_string(definition->units[station->units[i]].id));
    for (uint32_t m = 0; m < definition->method_count; m++)
        if (station->methods & UINT32_C(1) << m)
            json_array_append_new(methods, json_string(definition->methods[m].id));
    if (json_array_size(units) > 0)
        json_object_set(object, "units", units);
    if (json_array_size(methods) > 0)
        json_object_set(object, "methods", methods);
    json_decref(units);
    json_decref(methods);
    set_time(object, "until", station->until_ms);
    set_time(object, "revoked", station->revoked_ms);
    return object;
}

enum psp_status psp_stations_store(const char *path, const struct psp_definition *definition,
                                   const struct psp_stations *stations)
{
    struct psp_text text = {0};
    psp_text_format(&text, "{\"format\": %d, \"clients\": [", (int)STATIONS_FORMAT);
    for (uint32_t i = 0; i < stations->count; i++) {
        json_t *object = station_json(&stations->list[i], definition);
        char *line = object ? json_dumps(object, 0) : NULL;
        psp_text_string(&text, i > 0 ? ",\n  " : "\n  ");
        if (line)
            psp_text_string(&text, line);
        else
            text.failed = true;
        free(line);
        json_decref(object);
    }
    psp_text_string(&text, "\n]}\n");
    const enum psp_status status =
        text.failed ? PSP_ENOMEM : psp_file_write(path, text.data, text.length, FILE_MODE);
    psp_text_free(&text);
    return status;
}

/* ---- changed and searched ---- */

uint32_t psp_stations_add(struct psp_stations *stations, const struct psp_station *station)
{
    const uint32_t n = stations->count;
    struct psp_station added = *station;
    added.number = n > 0 ? stations->list[n - 1].number + 1 : 1;
    if (added.number > PSP_STATIONS_MAX)
        return 0;
    struct psp_station *list = realloc(stations->list, (n + 1) * sizeof *list);
    if (!list)
        return 0;
    stations->list = list;
    if (station->unit_count > 0) {
        added.units = calloc(station->unit_count, sizeof *added.units);
        if (!added.units)
            return 0;
        memcpy(added.units, station->units, station->unit_count * sizeof *added.units);
    }
    list[stations->count++] = added;
    return added.number;
}

struct psp_station *psp_stations_named(const struct psp_stations *stations, const char *name)
{
    for (uint32_t i = 0; i < stations->count; i++)
        if (!stations->list[i].revoked_ms && strcmp(stations->list[i].name, name) == 0)
            return &stations->list[i];
    return NULL;
}

struct psp_station *psp_stations_with_key(const struct psp_stations *stations,
                                          const char *public_key)
{
    for (uint32_t i = 0; i < stations->count; i++)
        if (!stations->list[i].revoked_ms && !stations->list[i].has_token &&
            strcmp(stations->list[i].public_key, public_key) == 0)
            return &stations->list[i];
    return NULL;
}
