/* Whose a connection is: addresses and networks, read and compared. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/system/source.h"

static bool reads(const char *text, struct psp_source *ret_source)
{
    return psp_source_of_text(text, strlen(text), ret_source);
}

static void assert_same(const char *a, const char *b)
{
    struct psp_source one, two;
    assert_true(reads(a, &one));
    assert_true(reads(b, &two));
    assert_memory_equal(&one, &two, sizeof one);
}

static void an_address_is_the_same_however_it_is_written(void **state)
{
    struct psp_source none;
    (void)state;
    assert_same("192.0.2.7", "192.0.2.7:4711");
    assert_same("192.0.2.7", "::ffff:192.0.2.7");
    assert_same("2001:db8::1", "[2001:db8:0::1]");
    assert_same("2001:db8::1", "[2001:db8::1]:443");
    const char *const bad[] = {"",
                               "unknown",
                               "192.0.2",
                               "192.0.2.256",
                               "_hidden",
                               "[2001:db8::1",
                               "[2001:db8::1]x",
                               "2001:db8::g",
                               "1.2.3.4, 5.6.7.8",
                               "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(reads(bad[i], &none));
    assert_false(psp_source_of_text("1.2.3.4\0x", 9, &none));
}

static void a_socket_tells_the_same(void **state)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(80)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
    const struct sockaddr other = {.sa_family = AF_UNIX};
    struct psp_source source, expected;
    (void)state;
    inet_pton(AF_INET, "192.0.2.7", &ipv4.sin_addr);
    assert_true(psp_source_of_socket((struct sockaddr *)&ipv4, &source));
    assert_true(reads("192.0.2.7", &expected));
    assert_memory_equal(&source, &expected, sizeof source);
    inet_pton(AF_INET6, "2001:db8::7", &ipv6.sin6_addr);
    assert_true(psp_source_of_socket((struct sockaddr *)&ipv6, &source));
    assert_true(reads("2001:db8::7", &expected));
    assert_memory_equal(&source, &expected, sizeof source);
    assert_false(psp_source_of_socket(&other, &source));
}

static bool lies_in(const char *address, const char *net)
{
    struct psp_source source;
    struct psp_source_net read;
    assert_true(reads(address, &source));
    assert_true(psp_source_net_of_text(net, strlen(net), &read));
    return psp_source_within(&source, &read);
}

static void a_network_holds_what_begins_like_it(void **state)
{
    struct psp_source_net none;
    (void)state;
    assert_true(lies_in("192.0.2.255", "192.0.2.0/24"));
    assert_false(lies_in("192.0.3.0", "192.0.2.0/24"));
    assert_true(lies_in("192.0.2.129", "192.0.2.128/25"));
    assert_false(lies_in("192.0.2.127", "192.0.2.128/25"));
    assert_true(lies_in("192.0.2.7", "192.0.2.7"));
    assert_false(lies_in("192.0.2.8", "192.0.2.7"));
    assert_true(lies_in("203.0.113.1", "0.0.0.0/0"));
    assert_false(lies_in("2001:db8::1", "0.0.0.0/0"));
    assert_true(lies_in("2001:db8:1::1", "2001:db8::/32"));
    assert_false(lies_in("2001:db9::1", "2001:db8::/32"));
    const char *const bad[] = {"192.0.2.1/24",   "192.0.2.0/33", "192.0.2.0/",     "192.0.2.0/2x",
                               "2001:db8::/129", "/8",           "2001:db8::1/32", "10.0.0.0/0008"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(psp_source_net_of_text(bad[i], strlen(bad[i]), &none));
}

static void who_has_one_ipv6_address_has_its_64(void **state)
{
    struct psp_source one, two, three, four;
    (void)state;
    assert_true(reads("2001:db8:0:1::1", &one));
    assert_true(reads("2001:db8:0:1:ffff::2", &two));
    assert_true(reads("2001:db8:0:2::1", &three));
    psp_source_widen(&one);
    psp_source_widen(&two);
    psp_source_widen(&three);
    assert_memory_equal(&one, &two, sizeof one);
    assert_memory_not_equal(&one, &three, sizeof one);
    assert_true(reads("192.0.2.7", &three));
    four = three;
    psp_source_widen(&four);
    assert_memory_equal(&three, &four, sizeof three);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_the_same_however_it_is_written),
        cmocka_unit_test(a_socket_tells_the_same),
        cmocka_unit_test(a_network_holds_what_begins_like_it),
        cmocka_unit_test(who_has_one_ipv6_address_has_its_64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
