/* When a replica may begin with an empty log, and what it is told when not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system/file.h"
#include "cluster/begun.h"
#include "cluster/raft_id.h"

enum { REPLICAS = 3, EPOCH = 2 };

/* One shard of three replicas in a folder of its own; `self` is replica 1. */
struct town {
    char folder[64], marker[128], data[128];
    struct psp_cluster_replica replicas[REPLICAS];
    struct psp_cluster_shard shard;
    struct psp_cluster cluster;
    struct psp_reason reason;
};

static int make_town(void **state)
{
    struct town *town = calloc(1, sizeof *town);
    assert_non_null(town);
    strcpy(town->folder, "/tmp/psp-begun-XXXXXX");
    assert_non_null(mkdtemp(town->folder));
    snprintf(town->marker, sizeof town->marker, "%s/begun/shard-7-1", town->folder);
    snprintf(town->data, sizeof town->data, "%s/data", town->folder);
    for (uint32_t r = 0; r < REPLICAS; r++)
        town->replicas[r] =
            (struct psp_cluster_replica){.replica = r, .raft_id = psp_raft_id_of(1, r)};
    town->shard = (struct psp_cluster_shard){
        .shard = 7, .replica_count = REPLICAS, .replicas = town->replicas};
    town->cluster = (struct psp_cluster){
        .cluster_id = {1, 2, 3},
        .epoch = EPOCH,
        .directory = town->folder,
        .shard_count = 1,
        .shards = &town->shard,
    };
    *state = town;
    return 0;
}

static int drop_town(void **state)
{
    struct town *town = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", town->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of mkdtemp's */
    free(town);
    return 0;
}

static void mark(struct town *town)
{
    assert_int_equal(psp_begun_store(&town->cluster, 0, 1, &town->reason), PSP_OK);
}

static enum psp_status may_be_empty(struct town *town)
{
    return psp_begun_may_be_empty(&town->cluster, 0, 1, town->data, &town->reason);
}

static void a_replica_without_a_marker_begins_empty(void **state)
{
    struct town *town = *state;
    assert_int_equal(may_be_empty(town), PSP_OK);
    struct psp_begun begun;
    assert_int_equal(psp_begun_load(&town->cluster, 0, 1, &begun, &town->reason), PSP_ENOENT);
    assert_string_equal(town->reason.text, "");
}

