/* Methods, parties, candidates, contests and the map: lists whose members name one another. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"

#include "election/definition/inner.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

bool psp_build_methods(struct psp_build *build)
{
    static const struct psp_member members[] = {
        {"id", PSP_MEMBER_ID, true},
        {"name", PSP_MEMBER_NAMES, true},
    };
    struct psp_elements elements;
    if (!psp_build_elements(build, PSP_ARRAY_METHODS, 1, PSP_METHODS_MAX, &elements))
        return false;
    const uint32_t n = elements.n;
    struct psp_method *methods = psp_build_alloc(build, n, sizeof *methods);
    if (methods == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const json_t *object = psp_build_next(build, &elements);
        const struct psp_pointer at = psp_pointer("/methods/%" PRIu32, i);
        if (object == NULL ||
            !psp_build_check_object(build, object, at.text, members, COUNT_OF(members)) ||
            !psp_build_text(build, object, "id", NULL, &methods[i].id) ||
            !psp_build_names(build, object, "name", &methods[i].name, &methods[i].names) ||
            !psp_build_add_id(build, &build->whole->methods, 0, methods[i].id, i, at.text))
            return false;
    }
    build->definition->methods = methods;
    build->definition->method_count = n;
    return true;
}

static bool check_color(struct psp_build *build, const char *color, const char *pointer)
{
    if (color == NULL ||
        (color[0] == '#' && strlen(color) == 7 && strspn(color + 1, "0123456789abcdefABCDEF") == 6))
        return true;
    return psp_build_fault(build, psp_pointer("%s/color", pointer).text,
                           "a colour is written #rrggbb, not \"%s\"",
                           psp_shown(color, strlen(color)).text);
}

bool psp_build_parties(struct psp_build *build)
{
    static const struct psp_member members[] = {
        {"id", PSP_MEMBER_ID, true},
        {"name", PSP_MEMBER_NAMES, true},
        {"color", PSP_MEMBER_NAME, false},
        {"alliance", PSP_MEMBER_NAME, PSP_MEMBER_FORMAT_2},
    };
    struct psp_elements elements;
    if (!psp_build_elements(build, PSP_ARRAY_PARTIES, 0, PSP_PARTIES_MAX, &elements))
        return false;
    const uint32_t n = elements.n;
    struct psp_party *parties = psp_build_alloc(build, n, sizeof *parties);
    if (parties == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const json_t *object = psp_build_next(build, &elements);
        const struct psp_pointer at = psp_pointer("/parties/%" PRIu32, i);
        if (object == NULL ||
            !psp_build_check_object(build, object, at.text, members, COUNT_OF(members)) ||
            !psp_build_text(build, object, "id", NULL, &parties[i].id) ||
            !psp_build_names(build, object, "name", &parties[i].name, &parties[i].names) ||
            !psp_build_text(build, object, "color", NULL, &parties[i].color) ||
            !psp_build_text(build, object, "alliance", NULL, &parties[i].alliance) ||
            !check_color(build, parties[i].color, at.text) ||
            !psp_build_add_id(build, &build->parties, 0, parties[i].id, i, at.text))
            return false;
    }
    build->definition->parties = parties;
    build->definition->party_count = n;
    return true;
}

static bool build_candidate(struct psp_build *build, const json_t *object, uint32_t position,
                            struct psp_candidate *ret_candidate)
{
    static const struct psp_member members[] = {
        {"id", PSP_MEMBER_ID, true},           {"name", PSP_MEMBER_NAMES, true},
        {"party", PSP_MEMBER_ID, false},       {"photo", PSP_MEMBER_TEXT, false},
        {"biography", PSP_MEMBER_TEXT, false}, {"platform", PSP_MEMBER_TEXT, false},
    };
    const struct psp_pointer at = psp_pointer("/candidates/%" PRIu32, position);
    return object != NULL &&
           psp_build_check_object(build, object, at.text, members, COUNT_OF(members)) &&
           psp_build_text(build, object, "id", NULL, &ret_candidate->id) &&
           psp_build_names(build, object, "name", &ret_candidate->name, &ret_candidate->names) &&
           psp_build_text(build, object, "photo", NULL, &ret_candidate->photo) &&
           psp_build_text(build, object, "biography", NULL, &ret_candidate->biography) &&
           psp_build_text(build, object, "platform", NULL, &ret_candidate->platform) &&
           psp_build_reference(build, &build->parties, object, "party", "party", at.text,
                               &ret_candidate->party) &&
           psp_build_add_id(build, &build->whole->candidates, 0, ret_candidate->id, position,
                            at.text);
}

bool psp_build_candidates(struct psp_build *build)
{
    struct psp_elements elements;
    if (!psp_build_elements(build, PSP_ARRAY_CANDIDATES, 0, PSP_CANDIDATES_MAX, &elements))
        return false;
    const uint32_t n = elements.n;
    struct psp_candidate *candidates = psp_build_alloc(build, n, sizeof *candidates);
    if (candidates == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!build_candidate(build, psp_build_next(build, &elements), i, &candidates[i]))
            return false;
    build->definition->candidates = candidates;
    build->definition->candidate_count = n;
    return true;
}

static bool read_kind(struct psp_build *build, const json_t *object, const char *pointer,
                      enum psp_choice_kind *ret_kind)
{
    const char *name = json_string_value(json_object_get(object, "kind"));
    for (int kind = PSP_CHOICE_CANDIDATE; kind <= PSP_CHOICE_OTHER; kind++)
        if (strcmp(name, psp_choice_kind_name((enum psp_choice_kind)kind)) == 0) {
            *ret_kind = (enum psp_choice_kind)kind;
            return true;
        }
    return psp_build_fault(build, psp_pointer("%s/kind", pointer).text,
                           "must be candidate, yes, no, blank, spoiled, write_in or other, "
                           "not \"%s\"",
                           psp_shown(name, strlen(name)).text);
}

static bool build_choice(struct psp_build *build, const json_t *object, const char *pointer,
                         uint32_t contest, uint32_t position, struct psp_choice *ret_choice)
{
    static const struct psp_member members[] = {
        {"id", PSP_MEMBER_ID, true},     {"name", PSP_MEMBER_NAMES, true},
        {"kind", PSP_MEMBER_NAME, true}, {"candidate", PSP_MEMBER_ID, false},
        {"party", PSP_MEMBER_ID, false},
    };
    if (!psp_build_check_object(build, object, pointer, members, COUNT_OF(members)) ||
        !read_kind(build, object, pointer, &ret_choice->kind) ||
        !psp_build_text(build, object, "id", NULL, &ret_choice->id) ||
        !psp_build_names(build, object, "name", &ret_choice->name, &ret_choice->names) ||
        !psp_build_reference(build, &build->whole->candidates, object, "candidate", "candidate",
                             pointer, &ret_choice->candidate) ||
        !psp_build_reference(build, &build->parties, object, "party", "party", pointer,
                             &ret_choice->party))
        return false;
    const bool candidate = ret_choice->kind == PSP_CHOICE_CANDIDATE;
    if (candidate && ret_choice->candidate == PSP_NONE &&
        (build->format == 1 || ret_choice->party == PSP_NONE))
        return psp_build_fault(build, pointer,
                               "a choice of kind \"candidate\" needs the member \"candidate\", or "
                               "\"party\" where it is that party's list");
    if (!candidate && ret_choice->candidate != PSP_NONE)
        return psp_build_fault(build, psp_pointer("%s/candidate", pointer).text,
                               "only a choice of kind \"candidate\" has a candidate");
    return psp_build_add_id(build, &build->whole->choices, contest, ret_choice->id, position,
                            pointer);
}

/* The choices of all contests, in one array that grows. */
struct choices {
    struct psp_choice *all;
    uint32_t n;
    size_t capacity;
};

