/* Reads and checks; what each number must be stands where it is read. */
#include "cluster/cluster.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json/at.h"
#include "base/system/source.h"
#include "base/text/text.h"
#include "cluster/raft_id.h"

enum {
    ROUTERS_MAX = 256,
    COLLECTORS_MAX = 16,
    OPERATORS_MAX = 64,
    GATEWAYS_MAX = 64,
    BRIDGES_MAX = 64,
    ORIGINS_MAX = 16,
    ORIGIN_BYTES_MAX = 255,
    OPERATOR_NAME_BYTES_MAX = 63,
    NAME_BYTES_MAX = 31, /* of a gateway, a bridge */
    ID_MAX = 1 << 20,
};

/* The arrays are built in place and shown as const; this takes it off again. */
#define OWNED(type, pointer) ((type *)(uintptr_t)(pointer))

static void drop(const char *text)
{
    free(OWNED(char, text));
}

/* Takes over a text that a reader of cluster_json made. */
typedef bool text_reader(const struct psp_json_at *at, const char *name, char **ret_text);

static bool keep(text_reader *read, const struct psp_json_at *at, const char *name,
                 const char **ret_text)
{
    char *text = NULL;
    if (!read(at, name, &text))
        return false;
    *ret_text = text;
    return true;
}

static bool keep_address(const struct psp_json_at *at, const char *name, const char *scheme,
                         const char **ret_text)
{
    char *text = NULL;
    if (!psp_json_address(at, name, scheme, &text))
        return false;
    *ret_text = text;
    return true;
}

/* Members are numbered 0, 1, 2 ... in order: the number is the position. */
static bool read_number(const struct psp_json_at *at, const char *name, size_t expected,
                        uint32_t *ret_number)
{
    uint64_t number;
    if (!psp_json_number(at, name, ID_MAX, &number))
        return false;
    if (number != expected)
        return psp_json_refuse(at, "\"%s\" must be %zu: entries are numbered in order", name,
                               expected);
    *ret_number = (uint32_t)number;
    return true;
}

static bool read_routers(const struct psp_json_at *root, struct psp_cluster *cluster)
{
    static const char *const names[] = {"router", "address", "public_key", NULL};
    struct psp_json_at list, at;
    size_t n;
    if (!psp_json_list(root, "routers", ROUTERS_MAX, &list, &n))
        return false;
    struct psp_cluster_router *routers = calloc(n + 1, sizeof *routers);
    if (!routers)
        return psp_json_refuse(&list, "out of memory");
    cluster->routers = routers;
    for (size_t i = 0; i < n; i++) {
        cluster->router_count = (uint32_t)i + 1;
        if (!psp_json_element(&list, i, &at) || !psp_json_members(&at, names) ||
            !read_number(&at, "router", i, &routers[i].router) ||
            !keep_address(&at, "address", "tcp://", &routers[i].address) ||
            !keep(psp_json_key, &at, "public_key", &routers[i].public_key))
            return false;
    }
    return n > 0 ? true : psp_json_refuse(&list, "must have at least one router");
}

static bool read_replicas(const struct psp_json_at *shard_at, struct psp_cluster_shard *shard)
{
    static const char *const names[] = {"replica", "raft_id", "address", "public_key", NULL};
    struct psp_json_at list, at;
    size_t n;
    if (!psp_json_list(shard_at, "replicas", PSP_REPLICAS_MAX, &list, &n))
        return false;
    struct psp_cluster_replica *replicas = calloc(n + 1, sizeof *replicas);
    if (!replicas)
        return psp_json_refuse(&list, "out of memory");
    shard->replicas = replicas;
    for (size_t i = 0; i < n; i++) {
        shard->replica_count = (uint32_t)i + 1;
        if (!psp_json_element(&list, i, &at) || !psp_json_members(&at, names) ||
            !read_number(&at, "replica", i, &replicas[i].replica) ||
            !psp_json_number(&at, "raft_id", INT64_MAX, &replicas[i].raft_id) ||
            !keep_address(&at, "address", "tcp://", &replicas[i].address) ||
            !keep(psp_json_key, &at, "public_key", &replicas[i].public_key))
            return false;
        if (replicas[i].raft_id == 0)
            return psp_json_refuse(&at, "\"raft_id\" must not be 0");
        if (psp_raft_id_replica(replicas[i].raft_id) != i)
            return psp_json_refuse(&at, "\"raft_id\" must be %zu, or that and a multiple of %d",
                                   i + 1, PSP_RAFT_GENERATION);
    }
    return n == 1 || n == 3 || n == 5 || n == 7
               ? true
               : psp_json_refuse(&list, "must have 1, 3, 5 or 7 replicas, not %zu", n);
}

