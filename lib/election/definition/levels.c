/* Levels of units: the file's own, or the four that a file has which names none. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "election/definition/inner.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const struct psp_level default_levels[] = {
    {"nation", "Nation", "Nations", NULL, NULL, PSP_NATION},
    {"state", "State", "States", NULL, NULL, PSP_STATE},
    {"county", "County", "Counties", NULL, NULL, PSP_COUNTY},
    {"precinct", "Precinct", "Precincts", NULL, NULL, PSP_PRECINCT},
};

const char *psp_known_level_id(enum psp_known_level level)
{
    assert(level < PSP_OWN_LEVEL);
    return default_levels[level].id;
}

uint32_t psp_definition_level(const struct psp_definition *definition, const char *id)
{
    for (uint32_t i = 0; i < definition->level_count; i++)
        if (strcmp(definition->levels[i].id, id) == 0)
            return i;
    return PSP_NONE;
}

static enum psp_known_level known(const char *id)
{
    int level = PSP_NATION;
    while (level < PSP_OWN_LEVEL && strcmp(default_levels[level].id, id) != 0)
        level++;
    return (enum psp_known_level)level;
}

static bool build_level(struct psp_build *build, const json_t *object, uint32_t position,
                        struct psp_level *ret_level)
{
    static const struct psp_member members[] = {
        {"id", PSP_MEMBER_ID, true},
        {"name", PSP_MEMBER_NAMES, true},
        {"plural", PSP_MEMBER_NAMES, true},
    };
    const struct psp_pointer at = psp_pointer("/levels/%" PRIu32, position);
    if (!psp_build_check_object(build, object, at.text, members, COUNT_OF(members)) ||
        !psp_build_text(build, object, "id", NULL, &ret_level->id) ||
        !psp_build_names(build, object, "name", &ret_level->name, &ret_level->names) ||
        !psp_build_names(build, object, "plural", &ret_level->plural, &ret_level->plurals))
        return false;
    ret_level->known = known(ret_level->id);
    const struct psp_pointer id = psp_pointer("%s/id", at.text);
    if (strcmp(ret_level->id, "leaf") == 0)
        return psp_build_fault(build, id.text,
                               "\"leaf\" means the units without units in them, of any level");
    const uint32_t first = psp_definition_level(build->definition, ret_level->id);
    if (first < position)
        return psp_build_fault(build, id.text,
                               "this ID is taken already, by element %" PRIu32 ": \"%s\"", first,
                               ret_level->id);
    return true;
}

bool psp_build_levels(struct psp_build *build, const json_t *top)
{
    struct psp_definition *definition = build->definition;
    const json_t *array = json_object_get(top, "levels");
    definition->levels = default_levels;
    definition->level_count = COUNT_OF(default_levels);
    if (array == NULL)
        return true;
    if (!psp_build_check_array(build, array, "/levels", 1, PSP_LEVELS_MAX))
        return false;
    struct psp_level *levels = psp_build_alloc(build, json_array_size(array), sizeof *levels);
    if (levels == NULL)
        return false;
    definition->levels = levels;
    for (uint32_t i = 0; i < json_array_size(array); i++) {
        definition->level_count = i; /* those before it */
        if (!build_level(build, json_array_get(array, i), i, &levels[i]))
            return false;
    }
    definition->level_count = (uint32_t)json_array_size(array);
    return true;
}
