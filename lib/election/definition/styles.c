/* Ballot styles: which contests a paper has, and where each one's cells begin. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"

#include "election/definition/inner.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* The choices of one contest on some style; styles that agree share one. */
struct choice_set {
    uint32_t choice_count;
    const uint32_t *choices;
    const int32_t *slot_of_choice;
};

struct styles {
    struct psp_build *build;
    struct psp_style *styles;
    struct psp_id_index set_index; /* scope: contest, "ID": the choices' bytes */
    struct choice_set *sets;
    uint32_t set_count;
    size_t set_capacity;
    uint32_t *seen_contest; /* [contest_count]: style + 1 that has it */
    uint32_t choices[PSP_CHOICES_MAX];
    bool seen_choice[PSP_CHOICES_MAX];
};

static int compare_positions(const void *left, const void *right)
{
    const uint32_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static int compare_entries(const void *left, const void *right)
{
    const struct psp_style_contest *a = left, *b = right;
    return (a->contest > b->contest) - (a->contest < b->contest);
}

/* Fills styles->choices[0..n) with the listed positions, ascending. */
static bool read_choices(struct styles *styles, const json_t *array, uint32_t contest,
                         const char *pointer, uint32_t *ret_n)
{
    struct psp_build *build = styles->build;
    const struct psp_contest *about = &build->definition->contests[contest];
    if (!psp_build_check_array(build, array, pointer, 1, about->choice_count))
        return false;
    const uint32_t n = (uint32_t)json_array_size(array);
    memset(styles->seen_choice, 0, about->choice_count * sizeof *styles->seen_choice);
    for (uint32_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(array, i);
        if (!json_is_string(value))
            return psp_build_fault(build, psp_pointer("%s/%" PRIu32, pointer, i).text,
                                   "must be a string, the ID of a choice");
        const char *id = json_string_value(value);
        const uint32_t choice =
            psp_id_index_find(&build->whole->choices, contest, id, json_string_length(value));
        if (choice == PSP_NONE)
            return psp_build_fault(build, psp_pointer("%s/%" PRIu32, pointer, i).text,
                                   "contest \"%s\" has no choice \"%s\"", about->id,
                                   psp_shown(id, json_string_length(value)).text);
        if (styles->seen_choice[choice])
            return psp_build_fault(build, psp_pointer("%s/%" PRIu32, pointer, i).text,
                                   "the choice \"%s\" is listed twice", id);
        styles->seen_choice[choice] = true;
        styles->choices[i] = choice;
    }
    qsort(styles->choices, n, sizeof *styles->choices, compare_positions);
    *ret_n = n;
    return true;
}

static bool add_set(struct styles *styles, uint32_t contest, uint32_t n)
{
    struct psp_build *build = styles->build;
    const uint32_t slots = build->definition->contests[contest].choice_count;
    if (!PSP_GROW(styles->sets, styles->set_capacity, styles->set_count + 1))
        return psp_build_no_memory(build);
    uint32_t *choices = psp_build_alloc(build, n, sizeof *choices);
    int32_t *slot_of_choice = psp_build_alloc(build, slots, sizeof *slot_of_choice);
    if (choices == NULL || slot_of_choice == NULL)
        return false;
    memcpy(choices, styles->choices, n * sizeof *choices);
    for (uint32_t i = 0; i < slots; i++)
        slot_of_choice[i] = -1;
    for (uint32_t i = 0; i < n; i++)
        slot_of_choice[choices[i]] = (int32_t)i;
    uint32_t ignored;
    if (psp_id_index_add(&styles->set_index, contest, (const char *)choices, n * sizeof *choices,
                         styles->set_count, &ignored) != PSP_OK)
        return psp_build_no_memory(build);
    styles->sets[styles->set_count++] = (struct choice_set){n, choices, slot_of_choice};
    return true;
}

static bool build_entry(struct styles *styles, const json_t *object, uint32_t style,
                        const char *pointer, struct psp_style_contest *ret_entry)
{
    static const struct psp_member members[] = {
        {"contest", PSP_MEMBER_ID, true},
        {"choices", PSP_MEMBER_ARRAY, false},
    };
    struct psp_build *build = styles->build;
    uint32_t contest;
    if (!psp_build_check_object(build, object, pointer, members, COUNT_OF(members)) ||
        !psp_build_reference(build, &build->whole->contests, object, "contest", "contest", pointer,
                             &contest))
        return false;
    const struct psp_contest *about = &build->definition->contests[contest];
    if (styles->seen_contest[contest] == style + 1)
        return psp_build_fault(build, psp_pointer("%s/contest", pointer).text,
                               "the ballot style has this contest already: \"%s\"", about->id);
    styles->seen_contest[contest] = style + 1;
    uint32_t n = about->choice_count;
    const json_t *array = json_object_get(object, "choices");
    for (uint32_t i = 0; array == NULL && i < n; i++)
        styles->choices[i] = i;
    if (array != NULL &&
        !read_choices(styles, array, contest, psp_pointer("%s/choices", pointer).text, &n))
        return false;
    uint32_t set = psp_id_index_find(&styles->set_index, contest, (const char *)styles->choices,
                                     n * sizeof *styles->choices);
    if (set == PSP_NONE) {
        set = styles->set_count;
        if (!add_set(styles, contest, n))
            return false;
    }
    assert(styles->sets != NULL);
    *ret_entry = (struct psp_style_contest){
        .contest = contest,
        .votes_allowed = about->votes_allowed,
        .choice_count = n,
        .choices = styles->sets[set].choices,
        .slot_count = about->choice_count,
        .slot_of_choice = styles->sets[set].slot_of_choice,
    };
    return true;
}

static bool build_style(struct styles *styles, const json_t *object, uint32_t position,
                        struct psp_style *ret_style)
{
    static const struct psp_member members[] = {
        {"id", PSP_MEMBER_ID, true},
        {"contests", PSP_MEMBER_ARRAY, true},
    };
    struct psp_build *build = styles->build;
    const struct psp_pointer at = psp_pointer("/ballot_styles/%" PRIu32, position);
    if (object == NULL ||
        !psp_build_check_object(build, object, at.text, members, COUNT_OF(members)) ||
        !psp_build_text(build, object, "id", NULL, &ret_style->id) ||
        !psp_build_add_id(build, &build->styles, 0, ret_style->id, position, at.text))
        return false;
    const json_t *array = json_object_get(object, "contests");
    if (!psp_build_check_array(build, array, psp_pointer("%s/contests", at.text).text, 1,
                               PSP_MARKED_CONTESTS_MAX))
        return false;
    const uint32_t n = (uint32_t)json_array_size(array);
    struct psp_style_contest *entries = psp_build_alloc(build, n, sizeof *entries);
    if (entries == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!build_entry(styles, json_array_get(array, i), position,
                         psp_pointer("%s/contests/%" PRIu32, at.text, i).text, &entries[i]))
            return false;
    qsort(entries, n, sizeof *entries, compare_entries);
    uint32_t cell = 1; /* cell 0 counts the ballots */
    for (uint32_t i = 0; i < n; i++) {
        entries[i].cell = cell;
        cell += entries[i].choice_count + 2;
    }
    ret_style->contest_count = n;
    ret_style->contests = entries;
    ret_style->row_cells = cell;
    return true;
}

bool psp_build_styles(struct psp_build *build)
{
    struct psp_elements elements;
    if (!psp_build_elements(build, PSP_ARRAY_BALLOT_STYLES, 1, PSP_STYLES_MAX, &elements))
        return false;
    const uint32_t n = elements.n;
    struct styles *styles = calloc(1, sizeof *styles);
    if (styles == NULL)
        return psp_build_no_memory(build);
    styles->build = build;
    styles->styles = psp_build_alloc(build, n, sizeof *styles->styles);
    styles->seen_contest =
        psp_build_alloc(build, build->definition->contest_count, sizeof *styles->seen_contest);
    bool built = styles->styles != NULL && styles->seen_contest != NULL;
    for (uint32_t i = 0; built && i < n; i++)
        built = build_style(styles, psp_build_next(build, &elements), i, &styles->styles[i]);
    build->definition->styles = styles->styles;
    build->definition->style_count = n;
    psp_id_index_free(&styles->set_index);
    free(styles->sets);
    free(styles);
    return built;
}