static void a_marker_says_cluster_epoch_and_raft_id(void **state)
{
    struct town *town = *state;
    mark(town);
    struct psp_begun begun;
    assert_int_equal(psp_begun_load(&town->cluster, 0, 1, &begun, &town->reason), PSP_OK);
    assert_memory_equal(begun.cluster_id, town->cluster.cluster_id, PSP_CLUSTER_ID_BYTES);
    assert_int_equal(begun.epoch, EPOCH);
    assert_int_equal(begun.raft_id, 2);
    struct stat about; /* the shard's user reads it, and writes nothing there */
    assert_int_equal(stat(town->marker, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0644);
}

static void a_marked_replica_does_not_begin_empty(void **state)
{
    struct town *town = *state;
    mark(town);
    assert_int_equal(may_be_empty(town), PSP_EMISMATCH);
    assert_non_null(strstr(town->reason.text, town->marker));
    assert_non_null(strstr(town->reason.text, town->data));
    assert_non_null(strstr(town->reason.text, "psephos replica replace"));
    /* Its neighbour has none. */
    assert_int_equal(psp_begun_may_be_empty(&town->cluster, 0, 2, town->data, &town->reason),
                     PSP_OK);
}

static void a_lone_replica_is_told_to_restore(void **state)
{
    struct town *town = *state;
    town->shard.replica_count = 1;
    assert_int_equal(psp_begun_store(&town->cluster, 0, 0, &town->reason), PSP_OK);
    assert_int_equal(psp_begun_may_be_empty(&town->cluster, 0, 0, town->data, &town->reason),
                     PSP_EMISMATCH);
    assert_non_null(strstr(town->reason.text, "restore the cluster from a backup"));
}

static void a_replaced_replica_begins_empty(void **state)
{
    struct town *town = *state;
    mark(town);
    town->replicas[1].raft_id = psp_raft_id_next(town->replicas[1].raft_id);
    assert_int_equal(may_be_empty(town), PSP_OK);
    mark(town);
    assert_int_equal(may_be_empty(town), PSP_EMISMATCH);
}

static void a_cluster_json_of_before_a_replacement_is_named(void **state)
{
    struct town *town = *state;
    town->replicas[1].raft_id = 258;
    mark(town);
    town->replicas[1].raft_id = 2;
    assert_int_equal(may_be_empty(town), PSP_EMISMATCH);
    assert_non_null(strstr(town->reason.text, "is of raft ID 258, cluster.json names 2"));
}

static void a_restored_replica_begins_empty(void **state)
{
    struct town *town = *state;
    mark(town);
    town->cluster.epoch++;
    town->replicas[1].raft_id = psp_raft_id_of(psp_raft_id_restored(EPOCH + 1, 9), 1);
    assert_int_equal(may_be_empty(town), PSP_OK);
}

static void a_cluster_json_of_before_a_restore_is_named(void **state)
{
    struct town *town = *state;
    mark(town);
    town->cluster.epoch--;
    assert_int_equal(may_be_empty(town), PSP_EMISMATCH);
    assert_non_null(strstr(town->reason.text, "is of epoch 2, cluster.json of epoch 1"));
}

static void a_marker_of_another_cluster_is_named(void **state)
{
    struct town *town = *state;
    mark(town);
    town->cluster.cluster_id[0] = 9;
    assert_int_equal(may_be_empty(town), PSP_EMISMATCH);
    assert_non_null(strstr(town->reason.text, town->marker));
    assert_non_null(strstr(town->reason.text, "another cluster, 010203"));
}

static void a_marker_that_cannot_be_read_is_no_permission(void **state)
{
    struct town *town = *state;
    mark(town);
    static const char *const bad[] = {"", "{}", "{\"format\": 1, \"epoch\": 2, \"raft_id\": 2}",
                                      "{\"format\": 2}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(psp_file_write(town->marker, bad[i], strlen(bad[i]), 0644), PSP_OK);
        assert_int_not_equal(may_be_empty(town), PSP_OK);
        assert_non_null(strstr(town->reason.text, town->marker));
    }
}

static void write_empty(const struct town *town, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/log/%s", town->data, name);
    assert_int_equal(psp_file_write(path, "", 0, 0600), PSP_OK);
}

static void a_log_is_there_when_its_folder_has_a_vote_or_a_segment(void **state)
{
    struct town *town = *state;
    char path[256];
    assert_false(psp_begun_has_log(town->data));
    snprintf(path, sizeof path, "%s/log", town->data);
    assert_int_equal(psp_file_make_folder(path, 0700), PSP_OK);
    assert_false(psp_begun_has_log(town->data));
    write_empty(town, "vote.tmp");
    assert_false(psp_begun_has_log(town->data));
    write_empty(town, "0000000000000001.log");
    assert_true(psp_begun_has_log(town->data));
    snprintf(path, sizeof path, "%s/log/0000000000000001.log", town->data);
    assert_int_equal(unlink(path), 0);
    write_empty(town, "vote");
    assert_true(psp_begun_has_log(town->data));
}

#define IN_TOWN(fact) cmocka_unit_test_setup_teardown(fact, make_town, drop_town)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TOWN(a_replica_without_a_marker_begins_empty),
        IN_TOWN(a_marker_says_cluster_epoch_and_raft_id),
        IN_TOWN(a_marked_replica_does_not_begin_empty),
        IN_TOWN(a_lone_replica_is_told_to_restore),
        IN_TOWN(a_replaced_replica_begins_empty),
        IN_TOWN(a_cluster_json_of_before_a_replacement_is_named),
        IN_TOWN(a_restored_replica_begins_empty),
        IN_TOWN(a_cluster_json_of_before_a_restore_is_named),
        IN_TOWN(a_marker_of_another_cluster_is_named),
        IN_TOWN(a_marker_that_cannot_be_read_is_no_permission),
        IN_TOWN(a_log_is_there_when_its_folder_has_a_vote_or_a_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