static bool read_slots(const struct psp_json_at *shard_at, uint32_t first,
                       struct psp_cluster_shard *shard)
{
    struct psp_json_at at;
    size_t n;
    if (!psp_json_list(shard_at, "slots", 2, &at, &n))
        return false;
    const json_t *low = json_array_get(at.value, 0), *high = json_array_get(at.value, 1);
    if (!json_is_integer(low) || !json_is_integer(high))
        return psp_json_refuse(&at, "must be two numbers: first slot, and the one after the last");
    const json_int_t begin = json_integer_value(low), end = json_integer_value(high);
    if (begin != first || end <= begin || end > PSP_SLOT_COUNT)
        return psp_json_refuse(&at,
                               "must begin at %u, where the shard before ends, and end after "
                               "it, at most at %d",
                               first, PSP_SLOT_COUNT);
    shard->slot_first = (uint32_t)begin;
    shard->slot_end = (uint32_t)end;
    return true;
}

/* One key is one shard: what it signed speaks for no other. */
static bool read_signing_key(const struct psp_json_at *at, const struct psp_cluster_shard *shards,
                             struct psp_cluster_shard *shard)
{
    if (!psp_json_has(at, "signing_key"))
        return psp_json_refuse(
            at, "\"signing_key\" is missing: without it a version before 0.2.0 made this cluster, "
                "and only that one runs it; otherwise put cluster.json back from a copy");
    if (!psp_json_hex(at, "signing_key", false, PSP_SIGN_PUBLIC_BYTES, shard->signing_key))
        return false;
    for (const struct psp_cluster_shard *other = shards; other < shard; other++)
        if (memcmp(other->signing_key, shard->signing_key, PSP_SIGN_PUBLIC_BYTES) == 0)
            return psp_json_refuse(at,
                                   "\"signing_key\" is also that of shard %u: every shard "
                                   "needs its own",
                                   other->shard);
    return true;
}

static bool read_shards(const struct psp_json_at *root, bool is_format_1,
                        struct psp_cluster *cluster)
{
    static const char *const names_1[] = {"shard", "slots", "roll_hash", "replicas", NULL};
    static const char *const names_2[] = {"shard",    "slots",       "roll_hash",
                                          "replicas", "signing_key", NULL};
    struct psp_json_at list, at;
    size_t n;
    if (!psp_json_list(root, "shards", PSP_SHARDS_MAX, &list, &n))
        return false;
    struct psp_cluster_shard *shards = calloc(n + 1, sizeof *shards);
    if (!shards)
        return psp_json_refuse(&list, "out of memory");
    cluster->shards = shards;
    uint32_t slot = 0;
    for (size_t i = 0; i < n; i++) {
        cluster->shard_count = (uint32_t)i + 1;
        if (!psp_json_element(&list, i, &at) ||
            !psp_json_members(&at, is_format_1 ? names_1 : names_2) ||
            !read_number(&at, "shard", i, &shards[i].shard) || !read_slots(&at, slot, &shards[i]) ||
            !psp_json_hex(&at, "roll_hash", true, PSP_HASH_BYTES, shards[i].roll_hash) ||
            (!is_format_1 && !read_signing_key(&at, shards, &shards[i])) ||
            !read_replicas(&at, &shards[i]))
            return false;
        slot = shards[i].slot_end;
    }
    return slot == PSP_SLOT_COUNT
               ? true
               : psp_json_refuse(&list, "the shards own slots 0 to %u; all %d must have an owner",
                                 slot, PSP_SLOT_COUNT);
}

