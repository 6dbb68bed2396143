/*
 * /api/v1/contests: what is voted on, where, and between whom; if asked for, who leads.
 */
#include "collector/api/answer.h"
#include "collector/api/leading.h"
#include "collector/api/parameter.h"
#include "collector/api/words.h"

static void write_choice(struct psp_writer *json, const struct psp_definition *definition,
                         const struct psp_choice *choice, uint32_t language)
{
    psp_writer_begin_object(json, NULL);
    psp_writer_string(json, "id", choice->id);
    psp_writer_string(json, "name", psp_answer_name(choice->name, choice->names, language));
    psp_answer_names(json, definition, "names", choice->names);
    psp_writer_string(json, "kind", psp_choice_kind_name(choice->kind));
    psp_writer_string(json, "candidate", psp_answer_candidate(definition, choice->candidate));
    psp_writer_string(json, "party", psp_answer_party(definition, choice->party));
    psp_writer_end_object(json);
}

/* What is asked of the list. */
struct question {
    uint32_t unit, group;                /* PSP_NONE: any */
    bool bare;                           /* without choices */
    const struct psp_overview *overview; /* NULL: not who leads */
    struct psp_words words;
};

static void write_contest(struct psp_writer *json, const struct psp_api_request *request,
                          uint32_t position, const struct question *question)
{
    const struct psp_definition *definition = request->view->definition;
    const struct psp_contest *contest = &definition->contests[position];
    psp_writer_begin_object(json, NULL);
    psp_writer_string(json, "id", contest->id);
    psp_writer_string(json, "name",
                      psp_answer_name(contest->name, contest->names, request->language));
    psp_answer_names(json, definition, "names", contest->names);
    psp_writer_string(json, "office", contest->office);
    psp_writer_string(json, "district", contest->district);
    psp_writer_string(json, "unit", definition->units[contest->unit].id);
    psp_writer_string(json, "group", contest->group);
    psp_writer_string(json, "party", psp_answer_party(definition, contest->party));
    psp_writer_number(json, "votes_allowed", contest->votes_allowed);
    psp_writer_number(json, "seats", contest->seats);
    psp_writer_begin_array(json, "choices");
    for (uint32_t c = 0; c < contest->choice_count && !question->bare; c++)
        write_choice(json, definition, &contest->choices[c], request->language);
    psp_writer_end_array(json);
    if (question->overview)
        psp_leading_write(json, request->view, question->overview, position, request->language);
    psp_writer_end_object(json);
}

static bool matches(const struct psp_definition *definition, const struct psp_contest *contest,
                    struct psp_words *words)
{
    const struct psp_unit *unit = &definition->units[contest->unit];
    psp_words_next(words);
    psp_words_look_name(words, contest->name, contest->names);
    psp_words_look(words, contest->id);
    psp_words_look(words, contest->office);
    psp_words_look(words, contest->district);
    psp_words_look(words, contest->group);
    psp_words_look_name(words, unit->name, unit->names);
    for (uint32_t c = 0; c < contest->choice_count && !psp_words_found(words); c++)
        psp_words_look_name(words, contest->choices[c].name, contest->choices[c].names);
    return psp_words_found(words);
}

static bool wanted(const struct psp_view *view, uint32_t contest, struct question *question)
{
    if (question->unit != PSP_NONE && !psp_catalog_votes_on(view->catalog, question->unit, contest))
        return false;
    if (question->group != PSP_NONE && view->catalog->contest_group[contest] != question->group)
        return false;
    return matches(view->definition, &view->definition->contests[contest], &question->words);
}

/* False: the reply holds the problem. */
static bool read_question(const struct psp_api_request *request, struct psp_api_reply *reply,
                          struct question *ret_question)
{
    bool standing;
    if (!psp_parameter_unit(request, reply, "unit", &ret_question->unit) ||
        !psp_parameter_group(request, reply, &ret_question->group) ||
        !psp_parameter_flag(request, reply, "standing", "1", &standing) ||
        !psp_parameter_flag(request, reply, "choices", "0", &ret_question->bare) ||
        !psp_words_read(request, reply, &ret_question->words))
        return false;
    ret_question->overview = standing ? psp_overview_of(request->view) : NULL;
    reply->body.failed = standing && !ret_question->overview;
    return !reply->body.failed;
}

void psp_api_contests(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_definition *definition = request->view->definition;
    struct question question;
    struct psp_writer json;
    struct psp_cursor from, next;
    uint32_t limit, written = 0;
    bool resumed, more = false;
    if (!psp_parameter_limit(request, reply, PSP_API_LIMIT_DEFAULT, &limit) ||
        !psp_parameter_cursor(request, reply, &from, &resumed) ||
        !read_question(request, reply, &question))
        return;
    psp_answer_begin(request, reply, &json);
    psp_writer_begin_array(&json, "contests");
    for (uint64_t i = from.position; i < definition->contest_count; i++) {
        if (!wanted(request->view, (uint32_t)i, &question))
            continue;
        if (written++ == limit) {
            more = true;
            next = psp_parameter_next(request, 0, i);
            break;
        }
        write_contest(&json, request, (uint32_t)i, &question);
    }
    psp_writer_end_array(&json);
    psp_answer_next(request, reply, &json, more ? &next : NULL);
    psp_answer_end(&json);
}
