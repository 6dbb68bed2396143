/* cluster.json: read, written, refused with pointer and reason. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <cmocka.h>

#include "base/system/file.h"
#include "cluster/cluster.h"

enum { TEXT_BYTES = 8192 };

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define KEY_C "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"
#define KEY_D "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD"
#define KEY_E "EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE"
#define HASH_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HASH_2 "2222222222222222222222222222222222222222222222222222222222222222"

#define SIGNS_1 "3333333333333333333333333333333333333333333333333333333333333333"
#define SIGNS_2 "4444444444444444444444444444444444444444444444444444444444444444"

static const char good[] =
    "{\"format\": 2, \"mode\": \"live\","
    " \"cluster_id\": \"000102030405060708090a0b0c0d0e0f\", \"epoch\": 1,"
    " \"election\": \"election.json\", \"definition_hash\": \"" HASH_1 "\", \"roll_hash\": null,"
    " \"digest_key_hash\": \"" HASH_2 "\", \"clients\": \"clients.json\","
    " \"routers\": [{\"router\": 0, \"address\": \"tcp://127.0.0.1:7001\","
    "   \"public_key\": \"" KEY_A "\"}],"
    " \"shards\": ["
    "  {\"shard\": 0, \"slots\": [0, 1000], \"roll_hash\": null, \"signing_key\": \"" SIGNS_1
    "\", \"replicas\":"
    "   [{\"replica\": 0, \"raft_id\": 1, \"address\": \"tcp://127.0.0.1:7002\","
    "     \"public_key\": \"" KEY_B "\"}]},"
    "  {\"shard\": 1, \"slots\": [1000, 4096], \"roll_hash\": null, \"signing_key\": \"" SIGNS_2
    "\", \"replicas\":"
    "   [{\"replica\": 0, \"raft_id\": 1, \"address\": \"tcp://127.0.0.1:7003\","
    "     \"public_key\": \"" KEY_C "\"}]}],"
    " \"collectors\": [{\"collector\": 0, \"http\": \"127.0.0.1:8080\","
    "   \"http_local\": \"127.0.0.1:8081\", \"address\": \"tcp://127.0.0.1:7004\","
    "   \"public_key\": \"" KEY_D "\"}],"
    " \"operators\": [{\"name\": \"operator\", \"public_key\": \"" KEY_E "\"}]}";

struct folder {
    char path[64], cluster[96];
    struct psp_reason reason;
};

static int make_folder(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->path, sizeof f->path, "/tmp/psp-cluster-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->cluster, sizeof f->cluster, "%s/cluster.json", f->path);
    *state = f;
    return 0;
}

static int end_folder(void **state)
{
    struct folder *f = *state;
    unlink(f->cluster);
    rmdir(f->path);
    free(f);
    return 0;
}

static enum psp_status load_text(struct folder *f, const char *text, struct psp_cluster **cluster)
{
    *cluster = NULL;
    assert_int_equal(psp_file_write(f->cluster, text, strlen(text), 0644), PSP_OK);
    return psp_cluster_load(f->cluster, cluster, &f->reason);
}

/* The good file with one text replaced by another. */
static enum psp_status load_changed(struct folder *f, const char *from, const char *to)
{
    static char text[TEXT_BYTES];
    struct psp_cluster *cluster = NULL;
    const char *at = strstr(good, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    const enum psp_status status = load_text(f, text, &cluster);
    psp_cluster_destroy(&cluster);
    return status;
}

static void assert_fault(struct folder *f, const char *from, const char *to, const char *pointer,
                         const char *reason)
{
    assert_int_equal(load_changed(f, from, to), PSP_EINVAL);
    assert_string_equal(f->reason.pointer, pointer);
    if (!strstr(f->reason.text, reason))
        fail_msg("\"%s\" does not say \"%s\"", f->reason.text, reason);
}

static void every_part_of_a_good_file_is_read(void **state)
{
    struct folder *f = *state;
    struct psp_cluster *cluster = NULL;
    assert_int_equal(load_text(f, good, &cluster), PSP_OK);
    for (int i = 0; i < PSP_CLUSTER_ID_BYTES; i++)
        assert_int_equal(cluster->cluster_id[i], i);
    assert_int_equal(cluster->mode, PSP_MODE_LIVE);
    assert_int_equal(cluster->epoch, 1);
    assert_string_equal(cluster->directory, f->path);
    assert_string_equal(cluster->election_path, "election.json");
    assert_string_equal(cluster->clients_path, "clients.json");
    assert_int_equal(cluster->definition_hash[31], 0x11);
    assert_int_equal(cluster->digest_key_hash[0], 0x22);
    assert_true(sodium_is_zero(cluster->roll_hash, PSP_HASH_BYTES));
    assert_int_equal(cluster->router_count, 1);
    assert_string_equal(cluster->routers[0].address, "tcp://127.0.0.1:7001");
    assert_int_equal(cluster->shard_count, 2);
    assert_int_equal(cluster->shards[1].slot_first, 1000);
    assert_int_equal(cluster->shards[1].slot_end, 4096);
    assert_int_equal(cluster->shards[1].replica_count, 1);
    assert_int_equal(cluster->shards[1].replicas[0].raft_id, 1);
    assert_string_equal(cluster->shards[1].replicas[0].public_key, KEY_C);
    assert_int_equal(cluster->shards[0].signing_key[0], 0x33);
    assert_int_equal(cluster->shards[1].signing_key[31], 0x44);
    assert_string_equal(cluster->collectors[0].http_local, "127.0.0.1:8081");
    assert_string_equal(cluster->operators[0].name, "operator");
    psp_cluster_destroy(&cluster);
    assert_null(cluster);
}

static void slot_map_hash_is_blake2b_of_the_ranges(void **state)
{
    struct folder *f = *state;
    struct psp_cluster *cluster = NULL;
    const uint8_t map[] = {0, 0, 0, 0, 0,    0,    0, 0, 0xE8, 0x03, 0, 0,
                           1, 0, 0, 0, 0xE8, 0x03, 0, 0, 0,    0x10, 0, 0};
    uint8_t expected[32];
    crypto_generichash(expected, sizeof expected, map, sizeof map, NULL, 0);
    assert_int_equal(load_text(f, good, &cluster), PSP_OK);
    assert_memory_equal(cluster->slot_map_hash, expected, 32);
    psp_cluster_destroy(&cluster);
}

static void what_is_stored_loads_as_the_same(void **state)
{
    struct folder *f = *state;
    struct psp_cluster *one = NULL, *two = NULL;
    char *first = NULL, *second = NULL;
    size_t first_bytes = 0, second_bytes = 0;
    assert_int_equal(load_text(f, good, &one), PSP_OK);
    assert_int_equal(psp_cluster_store(one, f->cluster), PSP_OK);
    assert_int_equal(psp_file_read(f->cluster, TEXT_BYTES, &first, &first_bytes), PSP_OK);
    assert_int_equal(psp_cluster_load(f->cluster, &two, &f->reason), PSP_OK);
    assert_int_equal(psp_cluster_store(two, f->cluster), PSP_OK);
    assert_int_equal(psp_file_read(f->cluster, TEXT_BYTES, &second, &second_bytes), PSP_OK);
    assert_int_equal(first_bytes, second_bytes);
    assert_memory_equal(first, second, first_bytes);
    assert_memory_equal(one->slot_map_hash, two->slot_map_hash, PSP_HASH_BYTES);
    assert_string_equal(two->collectors[0].public_key, KEY_D);
    assert_non_null(strstr(first, "\"roll_hash\": null"));
    psp_cluster_destroy(&one);
    psp_cluster_destroy(&two);
    free(first);
    free(second);
}

static void missing_file_says_so(void **state)
{
    struct folder *f = *state;
    struct psp_cluster *cluster = NULL;
    assert_int_equal(psp_cluster_load(f->cluster, &cluster, &f->reason), PSP_ENOENT);
    assert_string_equal(f->reason.text, "cannot be read: not found");
}

static void unknown_format_is_refused(void **state)
{
    struct folder *f = *state;
    assert_int_equal(load_changed(f, "\"format\": 2", "\"format\": 3"), PSP_EVERSION);
    assert_string_equal(f->reason.pointer, "/format");
    assert_non_null(strstr(f->reason.text, "use the version that wrote the file"));
    assert_int_equal(load_changed(f, "\"format\": 2", "\"format\": 0"), PSP_EVERSION);
    assert_int_equal(load_changed(f, "\"format\": 2", "\"format\": \"2\""), PSP_EINVAL);
    assert_int_equal(load_changed(f, "\"format\": 2,", ""), PSP_EINVAL);
}

static void every_shard_has_a_signing_key_of_its_own(void **state)
{
    struct folder *f = *state;
    assert_fault(f, " \"signing_key\": \"" SIGNS_2 "\",", "", "/shards/1",
                 "a version before 0.2.0 made this cluster");
    assert_fault(f, SIGNS_2, SIGNS_1, "/shards/1", "also that of shard 0");
    assert_fault(f, SIGNS_2, "44", "/shards/1/signing_key", "64 lower-case hex digits");
    assert_fault(f, "\"" SIGNS_1 "\"", "null", "/shards/0/signing_key", "hex digits");
}

/* As 0.1.0 wrote it: no mode, no signing keys. */
static void load_as_format_1(struct folder *f, struct psp_cluster **ret_cluster,
                             enum psp_status *ret_status)
{
    static const char *const later[] = {" \"mode\": \"live\",",
                                        " \"signing_key\": \"" SIGNS_1 "\",",
                                        " \"signing_key\": \"" SIGNS_2 "\","};
    static char text[TEXT_BYTES];
    memcpy(text, good, sizeof good);
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        char *at = strstr(text, later[i]);
        assert_non_null(at);
        const char *rest = at + strlen(later[i]);
        memmove(at, rest, strlen(rest) + 1);
    }
    memcpy(strstr(text, "\"format\": 2"), "\"format\": 1", 11);
    *ret_status = load_text(f, text, ret_cluster);
}