bool psp_cluster_origin_good(const char *origin, size_t length)
{
    static const char *const schemes[] = {"https://", "http://"};
    static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    if (length == 1 && origin[0] == '*')
        return true;
    size_t at = 0;
    for (size_t i = 0; i < 2 && at == 0; i++)
        if (length > strlen(schemes[i]) && strncmp(origin, schemes[i], strlen(schemes[i])) == 0)
            at = strlen(schemes[i]);
    if (at == 0 || length > ORIGIN_BYTES_MAX)
        return false;
    if (length - at > 2 && strncmp(origin + at, "*.", 2) == 0)
        at += 2;
    const size_t begin = at;
    while (at < length && strchr(host, origin[at]) != NULL)
        at++;
    if (at == begin)
        return false;
    if (at == length)
        return true;
    return origin[at] == ':' && length - at > 1 && length - at <= 6 &&
           strspn(origin + at + 1, "0123456789") >= length - at - 1;
}

bool psp_cluster_proxy_good(const char *proxy, size_t length)
{
    struct psp_source_net net;
    return psp_source_net_of_text(proxy, length, &net);
}

/* A list of words, which becomes one text with spaces between. */
struct words {
    const char *member, *expected;
    size_t max;
    bool (*good)(const char *word, size_t length);
};

static bool read_words(const struct psp_json_at *object, const struct words *words,
                       const char **ret_text)
{
    struct psp_json_at list, at;
    struct psp_text text = {0};
    size_t n;
    if (!psp_json_has(object, words->member))
        return true;
    if (!psp_json_list(object, words->member, words->max, &list, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *word = psp_json_element(&list, i, &at) ? json_string_value(at.value) : NULL;
        if (!word || !words->good(word, strlen(word))) {
            psp_text_free(&text);
            return psp_json_refuse(&at, "%s", words->expected);
        }
        psp_text_format(&text, "%s%s", i > 0 ? " " : "", word);
    }
    if (n > 0)
        psp_text_bytes(&text, "", 1);
    if (text.failed) {
        psp_text_free(&text);
        return psp_json_refuse(&list, "out of memory");
    }
    *ret_text = text.data;
    return true;
}

static const struct words origin_words = {
    "embed_origins",
    "an origin such as \"https://news.example\": scheme and host, no path",
    ORIGINS_MAX,
    psp_cluster_origin_good,
};
static const struct words proxy_words = {
    "trusted_proxies",
    "an address or a network such as \"192.0.2.7\" or \"2001:db8::/32\"",
    PSP_TRUSTED_PROXIES_MAX,
    psp_cluster_proxy_good,
};

static bool read_collectors(const struct psp_json_at *root, struct psp_cluster *cluster)
{
    static const char *const names[] = {"collector",  "http",          "http_local",      "address",
                                        "public_key", "embed_origins", "trusted_proxies", NULL};
    struct psp_json_at list, at;
    size_t n;
    if (!psp_json_list(root, "collectors", COLLECTORS_MAX, &list, &n))
        return false;
    struct psp_cluster_collector *collectors = calloc(n + 1, sizeof *collectors);
    if (!collectors)
        return psp_json_refuse(&list, "out of memory");
    cluster->collectors = collectors;
    for (size_t i = 0; i < n; i++) {
        cluster->collector_count = (uint32_t)i + 1;
        if (!psp_json_element(&list, i, &at) || !psp_json_members(&at, names) ||
            !read_number(&at, "collector", i, &collectors[i].collector) ||
            !keep_address(&at, "http", "", &collectors[i].http) ||
            !keep_address(&at, "http_local", "", &collectors[i].http_local) ||
            !keep_address(&at, "address", "tcp://", &collectors[i].address) ||
            !keep(psp_json_key, &at, "public_key", &collectors[i].public_key) ||
            !read_words(&at, &origin_words, &collectors[i].embed_origins) ||
            !read_words(&at, &proxy_words, &collectors[i].trusted_proxies))
            return false;
    }
    return true;
}

static bool read_operators(const struct psp_json_at *root, struct psp_cluster *cluster)
{
    static const char *const names[] = {"name", "public_key", NULL};
    struct psp_json_at list, at;
    size_t n;
    if (!psp_json_list(root, "operators", OPERATORS_MAX, &list, &n))
        return false;
    struct psp_cluster_operator *operators = calloc(n + 1, sizeof *operators);
    if (!operators)
        return psp_json_refuse(&list, "out of memory");
    cluster->operators = operators;
    for (size_t i = 0; i < n; i++) {
        cluster->operator_count = (uint32_t)i + 1;
        if (!psp_json_element(&list, i, &at) || !psp_json_members(&at, names) ||
            !keep(psp_json_text, &at, "name", &operators[i].name) ||
            !keep(psp_json_key, &at, "public_key", &operators[i].public_key))
            return false;
        if (strlen(operators[i].name) > OPERATOR_NAME_BYTES_MAX)
            return psp_json_refuse(&at, "\"name\" is longer than %d bytes",
                                   OPERATOR_NAME_BYTES_MAX);
    }
    return true;
}

/* It names files and services. */
static bool names_well(const struct psp_json_at *at, const char *name)
{
    const size_t bytes = strlen(name);
    return (bytes > 0 && bytes <= NAME_BYTES_MAX &&
            strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == bytes) ||
           psp_json_refuse(at, "\"name\" must be 1 to %d of a-z 0-9 _ -", NAME_BYTES_MAX);
}

static bool read_gateway(const struct psp_json_at *at, struct psp_cluster_gateway *gateway)
{
    static const char *const names[] = {"name", "http", "http_local", "public_key", NULL};
    if (!psp_json_members(at, names) || !keep(psp_json_text, at, "name", &gateway->name) ||
        !keep_address(at, "http", "", &gateway->http) ||
        (psp_json_has(at, "http_local") &&
         !keep_address(at, "http_local", "", &gateway->http_local)) ||
        !keep(psp_json_key, at, "public_key", &gateway->public_key))
        return false;
    return names_well(at, gateway->name);
}

static bool read_gateways(const struct psp_json_at *root, struct psp_cluster *cluster)
{
    struct psp_json_at list, at;
    size_t n;
    const json_t *given = json_object_get(root->value, "gateways");
    if (!given || json_is_null(given))
        return true;
    if (!psp_json_list(root, "gateways", GATEWAYS_MAX, &list, &n))
        return false;
    struct psp_cluster_gateway *gateways = calloc(n + 1, sizeof *gateways);
    if (!gateways)
        return psp_json_refuse(&list, "out of memory");
    cluster->gateways = gateways;
    for (size_t i = 0; i < n; i++) {
        cluster->gateway_count = (uint32_t)i + 1;
        if (!psp_json_element(&list, i, &at) || !read_gateway(&at, &gateways[i]))
            return false;
        for (size_t j = 0; j < i; j++)
            if (strcmp(gateways[i].name, gateways[j].name) == 0)
                return psp_json_refuse(&at, "the name \"%s\" stands twice", gateways[i].name);
    }
    return true;
}

static bool read_auditors(const struct psp_json_at *root, struct psp_cluster *cluster)
{
    static const char *const names[] = {"name", "public_key", NULL};
    struct psp_json_at list, at;
    size_t n;
    const json_t *given = json_object_get(root->value, "auditors");
    if (!given || json_is_null(given))
        return true;
    if (!psp_json_list(root, "auditors", PSP_AUDITORS_MAX, &list, &n))
        return false;
    struct psp_cluster_auditor *auditors = calloc(n + 1, sizeof *auditors);
    if (!auditors)
        return psp_json_refuse(&list, "out of memory");
    cluster->auditors = auditors;
    for (size_t i = 0; i < n; i++) {
        cluster->auditor_count = (uint32_t)i + 1;
        if (!psp_json_element(&list, i, &at) || !psp_json_members(&at, names) ||
            !keep(psp_json_text, &at, "name", &auditors[i].name) ||
            !keep(psp_json_key, &at, "public_key", &auditors[i].public_key) ||
            !names_well(&at, auditors[i].name))
            return false;
        for (size_t j = 0; j < i; j++)
            if (strcmp(auditors[i].name, auditors[j].name) == 0)
                return psp_json_refuse(&at, "the name \"%s\" stands twice", auditors[i].name);
    }
    return true;
}

static bool read_bridges(const struct psp_json_at *root, struct psp_cluster *cluster)
{
    static const char *const names[] = {"name", "http_local", NULL};
    struct psp_json_at list, at;
    size_t n;
    const json_t *given = json_object_get(root->value, "bridges");
    if (!given || json_is_null(given))
        return true;
    if (!psp_json_list(root, "bridges", BRIDGES_MAX, &list, &n))
        return false;
    struct psp_cluster_bridge *bridges = calloc(n + 1, sizeof *bridges);
    if (!bridges)
        return psp_json_refuse(&list, "out of memory");
    cluster->bridges = bridges;
    for (size_t i = 0; i < n; i++) {
        cluster->bridge_count = (uint32_t)i + 1;
        if (!psp_json_element(&list, i, &at) || !psp_json_members(&at, names) ||
            !keep(psp_json_text, &at, "name", &bridges[i].name) ||
            !keep_address(&at, "http_local", "", &bridges[i].http_local) ||
            !names_well(&at, bridges[i].name))
            return false;
        for (size_t j = 0; j < i; j++)
            if (strcmp(bridges[i].name, bridges[j].name) == 0)
                return psp_json_refuse(&at, "the name \"%s\" stands twice", bridges[i].name);
    }
    return true;
}

/* One key is one process, one address one socket: a file where two share would
 * give a process two roles. */
static bool all_differ(const struct psp_json_at *root, const struct psp_cluster *cluster)
{
    size_t most = cluster->router_count + (size_t)3 * cluster->collector_count +
                  cluster->operator_count + (size_t)2 * cluster->gateway_count +
                  cluster->bridge_count + cluster->auditor_count;
    for (uint32_t i = 0; i < cluster->shard_count; i++)
        most += cluster->shards[i].replica_count;
    const char **texts = calloc(2 * most + 1, sizeof *texts);
    if (!texts)
        return psp_json_refuse(root, "out of memory");
    size_t n = 0;
    for (uint32_t i = 0; i < cluster->router_count; i++) {
        texts[n++] = cluster->routers[i].address;
        texts[n++] = cluster->routers[i].public_key;
    }
    for (uint32_t i = 0; i < cluster->shard_count; i++)
        for (uint32_t j = 0; j < cluster->shards[i].replica_count; j++) {
            texts[n++] = cluster->shards[i].replicas[j].address;
            texts[n++] = cluster->shards[i].replicas[j].public_key;
        }
    for (uint32_t i = 0; i < cluster->collector_count; i++) {
        texts[n++] = cluster->collectors[i].address;
        texts[n++] = cluster->collectors[i].public_key;
        texts[n++] = cluster->collectors[i].http;
        texts[n++] = cluster->collectors[i].http_local;
    }
    for (uint32_t i = 0; i < cluster->operator_count; i++)
        texts[n++] = cluster->operators[i].public_key;
    for (uint32_t i = 0; i < cluster->gateway_count; i++) {
        texts[n++] = cluster->gateways[i].http;
        texts[n++] = cluster->gateways[i].public_key;
        if (cluster->gateways[i].http_local != NULL)
            texts[n++] = cluster->gateways[i].http_local;
    }
    for (uint32_t i = 0; i < cluster->bridge_count; i++)
        texts[n++] = cluster->bridges[i].http_local;
    for (uint32_t i = 0; i < cluster->auditor_count; i++)
        texts[n++] = cluster->auditors[i].public_key;
    bool differ = true;
    for (size_t i = 0; i < n && differ; i++) {
        assert(texts[i] != NULL);
        for (size_t j = 0; j < i && differ; j++)
            if (strcmp(texts[i], texts[j]) == 0)
                differ = psp_json_refuse(root, "\"%s\" stands twice: every process needs its own",
                                         texts[i]);
    }
    free(texts);
    return differ;
}

void psp_cluster_hash_rolls(const struct psp_cluster_shard *shards, uint32_t count,
                            uint8_t ret_hash[PSP_HASH_BYTES])
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (uint32_t i = 0; i < count; i++)
        crypto_hash_sha256_update(&state, shards[i].roll_hash, PSP_HASH_BYTES);
    crypto_hash_sha256_final(&state, ret_hash);
}

