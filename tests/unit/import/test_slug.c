/* IDs from names: slugs, their index, and what a file name tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/id_index.h"
#include "election/import/guess.h"
#include "election/import/slug.h"

static void slug_is(const char *a, const char *b, const char *expected)
{
    struct psp_pool pool = {0};
    assert_string_equal(psp_slug_join(&pool, (const char *[]){a, b}, 2), expected);
    psp_pool_free(&pool);
}

static void names_become_slugs(void **state)
{
    (void)state;
    slug_is("VT", "Addison (ADD-3)", "vt-addison-add-3");
    slug_is("", "St. Mary's", "st-marys");
    slug_is("U.S. House", "", "us-house");
    slug_is("--A  &  B--", "", "a-b");
    slug_is("Doña Ana", "Œuvre Ščerba", "dona-ana-ouvre-scerba");
    slug_is("東京", "x", "x");
    slug_is("!", "", "");
    slug_is("3×4", "", "3-4");
}

static struct psp_slug slug_of(struct psp_pool *pool, uint32_t scope, const char *name)
{
    return (struct psp_slug){
        .scope = scope, .base = psp_slug_join(pool, &name, 1), .hash = psp_slug_hash(&name, 1)};
}

static void clashing_names_get_digits_whatever_their_order(void **state)
{
    (void)state;
    static const char *const names[] = {"Doña Ana", "Dona Ana", "Other", "dona-ana"};
    struct psp_pool pool = {0};
    struct psp_slug forward[4], backward[4];
    for (size_t i = 0; i < 4; i++) {
        forward[i] = slug_of(&pool, 0, names[i]);
        backward[3 - i] = slug_of(&pool, 0, names[i]);
    }
    assert_int_equal(psp_slug_assign(&pool, forward, 4), PSP_OK);
    assert_int_equal(psp_slug_assign(&pool, backward, 4), PSP_OK);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(forward[i].id, backward[3 - i].id);
    assert_string_equal(forward[2].id, "other");
    for (size_t i = 0; i < 4; i++)
        if (i != 2) {
            assert_int_equal(strlen(forward[i].id), strlen("dona-ana-0000"));
            assert_memory_equal(forward[i].id, "dona-ana-", 9);
        }
    assert_string_not_equal(forward[0].id, forward[1].id);
    psp_pool_free(&pool);
}

static void scopes_do_not_clash(void **state)
{
    (void)state;
    struct psp_pool pool = {0};
    struct psp_slug slugs[] = {slug_of(&pool, 1, "Yes"), slug_of(&pool, 2, "Yes")};
    assert_int_equal(psp_slug_assign(&pool, slugs, 2), PSP_OK);
    assert_string_equal(slugs[0].id, "yes");
    assert_string_equal(slugs[1].id, "yes");
    psp_pool_free(&pool);
}

static void a_name_that_is_another_names_id_gives_way(void **state)
{
    (void)state;
    struct psp_pool pool = {0};
    struct psp_slug slugs[] = {slug_of(&pool, 0, "A b"), slug_of(&pool, 0, "A  b"),
                               slug_of(&pool, 0, "")};
    assert_int_equal(psp_slug_assign(&pool, slugs, 2), PSP_OK);
    /* A third thing whose own name is the first one's ID. */
    slugs[2] = slug_of(&pool, 0, slugs[0].id);
    assert_int_equal(psp_slug_assign(&pool, slugs, 3), PSP_OK);
    assert_string_not_equal(slugs[0].id, slugs[1].id);
    assert_string_not_equal(slugs[0].id, slugs[2].id);
    assert_string_not_equal(slugs[1].id, slugs[2].id);
    psp_pool_free(&pool);
}