static void format_1_is_for_who_only_counts_again(void **state)
{
    struct folder *f = *state;
    struct psp_cluster *cluster = NULL;
    enum psp_status status = PSP_OK;
    load_as_format_1(f, &cluster, &status);
    assert_int_equal(status, PSP_EVERSION);
    assert_string_equal(f->reason.text,
                        "written by Psephos 0.1.0; only `psephos recount --offline` of this "
                        "version reads it; go on with 0.1.0");
    assert_int_equal(psp_cluster_load_any(f->cluster, &cluster, &f->reason), PSP_OK);
    assert_int_equal(cluster->shard_count, 2);
    assert_int_equal(cluster->mode, PSP_MODE_LIVE);
    assert_true(sodium_is_zero(cluster->shards[0].signing_key, PSP_SIGN_PUBLIC_BYTES));
    psp_cluster_destroy(&cluster);
    /* As 0.1.0 read it: what came later is not known there. */
    load_changed(f, "\"format\": 2", "\"format\": 1");
    assert_int_equal(psp_cluster_load_any(f->cluster, &cluster, &f->reason), PSP_EINVAL);
    assert_non_null(strstr(f->reason.text, "\"mode\""));
    load_changed(f, "\"format\": 2", "\"format\": 3");
    assert_int_equal(psp_cluster_load_any(f->cluster, &cluster, &f->reason), PSP_EVERSION);
    assert_int_equal(load_text(f, good, &cluster), PSP_OK);
    psp_cluster_destroy(&cluster);
    assert_int_equal(psp_cluster_load_any(f->cluster, &cluster, &f->reason), PSP_OK);
    psp_cluster_destroy(&cluster);
}

