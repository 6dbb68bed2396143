/* Verdicts of the doctor: every machine that we do not have, as numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli/run/doctor/answers.h"
#include "cli/run/doctor/disk.h"
#include "cli/run/doctor/machine.h"

static struct psp_findings findings;

static int begin(void **state)
{
    (void)state;
    findings = (struct psp_findings){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    psp_findings_free(&findings);
    return 0;
}

/* The n-th line has this verdict, and says this. */
static void expect(uint32_t n, enum psp_verdict verdict, const char *check, const char *words)
{
    assert_true(n < findings.n);
    const struct psp_finding *finding = &findings.list[n];
    if (finding->verdict != verdict || !strstr(finding->found, words))
        fail_msg("%s: %d: %s", finding->check, finding->verdict, finding->found);
    assert_string_equal(finding->check, check);
    if (verdict == PSP_VERDICT_OK)
        assert_null(finding->advice);
    else
        assert_true(strlen(finding->advice) > 10);
}

/* A solid-state disk as they are. */
static struct psp_disk good_disk(void)
{
    return (struct psp_disk){.type = "ext4",
                             .turns_known = true,
                             .syncs = 400,
                             .sync_us = 600,
                             .sync_99_us = 2400,
                             .mb_a_second = 450,
                             .free_bytes = 100000000000};
}

static void a_disk_that_writes_is_well(void **state)
{
    (void)state;
    const struct psp_disk disk = good_disk();
    psp_disk_judge(&findings, "/d", &disk);
    assert_int_equal(findings.n, 2);
    expect(0, PSP_VERDICT_OK, "fsync", "ext4, median 0.60 ms, 99 of 100 within 2.40 ms");
    expect(1, PSP_VERDICT_OK, "disk speed", "450 MB/s");
}

static void an_fsync_that_cannot_be_is_told(void **state)
{
    (void)state;
    struct psp_disk disk = good_disk();
    disk.sync_us = 9.9;
    psp_disk_judge(&findings, "/d", &disk);
    expect(0, PSP_VERDICT_FAIL, "fsync", "9.9 us: no device writes so fast");
    disk.sync_us = 10;
    psp_disk_judge(&findings, "/d", &disk);
    expect(2, PSP_VERDICT_OK, "fsync", "median 0.01 ms");
    disk.turns = true;
    disk.sync_us = 999;
    psp_disk_judge(&findings, "/d", &disk);
    expect(4, PSP_VERDICT_WARN, "fsync", "the kernel says that this disk turns");
    disk.turns_known = false; /* then it does not say so */
    psp_disk_judge(&findings, "/d", &disk);
    expect(6, PSP_VERDICT_OK, "fsync", "median 1.00 ms");
    disk.turns_known = true;
    disk.sync_us = 8000;
    psp_disk_judge(&findings, "/d", &disk);
    expect(8, PSP_VERDICT_OK, "fsync", "median 8.00 ms");
}

static void memory_and_a_mount_without_barriers_are_no_disk(void **state)
{
    (void)state;
    struct psp_disk disk = good_disk();
    disk.no_barriers = true;
    psp_disk_judge(&findings, "/d", &disk);
    expect(0, PSP_VERDICT_FAIL, "fsync", "does not flush the disk's cache");
    disk.in_memory = true;
    strcpy(disk.type, "tmpfs");
    psp_disk_judge(&findings, "/d", &disk);
    expect(2, PSP_VERDICT_FAIL, "fsync", "this is tmpfs, in memory");
}

static void a_slow_disk_is_told_before_a_leader_hands_over(void **state)
{
    (void)state;
    struct psp_disk disk = good_disk();
    disk.sync_99_us = 100000;
    psp_disk_judge(&findings, "/d", &disk);
    expect(1, PSP_VERDICT_OK, "disk speed", "100.0 ms");
    disk.sync_99_us = 100100;
    psp_disk_judge(&findings, "/d", &disk);
    expect(3, PSP_VERDICT_WARN, "disk speed", "100.1 ms");
    disk.sync_99_us = 1000100;
    psp_disk_judge(&findings, "/d", &disk);
    expect(5, PSP_VERDICT_FAIL, "disk speed", "1000.1 ms");
    disk = good_disk();
    disk.mb_a_second = 19.9;
    psp_disk_judge(&findings, "/d", &disk);
    expect(7, PSP_VERDICT_WARN, "disk speed", "20 MB/s");
    disk.mb_a_second = 1.9;
    psp_disk_judge(&findings, "/d", &disk);
    expect(9, PSP_VERDICT_FAIL, "disk speed", "2 MB/s");
    disk.mb_a_second = 0;
    psp_disk_judge(&findings, "/d", &disk);
    expect(11, PSP_VERDICT_OK, "disk speed", "not measured: too little space");
}

