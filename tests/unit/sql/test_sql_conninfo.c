/* What libpq says of a conninfo goes on, but where it may quote a password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <string.h>
#include <cmocka.h>

#include "sql/conninfo.h"

static void words_of_a_conninfo_without_a_password_go_on(void **state)
{
    (void)state;
    static const char *const harmless[] = {"dbname", "host=x foo=1", "postgresql://h:1/db?foo=1"};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        assert_string_equal(psp_conninfo_words(harmless[i], "libpq's"), "libpq's");
}

static void those_that_may_quote_a_password_do_not(void **state)
{
    (void)state;
    static const char *const secret[] = {
        "postgresql://u:sesame@[::1/db", "postgres://u:sesame%zz@h/db",
        "host=x password=my sesame dbname=y", "sslkey=k sslpassword=my sesame"};
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++) {
        const char *words = psp_conninfo_words(secret[i], "at \"sesame\"");
        assert_null(strstr(words, "sesame"));
        assert_non_null(strstr(words, "password"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_a_conninfo_without_a_password_go_on),
        cmocka_unit_test(those_that_may_quote_a_password_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