static void the_mode_is_live_or_test_and_kept(void **state)
{
    struct folder *f = *state;
    struct psp_cluster *cluster = NULL;
    assert_fault(f, "\"mode\": \"live\",", "", "/mode", "is missing");
    assert_fault(f, "\"mode\": \"live\"", "\"mode\": \"Live\"", "", "\"live\" or \"test\"");
    assert_fault(f, "\"mode\": \"live\"", "\"mode\": 1", "/mode", "must be a text");
    assert_int_equal(load_changed(f, "\"mode\": \"live\"", "\"mode\": \"test\""), PSP_OK);
    assert_int_equal(psp_cluster_load(f->cluster, &cluster, &f->reason), PSP_OK);
    assert_int_equal(cluster->mode, PSP_MODE_TEST);
    assert_int_equal(psp_cluster_store(cluster, f->cluster), PSP_OK);
    psp_cluster_destroy(&cluster);
    assert_int_equal(psp_cluster_load(f->cluster, &cluster, &f->reason), PSP_OK);
    assert_int_equal(cluster->mode, PSP_MODE_TEST);
    psp_cluster_destroy(&cluster);
}

static void what_is_reserved_may_be_there_and_empty(void **state)
{
    struct folder *f = *state;
    static const char *const names[] = {"officials"};
    static const char *const empty[] = {"[]", "{}", "null", "\"\""};
    static const char *const full[] = {"[1]", "{\"a\": 1}", "\"a\"", "0", "false"};
    char to[64], pointer[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(pointer, sizeof pointer, "/%s", names[i]);
        for (size_t j = 0; j < sizeof empty / sizeof *empty; j++) {
            snprintf(to, sizeof to, "\"epoch\": 1, \"%s\": %s", names[i], empty[j]);
            assert_int_equal(load_changed(f, "\"epoch\": 1", to), PSP_OK);
        }
        for (size_t j = 0; j < sizeof full / sizeof *full; j++) {
            snprintf(to, sizeof to, "\"epoch\": 1, \"%s\": %s", names[i], full[j]);
            assert_fault(f, "\"epoch\": 1", to, pointer, "reserved");
        }
    }
}