/* 1,000,000 ballots on three replicas: 210,000,000 bytes. */
static void ballots_that_do_not_fit_are_told(void **state)
{
    (void)state;
    psp_disk_judge_space(&findings, "/d", 420000000, 3000000, 0);
    expect(0, PSP_VERDICT_OK, "space", "0.2 GB needed for 3000000 copies");
    psp_disk_judge_space(&findings, "/d", 419999999, 3000000, 0);
    expect(1, PSP_VERDICT_WARN, "space", "0.4 GB free");
    psp_disk_judge_space(&findings, "/d", 209999999, 3000000, 0);
    expect(2, PSP_VERDICT_FAIL, "space", "0.2 GB free");
    psp_disk_judge_space(&findings, "/d", 420000000, 3000000, 1);
    expect(3, PSP_VERDICT_WARN, "space", "0.4 GB free");
    psp_disk_judge_space(&findings, "/d", 70000000, UINT64_MAX, 0);
    expect(4, PSP_VERDICT_OK, "space", "room for 1.0 million ballots; nothing says how many");
    psp_disk_judge_space(&findings, "/d", 1000, UINT64_MAX, 1000);
    expect(5, PSP_VERDICT_FAIL, "space", "room for 0.0 million");
}

static void limits_that_end_a_process_are_told(void **state)
{
    (void)state;
    const struct psp_limits none = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    struct psp_limits limits = none;
    psp_limits_judge(&findings, "p", true, &limits);
    expect(0, PSP_VERDICT_OK, "limits", "no limit of open files");
    limits.files = 1024;
    psp_limits_judge(&findings, "p", false, &limits);
    expect(1, PSP_VERDICT_OK, "limits", "1024 open files");
    psp_limits_judge(&findings, "p", true, &limits);
    expect(2, PSP_VERDICT_FAIL, "limits", "1024 open files (nofile), 2048 are needed");
    limits.files = 1023;
    psp_limits_judge(&findings, "p", false, &limits);
    expect(3, PSP_VERDICT_FAIL, "limits", "1023 open files (nofile), 1024 are needed");
    limits = none;
    limits.file_bytes = 1 << 30;
    psp_limits_judge(&findings, "p", false, &limits);
    expect(4, PSP_VERDICT_FAIL, "limits", "files may have 1073741824 bytes (fsize)");
    limits = none;
    limits.memory_bytes = 1 << 30;
    psp_limits_judge(&findings, "p", false, &limits);
    expect(5, PSP_VERDICT_FAIL, "limits", "an address space of 1073741824 bytes (as)");
    limits = none;
    limits.processes = 63;
    psp_limits_judge(&findings, "p", false, &limits);
    expect(6, PSP_VERDICT_WARN, "limits", "63 processes and threads");
    assert_int_equal(findings.n, 7);
}

/* 2,000,000 voters and two replicas: 100,000,000 + 62,914,560 bytes. */
static void memory_that_is_too_small_is_told(void **state)
{
    (void)state;
    struct psp_vm vm = {.available_bytes = 2 * 162914560, .maps_max = 65530};
    psp_vm_judge(&findings, &vm, 2000000, 2);
    expect(0, PSP_VERDICT_OK, "memory", "326 MB available, 163 MB needed by 2 replicas");
    vm.available_bytes--;
    psp_vm_judge(&findings, &vm, 2000000, 2);
    expect(1, PSP_VERDICT_WARN, "memory", "163 MB needed");
    vm.available_bytes = 162914559;
    psp_vm_judge(&findings, &vm, 2000000, 2);
    expect(2, PSP_VERDICT_FAIL, "memory", "163 MB available");
    psp_vm_judge(&findings, &vm, UINT64_MAX, 2);
    expect(3, PSP_VERDICT_OK, "memory", "63 MB needed by 2 replicas; nothing says how many voters");
    psp_vm_judge(&findings, &vm, 2000000, 0); /* nothing is here */
    assert_int_equal(findings.n, 4);
    vm.overcommit = 2;
    vm.maps_max = 1023;
    psp_vm_judge(&findings, &vm, 0, 0);
    expect(4, PSP_VERDICT_WARN, "memory", "vm.overcommit_memory is 2");
    expect(5, PSP_VERDICT_WARN, "memory", "vm.max_map_count is 1023");
}

