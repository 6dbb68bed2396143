/* Whom backups are sealed for, as `up` is told, and the secret that opens them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/file.h"
#include "cli/folder/auditor_key.h"

/* The pairs of the examples in libzmq's zmq_curve(7). */
static const char known_public[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
static const char other_public[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char known_file[] = "public Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n"
                                 "secret D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs\n";

struct desk {
    char folder[64];
    struct psp_auditor_list list;
    struct psp_reason reason;
};

static int make_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    strcpy(desk->folder, "/tmp/psp-auditor-XXXXXX");
    assert_non_null(mkdtemp(desk->folder));
    *state = desk;
    return 0;
}

static int drop_desk(void **state)
{
    struct desk *desk = *state;
    char command[128];
    psp_auditor_list_free(&desk->list);
    snprintf(command, sizeof command, "rm -rf %s", desk->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of mkdtemp's */
    free(desk);
    return 0;
}

static const char *file(const struct desk *desk, const char *name, const char *text, unsigned mode)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", desk->folder, name);
    assert_int_equal(psp_file_write(path, text, strlen(text), mode), PSP_OK);
    return path;
}

static void a_key_is_named_by_its_file_or_in_front_of_it(void **state)
{
    struct desk *desk = *state;
    char line[64], named[320];
    snprintf(line, sizeof line, "%s\n", known_public);
    assert_int_equal(
        psp_auditor_list_add(&desk->list, file(desk, "Court 1.key.pub", line, 0644), &desk->reason),
        PSP_OK);
    snprintf(line, sizeof line, "%s\n", other_public);
    snprintf(named, sizeof named, "press=%s", file(desk, "a.pub", line, 0644));
    assert_int_equal(psp_auditor_list_add(&desk->list, named, &desk->reason), PSP_OK);
    assert_int_equal(desk->list.n, 2);
    assert_string_equal(desk->list.list[0].name, "court-1");
    assert_string_equal(desk->list.list[0].public_key, known_public);
    assert_string_equal(desk->list.list[1].name, "press");
    assert_string_equal(desk->list.list[1].public_key, other_public);
}

/* A Z85 key may have a = in it, and is one word. */
static void a_key_by_itself_is_no_name_and_file(void **state)
{
    struct desk *desk = *state;
    static const char with_equals[] = "a=e@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
    assert_int_equal(psp_auditor_list_add(&desk->list, with_equals, &desk->reason), PSP_OK);
    assert_string_equal(desk->list.list[0].name, "auditor");
    assert_string_equal(desk->list.list[0].public_key, with_equals);
    assert_int_equal(psp_auditor_list_add(&desk->list, "b=Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
                                          &desk->reason),
                     PSP_OK);
    assert_string_equal(desk->list.list[1].name, "b");
    assert_int_equal(psp_auditor_list_add(&desk->list, other_public, &desk->reason), PSP_EINVAL);
    assert_non_null(strstr(desk->reason.text, "NAME=FILE.pub"));
}

static void a_secret_is_not_taken_for_a_public_key(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(
        psp_auditor_list_add(&desk->list, file(desk, "a", known_file, 0600), &desk->reason),
        PSP_EINVAL);
    assert_non_null(strstr(desk->reason.text, "stays on the auditor's machine"));
    assert_null(strstr(desk->reason.text, "D:)Q"));
    assert_int_equal(desk->list.n, 0);
}

static void the_secret_must_be_of_an_auditor_of_the_cluster(void **state)
{
    struct desk *desk = *state;
    const struct psp_cluster_auditor known = {"a", known_public}, other = {"b", other_public};
    struct psp_cluster cluster = {.auditor_count = 1, .auditors = &known};
    struct psp_keypair pair = {0};
    const char *path = file(desk, "a.key", known_file, 0600);
    assert_int_equal(psp_auditor_key_load(&cluster, desk->folder, path, &pair, &desk->reason),
                     PSP_OK);
    assert_string_equal(pair.public_z85, known_public);
    cluster.auditors = &other;
    assert_int_equal(psp_auditor_key_load(&cluster, desk->folder, path, &pair, &desk->reason),
                     PSP_EINVAL);
    assert_non_null(strstr(desk->reason.text, "none of the auditors"));
    assert_string_equal(pair.secret_z85, "");
}

static void what_to_bring_is_said(void **state)
{
    struct desk *desk = *state;
    const struct psp_cluster_auditor known = {"a", known_public};
    const struct psp_cluster cluster = {.auditor_count = 1, .auditors = &known};
    struct psp_keypair pair = {0};
    assert_int_equal(psp_auditor_key_load(&cluster, desk->folder, NULL, &pair, &desk->reason),
                     PSP_ENOENT);
    assert_non_null(strstr(desk->reason.text, "--auditor-key FILE is needed"));
    assert_int_equal(psp_auditor_key_load(&cluster, desk->folder, file(desk, "a", known_file, 0644),
                                          &pair, &desk->reason),
                     PSP_EPERM);
    assert_non_null(strstr(desk->reason.text, "0600"));
    assert_int_equal(psp_auditor_key_load(&cluster, desk->folder,
                                          file(desk, "b", known_public, 0600), &pair,
                                          &desk->reason),
                     PSP_EINVAL);
    assert_non_null(strstr(desk->reason.text, "not FILE.pub"));
}

#define AT_DESK(fact) cmocka_unit_test_setup_teardown(fact, make_desk, drop_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_DESK(a_key_is_named_by_its_file_or_in_front_of_it),
        AT_DESK(a_key_by_itself_is_no_name_and_file),
        AT_DESK(a_secret_is_not_taken_for_a_public_key),
        AT_DESK(the_secret_must_be_of_an_auditor_of_the_cluster),
        AT_DESK(what_to_bring_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
