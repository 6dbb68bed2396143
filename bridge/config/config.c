/* Strings stay in the tree that was read; a path that was resolved takes its old place. */
#include "bridge/config/config.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json/at.h"

enum { ID_BYTES_MAX = 63, PATH_BYTES = 4096 };

/* What a reader of a part needs beside its place. */
struct reading {
    struct psp_bridge_config *config;
    struct psp_bridge_places places;
    char folder[PATH_BYTES]; /* of the file */
};

static bool text_at(const struct psp_json_at *at, const char *name, const char **ret_text)
{
    char *copy = NULL;
    if (!psp_json_text(at, name, &copy))
        return false;
    free(copy);
    *ret_text = json_string_value(json_object_get(at->value, name));
    return true;
}

/* Not there: *ret_text stays. */
static bool text_if_there(const struct psp_json_at *at, const char *name, const char **ret_text)
{
    return !psp_json_has(at, name) || text_at(at, name, ret_text);
}

static bool names_well(const struct psp_json_at *at, const char *name, const char *text,
                       const char *letters, size_t bytes_max, const char *words)
{
    const size_t bytes = strlen(text);
    return (bytes <= bytes_max && strspn(text, letters) == bytes) ||
           psp_json_refuse(at, "\"%s\" must be 1 to %zu of %s", name, bytes_max, words);
}

/* The path as it is to be opened, in the place of the one that stood there. */
static bool path_at(const struct reading *reading, const struct psp_json_at *at, const char *name,
                    const char **ret_path)
{
    static const char keys[] = "keys/";
    const size_t prefix = sizeof keys - 1;
    char path[PATH_BYTES];
    const char *text;
    if (!text_at(at, name, &text))
        return false;
    const struct psp_bridge_places *places = &reading->places;
    const bool of_cluster = strncmp(text, keys, prefix) == 0;
    int n;
    if (text[0] == '/' || (of_cluster && !places->cluster && !places->keys))
        n = snprintf(path, sizeof path, "%s", text);
    else if (of_cluster && places->keys)
        n = snprintf(path, sizeof path, "%s/%s", places->keys, text + prefix);
    else
        n = snprintf(path, sizeof path, "%s/%s", of_cluster ? places->cluster : reading->folder,
                     text);
    if (n < 0 || (size_t)n >= sizeof path)
        return psp_json_refuse(at, "\"%s\" is too long for a path", name);
    json_t *object = (json_t *)(uintptr_t)at->value; /* of our own tree */
    if (json_object_set_new(object, name, json_string(path)) != 0)
        return psp_json_refuse(at, "out of memory");
    *ret_path = json_string_value(json_object_get(object, name));
    return true;
}

/* Without a user and a password: it is said in logs. */
static bool url_good(const char *url)
{
    const char *host = strstr(url, "://");
    return host && host[3 + strcspn(host + 3, "/@")] != '@' && host[3] != '\0' && host[3] != '/' &&
           (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0);
}

/* ---- the doors ---- */

static bool read_postgres(struct reading *reading, const struct psp_json_at *at)
{
    static const char *const names[] = {"conninfo", "schema", "reader", NULL};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    struct psp_bridge_postgres_config *postgres = &reading->config->postgres;
    reading->config->kind = PSP_BRIDGE_POSTGRES;
    postgres->schema = "psephos";
    return psp_json_members(at, names) && text_at(at, "conninfo", &postgres->conninfo) &&
           text_if_there(at, "schema", &postgres->schema) &&
           names_well(at, "schema", postgres->schema, letters, ID_BYTES_MAX, "a-z 0-9 _") &&
           text_if_there(at, "reader", &postgres->reader) &&
           (!postgres->reader ||
            names_well(at, "reader", postgres->reader, letters, ID_BYTES_MAX, "a-z 0-9 _"));
}

