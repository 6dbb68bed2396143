/* The files a router depends on: the digest key and the stations' keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "router/digest_key.h"
#include "router/stations.h"

enum { PATH_SIZE = 256 };

static char folder[] = "/tmp/test_router_files.XXXXXX";
static char key_path[PATH_SIZE], stations_path[PATH_SIZE];

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(key_path, sizeof key_path, "%s/digest.key", folder);
    snprintf(stations_path, sizeof stations_path, "%s/clients.json", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(key_path);
    unlink(stations_path);
    return rmdir(folder);
}

/* ---- digest key ---- */

static const uint8_t secret[PSP_DIGEST_KEY_BYTES] = {
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
static const char secret_line[] = "00112233445566778899aabbccddeeff\n";

static enum psp_status load_key(const char *text, mode_t mode, struct psp_reason *reterr_reason)
{
    struct psp_digest_key wanted, key;
    psp_digest_key_init(&wanted, secret);
    if (text != NULL)
        write_file(key_path, text, mode);
    else
        unlink(key_path);
    const enum psp_status status = psp_digest_key_load(key_path, wanted.hash, &key, reterr_reason);
    if (status == PSP_OK)
        assert_memory_equal(&key, &wanted, sizeof key);
    return status;
}

static void the_digest_key_is_read_with_and_without_a_line_end(void **state)
{
    (void)state;
    struct psp_reason reason = {0};
    assert_int_equal(load_key(secret_line, 0600, &reason), PSP_OK);
    assert_int_equal(load_key("00112233445566778899AABBCCDDEEFF", 0400, &reason), PSP_OK);
}

static void a_digest_key_that_is_not_right_is_refused_with_its_path(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mode_t mode;
        enum psp_status status;
        const char *reason;
    } cases[] = {
        {NULL, 0, PSP_ENOENT, "No such file"},
        {secret_line, 0640, PSP_EPERM, "mode 0600"},
        {secret_line, 0604, PSP_EPERM, "mode 0600"},
        {"", 0600, PSP_EINVAL, "32 hex digits"},
        {"00112233445566778899aabbccddeef\n", 0600, PSP_EINVAL, "32 hex digits"},
        {"00112233445566778899aabbccddeefff\n", 0600, PSP_EINVAL, "32 hex digits"},
        {"00112233445566778899aabbccddeefg\n", 0600, PSP_EINVAL, "32 hex digits"},
        {"00112233445566778899aabbccddeeff\n\n", 0600, PSP_EINVAL, "32 hex digits"},
        {"10112233445566778899aabbccddeeff\n", 0600, PSP_EMISMATCH, "digest_key_hash"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct psp_reason reason = {0};
        assert_int_equal(load_key(cases[i].text, cases[i].mode, &reason), cases[i].status);
        assert_non_null(strstr(reason.text, key_path));
        assert_non_null(strstr(reason.text, cases[i].reason));
        assert_null(strstr(reason.text, "00112233")); /* never the secret */
    }
}

/* ---- stations ---- */

static struct psp_wire *wire;
static struct psp_definition *definition;
static struct psp_keypair operator_keys, station_keys;

static int make_wire(void **state)
{
    (void)state;
    struct psp_keypair self;
    struct psp_reason reason = {0};
    return psp_definition_load("tests/fixtures/town.json", &definition, &reason) == PSP_OK &&
                   psp_keypair_generate(&self) == PSP_OK &&
                   psp_keypair_generate(&station_keys) == PSP_OK &&
                   psp_keypair_generate(&operator_keys) == PSP_OK &&
                   psp_wire_create(&self, 1, &wire) == PSP_OK
               ? 0
               : -1;
}

static int end_wire(void **state)
{
    (void)state;
    psp_wire_destroy(&wire);
    psp_definition_destroy(&definition);
    return 0;
}

static void write_stations(const char *name, const char *key, const char *members)
{
    char text[512];
    snprintf(text, sizeof text,
             "{\"format\": 2, \"clients\": [{\"number\": 7, \"name\": \"%s\", "
             "\"public_key\": \"%s\"%s}]}",
             name, key, members);
    write_file(stations_path, text, 0644);
}

static void stations_are_read_again_only_when_the_file_changes(void **state)
{
    (void)state;
    const struct psp_cluster_operator operator= {"operator", operator_keys.public_z85};
    const struct psp_cluster cluster = {.directory = folder,
                                        .clients_path = "clients.json",
                                        .operator_count = 1,
                                        .operators = &operator};
    struct psp_router_stations stations = {0};
    struct psp_reason reason = {0};
#define UPDATE() psp_router_stations_update(&stations, &cluster, definition, wire, &reason)
    assert_int_equal(UPDATE(), PSP_ENOENT);
    assert_non_null(strstr(reason.text, stations_path));

    write_stations("local", station_keys.public_z85, "");
    assert_int_equal(UPDATE(), PSP_OK);
    assert_int_equal(stations.count, 1);
    assert_int_equal(UPDATE(), PSP_STALE);

    assert_int_equal(psp_router_stations_find(&stations, 7)->number, 7);
    assert_int_equal(psp_router_stations_find(&stations, 7)->run_count, 0);
    assert_null(psp_router_stations_find(&stations, 6));
    assert_null(psp_router_stations_find(&stations, 8));

    write_stations("somebody", "not a key", ""); /* one complaint, and the count stays */
    assert_int_equal(UPDATE(), PSP_EINVAL);
    assert_int_equal(stations.count, 1);
    assert_int_equal(UPDATE(), PSP_STALE);
    assert_non_null(strstr(stations.fault.text, stations_path)); /* said to whoever asks later */

    write_stations("somebody", station_keys.public_z85, ", \"units\": [\"nowhere\"]");
    assert_int_equal(UPDATE(), PSP_EINVAL);
    assert_non_null(strstr(reason.text, "/clients/0/units/0: election.json has no unit"));

    write_stations("thief", operator_keys.public_z85, ""); /* a key has one role */
    assert_int_equal(UPDATE(), PSP_EINVAL);
    assert_non_null(strstr(reason.text, "twice"));
    assert_int_equal(stations.count, 1);

    write_stations("local", station_keys.public_z85,
                   ", \"units\": [\"north\"], \"methods\": [\"mail\"], "
                   "\"until\": \"1970-01-01T00:00:09Z\"");
    assert_int_equal(UPDATE(), PSP_OK);
    const struct psp_router_station *local = psp_router_stations_find(&stations, 7);
    assert_string_equal(stations.fault.text, "");
    assert_int_equal(local->run_count, 1);
    assert_int_equal(local->methods, 2);
    assert_int_equal(local->until_ms, 9000);

    /* By a token: no key of its own, but a gateway may name it. */
    write_file(stations_path,
               "{\"format\": 2, \"clients\": [{\"number\": 8, \"name\": \"web\", \"token_hash\": "
               "\"00000000000000000000000000000000000000000000000000000000000000a1\"}]}",
               0644);
    assert_int_equal(UPDATE(), PSP_OK);
    assert_int_equal(stations.count, 1);
    assert_non_null(psp_router_stations_find(&stations, 8));

    /* Listed, but nobody that may cast: its key is free for another role. */
    write_stations("thief", operator_keys.public_z85, ", \"revoked\": \"2026-11-03T20:00:00Z\"");
    assert_int_equal(UPDATE(), PSP_OK);
    assert_int_equal(stations.count, 0);
    assert_null(psp_router_stations_find(&stations, 7));
    psp_router_stations_free(&stations);
#undef UPDATE
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_key_is_read_with_and_without_a_line_end),
        cmocka_unit_test(a_digest_key_that_is_not_right_is_refused_with_its_path),
        cmocka_unit_test_setup_teardown(stations_are_read_again_only_when_the_file_changes,
                                        make_wire, end_wire),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
