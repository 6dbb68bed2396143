/* A shard's part of the roll, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "election/roll/file.h"

static char folder[] = "/tmp/psp-roll-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/shard-0.roll", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void put_bytes(const void *bytes, size_t n)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* "PSPROLL1", 2 as LE64, two rows; the hash is that of sha256sum. */
static const uint8_t two_rows[] = {'P', 'S', 'P', 'R', 'O', 'L', 'L', '1', 2,  0,  0,  0,  0,  0,
                                   0,   0,   1,   2,   3,   4,   5,   6,   7,  8,  9,  10, 11, 12,
                                   13,  14,  15,  16,  7,   0,   0,   0,   17, 18, 19, 20, 21, 22,
                                   23,  24,  25,  26,  27,  28,  29,  30,  31, 32, 1,  2,  3,  4};
static const char two_rows_hash[] =
    "fbf905df11efc6e76a2beb5fd34e431d8906f0bd5b35f5c2078651df0674e5a9";

static void file_has_the_documented_bytes(void **state)
{
    (void)state;
    uint8_t digests[32], units[8] = {7, 0, 0, 0, 1, 2, 3, 4};
    for (uint8_t i = 0; i < 32; i++)
        digests[i] = (uint8_t)(i + 1);
    struct psp_roll_file file = {.n = 2, .digests = digests, .units = units};
    assert_int_equal(psp_roll_file_store(path, &file), PSP_OK);
    uint8_t bytes[sizeof two_rows + 1];
    FILE *stored = fopen(path, "r");
    assert_int_equal(fread(bytes, 1, sizeof bytes, stored), sizeof two_rows);
    fclose(stored);
    assert_memory_equal(bytes, two_rows, sizeof two_rows);
    char hash[65];
    for (int i = 0; i < PSP_HASH_BYTES; i++)
        snprintf(hash + 2 * i, 3, "%02x", file.hash[i]);
    assert_string_equal(hash, two_rows_hash);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    struct psp_roll_file loaded = {0};
    assert_int_equal(psp_roll_file_load(path, &loaded), PSP_OK);
    assert_int_equal(loaded.n, 2);
    assert_memory_equal(loaded.digests, digests, sizeof digests);
    assert_memory_equal(loaded.units, units, sizeof units);
    assert_null(loaded.styles);
    assert_memory_equal(loaded.hash, file.hash, PSP_HASH_BYTES);
    psp_roll_file_free(&loaded);
    assert_null(loaded.digests);
    uint64_t n = 0;
    assert_int_equal(psp_roll_file_count(path, &n), PSP_OK);
    assert_int_equal(n, 2);
}

/* "PSPROLL2", 2 as LE64, two rows whose styles are 1 and 258. */
static const uint8_t two_styles[] = {
    'P', 'S', 'P', 'R', 'O', 'L', 'L', '2', 2,  0,  0,  0,  0,  0,  0, 0, 1, 2, 3,  4,
    5,   6,   7,   8,   9,   10,  11,  12,  13, 14, 15, 16, 7,  0,  0, 0, 1, 0, 17, 18,
    19,  20,  21,  22,  23,  24,  25,  26,  27, 28, 29, 30, 31, 32, 1, 2, 3, 4, 2,  1};

