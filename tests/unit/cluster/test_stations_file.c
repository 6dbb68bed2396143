/* clients.json: read, written, changed, refused with pointer and reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/system/file.h"
#include "cluster/stations.h"

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define ONE "{\"number\": 1, \"name\": \"hall\", \"public_key\": \"" KEY_A "\"}"
#define FILE_OF(clients) "{\"format\": 2, \"clients\": [" clients "]}"

/* Units of town.json, methods booth 0 and mail 1. */
enum { US, NORTH, NORTH_1, NORTH_REST, SOUTH };

struct folder {
    char path[64], clients[96];
    struct psp_definition *definition;
    struct psp_stations stations;
    struct psp_reason reason;
};

static int make_folder(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->path, sizeof f->path, "/tmp/psp-stations-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->clients, sizeof f->clients, "%s/clients.json", f->path);
    assert_int_equal(psp_definition_load("tests/fixtures/town.json", &f->definition, &f->reason),
                     PSP_OK);
    *state = f;
    return 0;
}

static int end_folder(void **state)
{
    struct folder *f = *state;
    psp_stations_free(&f->stations);
    psp_definition_destroy(&f->definition);
    unlink(f->clients);
    rmdir(f->path);
    free(f);
    return 0;
}

static enum psp_status load(struct folder *f, const char *text)
{
    psp_stations_free(&f->stations);
    assert_int_equal(psp_file_write(f->clients, text, strlen(text), 0644), PSP_OK);
    return psp_stations_load(f->clients, f->definition, &f->stations, &f->reason);
}

static void assert_refused(struct folder *f, const char *text, const char *pointer,
                           const char *reason)
{
    assert_int_equal(load(f, text), PSP_EINVAL);
    assert_string_equal(f->reason.pointer, pointer);
    if (!strstr(f->reason.text, reason))
        fail_msg("\"%s\" does not say \"%s\"", f->reason.text, reason);
    assert_int_equal(f->stations.count, 0);
}

/* The only station of a good file with these members more. */
static void assert_member_refused(struct folder *f, const char *members, const char *pointer,
                                  const char *reason)
{
    char text[512];
    snprintf(text, sizeof text,
             FILE_OF("{\"number\": 1, \"name\": \"hall\", \"public_key\": \"" KEY_A "\", %s}"),
             members);
    assert_refused(f, text, pointer, reason);
}

static void every_member_is_read(void **state)
{
    struct folder *f = *state;
    assert_int_equal(
        load(f, FILE_OF("{\"number\": 7, \"name\": \"school\", \"public_key\": \"" KEY_B
                        "\", \"units\": [\"south\", \"north\"], \"methods\": [\"mail\"],"
                        " \"until\": \"2026-11-03T15:00:00-05:00\", \"token_hash\": null}," ONE)),
        PSP_OK);
    assert_int_equal(f->stations.count, 2);
    const struct psp_station *hall = &f->stations.list[0], *school = &f->stations.list[1];
    assert_int_equal(hall->number, 1); /* by number, whatever the file's order */
    assert_string_equal(hall->name, "hall");
    assert_string_equal(hall->public_key, KEY_A);
    assert_int_equal(hall->unit_count, 0);
    assert_int_equal(hall->methods, 0);
    assert_int_equal(hall->until_ms, 0);
    assert_int_equal(hall->revoked_ms, 0);
    assert_int_equal(school->number, 7);
    assert_int_equal(school->unit_count, 2);
    assert_int_equal(school->units[0], NORTH);
    assert_int_equal(school->units[1], SOUTH);
    assert_int_equal(school->methods, 1u << 1);
    assert_int_equal(school->until_ms, UINT64_C(1793736000000));
}

static void what_is_stored_loads_as_the_same(void **state)
{
    struct folder *f = *state;
    uint32_t units[] = {NORTH_1, SOUTH};
    struct psp_station list[] = {
        {.number = 3, .name = "hall", .public_key = KEY_A, .revoked_ms = 1500},
        {.number = 4,
         .name = "school",
         .public_key = KEY_B,
         .unit_count = 2,
         .units = units,
         .methods = 3,
         .until_ms = UINT64_C(1793736000000)}};
    const struct psp_stations two = {.count = 2, .list = list};
    char *text = NULL;
    size_t bytes = 0;
    assert_int_equal(psp_stations_store(f->clients, f->definition, &two), PSP_OK);
    assert_int_equal(psp_stations_load(f->clients, f->definition, &f->stations, &f->reason),
                     PSP_OK);
    assert_int_equal(f->stations.count, 2);
    assert_int_equal(f->stations.list[0].number, 3);
    assert_int_equal(f->stations.list[0].revoked_ms, 1500);
    const struct psp_station *school = &f->stations.list[1];
    assert_string_equal(school->name, "school");
    assert_string_equal(school->public_key, KEY_B);
    assert_int_equal(school->unit_count, 2);
    assert_int_equal(school->units[1], SOUTH);
    assert_int_equal(school->methods, 3);
    assert_int_equal(school->until_ms, UINT64_C(1793736000000));
    assert_int_equal(school->revoked_ms, 0);
    assert_int_equal(psp_file_read(f->clients, 4096, &text, &bytes), PSP_OK);
    assert_non_null(strstr(text, "\n  {\"number\": 3, \"name\": \"hall\"")); /* a line each */
    assert_non_null(strstr(text, "\"until\": \"2026-11-03T20:00:00Z\""));
    free(text);
}

