/*
 * /api/v1/candidates: who stands, and how many votes each has;
 * /api/v1/candidates/{id}: how many votes this candidate has, and where.
 *
 * A candidate may stand under several parties: several choices, added up.
 */
#include "collector/api/answer.h"
#include "collector/api/parameter.h"
#include "collector/api/words.h"
#include "collector/page/page.h"
#include "collector/view/tally.h"

#include <stdio.h>
#include <string.h>

/* A sum is held while all that it adds up is. */
static void add_votes(uint64_t votes, uint64_t *sum)
{
    if (votes != PSP_UNSTATED)
        *sum = (*sum == PSP_UNSTATED ? 0 : *sum) + votes;
}

/* PSP_UNSTATED: held. A candidate who stands nowhere has none. */
static uint64_t votes_of(const struct psp_view *view, uint32_t candidate)
{
    const struct psp_catalog *catalog = view->catalog;
    const uint32_t first = catalog->candidate_first[candidate];
    const uint32_t end = catalog->candidate_first[candidate + 1];
    uint64_t votes = first < end ? PSP_UNSTATED : 0;
    for (uint32_t i = first; i < end; i++)
        add_votes(view->choice_votes[catalog->candidate_choices[i]], &votes);
    return votes;
}

static void write_choices(struct psp_writer *json, const struct psp_view *view, uint32_t candidate)
{
    const struct psp_catalog *catalog = view->catalog;
    const struct psp_definition *definition = view->definition;
    psp_writer_begin_array(json, "choices");
    for (uint32_t i = catalog->candidate_first[candidate];
         i < catalog->candidate_first[candidate + 1]; i++) {
        const uint32_t position = catalog->candidate_choices[i];
        const struct psp_choice *choice = &definition->choices[position];
        psp_writer_begin_object(json, NULL);
        psp_writer_string(json, "contest",
                          definition->contests[catalog->choice_contest[position]].id);
        psp_writer_string(json, "choice", choice->id);
        psp_writer_string(json, "party", psp_answer_party(definition, choice->party));
        psp_writer_stated(json, "votes", view->choice_votes[position]);
        psp_writer_end_object(json);
    }
    psp_writer_end_array(json);
}

/* Where this collector serves the photo; NULL: it has none. */
static const char *photo_url(const struct psp_api_request *request,
                             const struct psp_candidate *candidate, char *ret_url, size_t size)
{
    snprintf(ret_url, size, "/api/v1/candidates/%s/photo", candidate->id);
    return candidate->photo && psp_page_find(request->site->page, ret_url) ? ret_url : NULL;
}

static void write_candidate(struct psp_writer *json, const struct psp_api_request *request,
                            uint32_t position, const char *key, bool whole)
{
    char url[256];
    const struct psp_view *view = request->view;
    const struct psp_definition *definition = view->definition;
    const struct psp_candidate *candidate = &definition->candidates[position];
    psp_writer_begin_object(json, key);
    psp_writer_string(json, "id", candidate->id);
    psp_writer_string(json, "name",
                      psp_answer_name(candidate->name, candidate->names, request->language));
    psp_answer_names(json, definition, "names", candidate->names);
    psp_writer_string(json, "party", psp_answer_party(definition, candidate->party));
    psp_writer_string(json, "photo", candidate->photo);
    psp_writer_string(json, "photo_url", photo_url(request, candidate, url, sizeof url));
    if (whole) {
        psp_writer_string(json, "biography", candidate->biography);
        psp_writer_string(json, "platform", candidate->platform);
    }
    psp_writer_stated(json, "votes", votes_of(view, position));
    write_choices(json, view, position);
    psp_writer_end_object(json);
}

static bool matches(const struct psp_definition *definition, uint32_t position,
                    struct psp_words *words)
{
    const struct psp_candidate *candidate = &definition->candidates[position];
    psp_words_next(words);
    psp_words_look_name(words, candidate->name, candidate->names);
    psp_words_look(words, candidate->id);
    if (candidate->party != PSP_NONE)
        psp_words_look_name(words, definition->parties[candidate->party].name,
                            definition->parties[candidate->party].names);
    return psp_words_found(words);
}

void psp_api_candidates(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_definition *definition = request->view->definition;
    struct psp_words words;
    struct psp_writer json;
    struct psp_cursor from, next;
    uint32_t limit, written = 0;
    bool resumed, more = false;
    if (!psp_parameter_limit(request, reply, PSP_API_LIMIT_DEFAULT, &limit) ||
        !psp_parameter_cursor(request, reply, &from, &resumed) ||
        !psp_words_read(request, reply, &words))
        return;
    psp_answer_begin(request, reply, &json);
    psp_writer_begin_array(&json, "candidates");
    for (uint64_t i = from.position; i < definition->candidate_count; i++) {
        if (!matches(definition, (uint32_t)i, &words))
            continue;
        if (written++ == limit) {
            more = true;
            next = psp_parameter_next(request, 0, i);
            break;
        }
        write_candidate(&json, request, (uint32_t)i, NULL, false);
    }
    psp_writer_end_array(&json);
    psp_answer_next(request, reply, &json, more ? &next : NULL);
    psp_answer_end(&json);
}