static bool read_opensearch(struct reading *reading, const struct psp_json_at *at)
{
    static const char *const names[] = {"url", "prefix", "user", "password_file", "ca_file", NULL};
    struct psp_bridge_opensearch_config *opensearch = &reading->config->opensearch;
    reading->config->kind = PSP_BRIDGE_OPENSEARCH;
    opensearch->prefix = "psephos";
    if (!psp_json_members(at, names) || !text_at(at, "url", &opensearch->url) ||
        !text_if_there(at, "prefix", &opensearch->prefix) ||
        !names_well(at, "prefix", opensearch->prefix, "abcdefghijklmnopqrstuvwxyz0123456789_-",
                    ID_BYTES_MAX, "a-z 0-9 _ -") ||
        !text_if_there(at, "user", &opensearch->user) ||
        (psp_json_has(at, "password_file") &&
         !path_at(reading, at, "password_file", &opensearch->password_file)) ||
        (psp_json_has(at, "ca_file") && !path_at(reading, at, "ca_file", &opensearch->ca_file)))
        return false;
    if (!url_good(opensearch->url))
        return psp_json_refuse(at, "\"url\" must be http://host:port or https://host:port; a user "
                                   "and a password stand in \"user\" and \"password_file\"");
    if (strchr(opensearch->prefix, '-') == opensearch->prefix || opensearch->prefix[0] == '_')
        return psp_json_refuse(at, "\"prefix\" must begin with a letter or digit");
    return !opensearch->user == !opensearch->password_file ||
           psp_json_refuse(at, "\"user\" and \"password_file\" go together");
}

/* Of a password: bridge/kafka/settings.h. */
static bool is_file(const char *name)
{
    static const char end[] = "_file";
    const size_t bytes = strlen(name);
    return bytes >= sizeof end && strcmp(name + bytes - (sizeof end - 1), end) == 0;
}

/* Whatever librdkafka knows: a wrong name is for it to refuse. */
static bool read_settings(const struct reading *reading, const struct psp_json_at *at,
                          const json_t **ret_settings)
{
    struct psp_json_at settings;
    const char *key, *servers, *path;
    json_t *value;
    if (!psp_json_object(at, "settings", &settings) ||
        !text_at(&settings, "bootstrap.servers", &servers))
        return false;
    json_object_foreach((json_t *)(uintptr_t)settings.value, key, value)
    {
        if (!json_is_string(value) && !json_is_number(value) && !json_is_boolean(value))
            return psp_json_refuse(&settings, "\"%.100s\" must be a text, a number or a boolean",
                                   key);
        if (is_file(key) && !path_at(reading, &settings, key, &path))
            return false;
    }
    *ret_settings = settings.value;
    return true;
}

static bool topic_good(const struct psp_json_at *at, const char *name, const char *topic)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    return names_well(at, name, topic, letters, 249, "a-z A-Z 0-9 . _ -");
}

static bool topic_if_there(const struct psp_json_at *at, const char *name, const char **ret_topic)
{
    return text_if_there(at, name, ret_topic) && (!*ret_topic || topic_good(at, name, *ret_topic));
}

static bool read_kafka_out(struct reading *reading, const struct psp_json_at *at)
{
    static const char *const names[] = {"settings",         "results_topic", "contest", "level",
                                        "candidates_topic", "turnout_topic", NULL};
    struct psp_bridge_kafka_out_config *kafka = &reading->config->kafka_out;
    reading->config->kind = PSP_BRIDGE_KAFKA_OUT;
    kafka->results_topic = "psephos.results";
    if (!psp_json_members(at, names) || !read_settings(reading, at, &kafka->settings) ||
        !topic_if_there(at, "results_topic", &kafka->results_topic) ||
        !topic_if_there(at, "candidates_topic", &kafka->candidates_topic) ||
        !topic_if_there(at, "turnout_topic", &kafka->turnout_topic) ||
        !text_if_there(at, "contest", &kafka->contest) ||
        !text_if_there(at, "level", &kafka->level))
        return false;
    if (kafka->candidates_topic && !kafka->contest)
        return psp_json_refuse(at, "\"candidates_topic\" needs \"contest\": whose candidates");
    return !kafka->turnout_topic || kafka->level ||
           psp_json_refuse(at, "\"turnout_topic\" needs \"level\": of which units");
}

