/* A cluster's folder: what is made once, and what is never made again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/system/file.h"
#include "cli/folder/daemon.h"
#include "cli/folder/local.h"
#include "cli/folder/port.h"
#include "cluster/sign.h"
#include "tests/unit/fixture/cli.h"

struct place {
    char folder[64], cluster[96], election[96], other[96];
};

static void store(const char *path, const char *text, size_t bytes)
{
    assert_int_equal(psp_file_write(path, text, bytes, 0644), PSP_OK);
}

static int set_up(void **state)
{
    static struct place place;
    const struct psp_import_options options = {.id = "town", .name = "Town", .date = "2020-11-03"};
    const struct psp_import_options others = {.id = "city", .name = "City", .date = "2020-11-03"};
    snprintf(place.folder, sizeof place.folder, "/tmp/psephos-local-XXXXXX");
    if (!mkdtemp(place.folder))
        return -1;
    snprintf(place.cluster, sizeof place.cluster, "%s/c", place.folder);
    snprintf(place.election, sizeof place.election, "%s/election.json", place.folder);
    snprintf(place.other, sizeof place.other, "%s/other.json", place.folder);
    struct psp_returns *returns = fixture_returns();
    char *text = NULL;
    size_t bytes = 0;
    assert_int_equal(psp_import(returns, &options, &text, &bytes, &(size_t){0}), PSP_OK);
    store(place.election, text, bytes);
    free(text);
    assert_int_equal(psp_import(returns, &others, &text, &bytes, &(size_t){0}), PSP_OK);
    store(place.other, text, bytes);
    free(text);
    psp_returns_destroy(&returns);
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    const struct place *place = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", place->folder);
    return system(command);
}

static struct psp_local_plan plan_of(const struct place *place)
{
    return (struct psp_local_plan){.directory = place->cluster,
                                   .election_path = place->election,
                                   .shards = 3,
                                   .replicas = 1,
                                   .routers = 2};
}

static void make(const struct place *place)
{
    const struct psp_local_plan plan = plan_of(place);
    struct psp_reason reason = {0};
    if (psp_local_make(&plan, &reason) != PSP_OK)
        fail_msg("%s", reason.text);
}

static struct psp_local *opened(const struct place *place)
{
    struct psp_local *local = NULL;
    struct psp_reason reason = {0};
    if (psp_local_open(place->cluster, &local, &reason) != PSP_OK)
        fail_msg("%s", reason.text);
    return local;
}

static void read_text(const struct psp_local *local, const char *name, char *ret_text, size_t size)
{
    char *path = psp_local_path(local, "%s", name), *text = NULL;
    size_t bytes = 0;
    assert_int_equal(psp_file_read(path, size - 1, &text, &bytes), PSP_OK);
    memcpy(ret_text, text, bytes + 1);
    free(text);
    free(path);
}

static void slots_are_split_evenly_and_secrets_are_ours_alone(void **state)
{
    static const char *const secrets[] = {
        "keys/digest.key",      "keys/operator.key", "keys/router-1.key",    "keys/shard-2-0.key",
        "keys/collector-0.key", "clients/local.key", "keys/shard-2-sign.key"};
    make(*state);
    struct psp_local *local = opened(*state);
    assert_int_equal(local->cluster->shard_count, 3);
    assert_int_equal(local->cluster->router_count, 2);
    assert_int_equal(local->cluster->epoch, 1);
    const uint32_t ends[] = {1365, 2730, 4096}; /* 4096 * 1 / 3, 4096 * 2 / 3, 4096 */
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(local->cluster->shards[i].slot_end, ends[i]);
    for (uint32_t i = 0; i < 3; i++) {
        struct psp_sign_key key;
        char *path = psp_local_path(local, "keys/shard-%u-sign.key", i);
        assert_int_equal(psp_sign_key_load(path, &key), PSP_OK);
        assert_memory_equal(key.public_key, local->cluster->shards[i].signing_key,
                            PSP_SIGN_PUBLIC_BYTES);
        free(path);
    }
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        struct stat stat_of;
        char *path = psp_local_path(local, "%s", secrets[i]);
        assert_int_equal(stat(path, &stat_of), 0);
        assert_int_equal(stat_of.st_mode & 0777, 0600);
        free(path);
    }
    struct stat folder;
    assert_int_equal(stat(local->directory, &folder), 0);
    assert_int_equal(folder.st_mode & 0777, 0700);
    psp_local_close(&local);
}