#define GATEWAY(more)                                                                              \
    "\"epoch\": 1, \"gateways\": [{\"name\": \"web\", \"http\": \"127.0.0.1:7900\", " more         \
    "\"public_key\": \"" GATEWAY_KEY "\"}]"
#define GATEWAY_KEY "GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGG"

static void gateways_are_read_kept_and_checked(void **state)
{
    struct folder *f = *state;
    struct psp_cluster *cluster = NULL;
    const char *const epoch = "\"epoch\": 1";
    for (int with_local = 0; with_local < 2; with_local++) {
        assert_int_equal(load_changed(f, epoch,
                                      with_local ? GATEWAY("\"http_local\": \"127.0.0.1:7901\", ")
                                                 : GATEWAY("")),
                         PSP_OK);
        assert_int_equal(psp_cluster_load(f->cluster, &cluster, &f->reason), PSP_OK);
        assert_int_equal(psp_cluster_store(cluster, f->cluster), PSP_OK);
        psp_cluster_destroy(&cluster);
        assert_int_equal(psp_cluster_load(f->cluster, &cluster, &f->reason), PSP_OK);
        assert_int_equal(cluster->gateway_count, 1);
        assert_string_equal(cluster->gateways[0].name, "web");
        assert_string_equal(cluster->gateways[0].http, "127.0.0.1:7900");
        assert_string_equal(cluster->gateways[0].public_key, GATEWAY_KEY);
        if (with_local)
            assert_string_equal(cluster->gateways[0].http_local, "127.0.0.1:7901");
        else
            assert_null(cluster->gateways[0].http_local);
        psp_cluster_destroy(&cluster);
    }
    assert_fault(f, epoch, GATEWAY("\"http_local\": \"127.0.0.1:7900\", "), "", "stands twice");
    assert_fault(f, epoch, GATEWAY("\"port\": 7, "), "/gateways/0", "port");
    assert_fault(f, epoch,
                 "\"epoch\": 1, \"gateways\": [{\"name\": \"../web\", \"http\": "
                 "\"127.0.0.1:7900\", \"public_key\": \"" GATEWAY_KEY "\"}]",
                 "/gateways/0", "a-z");
    assert_fault(f, epoch, "\"epoch\": 1, \"gateways\": 7", "/gateways", "list");
    assert_fault(
        f, epoch,
        "\"epoch\": 1, \"gateways\": [{\"name\": \"web\", \"http\": \"127.0.0.1:7900\", "
        "\"public_key\": \"" GATEWAY_KEY "\"}, {\"name\": \"web\", \"http\": "
        "\"127.0.0.1:7902\", \"public_key\": \"HHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH\"}]",
        "/gateways/1", "stands twice");
}

