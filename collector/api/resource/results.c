/*
 * /api/v1/results: votes by contest, unit and method.
 *
 * An item is (contest, unit, method); its place in the definition is its
 * position: contest in the high bits, then the unit's place in the list that
 * the level selects, then the method. Positions never change, so a cursor
 * outlives any number of updates.
 */
#include "collector/api/answer.h"
#include "collector/api/parameter.h"
#include "collector/api/reported.h"
#include "collector/api/row.h"
#include "collector/view/ranking.h"
#include "collector/view/tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum sort { SORT_NONE, SORT_UNIT, SORT_BALLOTS, SORT_TURNOUT, SORT_VOTES };

struct question {
    const struct psp_api_request *request;
    const struct psp_view *view;
    uint32_t contest, unit, method; /* PSP_NONE: all */
    struct psp_level_choice level;
    bool by_method;
    enum sort sort;
    uint32_t choice; /* of SORT_VOTES */
    bool descending;
    uint32_t limit;
    struct psp_cursor from;
    bool resumed;
};

struct item {
    uint32_t contest, place, unit, method; /* method: PSP_NONE for all */
};

/* ---- which items there are ---- */

/* The units of a contest that the level selects. `ret_single` backs a run of
 * one. */
static struct psp_unit_run units_of(const struct question *question, uint32_t contest,
                                    uint32_t *ret_single)
{
    const struct psp_catalog *catalog = question->view->catalog;
    const uint32_t held_in = catalog->definition->contests[contest].unit;
    const uint32_t scope = question->unit == PSP_NONE ? catalog->definition->root : question->unit;
    const struct psp_unit_run none = {.list = ret_single, .first = 0, .end = 0};
    switch (question->level.scope) {
    case PSP_SCOPE_OWN:
        *ret_single = question->unit == PSP_NONE || psp_catalog_below(catalog, held_in, scope)
                          ? held_in
                          : scope;
        if (!psp_catalog_below(catalog, *ret_single, held_in))
            return none;
        return (struct psp_unit_run){.list = ret_single, .first = 0, .end = 1};
    case PSP_SCOPE_LEAF: {
        struct psp_unit_run run = psp_catalog_leaves(catalog, scope);
        if (run.first < catalog->contest_leaf_first[contest])
            run.first = catalog->contest_leaf_first[contest];
        if (run.end > catalog->contest_leaf_end[contest])
            run.end = catalog->contest_leaf_end[contest];
        return run;
    }
    case PSP_SCOPE_LEVEL:
        return psp_catalog_level(catalog, question->level.level, scope);
    }
    return none;
}

static uint64_t position_of(const struct item *item)
{
    const uint64_t method = item->method == PSP_NONE ? 0 : item->method;
    return (uint64_t)item->contest << 40 | (uint64_t)item->place << 8 | method;
}

static struct item item_at(const struct question *question, uint64_t position)
{
    uint32_t single;
    struct item item = {
        .contest = (uint32_t)(position >> 40),
        .place = (uint32_t)(position >> 8),
        .method = question->by_method ? (uint32_t)(position & 0xFF) : question->method,
    };
    const struct psp_unit_run run = units_of(question, item.contest, &single);
    item.unit = run.list[item.place];
    return item;
}

/* Whether the contest is on a ballot in the item's unit. */
static bool stands(const struct question *question, const struct item *item)
{
    const struct psp_catalog *catalog = question->view->catalog;
    if (question->level.scope == PSP_SCOPE_LEAF)
        return psp_catalog_styles_with(catalog, item->place, item->contest) > 0;
    return psp_catalog_votes_on(catalog, item->unit, item->contest);
}

/* Calls `visit` with every item from a position on, in order, until it returns
 * false. */
static void each_item(const struct question *question, uint64_t from,
                      bool (*visit)(void *context, const struct item *item), void *context)
{
    const struct psp_definition *definition = question->view->definition;
    const bool all = question->contest == PSP_NONE;
    uint32_t contest = all ? 0 : question->contest;
    const uint32_t contest_end = all ? definition->contest_count : question->contest + 1;
    const uint32_t method_first = question->method == PSP_NONE ? 0 : question->method;
    const uint32_t method_end = !question->by_method           ? method_first + 1
                                : question->method == PSP_NONE ? definition->method_count
                                                               : question->method + 1;
    for (contest = from >> 40 > contest ? (uint32_t)(from >> 40) : contest; contest < contest_end;
         contest++) {
        const uint64_t contest_from = (uint64_t)contest << 40;
        uint32_t single;
        const struct psp_unit_run run = units_of(question, contest, &single);
        uint32_t place = run.first;
        if (from > contest_from && (uint32_t)(from >> 8) > place)
            place = (uint32_t)(from >> 8);
        for (; place < run.end; place++) {
            struct item item = {.contest = contest, .place = place, .unit = run.list[place]};
            if (!stands(question, &item))
                continue;
            for (uint32_t m = method_first; m < method_end; m++) {
                item.method = question->by_method ? m : question->method;
                if (position_of(&item) >= from && !visit(context, &item))
                    return;
            }
        }
    }
}