static bool read_topics(const struct psp_json_at *at, struct psp_bridge_kafka_in_config *kafka)
{
    struct psp_json_at list, one;
    size_t n;
    if (!psp_json_list(at, "topics", PSP_BRIDGE_TOPICS_MAX, &list, &n))
        return false;
    if (n == 0)
        return psp_json_refuse(&list, "must name a topic");
    for (size_t i = 0; i < n; i++) {
        const char *topic = json_string_value(json_array_get(list.value, i));
        psp_json_element(&list, i, &one);
        if (!topic || !*topic)
            return psp_json_refuse(&one, "must be a text that is not empty");
        if (!topic_good(&one, "topics", topic))
            return false;
        kafka->topics[kafka->topic_count++] = topic;
    }
    return true;
}

static bool read_format(const struct psp_json_at *at, enum psp_bridge_message_format *ret_format)
{
    static const char *const words[] = {"votes-topic", "ndjson", "protobuf"};
    const char *word;
    if (!text_at(at, "format", &word))
        return false;
    for (int i = 0; i < 3; i++)
        if (strcmp(word, words[i]) == 0) {
            *ret_format = (enum psp_bridge_message_format)(PSP_BRIDGE_VOTES_TOPIC + i);
            return true;
        }
    return psp_json_refuse(at, "\"format\" must be votes-topic, ndjson or protobuf");
}

static bool read_kafka_in(struct reading *reading, const struct psp_json_at *at)
{
    static const char *const names[] = {
        "settings",          "topics",      "group", "format", "key", "ballot_ids",
        "dead_letter_topic", "dead_letter", NULL};
    struct psp_bridge_kafka_in_config *kafka = &reading->config->kafka_in;
    const char *dead_letter = "origin";
    reading->config->kind = PSP_BRIDGE_KAFKA_IN;
    kafka->group = "psephos";
    kafka->dead_letter_topic = "psephos.dead-letter";
    if (!psp_json_members(at, names) || !read_settings(reading, at, &kafka->settings) ||
        !read_topics(at, kafka) || !text_if_there(at, "group", &kafka->group) ||
        !read_format(at, &kafka->format) || !path_at(reading, at, "key", &kafka->key) ||
        !path_at(reading, at, "ballot_ids", &kafka->ballot_ids) ||
        !topic_if_there(at, "dead_letter_topic", &kafka->dead_letter_topic) ||
        !text_if_there(at, "dead_letter", &dead_letter))
        return false;
    for (uint32_t i = 0; i < kafka->topic_count; i++)
        if (strcmp(kafka->topics[i], kafka->dead_letter_topic) == 0)
            return psp_json_refuse(at,
                                   "\"dead_letter_topic\" is one of \"topics\": what is refused "
                                   "would be read again");
    kafka->dead_letter_whole = strcmp(dead_letter, "whole") == 0;
    return kafka->dead_letter_whole || strcmp(dead_letter, "origin") == 0 ||
           psp_json_refuse(at, "\"dead_letter\" must be origin or whole");
}

/* ---- the file ---- */

typedef bool door_reader(struct reading *reading, const struct psp_json_at *at);

static const struct door {
    const char *side, *name;
    door_reader *read;
} doors[] = {
    {"sink", "postgres", read_postgres},
    {"sink", "opensearch", read_opensearch},
    {"sink", "kafka", read_kafka_out},
    {"source", "kafka", read_kafka_in},
};

const char *psp_bridge_kind_name(enum psp_bridge_kind kind)
{
    return doors[kind - PSP_BRIDGE_POSTGRES].name;
}

