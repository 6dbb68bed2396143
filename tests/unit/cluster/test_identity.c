/* What every daemon reads before it is itself, and what it says when that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system/file.h"
#include "cluster/identity.h"

enum { TEXT_BYTES = 4096 };

static const char election[] =
    "{\"format\": 1, \"id\": \"town\", \"name\": \"Town\", \"date\": \"2024-11-05\","
    "\"methods\": [{\"id\": \"booth\", \"name\": \"Booth\"}], \"parties\": [], \"candidates\": [],"
    "\"units\": [{\"id\": \"us\", \"name\": \"Nation\", \"level\": \"nation\","
    "  \"ballot_style\": \"all\"}],"
    "\"contests\": [{\"id\": \"bridge\", \"name\": \"Bridge\", \"office\": \"Bridge\","
    "  \"unit\": \"us\", \"choices\": [{\"id\": \"yes\", \"name\": \"Yes\", \"kind\": \"yes\"},"
    "   {\"id\": \"no\", \"name\": \"No\", \"kind\": \"no\"}]}],"
    "\"ballot_styles\": [{\"id\": \"all\", \"contests\": [{\"contest\": \"bridge\"}]}]}";

/* RFC 8032, 7.1, test 1. */
#define SEED "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define PUBLIC "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

/* One replica of one shard, in a folder as `up` makes it. */
struct town {
    char folder[64], cluster[128], election[128], keys[128], key[160], signing[160];
    struct psp_keypair pair;
    struct psp_identity identity;
};

static void write_cluster(const struct town *town)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1], text[TEXT_BYTES];
    crypto_hash_sha256(hash, (const uint8_t *)election, sizeof election - 1);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    const int n = snprintf(
        text, sizeof text,
        "{\"format\": 2, \"mode\": \"live\","
        "\"cluster_id\": \"000102030405060708090a0b0c0d0e0f\", \"epoch\": 1,"
        "\"election\": \"election.json\", \"definition_hash\": \"%s\", \"roll_hash\": null,"
        "\"digest_key_hash\": \"%s\", \"clients\": \"clients.json\","
        "\"routers\": [{\"router\": 0, \"address\": \"tcp://127.0.0.1:7001\","
        "  \"public_key\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}],"
        "\"shards\": [{\"shard\": 0, \"slots\": [0, 4096], \"roll_hash\": null,"
        "  \"signing_key\": \"" PUBLIC "\", \"replicas\":"
        "  [{\"replica\": 0, \"raft_id\": 1, \"address\": \"tcp://127.0.0.1:7002\","
        "    \"public_key\": \"%s\"}]}],"
        "\"collectors\": [], \"operators\": []}",
        hex, hex, town->pair.public_z85);
    assert_true(n > 0 && n < TEXT_BYTES);
    assert_int_equal(psp_file_write(town->cluster, text, (size_t)n, 0644), PSP_OK);
}

static void write_signing(const struct town *town, const char *text)
{
    unlink(town->signing);
    assert_int_equal(psp_file_create_secret(town->signing, text, strlen(text)), PSP_OK);
}

static int make_town(void **state)
{
    struct town *town = calloc(1, sizeof *town);
    assert_non_null(town);
    snprintf(town->folder, sizeof town->folder, "/tmp/psp-identity-XXXXXX");
    assert_non_null(mkdtemp(town->folder));
    snprintf(town->cluster, sizeof town->cluster, "%s/cluster.json", town->folder);
    snprintf(town->election, sizeof town->election, "%s/election.json", town->folder);
    snprintf(town->keys, sizeof town->keys, "%s/keys", town->folder);
    snprintf(town->key, sizeof town->key, "%s/shard-0-0.key", town->keys);
    snprintf(town->signing, sizeof town->signing, "%s/shard-0-sign.key", town->keys);
    assert_int_equal(mkdir(town->keys, 0700), 0);
    write_signing(town, SEED "\n");
    assert_int_equal(psp_keypair_generate(&town->pair), PSP_OK);
    assert_int_equal(psp_keypair_store(town->key, &town->pair), PSP_OK);
    assert_int_equal(psp_file_write(town->election, election, sizeof election - 1, 0644), PSP_OK);
    write_cluster(town);
    town->identity.cluster_path = town->cluster;
    *state = town;
    return 0;
}

static int end_town(void **state)
{
    struct town *town = *state;
    psp_identity_close(&town->identity);
    unlink(town->key);
    unlink(town->signing);
    rmdir(town->keys);
    unlink(town->election);
    unlink(town->cluster);
    assert_int_equal(rmdir(town->folder), 0);
    free(town);
    return 0;
}

static bool load_key(struct town *town)
{
    return psp_identity_load_key(&town->identity, "shard-0-0",
                                 town->identity.cluster->shards[0].replicas[0].public_key,
                                 "replica 0 of shard 0");
}

static void assert_says(const struct town *town, const char *path, const char *what)
{
    if (strncmp(town->identity.reason.text, path, strlen(path)) != 0 ||
        strstr(town->identity.reason.text, what) == NULL)
        fail_msg("\"%s\" does not begin with %s and say \"%s\"", town->identity.reason.text, path,
                 what);
}

static void cluster_election_and_key_are_loaded(void **state)
{
    struct town *town = *state;
    assert_true(psp_identity_load_cluster(&town->identity));
    assert_true(psp_identity_load_definition(&town->identity));
    assert_true(load_key(town));
    assert_int_equal(town->identity.cluster->shard_count, 1);
    assert_string_equal(town->identity.definition->name, "Town");
    assert_int_equal(town->identity.definition_bytes, sizeof election - 1);
    assert_memory_equal(town->identity.definition_text, election, sizeof election - 1);
    assert_memory_equal(&town->identity.self, &town->pair, sizeof town->pair);
}

