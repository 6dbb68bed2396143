/* Who has to go when all places are taken, and that nobody is kept out by one address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory/places.h"

enum { ROOM = 64, ROUNDS = 20000 };

static struct psp_source source_of(const char *text)
{
    struct psp_source source;
    assert_true(psp_source_of_text(text, strlen(text), &source));
    return source;
}

static void take(struct psp_places *places, const char *who, uint64_t now_ms,
                 struct psp_place *ret_place)
{
    const struct psp_source source = source_of(who);
    assert_int_equal(psp_places_take(places, &source, false, now_ms, ret_place), PSP_OK);
}

static void leave_all(struct psp_places *places)
{
    while (places->list)
        psp_places_leave(places, places->list);
    assert_int_equal(places->count, 0);
    for (int i = 0; i < PSP_PLACES_BUCKETS; i++)
        assert_null(places->buckets[i]);
}

static void an_idle_one_goes_first_of_who_holds_most(void **state)
{
    struct psp_places places = {0};
    struct psp_place hog[3], other, coming;
    (void)state;
    take(&places, "192.0.2.1", 1, &hog[0]);
    take(&places, "192.0.2.1", 2, &hog[1]);
    take(&places, "192.0.2.1", 3, &hog[2]);
    take(&places, "192.0.2.2", 0, &other);
    take(&places, "192.0.2.3", 9, &coming);
    psp_place_set_idle(&other, true, 0);
    psp_place_set_idle(&hog[1], true, 20);
    psp_place_set_idle(&hog[2], true, 10);
    psp_place_set_idle(&coming, true, 0);
    assert_int_equal(psp_place_held(&hog[0]), 3);
    assert_ptr_equal(psp_places_make_room(&places, &coming), &hog[2]); /* longest idle of most */
    assert_int_equal(places.count, 4);
    assert_ptr_equal(psp_places_make_room(&places, &coming), &hog[1]);
    assert_ptr_equal(psp_places_make_room(&places, &coming), &other); /* busy ones stay */
    assert_null(psp_places_make_room(&places, &coming));
    leave_all(&places);
}

static void without_an_idle_one_who_holds_most_gives_up_the_oldest(void **state)
{
    struct psp_places places = {0};
    struct psp_place hog[3], coming[3];
    (void)state;
    for (int i = 0; i < 3; i++)
        take(&places, "192.0.2.1", (uint64_t)(10 - i), &hog[i]);
    take(&places, "192.0.2.3", 20, &coming[0]);
    assert_ptr_equal(psp_places_make_room(&places, &coming[0]), &hog[2]);
    take(&places, "192.0.2.3", 21, &coming[1]);
    assert_null(psp_places_make_room(&places, &coming[1])); /* two and two: shared */
    take(&places, "192.0.2.3", 22, &coming[2]);
    assert_null(psp_places_make_room(&places, &coming[2])); /* nor of its own */
    leave_all(&places);
}

static void a_proxy_stands_for_many(void **state)
{
    const struct psp_source proxy = source_of("192.0.2.1");
    struct psp_places places = {0};
    struct psp_place behind[3], coming;
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(psp_places_take(&places, &proxy, true, 1, &behind[i]), PSP_OK);
    take(&places, "192.0.2.3", 20, &coming);
    assert_null(psp_places_make_room(&places, &coming));
    psp_place_set_idle(&behind[1], true, 30);
    assert_ptr_equal(psp_places_make_room(&places, &coming), &behind[1]);
    leave_all(&places);
}

static void one_64_is_one_address(void **state)
{
    struct psp_places places = {0};
    struct psp_place one, two;
    (void)state;
    take(&places, "2001:db8::1", 1, &one);
    take(&places, "2001:db8::2", 2, &two);
    assert_int_equal(psp_place_held(&one), 2);
    leave_all(&places);
}

/* However two addresses come and go, a third that asks for one place has it. */
static void no_two_addresses_keep_a_third_out(void **state)
{
    static struct psp_place taken[ROOM];
    static bool used[ROOM];
    struct psp_places places = {0};
    uint64_t random = 88172645463325252U;
    (void)state;
    for (uint64_t now_ms = 1; now_ms < ROUNDS; now_ms++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        struct psp_place honest, *at = &taken[random % ROOM];
        bool *in_use = &used[random % ROOM];
        if (*in_use && random >> 60 < 4)
            psp_places_leave(&places, at), *in_use = false;
        else if (*in_use)
            psp_place_set_idle(at, random >> 61 & 1, now_ms);
        else
            take(&places, random >> 59 & 1 ? "192.0.2.1" : "192.0.2.2", now_ms, at), *in_use = true;
        if (places.count < ROOM / 2)
            continue;
        take(&places, "192.0.2.3", now_ms, &honest);
        struct psp_place *goes = psp_places_make_room(&places, &honest);
        assert_non_null(goes);
        psp_places_leave(&places, goes);
        used[goes - taken] = false;
        psp_places_leave(&places, &honest);
    }
    leave_all(&places);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_one_goes_first_of_who_holds_most),
        cmocka_unit_test(without_an_idle_one_who_holds_most_gives_up_the_oldest),
        cmocka_unit_test(a_proxy_stands_for_many),
        cmocka_unit_test(one_64_is_one_address),
        cmocka_unit_test(no_two_addresses_keep_a_third_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