static bool read_door(struct reading *reading, const struct psp_json_at *root)
{
    static const char *const sinks[] = {"postgres", "opensearch", "kafka", NULL};
    static const char *const sources[] = {"kafka", NULL};
    struct psp_json_at side, door;
    const bool is_source = psp_json_has(root, "source");
    if (is_source == psp_json_has(root, "sink"))
        return psp_json_refuse(root, "must have \"sink\" or \"source\", and one of them only: a "
                                     "second door is a second bridge, with a file of its own");
    const char *name = is_source ? "source" : "sink";
    if (!psp_json_object(root, name, &side) ||
        !psp_json_members(&side, is_source ? sources : sinks))
        return false;
    if (json_object_size(side.value) != 1)
        return psp_json_refuse(&side, "must have one member: %s",
                               is_source ? "kafka" : "postgres, opensearch or kafka");
    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
        if (strcmp(doors[i].side, name) == 0 && psp_json_has(&side, doors[i].name))
            return psp_json_object(&side, doors[i].name, &door) && doors[i].read(reading, &door);
    return false; /* psp_json_members let no other through */
}

static bool read_api(const struct psp_json_at *root, struct psp_bridge_config *config)
{
    struct psp_json_at list, one;
    size_t n;
    if (!psp_json_has(root, "api"))
        return true;
    if (!psp_json_list(root, "api", PSP_BRIDGE_API_MAX, &list, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *url = json_string_value(json_array_get(list.value, i));
        psp_json_element(&list, i, &one);
        if (!url || !url_good(url))
            return psp_json_refuse(&one, "must be http://host:port of a collector (or https:// of "
                                         "a proxy in front of it), without user and password");
        config->api[config->api_count++] = url;
    }
    return true;
}

static bool read_bridge(struct reading *reading, const struct psp_json_at *root)
{
    static const char *const names[] = {"format", "name",   "http_local", "api",
                                        "sink",   "source", NULL};
    struct psp_bridge_config *config = reading->config;
    char *address = NULL;
    if (!psp_json_members(root, names) || !text_at(root, "name", &config->name) ||
        !names_well(root, "name", config->name, "abcdefghijklmnopqrstuvwxyz0123456789_-",
                    PSP_BRIDGE_NAME_BYTES_MAX, "a-z 0-9 _ -") ||
        !psp_json_address(root, "http_local", "", &address))
        return false;
    free(address);
    config->http_local = json_string_value(json_object_get(root->value, "http_local"));
    return read_api(root, config) && read_door(reading, root);
}

/* That of the file itself: a link lies elsewhere. */
static bool find_folder(const char *path, char ret_folder[PATH_BYTES])
{
    char *real = realpath(path, NULL);
    const bool fits = real && strlen(real) < PATH_BYTES;
    if (fits)
        snprintf(ret_folder, PATH_BYTES, "%s", dirname(real));
    free(real);
    return fits;
}

enum psp_status psp_bridge_config_load(const char *path, struct psp_bridge_places places,
                                       struct psp_bridge_config **ret_config,
                                       struct psp_reason *reterr_reason)
{
    const struct psp_json_format format = {.first = PSP_BRIDGE_CONFIG_FORMAT,
                                           .last = PSP_BRIDGE_CONFIG_FORMAT};
    json_t *root;
    enum psp_status status = psp_json_load(path, format, reterr_reason, &root);
    if (status != PSP_OK)
        return status;
    struct psp_bridge_config *config = calloc(1, sizeof *config);
    if (!config) {
        json_decref(root);
        return PSP_ENOMEM;
    }
    config->root = root;
    struct reading reading = {.config = config, .places = places};
    const struct psp_json_at at = {.value = root, .reason = reterr_reason};
    if (!find_folder(path, reading.folder)) {
        psp_reason_set(reterr_reason, "its folder cannot be found");
        status = PSP_EIO;
    } else if (!read_bridge(&reading, &at)) {
        status = PSP_EINVAL;
    }
    if (status != PSP_OK) {
        psp_bridge_config_destroy(&config);
        return status;
    }
    *ret_config = config;
    return PSP_OK;
}

void psp_bridge_config_destroy(struct psp_bridge_config **config)
{
    if (!*config)
        return;
    json_decref((*config)->root);
    free(*config);
    *config = NULL;
}