static void an_empty_list_is_stored_and_loaded(void **state)
{
    struct folder *f = *state;
    const struct psp_stations none = {0};
    assert_int_equal(psp_stations_store(f->clients, f->definition, &none), PSP_OK);
    assert_int_equal(psp_stations_load(f->clients, f->definition, &f->stations, &f->reason),
                     PSP_OK);
    assert_int_equal(f->stations.count, 0);
}

static void other_formats_are_refused_and_the_old_one_names_its_version(void **state)
{
    struct folder *f = *state;
    assert_int_equal(load(f, "{\"format\": 1, \"clients\": []}"), PSP_EVERSION);
    assert_string_equal(f->reason.pointer, "/format");
    assert_non_null(strstr(f->reason.text, "written by Psephos 0.1.0"));
    assert_int_equal(load(f, "{\"format\": 3, \"clients\": []}"), PSP_EVERSION);
    assert_non_null(strstr(f->reason.text, "use the version that wrote the file"));
    assert_int_equal(load(f, "{\"format\": 0, \"clients\": []}"), PSP_EVERSION);
    assert_int_equal(load(f, "{\"clients\": []}"), PSP_EINVAL);
}

static void what_is_missing_unknown_or_of_a_wrong_kind_is_refused(void **state)
{
    struct folder *f = *state;
    assert_refused(f, "{\"format\": 2}", "/clients", "is missing");
    assert_refused(f, "{\"format\": 2, \"clients\": [], \"x\": 1}", "", "\"x\"");
    assert_refused(f, FILE_OF("7"), "/clients/0", "must be an object");
    assert_refused(f, FILE_OF("{\"name\": \"a\", \"public_key\": \"" KEY_A "\"}"),
                   "/clients/0/number", "is missing");
    assert_refused(f, FILE_OF("{\"number\": 1, \"name\": \"a\"}"), "/clients/0/public_key",
                   "is missing");
    assert_refused(f, FILE_OF("{\"number\": 1, \"public_key\": \"" KEY_A "\"}"), "/clients/0/name",
                   "is missing");
    assert_member_refused(f, "\"unit\": [\"us\"]", "/clients/0", "\"unit\"");
    assert_member_refused(f, "\"units\": \"us\"", "/clients/0/units", "must be a list");
    assert_member_refused(f, "\"units\": [7]", "/clients/0/units/0", "must be an ID");
    assert_member_refused(f, "\"units\": []", "/clients/0/units", "leave it out");
    assert_member_refused(f, "\"units\": [\"us\", \"west\"]", "/clients/0/units/1",
                          "no unit \"west\"");
    assert_member_refused(f, "\"units\": [\"us\", \"south\", \"us\"]", "/clients/0/units",
                          "\"us\" stands twice");
    assert_member_refused(f, "\"methods\": []", "/clients/0/methods", "leave it out");
    assert_member_refused(f, "\"methods\": [\"fax\"]", "/clients/0/methods/0", "no method \"fax\"");
    assert_member_refused(f, "\"methods\": [\"mail\", \"mail\"]", "/clients/0/methods/1", "twice");
    assert_member_refused(f, "\"until\": 7", "/clients/0/until", "a time with its zone");
    assert_member_refused(f, "\"until\": \"2026-11-03T20:00:00\"", "/clients/0/until", "zone");
    assert_member_refused(f, "\"revoked\": true", "/clients/0/revoked", "a time");
    assert_member_refused(f, "\"revoked\": \"1970-01-01T00:00:00Z\"", "/clients/0", "later");
    assert_member_refused(f, "\"token_hash\": \"00\"", "/clients/0", "a station has one");
}

#define HASH_1 "00000000000000000000000000000000000000000000000000000000000000a1"
#define TOKEN_OF(number, name, hash)                                                               \
    "{\"number\": " number ", \"name\": \"" name "\", \"token_hash\": \"" hash "\"}"

static void a_station_by_token_has_no_key_and_keeps_its_hash(void **state)
{
    struct folder *f = *state;
    assert_int_equal(load(f, FILE_OF(TOKEN_OF("2", "web", HASH_1) "," ONE)), PSP_OK);
    assert_int_equal(psp_stations_store(f->clients, f->definition, &f->stations), PSP_OK);
    psp_stations_free(&f->stations);
    assert_int_equal(psp_stations_load(f->clients, f->definition, &f->stations, &f->reason),
                     PSP_OK);
    assert_false(f->stations.list[0].has_token);
    const struct psp_station *web = &f->stations.list[1];
    assert_true(web->has_token);
    assert_string_equal(web->public_key, "");
    assert_int_equal(web->token_hash[31], 0xa1);
    assert_int_equal(web->token_hash[0], 0);
    assert_null(psp_stations_with_key(&f->stations, ""));
    psp_stations_free(&f->stations);
    assert_refused(f, FILE_OF(TOKEN_OF("2", "web", HASH_1) "," TOKEN_OF("3", "app", HASH_1)),
                   "/clients", "have the same token");
    assert_refused(f, FILE_OF(TOKEN_OF("2", "web", "00a1")), "/clients/0/token_hash", "hex");
    assert_refused(f, FILE_OF("{\"number\": 2, \"name\": \"web\"}"), "/clients/0/public_key",
                   "missing");
}