#define AUDITOR(name, key) "{\"name\": \"" name "\", \"public_key\": \"" key "\"}"
#define AUDITORS(list) "\"epoch\": 1, \"auditors\": [" list "]"
#define AUDITOR_KEY "HHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH"

static void auditors_are_read_kept_and_checked(void **state)
{
    struct folder *f = *state;
    struct psp_cluster *cluster = NULL;
    static const char epoch[] = "\"epoch\": 1";
    assert_int_equal(load_changed(f, epoch, AUDITORS("")), PSP_OK);
    assert_int_equal(
        load_changed(f, epoch,
                     AUDITORS(AUDITOR("court", GATEWAY_KEY) ", " AUDITOR("press", AUDITOR_KEY))),
        PSP_OK);
    assert_int_equal(psp_cluster_load(f->cluster, &cluster, &f->reason), PSP_OK);
    assert_int_equal(psp_cluster_store(cluster, f->cluster), PSP_OK);
    psp_cluster_destroy(&cluster);
    assert_int_equal(psp_cluster_load(f->cluster, &cluster, &f->reason), PSP_OK);
    assert_int_equal(cluster->auditor_count, 2);
    assert_string_equal(cluster->auditors[0].name, "court");
    assert_string_equal(cluster->auditors[1].name, "press");
    assert_string_equal(cluster->auditors[1].public_key, AUDITOR_KEY);
    psp_cluster_destroy(&cluster);
    assert_fault(f, epoch, AUDITORS(AUDITOR("a", "short")), "/auditors/0/public_key", "Z85");
    assert_fault(f, epoch, AUDITORS(AUDITOR("../a", AUDITOR_KEY)), "/auditors/0", "a-z");
    assert_fault(f, epoch, AUDITORS("{\"name\": \"a\"}"), "/auditors/0/public_key", "missing");
    assert_fault(f, epoch, AUDITORS(AUDITOR("a", AUDITOR_KEY) ", " AUDITOR("a", GATEWAY_KEY)),
                 "/auditors/1", "stands twice");
    assert_fault(f, epoch, AUDITORS(AUDITOR("a", AUDITOR_KEY) ", " AUDITOR("b", AUDITOR_KEY)), "",
                 "stands twice");
    assert_fault(f, epoch, "\"epoch\": 1, \"auditors\": 7", "/auditors", "list");
}

#define BRIDGE(more) "\"epoch\": 1, \"bridges\": [{\"name\": \"page\"" more "}]"

