/* The options that many calls share, as children of one call's parser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/options.h"

struct arguments {
    const char *directory, *own;
    uint32_t shard;
    bool json;
};

static const struct argp_option options[] = {{"own", 256, "X", 0, "of the call", 0}, {0}};
static const struct argp_child children[] = {
    {&psp_option_dir, 0, NULL, 0},
    {&psp_option_shard, 0, NULL, 0},
    {&psp_option_json, 0, NULL, 0},
    {0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->directory;
        state->child_inputs[1] = &arguments->shard;
        state->child_inputs[2] = &arguments->json;
        return 0;
    case 256:
        arguments->own = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {.options = options, .parser = parse, .children = children};

static struct arguments read_all(int argc, char **argv)
{
    struct arguments arguments = {.shard = UINT32_MAX};
    assert_int_equal(argp_parse(&argp, argc, argv, 0, NULL, &arguments), 0);
    return arguments;
}

/* The exit code of a call with these words: usage errors end the process. */
static int exit_code(int argc, char **argv)
{
    int status = 0;
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct arguments arguments = {0};
        if (!freopen("/dev/null", "w", stderr))
            _exit(99);
        argp_err_exit_status = PSP_EXIT_USAGE;
        argp_parse(&argp, argc, argv, 0, NULL, &arguments);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

static void each_option_reaches_its_place(void **state)
{
    (void)state;
    char *const argv[] = {"call", "--own", "mine", "--dir", "/d", "--shard", "3", "--json", NULL};
    const struct arguments all = read_all(8, (char **)argv);
    assert_string_equal(all.directory, "/d");
    assert_string_equal(all.own, "mine");
    assert_int_equal(all.shard, 3);
    assert_true(all.json);
    char *const brief[] = {"call", "-d", "/e", NULL};
    const struct arguments few = read_all(3, (char **)brief);
    assert_string_equal(few.directory, "/e");
    assert_null(few.own);
    assert_int_equal(few.shard, UINT32_MAX);
    assert_false(few.json);
}

static void what_is_missing_or_no_number_is_a_usage_error(void **state)
{
    (void)state;
    char *const none[] = {"call", "--json", NULL};
    char *const letters[] = {"call", "-d", "/d", "-s", "x", NULL};
    char *const large[] = {"call", "-d", "/d", "-s", "256", NULL};
    char *const good[] = {"call", "-d", "/d", "-s", "255", NULL};
    assert_int_equal(exit_code(2, (char **)none), PSP_EXIT_USAGE);
    assert_int_equal(exit_code(5, (char **)letters), PSP_EXIT_USAGE);
    assert_int_equal(exit_code(5, (char **)large), PSP_EXIT_USAGE);
    assert_int_equal(exit_code(5, (char **)good), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_option_reaches_its_place),
        cmocka_unit_test(what_is_missing_or_no_number_is_a_usage_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