/* ---- writing ---- */

/* The item's leaves. */
static struct psp_unit_run leaves_of(const struct question *question, const struct item *item)
{
    if (question->level.scope == PSP_SCOPE_LEAF)
        return (struct psp_unit_run){.first = item->place, .end = item->place + 1};
    return psp_catalog_leaves(question->view->catalog, item->unit);
}

static void tally_item(const struct question *question, const struct item *item,
                       struct psp_tally *ret_tally)
{
    const struct psp_unit_run leaves = leaves_of(question, item);
    psp_tally_run(question->view, item->contest, leaves.first, leaves.end, item->method, ret_tally);
}

static const char *method_id(const struct question *question, const struct item *item)
{
    return item->method == PSP_NONE ? NULL : question->view->definition->methods[item->method].id;
}

static void write_json(const struct question *question, const struct item *item,
                       struct psp_writer *json)
{
    const struct psp_unit_run leaves = leaves_of(question, item);
    const struct psp_row_result row = {
        .contest = item->contest,
        .unit = item->unit,
        .method = item->method,
        .leaf_first = leaves.first,
        .leaf_end = leaves.end,
        .language = question->request->language,
    };
    psp_row_write_result(json, NULL, question->view, &row);
}

static void write_csv(const struct question *question, const struct item *item,
                      struct psp_api_reply *reply)
{
    const struct psp_definition *definition = question->view->definition;
    const struct psp_contest *contest = &definition->contests[item->contest];
    const struct psp_unit *unit = &definition->units[item->unit];
    const uint32_t language = question->request->language;
    struct psp_tally tally;
    char end[160], report[32] = ",";
    uint64_t number;
    bool final;
    tally_item(question, item, &tally);
    if (tally.held) {
        reply->held++;
        return;
    }
    /* The same in every line. */
    if (psp_reported_row(question->view, item->unit, item->contest, item->method, &number, &final))
        snprintf(report, sizeof report, "%" PRIu64 ",%s", number, final ? "true" : "false");
    const int end_bytes =
        snprintf(end, sizeof end,
                 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%s\n",
                 tally.ballots, tally.undervotes, tally.overvotes, tally.units_reporting,
                 tally.units_partial, tally.units_total, report);
    for (uint32_t c = 0; c < contest->choice_count; c++) {
        const struct psp_choice *choice = &contest->choices[c];
        if (!tally.present[c])
            continue;
        psp_answer_line(question->request, reply);
        psp_answer_field(reply, contest->id, ',');
        psp_answer_field(reply, unit->id, ',');
        psp_answer_field(reply, psp_answer_name(unit->name, unit->names, language), ',');
        psp_answer_field(reply, psp_unit_level_id(definition, item->unit), ',');
        psp_answer_field(reply, method_id(question, item), ',');
        psp_answer_field(reply, choice->id, ',');
        psp_answer_field(reply, psp_answer_name(choice->name, choice->names, language), ',');
        psp_answer_field(reply, psp_answer_party(definition, choice->party), ',');
        psp_text_number(&reply->body, tally.votes[c]);
        psp_text_bytes(&reply->body, end, (size_t)end_bytes);
    }
}

struct page {
    const struct question *question;
    struct psp_api_reply *reply;
    struct psp_writer *json; /* NULL: CSV */
    uint32_t written;
    uint64_t total; /* items of one contest in all pages; PSP_UNSTATED: not counted */
    bool more;
    struct psp_cursor next;
};

static void write_item(struct page *page, const struct item *item)
{
    if (page->json)
        write_json(page->question, item, page->json);
    else
        write_csv(page->question, item, page->reply);
    page->written++;
}

static bool write_or_stop(void *context, const struct item *item)
{
    struct page *page = context;
    if (page->written == page->question->limit) {
        page->more = true;
        page->next = psp_parameter_next(page->question->request, 0, position_of(item));
        return false;
    }
    write_item(page, item);
    return !page->reply->body.failed;
}