static void an_interrupted_up_goes_on_with_the_keys_it_made(void **state)
{
    char digest[64], again[64], router[128], router_again[128], signing[128], signing_again[128];
    make(*state);
    struct psp_local *local = opened(*state);
    read_text(local, "keys/digest.key", digest, sizeof digest);
    read_text(local, "keys/router-0.key", router, sizeof router);
    read_text(local, "keys/shard-1-sign.key", signing, sizeof signing);
    char *path = psp_local_path(local, "cluster.json");
    assert_int_equal(unlink(path), 0); /* it is written last */
    free(path);
    make(*state);
    read_text(local, "keys/digest.key", again, sizeof again);
    read_text(local, "keys/router-0.key", router_again, sizeof router_again);
    assert_int_equal(strlen(digest), 33);
    assert_string_equal(digest, again);
    assert_string_equal(router, router_again);
    read_text(local, "keys/shard-1-sign.key", signing_again, sizeof signing_again);
    assert_string_equal(signing, signing_again);
    psp_local_close(&local);
}

static void nothing_is_made_on_top_of_counted_ballots(void **state)
{
    const struct psp_local_plan plan = plan_of(*state);
    struct psp_reason reason = {0};
    make(*state);
    struct psp_local *local = opened(*state);
    char *data = psp_local_path(local, "data/shard-0-0"),
         *cluster = psp_local_path(local, "cluster.json");
    assert_int_equal(mkdir(data, 0700), 0);
    assert_int_equal(unlink(cluster), 0);
    assert_int_equal(psp_local_make(&plan, &reason), PSP_EEXIST);
    assert_non_null(strstr(reason.text, "cluster.json is gone"));
    free(data);
    free(cluster);
    psp_local_close(&local);
}

static void another_election_in_the_folder_is_not_replaced(void **state)
{
    const struct place *place = *state;
    struct psp_local_plan plan = plan_of(place);
    struct psp_reason reason = {0};
    plan.directory = place->folder; /* holds election.json */
    plan.election_path = place->other;
    assert_int_equal(psp_local_make(&plan, &reason), PSP_EEXIST);
    assert_false(psp_local_exists(place->folder));
    plan.election_path = place->election; /* the very file */
    assert_int_equal(psp_local_make(&plan, &reason), PSP_OK);
    assert_true(psp_local_exists(place->folder));
}

static void what_a_cluster_counts_cannot_be_changed(void **state)
{
    const struct place *place = *state;
    struct psp_reason reason = {0};
    make(place);
    struct psp_local *local = opened(place);
    struct psp_local_plan plan = plan_of(place);
    assert_int_equal(psp_local_compare(local, &plan, &reason), PSP_OK);
    plan.shards = 4;
    assert_int_equal(psp_local_compare(local, &plan, &reason), PSP_EMISMATCH);
    plan = plan_of(place);
    plan.election_path = place->other;
    assert_int_equal(psp_local_compare(local, &plan, &reason), PSP_EMISMATCH);
    assert_non_null(strstr(reason.text, "--election"));
    plan = plan_of(place);
    plan.mode = PSP_MODE_TEST;
    assert_int_equal(psp_local_compare(local, &plan, &reason), PSP_EMISMATCH);
    assert_non_null(strstr(reason.text, "--test"));
    psp_local_close(&local);
}

static void a_cluster_is_live_unless_it_is_made_to_test(void **state)
{
    const struct place *place = *state;
    struct psp_local_plan plan = plan_of(place);
    struct psp_reason reason = {0};
    make(place);
    struct psp_local *local = opened(place);
    assert_int_equal(local->cluster->mode, PSP_MODE_LIVE);
    char *path = psp_local_path(local, "cluster.json");
    assert_int_equal(unlink(path), 0);
    free(path);
    psp_local_close(&local);
    plan.mode = PSP_MODE_TEST;
    assert_int_equal(psp_local_make(&plan, &reason), PSP_OK);
    local = opened(place);
    assert_int_equal(local->cluster->mode, PSP_MODE_TEST);
    assert_int_equal(psp_local_compare(local, &plan, &reason), PSP_OK);
    plan.mode = 0; /* not given, but an election */
    assert_int_equal(psp_local_compare(local, &plan, &reason), PSP_EMISMATCH);
    assert_non_null(strstr(reason.text, "made to test, and it stays one"));
    plan.election_path = NULL; /* only started */
    assert_int_equal(psp_local_compare(local, &plan, &reason), PSP_OK);
    psp_local_close(&local);
}

static void a_port_in_use_is_told_before_anything_is_made(void **state)
{
    const struct place *place = *state;
    struct psp_local_plan plan = plan_of(place);
    char address[32];
    struct psp_reason reason = {0};
    uint16_t port = 0;
    const int held = psp_port_hold(&port);
    assert_true(held >= 0);
    assert_int_equal(listen(held, 1), 0);
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    plan.http = address;
    assert_int_equal(psp_local_make(&plan, &reason), PSP_EEXIST);
    assert_non_null(strstr(reason.text, address));
    assert_int_equal(access(place->cluster, F_OK), -1);
    plan.http = "nowhere";
    assert_int_equal(psp_local_make(&plan, &reason), PSP_EINVAL);
    close(held);
}

