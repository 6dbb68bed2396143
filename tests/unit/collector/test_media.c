/* What comes with the definition: photos stay in its folder. */
#include "tests/unit/fixture/api.h"

#include <unistd.h>

#include "collector/page/media.h"

static void names_that_leave_the_folder_are_refused(void **context)
{
    static const char *const bad[] = {"",         "/etc/passwd", "../x.jpg", "a/../x.jpg",
                                      ".x.jpg",   "a/.x",        "a//b.jpg", "a/",
                                      "a\\b.jpg", "c:x.jpg",     "a\nb.j"};
    (void)context;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(psp_media_name_allowed(bad[i]));
    assert_true(psp_media_name_allowed("photos/ann.v2.jpg"));
}

static int passed_over;
static void count_passed_over(const char *name, const char *why)
{
    (void)name;
    (void)why;
    passed_over++;
}

/* The candidates' photos: a picture in the folder, a link that leads out. */
static void a_photo_is_served_and_a_link_out_of_the_folder_is_not(void **context)
{
    struct api *api = *context;
    char directory[] = "/tmp/psp-media-XXXXXX", path[128], link_path[128];
    struct psp_candidate candidates[2] = {api->definition->candidates[0],
                                          api->definition->candidates[1]};
    struct psp_definition definition = *api->definition;
    struct psp_page *page;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/ann.png", directory);
    snprintf(link_path, sizeof link_path, "%s/bob.png", directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("picture", file);
    fclose(file);
    assert_int_equal(symlink("/etc/hostname", link_path), 0);
    candidates[0].photo = "ann.png";
    candidates[1].photo = "bob.png";
    definition.candidates = candidates;
    assert_int_equal(psp_page_create(&page), PSP_OK);
    passed_over = 0;
    assert_int_equal(psp_media_load(page, &definition, directory, count_passed_over), PSP_OK);
    assert_int_equal(passed_over, 1);
    const struct psp_page_file *photo = psp_page_find(page, "/api/v1/candidates/ann/photo");
    assert_non_null(photo);
    assert_string_equal(photo->content_type, "image/png");
    assert_int_equal(photo->bytes, 7);
    assert_null(psp_page_find(page, "/api/v1/candidates/bob/photo"));
    psp_page_destroy(&page);
    unlink(path);
    unlink(link_path);
    rmdir(directory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_that_leave_the_folder_are_refused),
        TEST(a_photo_is_served_and_a_link_out_of_the_folder_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