static struct psp_choice *add_choices(struct psp_build *build, struct choices *choices, uint32_t n)
{
    assert(n > 0);
    if (!PSP_GROW(choices->all, choices->capacity, (size_t)choices->n + n)) {
        build->no_memory = true;
        return NULL;
    }
    struct psp_choice *added = choices->all + choices->n;
    memset(added, 0, n * sizeof *added);
    choices->n += n;
    return added;
}

static bool build_choices(struct psp_build *build, const json_t *array, const char *contest_pointer,
                          uint32_t contest, struct choices *choices)
{
    if (!psp_build_check_array(build, array, psp_pointer("%s/choices", contest_pointer).text, 1,
                               PSP_CHOICES_MAX))
        return false;
    const uint32_t n = (uint32_t)json_array_size(array);
    struct psp_choice *added = add_choices(build, choices, n);
    for (uint32_t i = 0; added != NULL && i < n; i++)
        if (!build_choice(build, json_array_get(array, i),
                          psp_pointer("%s/choices/%" PRIu32, contest_pointer, i).text, contest, i,
                          &added[i]))
            return false;
    return added != NULL;
}

/* How many a ballot may vote for, and how many win: where that is not said, as many. */
static bool read_places(struct psp_build *build, const json_t *object, const char *pointer,
                        struct psp_contest *contest)
{
    const uint64_t votes_allowed = psp_build_count(object, "votes_allowed", 1);
    const uint64_t seats = psp_build_count(object, "seats", votes_allowed);
    if (votes_allowed < 1 || votes_allowed > PSP_MARKED_CHOICES_MAX)
        return psp_build_fault(build, psp_pointer("%s/votes_allowed", pointer).text,
                               "must be 1 to %d", PSP_MARKED_CHOICES_MAX);
    if (seats < 1 || seats > PSP_CHOICES_MAX)
        return psp_build_fault(build, psp_pointer("%s/seats", pointer).text, "must be 1 to %d",
                               PSP_CHOICES_MAX);
    contest->votes_allowed = (uint32_t)votes_allowed;
    contest->seats = (uint32_t)seats;
    return true;
}