static bool count_item(void *context, const struct item *item)
{
    uint64_t *total = context;
    (void)item;
    (*total)++;
    return true;
}

/* Page numbers need it, and a page asks for one contest. All contests of a
 * large election are not looked through for every page. */
static uint64_t total_of(const struct question *question, const struct page *page)
{
    uint64_t total = 0;
    if (!question->resumed && !page->more)
        return page->written;
    if (question->contest == PSP_NONE)
        return PSP_UNSTATED;
    each_item(question, 0, count_item, &total);
    return total;
}

/* ---- sorted ---- */

/* Parts in a thousand million, so that shares compare as whole numbers. */
static uint64_t share_key(uint64_t ballots, uint64_t registered)
{
    return (uint64_t)((unsigned __int128)ballots * 1000000000u / registered);
}

static uint64_t ballots_of(const struct question *question, const struct item *item)
{
    const struct psp_unit_run leaves = leaves_of(question, item);
    return psp_tally_ballots(question->view, item->contest, leaves.first, leaves.end, item->method);
}

/* Voters who came, as they are told: counted, or where that is not told shown. */
static uint64_t voters_of(const struct question *question, const struct item *item)
{
    struct psp_tally tally;
    if (!question->view->row_reports)
        return ballots_of(question, item); /* the same, for less */
    tally_item(question, item, &tally);
    return tally.counted != PSP_UNSTATED ? tally.counted : tally.ballots;
}

/* As rows have them: of all lines of the choice's candidate. */
static uint64_t votes_of(const struct question *question, const struct item *item)
{
    const struct psp_unit_run leaves = leaves_of(question, item);
    const struct psp_catalog *catalog = question->view->catalog;
    const uint32_t choices = catalog->definition->contests[item->contest].choice_first;
    const uint32_t first = catalog->line_first[choices + question->choice];
    uint64_t votes = 0;
    for (uint32_t line = first == PSP_NONE ? question->choice : first; line != PSP_NONE;
         line = catalog->line_next[choices + line])
        votes += psp_tally_votes(question->view, item->contest, line, leaves.first, leaves.end,
                                 item->method);
    return votes;
}

/* Smaller comes first; an unknown share comes last either way. */
static uint64_t sort_key(const struct question *question, const struct item *item)
{
    const struct psp_view *view = question->view;
    uint64_t key = 0;
    switch (question->sort) {
    case SORT_NONE:
        break;
    case SORT_UNIT:
        key = view->catalog->name_rank[item->unit];
        break;
    case SORT_BALLOTS:
        key = ballots_of(question, item);
        break;
    case SORT_TURNOUT: {
        const uint64_t registered = psp_view_registered(view, item->unit);
        if (registered == PSP_UNSTATED || registered == 0)
            return UINT64_MAX;
        key = share_key(voters_of(question, item), registered);
        break;
    }
    case SORT_VOTES:
        key = votes_of(question, item);
        break;
    }
    return question->descending ? UINT64_MAX - 1 - key : key;
}

struct collecting {
    const struct question *question;
    uint64_t total;
    struct psp_ranking ranking;
};

static bool offer(void *context, const struct item *item)
{
    struct collecting *collecting = context;
    const struct question *question = collecting->question;
    const struct psp_ranked ranked = {.key = sort_key(question, item),
                                      .position = position_of(item)};
    collecting->total++;
    const struct psp_ranked from = {.key = question->from.key, .position = question->from.position};
    if (!question->resumed || psp_ranked_before(&from, &ranked))
        psp_ranking_offer(&collecting->ranking, &ranked);
    return true;
}

/* PSP_ENOMEM. */
static enum psp_status write_sorted(struct page *page)
{
    const struct question *question = page->question;
    struct collecting collecting = {.question = question};
    const enum psp_status status = psp_ranking_init(&collecting.ranking, question->limit + 1);
    if (status != PSP_OK)
        return status;
    each_item(question, 0, offer, &collecting);
    psp_ranking_sort(&collecting.ranking);
    page->total = collecting.total;
    const struct psp_ranked *items = collecting.ranking.items;
    for (uint32_t i = 0; i < collecting.ranking.count && i < question->limit; i++) {
        const struct item item = item_at(question, items[i].position);
        write_item(page, &item);
    }
    page->more = collecting.ranking.count > question->limit;
    if (page->more) {
        const struct psp_ranked *last = &items[question->limit - 1];
        page->next = psp_parameter_next(question->request, last->key, last->position);
    }
    psp_ranking_free(&collecting.ranking);
    return PSP_OK;
}

