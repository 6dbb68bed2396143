/*
 * /api/v1/units: the tree of reporting units; /api/v1/units/{id}: one of them.
 */
#include "collector/api/answer.h"
#include "collector/api/parameter.h"
#include "collector/api/reported.h"
#include "collector/api/words.h"

#include <string.h>

static void write_members(struct psp_writer *json, const struct psp_view *view, uint32_t position,
                          uint32_t language)
{
    const struct psp_definition *definition = view->definition;
    const struct psp_unit *unit = &definition->units[position];
    const struct psp_unit_run children = psp_catalog_children(view->catalog, position);
    psp_writer_string(json, "id", unit->id);
    psp_writer_string(json, "name", psp_answer_name(unit->name, unit->names, language));
    psp_answer_names(json, definition, "names", unit->names);
    psp_writer_string(json, "code", unit->code);
    psp_writer_string(json, "level", psp_unit_level_id(definition, position));
    psp_writer_string(json, "parent",
                      unit->parent == PSP_NONE ? NULL : definition->units[unit->parent].id);
    psp_writer_bool(json, "leaf", definition->leaf_of_unit[position] != PSP_NONE);
    psp_writer_number(json, "children", children.end - children.first);
    psp_writer_number(json, "leaves", unit->leaf_end - unit->leaf_first);
    psp_writer_number(json, "leaves_reporting",
                      view->complete_sum[unit->leaf_end] - view->complete_sum[unit->leaf_first]);
    psp_writer_number(json, "units_partial", psp_view_partial(view, position));
    psp_writer_number(json, "ballots", psp_view_ballots(view, position));
    psp_writer_stated(json, "ballots_counted", psp_view_counted(view, position));
    psp_writer_stated(json, "registered", psp_view_registered(view, position));
    psp_writer_stated(json, "ballots_expected", psp_catalog_expected(view->catalog, position));
    psp_writer_bool(json, "complete", view->unit_complete[position]);
    psp_reported_write_unit(json, view, position);
}

/* From the root down to the unit's parent. */
static void write_path(struct psp_writer *json, const struct psp_definition *definition,
                       uint32_t position, uint32_t language)
{
    uint32_t below = PSP_NONE; /* the unit written last */
    uint32_t next = definition->root;
    psp_writer_begin_array(json, "path");
    while (below != position && next != position) {
        const struct psp_unit *unit = &definition->units[next];
        psp_writer_begin_object(json, NULL);
        psp_writer_string(json, "unit", unit->id);
        psp_writer_string(json, "unit_name", psp_answer_name(unit->name, unit->names, language));
        psp_writer_string(json, "level", psp_unit_level_id(definition, next));
        psp_writer_end_object(json);
        below = next;
        for (next = position; definition->units[next].parent != below;)
            next = definition->units[next].parent;
    }
    psp_writer_end_array(json);
}

void psp_api_unit(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_definition *definition = request->view->definition;
    const uint32_t unit = psp_definition_unit(definition, request->id, strlen(request->id));
    struct psp_writer json;
    if (unit == PSP_NONE) {
        psp_answer_problem(reply, 404, "No such unit",
                           "there is no such unit; /api/v1/units lists them");
        return;
    }
    psp_answer_begin(request, reply, &json);
    psp_writer_begin_object(&json, "unit");
    write_members(&json, request->view, unit, request->language);
    write_path(&json, definition, unit, request->language);
    psp_writer_end_object(&json);
    psp_answer_end(&json);
}

/* Parent alone: its children. Parent and level: all of that level below it. */
static struct psp_unit_run run_of(const struct psp_view *view, const struct psp_level_choice *level,
                                  uint32_t parent)
{
    const uint32_t above = parent == PSP_NONE ? view->definition->root : parent;
    switch (level->scope) {
    case PSP_SCOPE_OWN:
        break;
    case PSP_SCOPE_LEAF:
        return psp_catalog_leaves(view->catalog, above);
    case PSP_SCOPE_LEVEL:
        return psp_catalog_level(view->catalog, level->level, above);
    }
    return parent == PSP_NONE ? psp_catalog_subtree(view->catalog, above)
                              : psp_catalog_children(view->catalog, parent);
}

/* By its own words and the name of the unit above: there are 31 Washington Counties. */
static bool matches(const struct psp_definition *definition, uint32_t position,
                    struct psp_words *words)
{
    const struct psp_unit *unit = &definition->units[position];
    psp_words_next(words);
    psp_words_look_name(words, unit->name, unit->names);
    psp_words_look(words, unit->id);
    psp_words_look(words, unit->code);
    if (unit->parent != PSP_NONE && words->count > 1) {
        const struct psp_unit *parent = &definition->units[unit->parent];
        psp_words_look_name(words, parent->name, parent->names);
    }
    return psp_words_found(words);
}

void psp_api_units(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_view *view = request->view;
    struct psp_words words;
    struct psp_level_choice level;
    struct psp_writer json;
    struct psp_cursor from, next;
    uint32_t parent, limit, written = 0;
    bool resumed, more = false;
    if (!psp_parameter_unit(request, reply, "parent", &parent) ||
        !psp_parameter_level(request, reply, &level) ||
        !psp_parameter_limit(request, reply, PSP_API_LIMIT_DEFAULT, &limit) ||
        !psp_parameter_cursor(request, reply, &from, &resumed) ||
        !psp_words_read(request, reply, &words))
        return;
    const struct psp_unit_run run = run_of(view, &level, parent);
    psp_answer_begin(request, reply, &json);
    psp_writer_begin_array(&json, "units");
    for (uint64_t i = from.position > run.first ? from.position : run.first; i < run.end; i++) {
        const uint32_t unit = run.list[i];
        if (!matches(view->definition, unit, &words))
            continue;
        if (written++ == limit) {
            more = true;
            next = psp_parameter_next(request, 0, i);
            break;
        }
        psp_writer_begin_object(&json, NULL);
        write_members(&json, view, unit, request->language);
        psp_writer_end_object(&json);
    }
    psp_writer_end_array(&json);
    psp_answer_next(request, reply, &json, more ? &next : NULL);
    psp_answer_end(&json);
}