/* ---- where ---- */

/* Adds the votes for one choice in the leaves of a unit, unless they are held; false when
 * it is not on a ballot in any of them. */
static bool choice_votes_in(const struct psp_view *view, uint32_t position, uint32_t unit,
                            uint64_t *votes)
{
    const struct psp_definition *definition = view->definition;
    const struct psp_unit *at = &definition->units[unit];
    const uint32_t contest = view->catalog->choice_contest[position];
    const uint32_t choice = position - definition->contests[contest].choice_first;
    struct psp_tally tally;
    psp_tally_run(view, contest, at->leaf_first, at->leaf_end, PSP_NONE, &tally);
    if (tally.present[choice] && !tally.held)
        add_votes(tally.votes[choice], votes);
    return tally.present[choice];
}

/* All of a candidate's choices, PSP_UNSTATED while they are held; false when none is on a
 * ballot in the unit. */
static bool votes_in(const struct psp_view *view, uint32_t candidate, uint32_t unit,
                     uint64_t *ret_votes)
{
    const struct psp_catalog *catalog = view->catalog;
    bool stands = false;
    *ret_votes = PSP_UNSTATED;
    for (uint32_t i = catalog->candidate_first[candidate];
         i < catalog->candidate_first[candidate + 1]; i++)
        stands |= choice_votes_in(view, catalog->candidate_choices[i], unit, ret_votes);
    return stands;
}

static struct psp_unit_run where_run(const struct psp_view *view,
                                     const struct psp_level_choice *level)
{
    const uint32_t root = view->definition->root;
    const uint32_t county = psp_definition_level(view->definition, psp_known_level_id(PSP_COUNTY));
    switch (level->scope) {
    case PSP_SCOPE_OWN: /* counties are what people look for; not every election has them */
        if (county != PSP_NONE && view->catalog->level_count[county] > 0)
            return psp_catalog_level(view->catalog, county, root);
        break;
    case PSP_SCOPE_LEAF:
        break;
    case PSP_SCOPE_LEVEL:
        return psp_catalog_level(view->catalog, level->level, root);
    }
    return psp_catalog_leaves(view->catalog, root);
}

static void write_where(struct psp_writer *json, const struct psp_definition *definition,
                        const struct psp_unit *unit, uint64_t votes, uint32_t language)
{
    psp_writer_begin_object(json, NULL);
    psp_writer_string(json, "unit", unit->id);
    psp_writer_string(json, "unit_name", psp_answer_name(unit->name, unit->names, language));
    psp_writer_string(json, "level", definition->levels[unit->level].id);
    psp_writer_stated(json, "votes", votes);
    psp_writer_end_object(json);
}

void psp_api_candidate(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_view *view = request->view;
    const struct psp_definition *definition = view->definition;
    const uint32_t candidate =
        psp_definition_candidate(definition, request->id, strlen(request->id));
    struct psp_level_choice level;
    struct psp_writer json;
    struct psp_cursor from, next;
    uint32_t limit, written = 0;
    bool resumed, more = false;
    if (candidate == PSP_NONE) {
        psp_answer_problem(reply, 404, "No such candidate",
                           "there is no such candidate; /api/v1/candidates lists them");
        return;
    }
    if (!psp_parameter_level(request, reply, &level) ||
        !psp_parameter_limit(request, reply, PSP_API_LIMIT_DEFAULT, &limit) ||
        !psp_parameter_cursor(request, reply, &from, &resumed))
        return;
    const struct psp_unit_run run = where_run(view, &level);
    psp_answer_begin(request, reply, &json);
    write_candidate(&json, request, candidate, "candidate", true);
    psp_writer_begin_array(&json, "where");
    for (uint64_t i = from.position > run.first ? from.position : run.first; i < run.end; i++) {
        uint64_t votes;
        if (!votes_in(view, candidate, run.list[i], &votes))
            continue;
        if (written++ == limit) {
            more = true;
            next = psp_parameter_next(request, 0, i);
            break;
        }
        write_where(&json, view->definition, &definition->units[run.list[i]], votes,
                    request->language);
    }
    psp_writer_end_array(&json);
    psp_answer_next(request, reply, &json, more ? &next : NULL);
    psp_answer_end(&json);
}
