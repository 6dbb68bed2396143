/* Whole files, secrets and folders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/system/file.h"

enum { SYNCED_MAX = 64 };
static ino_t synced[SYNCED_MAX]; /* what was made durable, in order */
static size_t synced_n;

/* In place of the system's: a test cannot cut the power. */
int fsync(int fd)
{
    struct stat about;
    assert_int_equal(fstat(fd, &about), 0);
    assert_true(synced_n < SYNCED_MAX);
    synced[synced_n++] = about.st_ino;
    return 0;
}

static bool was_synced(const char *path)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    for (size_t i = 0; i < synced_n; i++)
        if (synced[i] == about.st_ino)
            return true;
    return false;
}

struct folder {
    char path[64], file[96], deep[128];
};

static int make_folder(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->path, sizeof f->path, "/tmp/psp-file-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->file, sizeof f->file, "%s/file", f->path);
    snprintf(f->deep, sizeof f->deep, "%s/a/b/c", f->path);
    synced_n = 0;
    *state = f;
    return 0;
}

static int end_folder(void **state)
{
    struct folder *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", f->path);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static void assert_content(const char *path, const char *expected)
{
    char *data = NULL;
    size_t bytes = 0;
    assert_int_equal(psp_file_read(path, 1 << 20, &data, &bytes), PSP_OK);
    assert_int_equal(bytes, strlen(expected));
    assert_string_equal(data, expected); /* a NUL is behind it */
    free(data);
}

static void what_is_written_is_read(void **state)
{
    struct folder *f = *state;
    struct stat about;
    char beside[128];
    assert_int_equal(psp_file_write(f->file, "old", 3, 0644), PSP_OK);
    assert_content(f->file, "old");
    assert_int_equal(psp_file_write(f->file, "newer", 5, 0600), PSP_OK);
    assert_content(f->file, "newer");
    assert_int_equal(stat(f->file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    snprintf(beside, sizeof beside, "%s.new", f->file);
    assert_int_not_equal(access(beside, F_OK), 0);
    assert_int_equal(psp_file_write(f->file, "", 0, 0644), PSP_OK);
    assert_content(f->file, "");
}

static void file_of_many_pages_is_read_whole(void **state)
{
    struct folder *f = *state;
    enum { BYTES = 100001 };
    char *written = malloc(BYTES), *read = NULL;
    size_t bytes = 0;
    assert_non_null(written);
    for (size_t i = 0; i < BYTES; i++)
        written[i] = (char)(i * 7);
    assert_int_equal(psp_file_write(f->file, written, BYTES, 0644), PSP_OK);
    assert_int_equal(psp_file_read(f->file, BYTES, &read, &bytes), PSP_OK);
    assert_int_equal(bytes, BYTES);
    assert_memory_equal(read, written, BYTES);
    free(read);
    free(written);
}

static void file_over_the_limit_is_refused(void **state)
{
    struct folder *f = *state;
    char *data = NULL;
    size_t bytes = 0;
    assert_int_equal(psp_file_write(f->file, "12345", 5, 0644), PSP_OK);
    assert_int_equal(psp_file_read(f->file, 4, &data, &bytes), PSP_ENOMEM);
    assert_null(data);
    assert_int_equal(psp_file_read(f->file, 5, &data, &bytes), PSP_OK);
    free(data);
}

static void missing_file_and_folder_are_told(void **state)
{
    struct folder *f = *state;
    char *data = NULL;
    size_t bytes = 0;
    assert_int_equal(psp_file_read(f->file, 10, &data, &bytes), PSP_ENOENT);
    assert_int_equal(psp_file_read(f->path, 10, &data, &bytes), PSP_EIO);
    assert_int_equal(psp_file_write(f->deep, "x", 1, 0644), PSP_ENOENT);
}

static void failed_write_keeps_the_old_file(void **state)
{
    struct folder *f = *state;
    char beside[128];
    assert_int_equal(psp_file_write(f->file, "old", 3, 0644), PSP_OK);
    snprintf(beside, sizeof beside, "%s.new", f->file);
    /* A device that is always full stands where the new file would be written. */
    assert_int_equal(symlink("/dev/full", beside), 0);
    assert_int_equal(psp_file_write(f->file, "new", 3, 0644), PSP_ENOSPC);
    assert_content(f->file, "old");
    assert_int_not_equal(access(beside, F_OK), 0);
}

static void secret_is_for_its_owner_alone(void **state)
{
    struct folder *f = *state;
    struct stat about;
    char text[16];
    size_t bytes = 0;
    assert_int_equal(psp_file_create_secret(f->file, "secret", 6), PSP_OK);
    assert_int_equal(stat(f->file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(psp_file_read_secret(f->file, text, sizeof text, &bytes), PSP_OK);
    assert_int_equal(bytes, 6);
    assert_memory_equal(text, "secret", 6);
    assert_int_equal(psp_file_read_secret(f->file, text, 5, &bytes), PSP_EINVAL);
    assert_int_equal(psp_file_create_secret(f->file, "other", 5), PSP_EEXIST);
    assert_content(f->file, "secret");
    assert_int_equal(chmod(f->file, 0640), 0);
    assert_int_equal(psp_file_read_secret(f->file, text, sizeof text, &bytes), PSP_EPERM);
    assert_int_equal(chmod(f->file, 0604), 0);
    assert_int_equal(psp_file_read_secret(f->file, text, sizeof text, &bytes), PSP_EPERM);
    assert_int_equal(psp_file_read_secret(f->deep, text, sizeof text, &bytes), PSP_ENOENT);
    assert_int_equal(psp_file_read_secret(f->path, text, sizeof text, &bytes), PSP_EIO);
}

static void folders_above_are_made_too(void **state)
{
    struct folder *f = *state;
    struct stat about;
    assert_int_equal(psp_file_make_folder(f->deep, 0755), PSP_OK);
    assert_int_equal(stat(f->deep, &about), 0);
    assert_true(S_ISDIR(about.st_mode));
    assert_int_equal(psp_file_make_folder(f->deep, 0755), PSP_OK);
    assert_int_equal(psp_file_write(f->file, "x", 1, 0644), PSP_OK);
    assert_int_not_equal(psp_file_make_folder(f->file, 0755), PSP_OK);
}

static void a_folder_made_is_still_there_after_a_power_cut(void **state)
{
    struct folder *f = *state;
    char above[128];
    assert_int_equal(psp_file_make_folder(f->deep, 0755), PSP_OK);
    assert_true(was_synced(f->path)); /* it names a */
    snprintf(above, sizeof above, "%s/a", f->path);
    assert_true(was_synced(above));
    snprintf(above, sizeof above, "%s/a/b", f->path);
    assert_true(was_synced(above));
    synced_n = 0;
    assert_int_equal(psp_file_make_folder(f->deep, 0755), PSP_OK);
    assert_int_equal(synced_n, 0); /* nothing new */
}

static void the_folder_of_a_path_may_end_in_slashes(void **state)
{
    struct folder *f = *state;
    char inside[160];
    assert_int_equal(psp_file_make_folder(f->deep, 0755), PSP_OK);
    snprintf(inside, sizeof inside, "%s/a//", f->path);
    synced_n = 0;
    assert_int_equal(psp_file_sync_folder(inside), PSP_OK);
    assert_true(was_synced(f->path));
    assert_int_equal(psp_folder_sync(f->path), PSP_OK);
    assert_int_equal(psp_folder_sync(f->file), PSP_ENOENT);
    assert_int_equal(psp_file_sync_folder("name-alone"), PSP_OK);
    assert_int_equal(psp_file_sync_folder("/"), PSP_OK);
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, make_folder, end_folder)
    const struct CMUnitTest tests[] = {
        FACT(what_is_written_is_read),
        FACT(file_of_many_pages_is_read_whole),
        FACT(file_over_the_limit_is_refused),
        FACT(missing_file_and_folder_are_told),
        FACT(failed_write_keeps_the_old_file),
        FACT(secret_is_for_its_owner_alone),
        FACT(folders_above_are_made_too),
        FACT(a_folder_made_is_still_there_after_a_power_cut),
        FACT(the_folder_of_a_path_may_end_in_slashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