static void empty_and_long_names_get_digits(void **state)
{
    (void)state;
    char longest[PSP_ID_BYTES_MAX + 1], longer[PSP_ID_BYTES_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    struct psp_pool pool = {0};
    struct psp_slug slugs[] = {slug_of(&pool, 0, "東京"), slug_of(&pool, 0, longest),
                               slug_of(&pool, 0, longer)};
    assert_int_equal(psp_slug_assign(&pool, slugs, 3), PSP_OK);
    assert_int_equal(strlen(slugs[0].id), 8);
    assert_int_equal(strspn(slugs[0].id, "0123456789abcdef"), 8);
    assert_string_equal(slugs[1].id, longest);
    assert_int_equal(strlen(slugs[2].id), PSP_ID_BYTES_MAX);
    assert_int_equal(slugs[2].id[PSP_ID_BYTES_MAX - 9], '-');
    psp_pool_free(&pool);
}

static void hash_counts_the_parts(void **state)
{
    (void)state;
    const char *const a[] = {"x", ""}, *const b[] = {"", "x"}, *const c[] = {"x"};
    assert_true(psp_slug_hash(a, 2) != psp_slug_hash(b, 2));
    assert_true(psp_slug_hash(a, 2) != psp_slug_hash(c, 1));
    /* Stable on every machine and for ever: IDs are published. */
    assert_true(psp_slug_hash(c, 1) == UINT64_C(0x52ECD54E68706602));
}

static void index_finds_what_was_added(void **state)
{
    (void)state;
    struct psp_id_index index = {0};
    static char ids[2000][8];
    uint32_t first = 0;
    assert_int_equal(psp_id_index_find(&index, 0, "a", 1), PSP_NONE);
    for (uint32_t i = 0; i < 2000; i++) {
        snprintf(ids[i], sizeof ids[i], "%u", i / 2);
        assert_int_equal(psp_id_index_add(&index, i % 2, ids[i], strlen(ids[i]), i, &first),
                         PSP_OK);
    }
    for (uint32_t i = 0; i < 2000; i++)
        assert_int_equal(psp_id_index_find(&index, i % 2, ids[i], strlen(ids[i])), i);
    assert_int_equal(psp_id_index_find(&index, 2, "7", 1), PSP_NONE);
    assert_int_equal(psp_id_index_find(&index, 0, "1000", 4), PSP_NONE);
    assert_int_equal(psp_id_index_add(&index, 1, "7", 1, 9999, &first), PSP_EEXIST);
    assert_int_equal(first, 15);
    psp_id_index_free(&index);
    assert_int_equal(psp_id_index_find(&index, 0, "7", 1), PSP_NONE);
}

static void pool_memory_is_zeroed_aligned_and_stays(void **state)
{
    (void)state;
    struct psp_pool pool = {0};
    char *first = psp_pool_string(&pool, "first", 5);
    for (size_t size = 1; size < 300000; size = size * 3 + 1) {
        unsigned char *memory = psp_pool_alloc(&pool, size, 1);
        assert_int_equal((uintptr_t)memory % 16, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xFF, size);
        psp_pool_string(&pool, "x", 1);
    }
    assert_string_equal(first, "first");
    assert_null(psp_pool_alloc(&pool, SIZE_MAX / 2, 16));
    assert_non_null(psp_pool_alloc(&pool, 0, 16));
    psp_pool_free(&pool);
    assert_null(pool.newest);
}

static void guess_is(const char *path, const char *id, const char *name, const char *date)
{
    const struct psp_import_guess guess = psp_import_guess(path);
    assert_string_equal(guess.id, id);
    assert_string_equal(guess.name, name);
    assert_string_equal(guess.date, date);
    assert_int_equal(guess.year_known, strcmp(date, "1970-01-01") != 0);
}

static void file_names_tell_the_election(void **state)
{
    (void)state;
    /* Election days: 3 November 2020, 5 November 2024, 8 November 2022 and 2016. */
    guess_is("a.b/vt-2020-general-precinct.csv", "vt-2020-general-precinct",
             "vt-2020-general-precinct", "2020-11-03");
    guess_is("us_2024.csv", "us-2024", "us_2024", "2024-11-05");
    guess_is("20221108__vt.csv", "20221108-vt", "20221108__vt", "2022-11-08");
    guess_is("2016", "2016", "2016", "2016-11-08");
    guess_is("Ward 12345 Returns.CSV", "ward-12345-returns", "Ward 12345 Returns", "1970-01-01");
    guess_is("/x/東京.csv", "election", "東京", "1970-01-01");
    guess_is("", "election", "", "1970-01-01");
}

static void offices_tell_how_many_votes_a_ballot_has(void **state)
{
    (void)state;
    assert_int_equal(psp_import_guess_votes("Town Council (Vote for 3)"), 3);
    assert_int_equal(psp_import_guess_votes("COUNCIL VOTE FOR UP TO 12"), 12);
    assert_int_equal(psp_import_guess_votes("Board - Vote For Not More Than Two"), 2);
    assert_int_equal(psp_import_guess_votes("Board (Vote for any seven (7))"), 7);
    assert_int_equal(psp_import_guess_votes("Governor (Vote for one)"), 1);
    assert_int_equal(psp_import_guess_votes("Governor"), 1);
    assert_int_equal(psp_import_guess_votes("Vote for the park"), 1);
    assert_int_equal(psp_import_guess_votes("Vote for 257"), 1);
    assert_int_equal(psp_import_guess_votes("Vote for"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_become_slugs),
        cmocka_unit_test(clashing_names_get_digits_whatever_their_order),
        cmocka_unit_test(scopes_do_not_clash),
        cmocka_unit_test(a_name_that_is_another_names_id_gives_way),
        cmocka_unit_test(empty_and_long_names_get_digits),
        cmocka_unit_test(hash_counts_the_parts),
        cmocka_unit_test(index_finds_what_was_added),
        cmocka_unit_test(pool_memory_is_zeroed_aligned_and_stays),
        cmocka_unit_test(file_names_tell_the_election),
        cmocka_unit_test(offices_tell_how_many_votes_a_ballot_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