static void bridges_are_read_kept_and_checked(void **state)
{
    struct folder *f = *state;
    struct psp_cluster *cluster = NULL;
    static const char epoch[] = "\"epoch\": 1", local[] = ", \"http_local\": \"127.0.0.1:9464\"";
    char path[PATH_MAX], two[256];
    assert_int_equal(load_changed(f, epoch, "\"epoch\": 1, \"bridges\": []"), PSP_OK);
    snprintf(two, sizeof two, BRIDGE("%s"), local);
    assert_int_equal(load_changed(f, epoch, two), PSP_OK);
    assert_int_equal(psp_cluster_load(f->cluster, &cluster, &f->reason), PSP_OK);
    snprintf(path, sizeof path, "%s.again", f->cluster);
    assert_int_equal(psp_cluster_store(cluster, path), PSP_OK);
    psp_cluster_destroy(&cluster);
    assert_int_equal(psp_cluster_load(path, &cluster, &f->reason), PSP_OK);
    unlink(path);
    assert_int_equal(cluster->bridge_count, 1);
    assert_string_equal(cluster->bridges[0].name, "page");
    assert_string_equal(cluster->bridges[0].http_local, "127.0.0.1:9464");
    psp_cluster_destroy(&cluster);
    assert_fault(f, epoch, BRIDGE(""), "/bridges/0/http_local", "missing");
    assert_fault(f, epoch, BRIDGE(", \"http_local\": \"127.0.0.1:1\", \"key\": 7"), "/bridges/0",
                 "key");
    snprintf(two, sizeof two,
             "\"epoch\": 1, \"bridges\": [{\"name\": \"p\"%s}, {\"name\": \"q\"%s}]", local, local);
    assert_fault(f, epoch, two, "", "stands twice");
    snprintf(two, sizeof two,
             "\"epoch\": 1, \"bridges\": [{\"name\": \"p\"%s}, {\"name\": \"p\"%s}]", local, local);
    assert_fault(f, epoch, two, "/bridges/1", "stands twice");
    snprintf(two, sizeof two, "\"epoch\": 1, \"bridges\": [{\"name\": \"../p\"%s}]", local);
    assert_fault(f, epoch, two, "/bridges/0", "a-z");
    assert_fault(f, epoch, "\"epoch\": 1, \"bridges\": 7", "/bridges", "list");
}

#define ORIGINS(list) "8081\", \"embed_origins\": " list

static void origins_that_may_embed_are_read_kept_and_checked(void **state)
{
    struct folder *f = *state;
    struct psp_cluster *cluster = NULL;
    static const char *const bad[] = {
        "[\"news.example\"]",
        "[\"https://news.example/\"]",
        "[\"https://\"]",
        "[\"ftp://a.example\"]",
        "[\"https://a.example:\"]",
        "[\"https://a.example:8x\"]",
        "[\"https://a b\"]",
        "[\"https://a;script-src *\"]",
        "[\"\"]",
        "[7]",
    };
    assert_int_equal(load_changed(f, "8081\"",
                                  ORIGINS("[\"https://*.news.example:8443\", "
                                          "\"http://127.0.0.1:81\"]")),
                     PSP_OK);
    assert_int_equal(psp_cluster_load(f->cluster, &cluster, &f->reason), PSP_OK);
    assert_int_equal(psp_cluster_store(cluster, f->cluster), PSP_OK);
    psp_cluster_destroy(&cluster);
    assert_int_equal(psp_cluster_load(f->cluster, &cluster, &f->reason), PSP_OK);
    assert_string_equal(cluster->collectors[0].embed_origins,
                        "https://*.news.example:8443 http://127.0.0.1:81");
    psp_cluster_destroy(&cluster);
    assert_int_equal(load_changed(f, "8081\"", ORIGINS("[]")), PSP_OK);
    assert_int_equal(psp_cluster_load(f->cluster, &cluster, &f->reason), PSP_OK);
    assert_null(cluster->collectors[0].embed_origins);
    psp_cluster_destroy(&cluster);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char to[128];
        snprintf(to, sizeof to, ORIGINS("%s"), bad[i]);
        assert_fault(f, "8081\"", to, "/collectors/0/embed_origins/0", "origin");
    }
    assert_fault(f, "8081\"", ORIGINS("\"*\""), "/collectors/0/embed_origins", "list");
}

static void file_that_is_no_json_object_is_refused(void **state)
{
    struct folder *f = *state;
    struct psp_cluster *cluster = NULL;
    assert_int_equal(load_text(f, "{\n\"format\": 2,\n", &cluster), PSP_EINVAL);
    assert_non_null(strstr(f->reason.text, "line 3"));
    assert_int_equal(load_text(f, "[]", &cluster), PSP_EINVAL);
    assert_int_equal(load_text(f, "", &cluster), PSP_EINVAL);
    assert_fault(f, "\"epoch\": 1", "\"epoch\": 1, \"epoch\": 1", "", "line 1");
}

