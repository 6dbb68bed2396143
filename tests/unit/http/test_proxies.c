/* Whose word in X-Forwarded-For is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/proxies.h"

static void assert_named(const struct psp_proxies *proxies, const char *value, const char *who)
{
    struct psp_source named, expected;
    assert_true(psp_source_of_text(who, strlen(who), &expected));
    assert_true(psp_proxies_read_header(proxies, value, &named));
    assert_memory_equal(&named, &expected, sizeof named);
}

static void the_last_that_is_no_proxy_of_ours_asks(void **state)
{
    struct psp_proxies proxies;
    (void)state;
    psp_proxies_read(&proxies, "192.0.2.7 2001:db8::/32");
    assert_int_equal(proxies.count, 2);
    assert_named(&proxies, "203.0.113.1", "203.0.113.1");
    assert_named(&proxies, "198.51.100.9, 203.0.113.1", "203.0.113.1");
    assert_named(&proxies, "198.51.100.9,203.0.113.1 , 192.0.2.7", "203.0.113.1");
    assert_named(&proxies, "203.0.113.1,\t2001:db8::5,192.0.2.7", "203.0.113.1");
    assert_named(&proxies, "192.0.2.7", "192.0.2.7"); /* it asks itself */
    assert_named(&proxies, "[2001:db9::1]:443", "2001:db9::1");
}

static void what_is_no_address_names_nobody(void **state)
{
    struct psp_proxies proxies;
    struct psp_source named;
    (void)state;
    psp_proxies_read(&proxies, "192.0.2.7");
    static const char *const bad[] = {
        "", " ", ",", "unknown", "203.0.113.1,", "203.0.113.1, ,", "203.0.113.1 x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(psp_proxies_read_header(&proxies, bad[i], &named));
    /* What ours said holds, whatever was written before it. */
    assert_named(&proxies, "_hidden, 192.0.2.7", "192.0.2.7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_that_is_no_proxy_of_ours_asks),
        cmocka_unit_test(what_is_no_address_names_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