static void keys_may_lie_elsewhere(void **state)
{
    struct town *town = *state;
    char moved[160];
    snprintf(moved, sizeof moved, "%s/shard-0-0.key", town->folder);
    assert_int_equal(rename(town->key, moved), 0);
    assert_true(psp_identity_load_cluster(&town->identity));
    assert_false(load_key(town));
    assert_says(town, town->key, psp_status_text(PSP_ENOENT));
    town->identity.keys_path = town->folder;
    assert_true(load_key(town));
    assert_int_equal(unlink(moved), 0);
}

static void a_missing_or_broken_cluster_json_is_named(void **state)
{
    struct town *town = *state;
    assert_int_equal(psp_file_write(town->cluster, "{}", 2, 0644), PSP_OK);
    assert_false(psp_identity_load_cluster(&town->identity));
    assert_says(town, town->cluster, "format");
    assert_int_equal(unlink(town->cluster), 0);
    assert_false(psp_identity_load_cluster(&town->identity));
    assert_says(town, town->cluster, "");
}

static void an_election_other_than_the_clusters_is_refused(void **state)
{
    struct town *town = *state;
    char other[sizeof election];
    memcpy(other, election, sizeof election);
    memcpy(strstr(other, "Town"), "City", 4);
    assert_int_equal(psp_file_write(town->election, other, sizeof other - 1, 0644), PSP_OK);
    assert_true(psp_identity_load_cluster(&town->identity));
    assert_false(psp_identity_load_definition(&town->identity));
    assert_says(town, town->election, "restore the file the cluster was made with");
}

static void an_election_that_is_missing_or_wrong_is_refused(void **state)
{
    struct town *town = *state;
    assert_true(psp_identity_load_cluster(&town->identity));
    assert_int_equal(unlink(town->election), 0);
    assert_false(psp_identity_load_definition(&town->identity));
    assert_says(town, town->election, psp_status_text(PSP_ENOENT));
    assert_int_equal(psp_file_write(town->election, "[]", 2, 0644), PSP_OK);
    assert_false(psp_identity_load_definition(&town->identity));
    assert_says(town, town->election, "object");
}

static void a_key_that_others_can_read_is_refused(void **state)
{
    struct town *town = *state;
    assert_true(psp_identity_load_cluster(&town->identity));
    assert_int_equal(chmod(town->key, 0640), 0);
    assert_false(load_key(town));
    assert_says(town, town->key, "mode 0600");
}

static void the_key_of_another_process_is_refused(void **state)
{
    struct town *town = *state;
    struct psp_keypair other;
    assert_true(psp_identity_load_cluster(&town->identity));
    assert_int_equal(psp_keypair_generate(&other), PSP_OK);
    assert_int_equal(unlink(town->key), 0);
    assert_int_equal(psp_keypair_store(town->key, &other), PSP_OK);
    assert_false(load_key(town));
    assert_says(town, town->key, "for replica 0 of shard 0");
}

static bool load_signing_key(struct town *town)
{
    return psp_identity_load_signing_key(&town->identity, &town->identity.cluster->shards[0]);
}

static void the_shards_signing_key_is_loaded_and_must_be_its_own(void **state)
{
    struct town *town = *state;
    assert_true(psp_identity_load_cluster(&town->identity));
    assert_true(load_signing_key(town));
    assert_memory_equal(town->identity.signing.public_key,
                        town->identity.cluster->shards[0].signing_key, PSP_SIGN_PUBLIC_BYTES);
    write_signing(town, PUBLIC "\n");
    assert_false(load_signing_key(town));
    assert_says(town, town->signing, "for shard 0 (signing_key); copy the one");
}

static void a_signing_key_that_is_missing_open_or_broken_says_what_to_do(void **state)
{
    struct town *town = *state;
    assert_true(psp_identity_load_cluster(&town->identity));
    assert_int_equal(chmod(town->signing, 0640), 0);
    assert_false(load_signing_key(town));
    assert_says(town, town->signing, "mode 0600");
    write_signing(town, "9d61\n");
    assert_false(load_signing_key(town));
    assert_says(town, town->signing, "one line of 64 hex digits");
    assert_int_equal(unlink(town->signing), 0);
    assert_false(load_signing_key(town));
    assert_says(town, town->signing, "copy it from keys/");
}

static void a_path_that_is_too_long_is_told(void **state)
{
    struct town *town = *state;
    static char folder[PSP_IDENTITY_PATH_BYTES];
    char path[PSP_IDENTITY_PATH_BYTES];
    memset(folder, 'k', sizeof folder - 1);
    town->identity.keys_path = folder;
    assert_false(psp_identity_key_path(&town->identity, "digest.key", path));
    assert_string_equal(town->identity.reason.text, "the path of digest.key is too long");
}

int main(void)
{
#define TOWN(test) cmocka_unit_test_setup_teardown(test, make_town, end_town)
    const struct CMUnitTest tests[] = {
        TOWN(cluster_election_and_key_are_loaded),
        TOWN(keys_may_lie_elsewhere),
        TOWN(a_missing_or_broken_cluster_json_is_named),
        TOWN(an_election_other_than_the_clusters_is_refused),
        TOWN(an_election_that_is_missing_or_wrong_is_refused),
        TOWN(a_key_that_others_can_read_is_refused),
        TOWN(the_key_of_another_process_is_refused),
        TOWN(the_shards_signing_key_is_loaded_and_must_be_its_own),
        TOWN(a_signing_key_that_is_missing_open_or_broken_says_what_to_do),
        TOWN(a_path_that_is_too_long_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