static void a_file_with_styles_has_the_documented_bytes(void **state)
{
    (void)state;
    uint8_t digests[32], units[8] = {7, 0, 0, 0, 1, 2, 3, 4}, styles[4] = {1, 0, 2, 1};
    for (uint8_t i = 0; i < 32; i++)
        digests[i] = (uint8_t)(i + 1);
    struct psp_roll_file file = {.n = 2, .digests = digests, .units = units, .styles = styles};
    assert_int_equal(psp_roll_file_store(path, &file), PSP_OK);
    uint8_t bytes[sizeof two_styles + 1];
    FILE *stored = fopen(path, "r");
    assert_int_equal(fread(bytes, 1, sizeof bytes, stored), sizeof two_styles);
    fclose(stored);
    assert_memory_equal(bytes, two_styles, sizeof two_styles);
    struct psp_roll_file loaded = {0};
    assert_int_equal(psp_roll_file_load(path, &loaded), PSP_OK);
    assert_int_equal(loaded.n, 2);
    assert_memory_equal(loaded.digests, digests, sizeof digests);
    assert_memory_equal(loaded.units, units, sizeof units);
    assert_memory_equal(loaded.styles, styles, sizeof styles);
    psp_roll_file_free(&loaded);
    assert_null(loaded.styles);
    put_bytes(two_styles, sizeof two_styles - 1);
    assert_int_equal(psp_roll_file_load(path, &loaded), PSP_EINVAL);
    put_bytes(two_styles, sizeof two_styles - 2); /* rows without the last style */
    assert_int_equal(psp_roll_file_load(path, &loaded), PSP_EINVAL);
}

static void an_empty_part_is_a_file_too(void **state)
{
    (void)state;
    struct psp_roll_file file = {0}, loaded = {0};
    assert_int_equal(psp_roll_file_store(path, &file), PSP_OK);
    assert_int_equal(psp_roll_file_load(path, &loaded), PSP_OK);
    assert_int_equal(loaded.n, 0);
    psp_roll_file_free(&loaded);
}

static void broken_files_are_refused(void **state)
{
    (void)state;
    struct psp_roll_file file = {0};
    uint8_t bytes[sizeof two_rows + 20];
    memcpy(bytes, two_rows, sizeof two_rows);
    put_bytes(bytes, sizeof two_rows - 1);
    assert_int_equal(psp_roll_file_load(path, &file), PSP_EINVAL);
    put_bytes(bytes, sizeof two_rows + 20); /* a row more than the count says */
    assert_int_equal(psp_roll_file_load(path, &file), PSP_EINVAL);
    put_bytes(bytes, 12);
    assert_int_equal(psp_roll_file_load(path, &file), PSP_EINVAL);
    bytes[7] = '2'; /* rows of the other format */
    put_bytes(bytes, sizeof two_rows);
    assert_int_equal(psp_roll_file_load(path, &file), PSP_EINVAL);
    bytes[7] = '3'; /* a later format */
    put_bytes(bytes, sizeof two_rows);
    assert_int_equal(psp_roll_file_load(path, &file), PSP_EINVAL);
    bytes[7] = '1';
    memset(bytes + 8, 0xFF, 8); /* a count that would overflow */
    put_bytes(bytes, sizeof two_rows);
    assert_int_equal(psp_roll_file_load(path, &file), PSP_EINVAL);
    assert_null(file.digests);
    uint64_t n = 7;
    assert_int_equal(psp_roll_file_count(path, &n), PSP_EINVAL);
    put_bytes(two_rows, sizeof two_rows - 1);
    assert_int_equal(psp_roll_file_count(path, &n), PSP_EINVAL);
    put_bytes(two_rows, 15); /* not even a count */
    assert_int_equal(psp_roll_file_count(path, &n), PSP_EINVAL);
    assert_int_equal(n, 7);
}

static void missing_files_and_folders_are_told(void **state)
{
    (void)state;
    struct psp_roll_file file = {0};
    assert_int_equal(psp_roll_file_load("/nonexistent/x.roll", &file), PSP_ENOENT);
    assert_int_equal(psp_roll_file_load(folder, &file), PSP_EIO);
    uint64_t n;
    assert_int_equal(psp_roll_file_count("/nonexistent/x.roll", &n), PSP_ENOENT);
    assert_int_equal(psp_roll_file_count(folder, &n), PSP_EIO);
    assert_int_equal(psp_roll_file_store("/nonexistent/x.roll", &file), PSP_ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_has_the_documented_bytes),
        cmocka_unit_test(a_file_with_styles_has_the_documented_bytes),
        cmocka_unit_test(an_empty_part_is_a_file_too),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(missing_files_and_folders_are_told),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
