/* What a station makes for itself, and what is taken for its public key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/system/file.h"
#include "cli/folder/station_key.h"

/* The pair of the examples in libzmq's zmq_curve(7). */
static const char known_public[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
static const char known_file[] = "public Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n"
                                 "secret D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs\n";

struct desk {
    char folder[64], key[128], ids[128], file[128];
    char public_key[PSP_KEY_Z85_BYTES];
    struct psp_reason reason;
};

static int make_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    strcpy(desk->folder, "/tmp/psp-station-XXXXXX");
    assert_non_null(mkdtemp(desk->folder));
    snprintf(desk->key, sizeof desk->key, "%s/a.key", desk->folder);
    snprintf(desk->ids, sizeof desk->ids, "%s/a.key.ids", desk->folder);
    snprintf(desk->file, sizeof desk->file, "%s/a.pub", desk->folder);
    *state = desk;
    return 0;
}

static int drop_desk(void **state)
{
    struct desk *desk = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", desk->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of mkdtemp's */
    free(desk);
    return 0;
}

static unsigned mode_of(const char *path)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return about.st_mode & 0777;
}

static enum psp_status public_of(struct desk *desk, const char *text)
{
    return psp_public_key_read(text, "station", desk->public_key, &desk->reason);
}

static enum psp_status public_of_file(struct desk *desk, const char *text)
{
    assert_int_equal(psp_file_write(desk->file, text, strlen(text), 0644), PSP_OK);
    return public_of(desk, desk->file);
}

static void both_secrets_are_made_for_their_owner_only(void **state)
{
    struct desk *desk = *state;
    struct psp_keypair pair;
    assert_int_equal(psp_station_key_make(desk->key, desk->public_key, &desk->reason), PSP_OK);
    assert_int_equal(mode_of(desk->key), 0600);
    assert_int_equal(mode_of(desk->ids), 0600);
    assert_int_equal(psp_keypair_load(desk->key, &pair), PSP_OK);
    assert_string_equal(pair.public_z85, desk->public_key);
}

static void what_is_there_is_kept(void **state)
{
    struct desk *desk = *state;
    char again[PSP_KEY_Z85_BYTES], *before = NULL, *after = NULL;
    size_t bytes = 0;
    assert_int_equal(psp_station_key_make(desk->key, desk->public_key, &desk->reason), PSP_OK);
    assert_int_equal(psp_file_read(desk->ids, 256, &before, &bytes), PSP_OK);
    assert_int_equal(psp_station_key_make(desk->key, again, &desk->reason), PSP_OK);
    assert_string_equal(again, desk->public_key);
    assert_int_equal(remove(desk->key), 0); /* a revoked one */
    assert_int_equal(psp_station_key_make(desk->key, again, &desk->reason), PSP_OK);
    assert_string_not_equal(again, desk->public_key);
    assert_int_equal(psp_file_read(desk->ids, 256, &after, &bytes), PSP_OK);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void a_secret_that_others_can_read_is_named(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(psp_station_key_make(desk->key, desk->public_key, &desk->reason), PSP_OK);
    assert_int_equal(chmod(desk->ids, 0644), 0);
    assert_int_equal(psp_station_key_make(desk->key, desk->public_key, &desk->reason), PSP_EPERM);
    assert_non_null(strstr(desk->reason.text, desk->ids));
}

static void a_public_key_is_given_as_it_is_or_in_a_file(void **state)
{
    struct desk *desk = *state;
    char line[PSP_KEY_Z85_BYTES + 2];
    assert_int_equal(public_of(desk, known_public), PSP_OK);
    assert_string_equal(desk->public_key, known_public);
    static const char *const ends[] = {"", "\n", "\r\n"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(line, sizeof line, "%s%s", known_public, ends[i]);
        memset(desk->public_key, 0, sizeof desk->public_key);
        assert_int_equal(public_of_file(desk, line), PSP_OK);
        assert_string_equal(desk->public_key, known_public);
    }
}

static void what_is_no_public_key_is_refused(void **state)
{
    struct desk *desk = *state;
    char text[512];
    assert_int_equal(public_of(desk, "Yne@$w-vo<fVvi"), PSP_EINVAL);
    assert_non_null(strstr(desk->reason.text, "Yne@$w-vo<fVvi is no public key"));
    memset(text, 'A', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const char *const bad[] = {"", "\n", "Yne@$w-vo<fVvi\n", text};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(public_of_file(desk, bad[i]), PSP_EINVAL);
        assert_non_null(strstr(desk->reason.text, "holds no public key"));
    }
    assert_int_equal(public_of(desk, desk->folder), PSP_EINVAL);
    assert_string_equal(desk->public_key, "");
}

static void a_secret_key_is_not_taken_for_a_public_one(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(public_of_file(desk, known_file), PSP_EINVAL);
    assert_non_null(strstr(desk->reason.text, "holds a secret key"));
    assert_null(strstr(desk->reason.text, "D:)Q"));
}

#define AT_DESK(fact) cmocka_unit_test_setup_teardown(fact, make_desk, drop_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_DESK(both_secrets_are_made_for_their_owner_only),
        AT_DESK(what_is_there_is_kept),
        AT_DESK(a_secret_that_others_can_read_is_named),
        AT_DESK(a_public_key_is_given_as_it_is_or_in_a_file),
        AT_DESK(what_is_no_public_key_is_refused),
        AT_DESK(a_secret_key_is_not_taken_for_a_public_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
