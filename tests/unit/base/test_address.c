/* "host:port". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/system/address.h"

static void host_and_port_are_taken_apart(void **state)
{
    (void)state;
    const struct {
        const char *text, *host, *port;
    } cases[] = {
        {"127.0.0.1:8080", "127.0.0.1", "8080"},
        {"[::1]:80", "::1", "80"},
        {"collector.example:1", "collector.example", "1"},
        {":8080", "", "8080"},
        {"host:", "host", ""},
        {"::1:80", "::1", "80"},
        {"*:*", "*", "*"},
        {"[]:1", "", "1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct psp_address address;
        assert_true(psp_address_split(cases[i].text, &address));
        assert_string_equal(address.host, cases[i].host);
        assert_string_equal(address.port, cases[i].port);
    }
}

static void what_is_no_address_leaves_nothing(void **state)
{
    (void)state;
    char text[PSP_ADDRESS_HOST_BYTES + 8];
    struct psp_address address = {.host = "as it was"};
    assert_false(psp_address_split("", &address));
    assert_false(psp_address_split("8080", &address));
    assert_false(psp_address_split("[::1:80", &address));
    assert_false(psp_address_split("[:80", &address));
    memset(text, 'a', sizeof text);
    memcpy(text + PSP_ADDRESS_HOST_BYTES, ":80", 4); /* one more than fits, with its NUL */
    assert_false(psp_address_split(text, &address));
    assert_string_equal(address.host, "as it was");
    memcpy(text + PSP_ADDRESS_HOST_BYTES - 1, ":80", 4);
    assert_true(psp_address_split(text, &address));
}

static void a_good_address_has_a_host_and_a_port_in_digits(void **state)
{
    (void)state;
    assert_true(psp_address_good("a:1", 1));
    assert_true(psp_address_good("[::1]:65535", 1));
    assert_true(psp_address_good("a:0", 0));
    const char *const bad[] = {"a:0", "a:65536", "a:", "a: 1", "a:+1", "a:1x", ":1", "[]:1", "a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(psp_address_good(bad[i], 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_and_port_are_taken_apart),
        cmocka_unit_test(what_is_no_address_leaves_nothing),
        cmocka_unit_test(a_good_address_has_a_host_and_a_port_in_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