static bool read_printed_line(struct psp_build *build, const json_t *printed, const char *name,
                              const char *pointer, struct psp_printed *ret_line)
{
    static const struct psp_member members[] = {
        {"name", PSP_MEMBER_NAME, true},
        {"party", PSP_MEMBER_NAME, false},
    };
    const json_t *line = json_object_get(printed, name);
    if (line == NULL)
        return true;
    const struct psp_pointer at = psp_pointer("%s/%s", pointer, name);
    return psp_build_check_object(build, line, at.text, members, COUNT_OF(members)) &&
           psp_build_text(build, line, "name", NULL, &ret_line->name) &&
           psp_build_text(build, line, "party", "", &ret_line->party);
}

/* How the returns that the contest was made of called its over- and undervotes. */
static bool read_printed(struct psp_build *build, const json_t *object, const char *pointer,
                         struct psp_contest *contest)
{
    static const struct psp_member members[] = {
        {"overvotes", PSP_MEMBER_OBJECT, false},
        {"undervotes", PSP_MEMBER_OBJECT, false},
    };
    const json_t *printed = json_object_get(object, "printed");
    const struct psp_pointer at = psp_pointer("%s/printed", pointer);
    contest->overvotes = contest->undervotes = (struct psp_printed){NULL, ""};
    return printed == NULL ||
           (psp_build_check_object(build, printed, at.text, members, COUNT_OF(members)) &&
            read_printed_line(build, printed, "overvotes", at.text, &contest->overvotes) &&
            read_printed_line(build, printed, "undervotes", at.text, &contest->undervotes));
}

