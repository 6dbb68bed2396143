/* The machines of a cluster: what a hosts file may say, and who runs where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/system/file.h"
#include "cli/folder/hosts.h"

static struct psp_reason reason;

static enum psp_status load(const char *text, struct psp_hosts **ret_hosts)
{
    char path[] = "/tmp/psephos-hosts-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    assert_int_equal(psp_file_write(path, text, strlen(text), 0600), PSP_OK);
    reason.text[0] = '\0';
    const enum psp_status status = psp_hosts_load(path, ret_hosts, &reason);
    unlink(path);
    return status;
}

static void refused_with(const char *text, const char *why)
{
    struct psp_hosts *hosts = NULL;
    assert_int_equal(load(text, &hosts), PSP_EINVAL);
    if (!strstr(reason.text, why))
        fail_msg("\"%s\" does not say \"%s\"", reason.text, why);
}

static const char four[] = "# name address roles\n"
                           "a 10.0.0.11 router collector\n"
                           "\n"
                           "b 10.0.0.12 shard # old disk\n"
                           "c\t10.0.0.13  shard\n"
                           "d 10.0.0.14 shard";

static void replicas_of_a_shard_never_share_a_host(void **state)
{
    (void)state;
    struct psp_hosts *hosts = NULL;
    assert_int_equal(load(four, &hosts), PSP_OK);
    assert_int_equal(psp_hosts_check(hosts, 3, &reason), PSP_OK);
    for (uint32_t shard = 0; shard < 7; shard++) {
        const char *first = psp_hosts_replica(hosts, shard, 3, 0);
        const char *second = psp_hosts_replica(hosts, shard, 3, 1);
        const char *third = psp_hosts_replica(hosts, shard, 3, 2);
        assert_string_not_equal(first, second);
        assert_string_not_equal(first, third);
        assert_string_not_equal(second, third);
    }
    psp_hosts_destroy(&hosts);
}

static void single_replicas_are_dealt_out_in_turn(void **state)
{
    (void)state;
    struct psp_hosts *hosts = NULL;
    assert_int_equal(load(four, &hosts), PSP_OK);
    assert_string_equal(psp_hosts_replica(hosts, 0, 1, 0), "10.0.0.12");
    assert_string_equal(psp_hosts_replica(hosts, 1, 1, 0), "10.0.0.13");
    assert_string_equal(psp_hosts_replica(hosts, 2, 1, 0), "10.0.0.14");
    assert_string_equal(psp_hosts_replica(hosts, 3, 1, 0), "10.0.0.12");
    assert_string_equal(psp_hosts_router(hosts, 1), "10.0.0.11");
    assert_string_equal(psp_hosts_collector(hosts), "10.0.0.11");
    psp_hosts_destroy(&hosts);
}

static void fewer_hosts_than_replicas_are_refused(void **state)
{
    (void)state;
    struct psp_hosts *hosts = NULL;
    assert_int_equal(load("a 10.0.0.11 router collector shard\nb 10.0.0.12 shard\n", &hosts),
                     PSP_OK);
    assert_int_equal(psp_hosts_check(hosts, 3, &reason), PSP_EINVAL);
    assert_non_null(strstr(reason.text, "need 3 hosts with the role shard, and there are 2"));
    assert_int_equal(psp_hosts_check(hosts, 1, &reason), PSP_OK);
    psp_hosts_destroy(&hosts);
}

static void a_missing_role_is_refused(void **state)
{
    (void)state;
    struct psp_hosts *hosts = NULL;
    assert_int_equal(load("a 10.0.0.11 shard router\n", &hosts), PSP_OK);
    assert_int_equal(psp_hosts_check(hosts, 1, &reason), PSP_EINVAL);
    assert_non_null(strstr(reason.text, "collector"));
    psp_hosts_destroy(&hosts);
    assert_int_equal(load("", &hosts), PSP_OK);
    assert_int_equal(psp_hosts_check(hosts, 1, &reason), PSP_EINVAL);
    psp_hosts_destroy(&hosts);
}

static void one_machine_under_two_names_is_refused(void **state)
{
    (void)state;
    refused_with("a 10.0.0.11 shard\nb 10.0.0.11 shard\n",
                 ":2: b 10.0.0.11 is the same machine as a 10.0.0.11");
    refused_with("a 10.0.0.11 shard\na 10.0.0.12 shard\n", "the same machine");
}

static void bad_lines_are_refused_by_number(void **state)
{
    (void)state;
    refused_with("a 10.0.0.11 shard\nb\n", ":2: the second word is to be the IPv4 address of b");
    refused_with("a host.example shard\n", "IPv4 address");
    refused_with("a 0.0.0.0 shard\n", "IPv4 address");
    refused_with("\n\na 10.0.0.11 storage\n", ":3: storage: no role");
}

static void a_missing_file_is_told(void **state)
{
    (void)state;
    struct psp_hosts *hosts = NULL;
    assert_int_equal(psp_hosts_load("/nonexistent/hosts", &hosts, &reason), PSP_ENOENT);
    assert_non_null(strstr(reason.text, "/nonexistent/hosts"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replicas_of_a_shard_never_share_a_host),
        cmocka_unit_test(single_replicas_are_dealt_out_in_turn),
        cmocka_unit_test(fewer_hosts_than_replicas_are_refused),
        cmocka_unit_test(a_missing_role_is_refused),
        cmocka_unit_test(one_machine_under_two_names_is_refused),
        cmocka_unit_test(bad_lines_are_refused_by_number),
        cmocka_unit_test(a_missing_file_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