static void unknown_or_missing_member_is_refused(void **state)
{
    struct folder *f = *state;
    assert_fault(f, "\"epoch\": 1", "\"epoch\": 1, \"shrads\": 1", "", "\"shrads\"");
    assert_fault(f, "\"router\": 0,", "\"router\": 0, \"port\": 7,", "/routers/0", "\"port\"");
    assert_fault(f, "\"raft_id\": 1, ", "", "/shards/0/replicas/0/raft_id", "is missing");
    assert_fault(f, "\"epoch\": 1,", "", "/epoch", "is missing");
    assert_fault(f, "\"http\": \"127.0.0.1:8080\",", "", "/collectors/0/http", "is missing");
}

static void value_of_a_wrong_kind_is_refused(void **state)
{
    struct folder *f = *state;
    assert_fault(f, "\"epoch\": 1", "\"epoch\": -1", "/epoch", "whole number");
    assert_fault(f, "\"epoch\": 1", "\"epoch\": 0", "", "begins at 1");
    assert_fault(f, "000102", "00010G", "/cluster_id", "32 lower-case hex digits");
    assert_fault(f, "000102", "0001", "/cluster_id", "32 lower-case hex digits");
    assert_fault(f, KEY_B, "BBB", "/shards/0/replicas/0/public_key", "Z85");
    assert_fault(f, KEY_B, "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB~",
                 "/shards/0/replicas/0/public_key", "Z85");
    assert_fault(f, "\"election.json\"", "\"\"", "/election", "not empty");
    assert_fault(f, "tcp://127.0.0.1:7001", "127.0.0.1:7001", "/routers/0/address", "tcp://");
    assert_fault(f, "tcp://127.0.0.1:7001", "tcp://127.0.0.1:0", "/routers/0/address", "port");
    assert_fault(f, "tcp://127.0.0.1:7001", "tcp://127.0.0.1:65536", "/routers/0/address", "port");
    assert_fault(f, "tcp://127.0.0.1:7001", "tcp://:7001", "/routers/0/address", "host");
    assert_fault(f, "\"127.0.0.1:8080\"", "8080", "/collectors/0/http", "host:port");
    assert_fault(f, "[0, 1000]", "\"0-1000\"", "/shards/0/slots", "list");
}

static void slots_without_an_owner_or_with_two_are_refused(void **state)
{
    struct folder *f = *state;
    assert_fault(f, "[1000, 4096]", "[1001, 4096]", "/shards/1/slots", "must begin at 1000");
    assert_fault(f, "[1000, 4096]", "[999, 4096]", "/shards/1/slots", "must begin at 1000");
    assert_fault(f, "[1000, 4096]", "[1000, 4095]", "/shards", "0 to 4095");
    assert_fault(f, "[1000, 4096]", "[1000, 4097]", "/shards/1/slots", "4096");
    assert_fault(f, "[1000, 4096]", "[1000, 1000]", "/shards/1/slots", "end after");
    assert_fault(f, "[0, 1000]", "[1, 1000]", "/shards/0/slots", "must begin at 0");
    assert_fault(f, "[0, 1000]", "[0]", "/shards/0/slots", "two numbers");
}

static void numbers_follow_the_order(void **state)
{
    struct folder *f = *state;
    assert_fault(f, "\"shard\": 1", "\"shard\": 2", "/shards/1", "must be 1");
    assert_fault(f, "\"router\": 0", "\"router\": 1", "/routers/0", "must be 0");
    assert_fault(f, "\"replica\": 0", "\"replica\": 1", "/shards/0/replicas/0", "must be 0");
    assert_fault(f, "\"raft_id\": 1", "\"raft_id\": 0", "/shards/0/replicas/0", "not be 0");
}

static const char another_replica[] =
    "{\"replica\": 1, \"raft_id\": 1, \"address\": \"tcp://127.0.0.1:7012\", \"public_key\": "
    "\"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\"},";