static void only_our_own_command_line_is_believed(void **state)
{
    make(*state);
    struct psp_local *local = opened(*state);
    uint32_t n = 0;
    struct psp_daemon *daemons = psp_daemons_of(local, &n);
    assert_int_equal(n, 6); /* 3 shards, 1 collector, 2 routers */
    assert_int_equal(psp_daemon_pid(&daemons[0]), 0);
    char text[16];
    const int bytes = snprintf(text, sizeof text, "%d\n", (int)getpid());
    store(daemons[0].pid_path, text, (size_t)bytes); /* a number used again by a stranger */
    assert_int_equal(psp_daemon_pid(&daemons[0]), 0);
    uint32_t stopped = 7;
    assert_int_equal(psp_daemons_stop(daemons, n, 0, &stopped), 0);
    assert_int_equal(stopped, 0); /* we are still here */
    psp_daemons_free(&daemons, n);
    psp_local_close(&local);
}

/* Starts a copy of this test under a daemon's name: main() then just waits. */
static pid_t start_copy(const struct psp_local *local, const struct psp_daemon *daemon,
                        const char *cluster_path)
{
    char *program = psp_local_path(local, "psephos-shard");
    char *arguments[PSP_DAEMON_ARGUMENTS_MAX] = {0};
    char self[512], ready = 0;
    int ends[2];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = '\0';
    if (access(program, X_OK) != 0) {
        char command[1200];
        snprintf(command, sizeof command, "cp '%s' '%s'", self, program);
        assert_int_equal(system(command), 0);
    }
    for (size_t i = 0; daemon->arguments[i]; i++)
        arguments[i] = daemon->arguments[i];
    arguments[2] = (char *)(uintptr_t)cluster_path;
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execv(program, arguments);
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &ready, 1), 1); /* exec is done */
    close(ends[0]);
    char text[16];
    const int bytes = snprintf(text, sizeof text, "%d\n", (int)child);
    store(daemon->pid_path, text, (size_t)bytes);
    free(program);
    return child;
}

static void a_daemon_of_this_cluster_is_found_again_and_stopped(void **state)
{
    make(*state);
    struct psp_local *local = opened(*state);
    uint32_t n = 0, stopped = 0;
    struct psp_daemon *daemons = psp_daemons_of(local, &n);
    const pid_t child = start_copy(local, &daemons[0], daemons[0].arguments[2]);
    assert_int_equal(psp_daemon_pid(&daemons[0]), child);
    assert_int_equal(psp_daemon_pid(&daemons[1]), 0);
    assert_int_equal(psp_daemons_stop(daemons, n, 5000, &stopped), 0);
    assert_int_equal(stopped, 1);
    assert_int_equal(psp_daemon_pid(&daemons[0]), 0);
    assert_int_equal(kill(child, 0), -1); /* gone, and waited for */
    psp_daemons_free(&daemons, n);
    psp_local_close(&local);
}

static void a_daemon_of_another_cluster_is_left_alone(void **state)
{
    make(*state);
    struct psp_local *local = opened(*state);
    uint32_t n = 0, stopped = 7;
    struct psp_daemon *daemons = psp_daemons_of(local, &n);
    const pid_t child = start_copy(local, &daemons[0], "/elsewhere/cluster.json");
    assert_int_equal(psp_daemon_pid(&daemons[0]), 0);
    assert_int_equal(psp_daemons_stop(daemons, n, 0, &stopped), 0);
    assert_int_equal(stopped, 0);
    assert_int_equal(waitpid(child, NULL, WNOHANG), 0); /* still runs */
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    psp_daemons_free(&daemons, n);
    psp_local_close(&local);
}

static void a_second_up_at_once_is_refused(void **state)
{
    struct psp_reason reason = {0};
    make(*state);
    struct psp_local *one = opened(*state), *two = opened(*state);
    assert_int_equal(psp_local_lock(one, &reason), PSP_OK);
    assert_int_equal(psp_local_lock(two, &reason), PSP_EBUSY);
    psp_local_close(&one);
    assert_int_equal(psp_local_lock(two, &reason), PSP_OK);
    psp_local_close(&two);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[0], "psephos-shard")) { /* start_copy */
        const ssize_t written = write(STDOUT_FILENO, "r", 1);
        return pause() + (int)written;
    }
    const struct CMUnitTest tests[] = {
        FACT(slots_are_split_evenly_and_secrets_are_ours_alone),
        FACT(an_interrupted_up_goes_on_with_the_keys_it_made),
        FACT(nothing_is_made_on_top_of_counted_ballots),
        FACT(another_election_in_the_folder_is_not_replaced),
        FACT(what_a_cluster_counts_cannot_be_changed),
        FACT(a_cluster_is_live_unless_it_is_made_to_test),
        FACT(a_port_in_use_is_told_before_anything_is_made),
        FACT(only_our_own_command_line_is_believed),
        FACT(a_daemon_of_this_cluster_is_found_again_and_stopped),
        FACT(a_daemon_of_another_cluster_is_left_alone),
        FACT(a_second_up_at_once_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