static void a_number_is_from_1_to_100000_and_stands_once(void **state)
{
    struct folder *f = *state;
    static const char *const bad[] = {"0", "100001", "-1", "\"1\""};
    char text[256];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text,
                 FILE_OF("{\"number\": %s, \"name\": \"a\", \"public_key\": \"" KEY_A "\"}"),
                 bad[i]);
        assert_int_equal(load(f, text), PSP_EINVAL);
    }
    assert_int_equal(
        load(f, FILE_OF("{\"number\": 100000, \"name\": \"a\", \"public_key\": \"" KEY_A "\"}")),
        PSP_OK);
    assert_refused(f,
                   FILE_OF(ONE ",{\"number\": 1, \"name\": \"b\", \"public_key\": \"" KEY_B
                               "\", \"revoked\": \"2026-11-03T20:00:00Z\"}"),
                   "/clients", "the number 1 stands twice");
}

static void a_name_or_key_stands_once_among_those_that_may_cast(void **state)
{
    struct folder *f = *state;
    assert_refused(
        f, FILE_OF(ONE ",{\"number\": 2, \"name\": \"hall\", \"public_key\": \"" KEY_B "\"}"),
        "/clients", "the name \"hall\" stands twice");
    assert_refused(
        f, FILE_OF(ONE ",{\"number\": 2, \"name\": \"school\", \"public_key\": \"" KEY_A "\"}"),
        "/clients", "the same public key");
    assert_int_equal(load(f, FILE_OF(ONE ",{\"number\": 2, \"name\": \"hall\", \"public_key\": "
                                         "\"" KEY_A "\", \"revoked\": \"2026-11-03T20:00:00Z\"}")),
                     PSP_OK);
}

static void name_of_a_station_has_at_most_63_bytes(void **state)
{
    struct folder *f = *state;
    char text[256];
    for (int length = 63; length <= 64; length++) {
        snprintf(text, sizeof text,
                 FILE_OF("{\"number\":1,\"name\":\"%0*d\",\"public_key\":\"" KEY_A "\"}"), length,
                 0);
        assert_int_equal(load(f, text), length == 63 ? PSP_OK : PSP_EINVAL);
    }
}

static void the_next_number_follows_the_highest_revoked_or_not(void **state)
{
    struct folder *f = *state;
    uint32_t units[] = {SOUTH};
    const struct psp_station station = {
        .name = "new", .public_key = KEY_B, .unit_count = 1, .units = units};
    assert_int_equal(psp_stations_add(&f->stations, &station), 1);
    assert_int_equal(load(f, FILE_OF(ONE ",{\"number\": 41, \"name\": \"new\", \"public_key\": "
                                         "\"" KEY_B "\", \"revoked\": \"2026-11-03T20:00:00Z\"}")),
                     PSP_OK);
    assert_null(psp_stations_named(&f->stations, "new"));
    assert_null(psp_stations_with_key(&f->stations, KEY_B));
    assert_int_equal(psp_stations_add(&f->stations, &station), 42);
    assert_int_equal(f->stations.count, 3);
    assert_int_equal(psp_stations_named(&f->stations, "new")->number, 42);
    assert_int_equal(psp_stations_with_key(&f->stations, KEY_B)->number, 42);
    assert_ptr_not_equal(f->stations.list[2].units, units);
    assert_int_equal(f->stations.list[2].units[0], SOUTH);
}

static void after_the_last_number_none_is_given(void **state)
{
    struct folder *f = *state;
    const struct psp_station station = {.name = "new", .public_key = KEY_B};
    assert_int_equal(
        load(f, FILE_OF("{\"number\": 99999, \"name\": \"a\", \"public_key\": \"" KEY_A "\"}")),
        PSP_OK);
    assert_int_equal(psp_stations_add(&f->stations, &station), 100000);
    assert_int_equal(psp_stations_add(&f->stations, &station), 0);
    assert_int_equal(f->stations.count, 2);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, make_folder, end_folder)
    const struct CMUnitTest tests[] = {
        FACT(every_member_is_read),
        FACT(what_is_stored_loads_as_the_same),
        FACT(an_empty_list_is_stored_and_loaded),
        FACT(other_formats_are_refused_and_the_old_one_names_its_version),
        FACT(what_is_missing_unknown_or_of_a_wrong_kind_is_refused),
        FACT(a_station_by_token_has_no_key_and_keeps_its_hash),
        FACT(a_number_is_from_1_to_100000_and_stands_once),
        FACT(a_name_or_key_stands_once_among_those_that_may_cast),
        FACT(name_of_a_station_has_at_most_63_bytes),
        FACT(the_next_number_follows_the_highest_revoked_or_not),
        FACT(after_the_last_number_none_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