static void a_clock_that_nobody_keeps_is_told(void **state)
{
    (void)state;
    struct psp_time_sync sync = {
        .told = true, .synchronised = true, .error_ms = 1000, .keeper = "chronyd"};
    psp_time_sync_judge(&findings, &sync, false);
    expect(0, PSP_VERDICT_OK, "time sync", "kept by chronyd, to within 1000 ms");
    sync.error_ms = 1001;
    psp_time_sync_judge(&findings, &sync, false);
    expect(1, PSP_VERDICT_WARN, "time sync", "may still be wrong by 1001 ms");
    sync.synchronised = false;
    psp_time_sync_judge(&findings, &sync, false);
    expect(2, PSP_VERDICT_FAIL, "time sync", "nobody keeps the clock, though this runs: chronyd");
    psp_time_sync_judge(&findings, &sync, true);
    expect(3, PSP_VERDICT_WARN, "time sync", "nobody keeps the clock");
    sync.told = false;
    psp_time_sync_judge(&findings, &sync, false);
    expect(4, PSP_VERDICT_WARN, "time sync", "the kernel does not say");
}

static void versions_that_differ_are_told(void **state)
{
    (void)state;
    struct psp_doctor_answer answers[] = {{.name = "a", .version = "1"},
                                          {.name = "b", .version = "1"},
                                          {.name = "c", .version = "1"}};
    psp_versions_judge(&findings, "1", answers, 3);
    expect(0, PSP_VERDICT_OK, "versions", "3 are 1");
    psp_versions_judge(&findings, "2", answers, 3);
    expect(1, PSP_VERDICT_WARN, "versions", "it is 2, and a is 1");
    answers[2].version = "2";
    psp_versions_judge(&findings, "1", answers, 3);
    expect(2, PSP_VERDICT_FAIL, "versions", "it is 2, and a is 1");
    assert_string_equal(findings.list[2].subject, "c");
    assert_int_equal(findings.n, 3);
}

static void clocks_that_differ_are_told(void **state)
{
    (void)state;
    struct psp_doctor_answer answers[] = {
        {.name = "a", .has_clock = true, .ahead_ms = 10, .uncertain_ms = 1},
        {.name = "b", .has_clock = true, .ahead_ms = 501, .uncertain_ms = 1},
        {.name = "c", .has_clock = true, .ahead_ms = -490, .uncertain_ms = 1},
        {.name = "none", .ahead_ms = 99999}};
    psp_clocks_judge(&findings, answers, 4); /* -490, 0, 10, 501: the middle is 0 */
    expect(0, PSP_VERDICT_OK, "clocks", "within 502 ms of the middle");
    answers[1].ahead_ms = 502;
    psp_clocks_judge(&findings, answers, 4);
    expect(1, PSP_VERDICT_WARN, "clocks", "0.502 s ahead of the middle");
    assert_string_equal(findings.list[1].subject, "b");
    answers[2].ahead_ms = -2002;
    psp_clocks_judge(&findings, answers, 4);
    expect(3, PSP_VERDICT_FAIL, "clocks", "2.002 s behind the middle");
    assert_string_equal(findings.list[3].subject, "c");
    for (int i = 0; i < 3; i++)
        answers[i].ahead_ms = 3600000; /* it is this machine that is wrong */
    psp_clocks_judge(&findings, answers, 4);
    expect(4, PSP_VERDICT_FAIL, "clocks", "3600.000 s behind the middle");
    assert_string_equal(findings.list[4].subject, "this machine");
    assert_int_equal(findings.n, 5);
}

static void findings_say_it_in_json(void **state)
{
    (void)state;
    psp_findings_add(&findings, PSP_VERDICT_OK, "space", "/d", "unused", "%d GB free", 7);
    psp_findings_add(&findings, PSP_VERDICT_FAIL, "keys", "k", "chmod 600 k", "mode 0644");
    json_t *list = psp_findings_json(&findings);
    char *text = json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text,
                        "[{\"advice\":null,\"check\":\"space\",\"found\":\"7 GB free\",\"subject\":"
                        "\"/d\",\"verdict\":\"ok\"},{\"advice\":\"chmod 600 k\",\"check\":\"keys\","
                        "\"found\":\"mode 0644\",\"subject\":\"k\",\"verdict\":\"fail\"}]");
    assert_int_equal(psp_findings_count(&findings, PSP_VERDICT_FAIL), 1);
    free(text);
    json_decref(list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_disk_that_writes_is_well),
        TEST(an_fsync_that_cannot_be_is_told),
        TEST(memory_and_a_mount_without_barriers_are_no_disk),
        TEST(a_slow_disk_is_told_before_a_leader_hands_over),
        TEST(ballots_that_do_not_fit_are_told),
        TEST(limits_that_end_a_process_are_told),
        TEST(memory_that_is_too_small_is_told),
        TEST(a_clock_that_nobody_keeps_is_told),
        TEST(versions_that_differ_are_told),
        TEST(clocks_that_differ_are_told),
        TEST(findings_say_it_in_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
