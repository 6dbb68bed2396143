/* Who holds a folder or a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/system/lock.h"

static char folder[64], file[96];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/psp-lock-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/lock", folder);
    return 0;
}

static int end_folder(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(folder);
}

static void a_folder_has_one_holder(void **state)
{
    (void)state;
    int one = PSP_LOCK_NONE, two = PSP_LOCK_NONE;
    assert_int_equal(psp_lock_folder(folder, &one), PSP_OK);
    assert_int_equal(psp_lock_folder(folder, &two), PSP_EBUSY);
    assert_int_equal(two, PSP_LOCK_NONE);
    psp_lock_release(&one);
    assert_int_equal(one, PSP_LOCK_NONE);
    assert_int_equal(psp_lock_folder(folder, &two), PSP_OK);
    psp_lock_release(&two);
    psp_lock_release(&two);
}

static void a_file_is_made_for_its_holder_alone(void **state)
{
    (void)state;
    int one = PSP_LOCK_NONE, two = PSP_LOCK_NONE;
    struct stat about;
    assert_int_equal(psp_lock_file(file, &one), PSP_OK);
    assert_int_equal(stat(file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(psp_lock_file(file, &two), PSP_EBUSY);
    psp_lock_release(&one);
    assert_int_equal(psp_lock_file(file, &two), PSP_OK);
    psp_lock_release(&two);
}

static void what_is_not_there_cannot_be_held(void **state)
{
    (void)state;
    int lock = PSP_LOCK_NONE;
    assert_int_equal(psp_lock_folder(file, &lock), PSP_ENOENT);
    assert_int_equal(psp_lock_file("/nonexistent/lock", &lock), PSP_ENOENT);
    assert_int_equal(psp_lock_file(folder, &lock), PSP_EIO); /* a folder */
    assert_int_equal(lock, PSP_LOCK_NONE);
}

static void a_process_that_dies_lets_go(void **state)
{
    (void)state;
    int lock = PSP_LOCK_NONE, status = 0;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(psp_lock_folder(folder, &lock) == PSP_OK ? 0 : 1); /* nothing is released */
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(psp_lock_folder(folder, &lock), PSP_OK);
    psp_lock_release(&lock);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, make_folder, end_folder)
    const struct CMUnitTest tests[] = {
        FACT(a_folder_has_one_holder),
        FACT(a_file_is_made_for_its_holder_alone),
        FACT(what_is_not_there_cannot_be_held),
        FACT(a_process_that_dies_lets_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
