/* Files are opened when connections have all descriptors but those that are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/system/descriptors.h"
#include "base/system/file.h"
#include "base/system/lock.h"

enum { HARD = 256, KEPT = HARD / 8 };

static void the_last_ones_are_for_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/psephos-descriptors-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    const struct rlimit low = {64, HARD};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(psp_descriptors_bound(), 64); /* none is kept yet */
    psp_descriptors_keep();
    assert_int_equal(psp_descriptors_bound(), HARD - KEPT);
    int taken[HARD], n = 0;
    while ((taken[n] = dup(0)) >= 0)
        n++;
    assert_int_equal(errno, EMFILE);
    assert_int_equal(taken[n - 1], HARD - KEPT - 1);
    assert_true(open(folder, O_RDONLY) < 0);
    for (int i = 0; i < 3; i++) {
        char *text;
        size_t bytes;
        int lock;
        assert_int_equal(psp_file_write(path, "kept", 4, 0600), PSP_OK);
        assert_int_equal(psp_file_read(path, 100, &text, &bytes), PSP_OK);
        assert_string_equal(text, "kept");
        free(text);
        assert_int_equal(psp_lock_folder(folder, &lock), PSP_OK);
        psp_lock_release(&lock);
        assert_true(dup(0) < 0 && errno == EMFILE); /* still for files alone */
    }
    psp_descriptors_lend();
    psp_descriptors_lend();
    psp_descriptors_take_back();
    const int one = dup(0);
    assert_int_equal(one, HARD - KEPT);
    close(one);
    psp_descriptors_take_back();
    assert_true(dup(0) < 0);
    while (n > 0)
        close(taken[--n]);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_last_ones_are_for_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