static bool build_contest(struct psp_build *build, const json_t *object, uint32_t position,
                          struct choices *choices, struct psp_contest *ret_contest)
{
    static const struct psp_member members[] = {
        {"id", PSP_MEMBER_ID, true},
        {"name", PSP_MEMBER_NAMES, true},
        {"office", PSP_MEMBER_NAME, true},
        {"district", PSP_MEMBER_NAME, false},
        {"unit", PSP_MEMBER_ID, true},
        {"votes_allowed", PSP_MEMBER_COUNT, false},
        {"choices", PSP_MEMBER_ARRAY, true},
        {"seats", PSP_MEMBER_COUNT, PSP_MEMBER_FORMAT_2},
        {"group", PSP_MEMBER_NAME, PSP_MEMBER_FORMAT_2},
        {"party", PSP_MEMBER_ID, PSP_MEMBER_FORMAT_2},
        {"printed", PSP_MEMBER_OBJECT, PSP_MEMBER_FORMAT_2},
    };
    const struct psp_pointer at = psp_pointer("/contests/%" PRIu32, position);
    if (object == NULL ||
        !psp_build_check_object(build, object, at.text, members, COUNT_OF(members)) ||
        !psp_build_text(build, object, "id", NULL, &ret_contest->id) ||
        !psp_build_names(build, object, "name", &ret_contest->name, &ret_contest->names) ||
        !psp_build_text(build, object, "office", NULL, &ret_contest->office) ||
        !psp_build_text(build, object, "district", "", &ret_contest->district) ||
        !psp_build_text(build, object, "group", ret_contest->office, &ret_contest->group) ||
        !psp_build_reference(build, &build->parties, object, "party", "party", at.text,
                             &ret_contest->party) ||
        !read_printed(build, object, at.text, ret_contest) ||
        !psp_build_reference(build, &build->whole->units, object, "unit", "unit", at.text,
                             &ret_contest->unit) ||
        !psp_build_add_id(build, &build->whole->contests, 0, ret_contest->id, position, at.text))
        return false;
    if (!read_places(build, object, at.text, ret_contest))
        return false;
    ret_contest->choice_first = choices->n;
    if (!build_choices(build, json_object_get(object, "choices"), at.text, position, choices))
        return false;
    ret_contest->choice_count = choices->n - ret_contest->choice_first;
    return true;
}

/* Moves the choices to where they stay and lets the contests point there. */
static bool settle_choices(struct psp_build *build, const struct choices *choices,
                           struct psp_contest *contests, uint32_t n)
{
    assert(choices->n > 0);
    struct psp_choice *settled = psp_build_alloc(build, choices->n, sizeof *settled);
    if (settled == NULL)
        return false;
    memcpy(settled, choices->all, choices->n * sizeof *settled);
    for (uint32_t i = 0; i < n; i++)
        contests[i].choices = settled + contests[i].choice_first;
    build->definition->choices = settled;
    build->definition->choice_count = choices->n;
    return true;
}

bool psp_build_contests(struct psp_build *build)
{
    struct psp_elements elements;
    if (!psp_build_elements(build, PSP_ARRAY_CONTESTS, 1, PSP_CONTESTS_MAX, &elements))
        return false;
    const uint32_t n = elements.n;
    struct psp_contest *contests = psp_build_alloc(build, n, sizeof *contests);
    struct choices choices = {0};
    bool built = contests != NULL;
    for (uint32_t i = 0; built && i < n; i++)
        built = build_contest(build, psp_build_next(build, &elements), i, &choices, &contests[i]);
    built = built && settle_choices(build, &choices, contests, n);
    free(choices.all);
    build->definition->contests = contests;
    build->definition->contest_count = n;
    return built;
}

/* The collector serves the map's file from beside the definition. */
static bool check_map_file(struct psp_build *build, const char *file)
{
    if (file[0] != '\0' && strchr(file, '/') == NULL && file[0] != '.')
        return true;
    return psp_build_fault(build, "/map/file",
                           "must name a file beside the definition, without a folder");
}

bool psp_build_map(struct psp_build *build, const json_t *top)
{
    static const struct psp_member members[] = {
        {"file", PSP_MEMBER_NAME, true},
        {"object", PSP_MEMBER_NAME, true},
        {"key", PSP_MEMBER_NAME, true},
    };
    const json_t *map = json_object_get(top, "map");
    struct psp_definition *definition = build->definition;
    if (map == NULL)
        return true;
    return psp_build_check_object(build, map, "/map", members, COUNT_OF(members)) &&
           psp_build_text(build, map, "file", NULL, &definition->map_file) &&
           psp_build_text(build, map, "object", NULL, &definition->map_object) &&
           psp_build_text(build, map, "key", NULL, &definition->map_key) &&
           check_map_file(build, definition->map_file);
}
