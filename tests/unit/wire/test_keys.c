/* Key pairs and their files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/system/file.h"
#include "wire/socket/socket.h"

/* The pair of the examples in libzmq's zmq_curve(7). */
static const char known_public[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
static const char known_secret[] = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

struct folder {
    char path[64], file[96];
};

static int make_folder(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->path, sizeof f->path, "/tmp/psp-keys-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->file, sizeof f->file, "%s/a.key", f->path);
    *state = f;
    return 0;
}

static int end_folder(void **state)
{
    struct folder *f = *state;
    unlink(f->file);
    rmdir(f->path);
    free(f);
    return 0;
}

static enum psp_status load_text(struct folder *f, const char *text)
{
    struct psp_keypair pair;
    unlink(f->file);
    assert_int_equal(psp_file_create_secret(f->file, text, strlen(text)), PSP_OK);
    return psp_keypair_load(f->file, &pair);
}

static void stored_pair_is_loaded(void **state)
{
    struct folder *f = *state;
    struct psp_keypair pair, got;
    struct stat about;
    assert_int_equal(psp_keypair_generate(&pair), PSP_OK);
    assert_int_equal(psp_keypair_store(f->file, &pair), PSP_OK);
    assert_int_equal(stat(f->file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(psp_keypair_load(f->file, &got), PSP_OK);
    assert_string_equal(got.public_z85, pair.public_z85);
    assert_string_equal(got.secret_z85, pair.secret_z85);
}

static void key_file_is_never_overwritten(void **state)
{
    struct folder *f = *state;
    struct psp_keypair one, two, got;
    assert_int_equal(psp_keypair_generate(&one), PSP_OK);
    assert_int_equal(psp_keypair_generate(&two), PSP_OK);
    assert_string_not_equal(one.secret_z85, two.secret_z85);
    assert_int_equal(psp_keypair_store(f->file, &one), PSP_OK);
    assert_int_equal(psp_keypair_store(f->file, &two), PSP_EEXIST);
    assert_int_equal(psp_keypair_load(f->file, &got), PSP_OK);
    assert_string_equal(got.public_z85, one.public_z85);
}

static void key_file_that_others_can_read_is_refused(void **state)
{
    struct folder *f = *state;
    struct psp_keypair pair;
    assert_int_equal(psp_keypair_generate(&pair), PSP_OK);
    assert_int_equal(psp_keypair_store(f->file, &pair), PSP_OK);
    assert_int_equal(chmod(f->file, 0644), 0);
    assert_int_equal(psp_keypair_load(f->file, &pair), PSP_EPERM);
    assert_int_equal(chmod(f->file, 0620), 0);
    assert_int_equal(psp_keypair_load(f->file, &pair), PSP_EPERM);
}

static void missing_key_file_is_told(void **state)
{
    struct folder *f = *state;
    struct psp_keypair pair;
    assert_int_equal(psp_keypair_load(f->file, &pair), PSP_ENOENT);
}

static void public_key_follows_from_the_secret(void **state)
{
    (void)state;
    char public_z85[PSP_KEY_Z85_BYTES];
    assert_int_equal(psp_key_public_of_secret(known_secret, public_z85), PSP_OK);
    assert_string_equal(public_z85, known_public);
    assert_int_equal(psp_key_public_of_secret("short", public_z85), PSP_EINVAL);
    assert_int_equal(
        psp_key_public_of_secret("~:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs", public_z85),
        PSP_EINVAL);
}

static void file_with_a_wrong_line_is_refused(void **state)
{
    struct folder *f = *state;
    char text[256];
    snprintf(text, sizeof text, "public %s\nsecret %s\n", known_public, known_secret);
    assert_int_equal(load_text(f, text), PSP_OK);
    snprintf(text, sizeof text, "public %s\nsecret %s", known_public, known_secret);
    assert_int_equal(load_text(f, text), PSP_EINVAL); /* cut short */
    snprintf(text, sizeof text, "public %s\nsecret %s\n\n", known_public, known_secret);
    assert_int_equal(load_text(f, text), PSP_EINVAL);
    snprintf(text, sizeof text, "secret %s\npublic %s\n", known_secret, known_public);
    assert_int_equal(load_text(f, text), PSP_EINVAL);
    snprintf(text, sizeof text, "public %s\nsecret %s\n", known_secret, known_secret);
    assert_int_equal(load_text(f, text), PSP_EINVAL); /* not a pair */
    snprintf(text, sizeof text, "public %.39s~\nsecret %s\n", known_public, known_secret);
    assert_int_equal(load_text(f, text), PSP_EINVAL);
    assert_int_equal(load_text(f, ""), PSP_EINVAL);
    memset(text, 'x', sizeof text);
    text[255] = '\0';
    assert_int_equal(load_text(f, text), PSP_EINVAL);
}

static void key_is_40_characters_of_z85(void **state)
{
    (void)state;
    assert_true(psp_key_valid(known_public));
    assert_false(psp_key_valid(""));
    assert_false(psp_key_valid("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI"));
    assert_false(psp_key_valid("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI\""));
}

int main(void)
{
#define FACT(name) cmocka_unit_test_setup_teardown(name, make_folder, end_folder)
    const struct CMUnitTest tests[] = {
        FACT(stored_pair_is_loaded),
        FACT(key_file_is_never_overwritten),
        FACT(key_file_that_others_can_read_is_refused),
        FACT(missing_key_file_is_told),
        FACT(public_key_follows_from_the_secret),
        FACT(file_with_a_wrong_line_is_refused),
        FACT(key_is_40_characters_of_z85),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