static void hash_slot_map(struct psp_cluster *cluster)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, PSP_HASH_BYTES);
    for (uint32_t i = 0; i < cluster->shard_count; i++) {
        const struct psp_cluster_shard *shard = &cluster->shards[i];
        const uint32_t numbers[] = {shard->shard, shard->slot_first, shard->slot_end};
        uint8_t bytes[sizeof numbers];
        for (size_t j = 0; j < 3; j++)
            for (size_t k = 0; k < 4; k++)
                bytes[4 * j + k] = (uint8_t)(numbers[j] >> (8 * k));
        crypto_generichash_update(&state, bytes, sizeof bytes);
    }
    crypto_generichash_final(&state, cluster->slot_map_hash, PSP_HASH_BYTES);
}

void psp_cluster_fence(const struct psp_cluster *cluster, struct psp_fence *ret_fence)
{
    *ret_fence = (struct psp_fence){0};
#define X(NAME, field, bytes, text, place)                                                         \
    memcpy(ret_fence->parts[PSP_FENCE_##NAME], cluster->field, bytes);
    PSP_FENCE(X)
#undef X
}

/* With a roll every shard has its part of it, without one none: a shard that
 * lacked its part would let anybody vote there. */
static bool rolls_agree(const struct psp_json_at *root, const struct psp_cluster *cluster)
{
    const bool roll = !sodium_is_zero(cluster->roll_hash, PSP_HASH_BYTES);
    uint8_t expected[PSP_HASH_BYTES];
    for (uint32_t i = 0; i < cluster->shard_count; i++)
        if (sodium_is_zero(cluster->shards[i].roll_hash, PSP_HASH_BYTES) == roll)
            return psp_json_refuse(root, "\"roll_hash\" of shard %u and of the cluster disagree",
                                   i);
    if (!roll)
        return true;
    psp_cluster_hash_rolls(cluster->shards, cluster->shard_count, expected);
    return memcmp(expected, cluster->roll_hash, PSP_HASH_BYTES) == 0
               ? true
               : psp_json_refuse(root, "\"roll_hash\" is not that of the shards' rolls");
}

static bool read_mode(const struct psp_json_at *root, struct psp_cluster *cluster)
{
    char *word = NULL;
    if (!psp_json_text(root, "mode", &word))
        return false;
    for (int mode = PSP_MODE_LIVE; mode <= PSP_MODE_TEST; mode++)
        if (strcmp(word, psp_mode_name((enum psp_mode)mode)) == 0)
            cluster->mode = (enum psp_mode)mode;
    free(word);
    return cluster->mode != 0 || psp_json_refuse(root, "\"mode\" must be \"live\" or \"test\"");
}

/* The members that format 1 has, too, and those that it does not have. */
#define MEMBERS_1                                                                                  \
    "format", "cluster_id", "epoch", "election", "definition_hash", "roll_hash",                   \
        "digest_key_hash", "clients", "routers", "shards", "collectors", "operators"
#define MEMBERS_2 "mode", "auditors", "officials", "gateways", "bridges"

static bool read_members_2(const struct psp_json_at *root, struct psp_cluster *cluster)
{
    return read_mode(root, cluster) && read_auditors(root, cluster) &&
           psp_json_reserved(root, "officials");
}

static bool read_cluster(const struct psp_json_at *root, bool is_format_1,
                         struct psp_cluster *cluster)
{
    static const char *const names_1[] = {MEMBERS_1, NULL};
    static const char *const names_2[] = {MEMBERS_1, MEMBERS_2, NULL};
    if (is_format_1)
        cluster->mode = PSP_MODE_LIVE;
    return psp_json_members(root, is_format_1 ? names_1 : names_2) &&
           (is_format_1 || read_members_2(root, cluster)) &&
           psp_json_hex(root, "cluster_id", false, PSP_CLUSTER_ID_BYTES, cluster->cluster_id) &&
           psp_json_number(root, "epoch", INT64_MAX, &cluster->epoch) &&
           (cluster->epoch > 0 || psp_json_refuse(root, "\"epoch\" begins at 1")) &&
           keep(psp_json_text, root, "election", &cluster->election_path) &&
           keep(psp_json_text, root, "clients", &cluster->clients_path) &&
           psp_json_hex(root, "definition_hash", false, PSP_HASH_BYTES, cluster->definition_hash) &&
           psp_json_hex(root, "roll_hash", true, PSP_HASH_BYTES, cluster->roll_hash) &&
           psp_json_hex(root, "digest_key_hash", false, PSP_HASH_BYTES, cluster->digest_key_hash) &&
           read_routers(root, cluster) && read_shards(root, is_format_1, cluster) &&
           read_collectors(root, cluster) && read_operators(root, cluster) &&
           (is_format_1 || (read_gateways(root, cluster) && read_bridges(root, cluster))) &&
           rolls_agree(root, cluster) && all_differ(root, cluster);
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static enum psp_status load(const char *path, int first_format, struct psp_cluster **ret_cluster,
                            struct psp_reason *reterr_reason)
{
    const struct psp_json_format format = {
        .first = first_format,
        .last = PSP_CLUSTER_FORMAT,
        .older = "written by Psephos 0.1.0; only `psephos recount --offline` of this version "
                 "reads it; go on with 0.1.0",
    };
    json_t *root;
    enum psp_status status = psp_json_load(path, format, reterr_reason, &root);
    if (status != PSP_OK)
        return status;
    struct psp_cluster *cluster = calloc(1, sizeof *cluster);
    const struct psp_json_at at = {.value = root, .reason = reterr_reason};
    const bool is_format_1 = json_integer_value(json_object_get(root, "format")) == 1;
    if (cluster)
        cluster->directory = folder_of(path);
    if (!cluster || !cluster->directory)
        status = PSP_ENOMEM;
    else if (!read_cluster(&at, is_format_1, cluster))
        status = PSP_EINVAL;
    json_decref(root);
    if (status != PSP_OK) {
        psp_cluster_destroy(&cluster);
        return status;
    }
    hash_slot_map(cluster);
    *ret_cluster = cluster;
    return PSP_OK;
}

enum psp_status psp_cluster_load(const char *path, struct psp_cluster **ret_cluster,
                                 struct psp_reason *reterr_reason)
{
    return load(path, PSP_CLUSTER_FORMAT, ret_cluster, reterr_reason);
}

enum psp_status psp_cluster_load_any(const char *path, struct psp_cluster **ret_cluster,
                                     struct psp_reason *reterr_reason)
{
    return load(path, 1, ret_cluster, reterr_reason);
}

void psp_cluster_destroy(struct psp_cluster **cluster)
{
    struct psp_cluster *gone = *cluster;
    if (!gone)
        return;
    for (uint32_t i = 0; i < gone->router_count; i++)
        drop(gone->routers[i].address), drop(gone->routers[i].public_key);
    for (uint32_t i = 0; i < gone->shard_count; i++) {
        const struct psp_cluster_shard *shard = &gone->shards[i];
        for (uint32_t j = 0; j < shard->replica_count; j++)
            drop(shard->replicas[j].address), drop(shard->replicas[j].public_key);
        free(OWNED(void, shard->replicas));
    }
    for (uint32_t i = 0; i < gone->collector_count; i++) {
        drop(gone->collectors[i].http), drop(gone->collectors[i].http_local);
        drop(gone->collectors[i].address), drop(gone->collectors[i].public_key);
        drop(gone->collectors[i].embed_origins);
        drop(gone->collectors[i].trusted_proxies);
    }
    for (uint32_t i = 0; i < gone->operator_count; i++)
        drop(gone->operators[i].name), drop(gone->operators[i].public_key);
    for (uint32_t i = 0; i < gone->gateway_count; i++) {
        drop(gone->gateways[i].name), drop(gone->gateways[i].public_key);
        drop(gone->gateways[i].http), drop(gone->gateways[i].http_local);
    }
    for (uint32_t i = 0; i < gone->bridge_count; i++)
        drop(gone->bridges[i].name), drop(gone->bridges[i].http_local);
    for (uint32_t i = 0; i < gone->auditor_count; i++)
        drop(gone->auditors[i].name), drop(gone->auditors[i].public_key);
    free(OWNED(void, gone->auditors));
    free(OWNED(void, gone->routers));
    free(OWNED(void, gone->shards));
    free(OWNED(void, gone->collectors));
    free(OWNED(void, gone->operators));
    free(OWNED(void, gone->gateways));
    free(OWNED(void, gone->bridges));
    drop(gone->directory), drop(gone->election_path), drop(gone->clients_path);
    free(gone);
    *cluster = NULL;
}