/* ---- the question ---- */

static bool read_sort(struct question *question, struct psp_api_reply *reply)
{
    const char *value = psp_parameter(question->request, "sort");
    const char *choice = value && strncmp(value, "votes:", 6) == 0 ? value + 6 : NULL;
    if (!value) {
        question->sort = SORT_NONE;
        return true;
    }
    if (question->contest == PSP_NONE) {
        psp_answer_problem(reply, 400, "Bad parameter",
                           "sort: add contest=ID; only the units of one contest can be sorted");
        return false;
    }
    if (strcmp(value, "unit") == 0)
        question->sort = SORT_UNIT;
    else if (strcmp(value, "ballots") == 0)
        question->sort = SORT_BALLOTS;
    else if (strcmp(value, "turnout") == 0)
        question->sort = SORT_TURNOUT;
    else if (choice) {
        question->sort = SORT_VOTES;
        question->choice = psp_definition_choice(question->view->definition, question->contest,
                                                 choice, strlen(choice));
        if (question->choice == PSP_NONE) {
            psp_answer_problem(reply, 404, "No such choice",
                               "sort: the contest has no such choice; /api/v1/contests lists the "
                               "choices of each");
            return false;
        }
    } else {
        psp_answer_problem(reply, 400, "Bad parameter",
                           "sort: give unit, ballots, turnout or votes:CHOICE");
        return false;
    }
    return psp_parameter_descending(question->request, reply, question->sort != SORT_UNIT,
                                    &question->descending);
}

static bool read_by(struct question *question, struct psp_api_reply *reply)
{
    const char *by = psp_parameter(question->request, "by");
    question->by_method = by != NULL;
    if (!by || strcmp(by, "method") == 0)
        return true;
    psp_answer_problem(reply, 400, "Bad parameter", "by: only by=method is known");
    return false;
}

static bool read_order(const struct question *question, struct psp_api_reply *reply)
{
    if (!psp_parameter(question->request, "order") || psp_parameter(question->request, "sort"))
        return true;
    psp_answer_problem(reply, 400, "Bad parameter", "order: has no meaning without sort");
    return false;
}

static bool read_question(struct question *question, struct psp_api_reply *reply)
{
    const struct psp_api_request *request = question->request;
    const bool sorted = psp_parameter(request, "sort") != NULL;
    /* A whole CSV file is a download; sorted ones go page by page. */
    const uint32_t limit = !request->csv ? PSP_API_LIMIT_DEFAULT
                           : sorted      ? PSP_API_LIMIT_MAX
                                         : UINT32_MAX;
    return psp_parameter_contest(request, reply, &question->contest) &&
           psp_parameter_unit(request, reply, "unit", &question->unit) &&
           psp_parameter_method(request, reply, &question->method) &&
           psp_parameter_level(request, reply, &question->level) && read_by(question, reply) &&
           read_order(question, reply) && read_sort(question, reply) &&
           psp_parameter_limit(request, reply, limit, &question->limit) &&
           psp_parameter_cursor(request, reply, &question->from, &question->resumed);
}

void psp_api_results(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    struct question question = {.request = request, .view = request->view};
    struct psp_writer json;
    struct page page = {.question = &question, .reply = reply};
    enum psp_status status = PSP_OK;
    if (!read_question(&question, reply))
        return;
    if (request->csv) {
        reply->tells_held = question.view->publication == PSP_PUBLICATION_REPORTS;
        psp_answer_csv(request, reply,
                       "contest,unit,unit_name,level,method,choice,choice_name,party,votes,"
                       "ballots,undervotes,overvotes,units_reporting,units_partial,"
                       "units_total,report,final");
    } else {
        psp_answer_begin(request, reply, &json);
        psp_writer_begin_array(&json, "results");
        page.json = &json;
    }
    if (question.sort == SORT_NONE) {
        each_item(&question, question.from.position, write_or_stop, &page);
        page.total = page.json ? total_of(&question, &page) : 0;
    } else
        status = write_sorted(&page);
    if (status != PSP_OK)
        reply->body.failed = true;
    if (request->csv) {
        psp_answer_link(request, reply, page.more ? &page.next : NULL);
        return;
    }
    psp_writer_end_array(&json);
    psp_writer_stated(&json, "total", page.total);
    psp_answer_next(request, reply, &json, page.more ? &page.next : NULL);
    psp_answer_end(&json);
}