static void raft_ids_say_their_replica_and_replicas_are_odd(void **state)
{
    struct folder *f = *state;
    char to[512];
    const char from[] = "\"public_key\": \"" KEY_B "\"}";
    snprintf(to, sizeof to, "%s,%.*s", from, (int)sizeof another_replica - 2, another_replica);
    assert_fault(f, from, to, "/shards/0/replicas/1", "must be 2");
    snprintf(to, sizeof to, "%s,%.*s", from, (int)sizeof another_replica - 2, another_replica);
    memcpy(strstr(to, "\"raft_id\": 1"), "\"raft_id\": 3", 12);
    assert_fault(f, from, to, "/shards/0/replicas/1", "must be 2");
    snprintf(to, sizeof to, "%s,%.*s", from, (int)sizeof another_replica - 2, another_replica);
    memcpy(strstr(to, "\"raft_id\": 1"), "\"raft_id\": 2", 12);
    assert_fault(f, from, to, "/shards/0/replicas", "not 2");
}

static void address_or_key_twice_is_refused(void **state)
{
    struct folder *f = *state;
    assert_fault(f, "tcp://127.0.0.1:7003", "tcp://127.0.0.1:7001", "", "7001");
    assert_fault(f, "127.0.0.1:8081", "127.0.0.1:8080", "", "127.0.0.1:8080");
    assert_fault(f, KEY_E, KEY_A, "", KEY_A);
}

static void rolls_of_cluster_and_shards_agree(void **state)
{
    struct folder *f = *state;
    static char text[TEXT_BYTES], hex[65];
    struct psp_cluster *cluster = NULL;
    uint8_t parts[64], hash[32];
    memset(parts, 0x11, 32);
    memset(parts + 32, 0x22, 32);
    crypto_hash_sha256(hash, parts, sizeof parts);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    assert_fault(f, "\"roll_hash\": null", "\"roll_hash\": \"" HASH_1 "\"", "", "shard 0");
    const char *middle = strstr(good, "\"digest_key_hash\""),
               *second = strstr(good, "[1000, 4096]");
    const char *one = strstr(middle, "null"), *two = strstr(second, "null");
    const char *all = strstr(good, "null");
    const char *const whole[] = {hex, HASH_1};
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "%.*s\"%s\"%.*s\"%s\"%.*s\"%s\"%s", (int)(all - good), good,
                 whole[i], (int)(one - all - 4), all + 4, HASH_1, (int)(two - one - 4), one + 4,
                 HASH_2, two + 4);
        assert_int_equal(load_text(f, text, &cluster), i == 0 ? PSP_OK : PSP_EINVAL);
        psp_cluster_destroy(&cluster);
    }
    assert_non_null(strstr(f->reason.text, "not that of the shards' rolls"));
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, make_folder, end_folder)
    const struct CMUnitTest tests[] = {
        FACT(every_part_of_a_good_file_is_read),
        FACT(slot_map_hash_is_blake2b_of_the_ranges),
        FACT(what_is_stored_loads_as_the_same),
        FACT(missing_file_says_so),
        FACT(unknown_format_is_refused),
        FACT(every_shard_has_a_signing_key_of_its_own),
        FACT(format_1_is_for_who_only_counts_again),
        FACT(the_mode_is_live_or_test_and_kept),
        FACT(what_is_reserved_may_be_there_and_empty),
        FACT(gateways_are_read_kept_and_checked),
        FACT(auditors_are_read_kept_and_checked),
        FACT(bridges_are_read_kept_and_checked),
        FACT(origins_that_may_embed_are_read_kept_and_checked),
        FACT(file_that_is_no_json_object_is_refused),
        FACT(unknown_or_missing_member_is_refused),
        FACT(value_of_a_wrong_kind_is_refused),
        FACT(slots_without_an_owner_or_with_two_are_refused),
        FACT(numbers_follow_the_order),
        FACT(raft_ids_say_their_replica_and_replicas_are_odd),
        FACT(address_or_key_twice_is_refused),
        FACT(rolls_of_cluster_and_shards_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
