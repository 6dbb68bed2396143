/* Every row passes put(), which holds it against the columns: what the tables would refuse is
 * refused with a reason that names the column. */
#include "sql/rows.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "election/books.h"

static enum psp_status put(enum psp_sql_table_id id, const struct psp_sql_value *values,
                           const struct psp_sql_sink *sink, struct psp_reason *reterr_reason)
{
    const struct psp_sql_table *table = &psp_sql_tables[id];
    for (uint32_t c = 0; c < table->column_count; c++) {
        const struct psp_sql_column *column = &table->columns[c];
        const bool wants_text = column->type == PSP_SQL_TEXT || column->type == PSP_SQL_TIME;
        const bool fits = values[c].kind == PSP_SQL_IS_NULL
                              ? column->nullable
                              : (values[c].kind == PSP_SQL_IS_TEXT) == wants_text;
        if (!fits && reterr_reason)
            psp_reason_set(reterr_reason,
                           "the collector's answer says no %s of %s that can be kept: is it of "
                           "this version of Psephos?",
                           column->name, table->name);
        if (!fits)
            return PSP_EINVAL;
    }
    return sink->row(sink->context, id, values);
}

/* ---- values ---- */

static struct psp_sql_value text(const char *value)
{
    return value ? (struct psp_sql_value){PSP_SQL_IS_TEXT, 0, value} : (struct psp_sql_value){0};
}

static struct psp_sql_value number(int64_t value)
{
    return (struct psp_sql_value){PSP_SQL_IS_NUMBER, value, NULL};
}

/* Whatever it is in JSON; null, and what is no scalar, is NULL. */
static struct psp_sql_value member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (json_is_integer(value))
        return number(json_integer_value(value));
    if (json_is_boolean(value))
        return number(json_is_true(value));
    return text(json_string_value(value));
}

/* ---- what the definition says ---- */

static const char *party_id(const struct psp_definition *definition, uint32_t party)
{
    return party == PSP_NONE ? NULL : definition->parties[party].id;
}

static enum psp_status put_parties(const struct psp_definition *definition,
                                   const struct psp_sql_sink *sink)
{
    enum psp_status status = PSP_OK;
    for (uint32_t p = 0; p < definition->party_count && status == PSP_OK; p++) {
        const struct psp_party *party = &definition->parties[p];
        const struct psp_sql_value values[PSP_OF_PARTIES_END] = {
            [PSP_OF_PARTIES_PARTY] = text(party->id),
            [PSP_OF_PARTIES_NAME] = text(party->name),
            [PSP_OF_PARTIES_COLOR] = text(party->color),
            [PSP_OF_PARTIES_ALLIANCE] = text(party->alliance),
            [PSP_OF_PARTIES_POSITION] = number(p),
        };
        status = put(PSP_SQL_TABLE_PARTIES, values, sink, NULL);
    }
    return status;
}

static enum psp_status put_method(const char *id, const char *name, int64_t position,
                                  const struct psp_sql_sink *sink)
{
    const struct psp_sql_value values[PSP_OF_METHODS_END] = {
        [PSP_OF_METHODS_METHOD] = text(id),
        [PSP_OF_METHODS_NAME] = text(name),
        [PSP_OF_METHODS_POSITION] = number(position),
    };
    return put(PSP_SQL_TABLE_METHODS, values, sink, NULL);
}

static enum psp_status put_methods(const struct psp_definition *definition,
                                   const struct psp_sql_sink *sink)
{
    enum psp_status status = put_method("", "All methods", -1, sink);
    for (uint32_t m = 0; m < definition->method_count && status == PSP_OK; m++)
        status = put_method(definition->methods[m].id, definition->methods[m].name, m, sink);
    return status;
}

static enum psp_status put_units(const struct psp_definition *definition,
                                 const struct psp_sql_sink *sink)
{
    enum psp_status status = PSP_OK;
    for (uint32_t u = 0; u < definition->unit_count && status == PSP_OK; u++) {
        const struct psp_unit *unit = &definition->units[u];
        const char *parent = unit->parent == PSP_NONE ? NULL : definition->units[unit->parent].id;
        const struct psp_sql_value values[PSP_OF_UNITS_END] = {
            [PSP_OF_UNITS_UNIT] = text(unit->id),
            [PSP_OF_UNITS_NAME] = text(unit->name),
            [PSP_OF_UNITS_CODE] = text(unit->code),
            [PSP_OF_UNITS_LEVEL] = text(psp_unit_level_id(definition, u)),
            [PSP_OF_UNITS_PARENT] = text(parent),
            [PSP_OF_UNITS_LEAF] = number(definition->leaf_of_unit[u] != PSP_NONE),
            [PSP_OF_UNITS_POSITION] = number(u),
        };
        status = put(PSP_SQL_TABLE_UNITS, values, sink, NULL);
    }
    return status;
}

static enum psp_status put_candidates(const struct psp_definition *definition,
                                      const struct psp_sql_sink *sink)
{
    enum psp_status status = PSP_OK;
    for (uint32_t n = 0; n < definition->candidate_count && status == PSP_OK; n++) {
        const struct psp_candidate *candidate = &definition->candidates[n];
        const struct psp_sql_value values[PSP_OF_CANDIDATES_END] = {
            [PSP_OF_CANDIDATES_CANDIDATE] = text(candidate->id),
            [PSP_OF_CANDIDATES_NAME] = text(candidate->name),
            [PSP_OF_CANDIDATES_PARTY] = text(party_id(definition, candidate->party)),
            [PSP_OF_CANDIDATES_PHOTO] = text(candidate->photo),
            [PSP_OF_CANDIDATES_BIOGRAPHY] = text(candidate->biography),
            [PSP_OF_CANDIDATES_PLATFORM] = text(candidate->platform),
            [PSP_OF_CANDIDATES_POSITION] = number(n),
        };
        status = put(PSP_SQL_TABLE_CANDIDATES, values, sink, NULL);
    }
    return status;
}

static bool names_somebody(enum psp_choice_kind kind)
{
    return kind == PSP_CHOICE_CANDIDATE || kind == PSP_CHOICE_YES || kind == PSP_CHOICE_NO;
}

static bool is_valid(enum psp_choice_kind kind)
{
    return kind != PSP_CHOICE_BLANK && kind != PSP_CHOICE_SPOILED;
}

/* The first line of who can win by this one; NULL: it names nobody. */
static const char *entry_of(const struct psp_contest *contest, uint32_t choice)
{
    const struct psp_choice *line = &contest->choices[choice];
    if (!names_somebody(line->kind))
        return NULL;
    for (uint32_t c = 0; c < choice && line->candidate != PSP_NONE; c++)
        if (contest->choices[c].candidate == line->candidate)
            return contest->choices[c].id;
    return line->id;
}

static enum psp_status put_choices(const struct psp_definition *definition,
                                   const struct psp_contest *contest,
                                   const struct psp_sql_sink *sink)
{
    enum psp_status status = PSP_OK;
    for (uint32_t c = 0; c < contest->choice_count && status == PSP_OK; c++) {
        const struct psp_choice *choice = &contest->choices[c];
        const char *candidate =
            choice->candidate == PSP_NONE ? NULL : definition->candidates[choice->candidate].id;
        const struct psp_sql_value values[PSP_OF_CHOICES_END] = {
            [PSP_OF_CHOICES_CONTEST] = text(contest->id),
            [PSP_OF_CHOICES_CHOICE] = text(choice->id),
            [PSP_OF_CHOICES_NAME] = text(choice->name),
            [PSP_OF_CHOICES_KIND] = text(psp_choice_kind_name(choice->kind)),
            [PSP_OF_CHOICES_CANDIDATE] = text(candidate),
            [PSP_OF_CHOICES_PARTY] = text(party_id(definition, choice->party)),
            [PSP_OF_CHOICES_ENTRY] = text(entry_of(contest, c)),
            [PSP_OF_CHOICES_POSITION] = number(c),
        };
        status = put(PSP_SQL_TABLE_CHOICES, values, sink, NULL);
    }
    return status;
}

static enum psp_status put_contests(const struct psp_definition *definition,
                                    const struct psp_sql_sink *sink)
{
    enum psp_status status = PSP_OK;
    for (uint32_t c = 0; c < definition->contest_count && status == PSP_OK; c++) {
        const struct psp_contest *contest = &definition->contests[c];
        const struct psp_sql_value values[PSP_OF_CONTESTS_END] = {
            [PSP_OF_CONTESTS_CONTEST] = text(contest->id),
            [PSP_OF_CONTESTS_NAME] = text(contest->name),
            [PSP_OF_CONTESTS_OFFICE] = text(contest->office),
            [PSP_OF_CONTESTS_DISTRICT] = text(contest->district),
            [PSP_OF_CONTESTS_UNIT] = text(definition->units[contest->unit].id),
            [PSP_OF_CONTESTS_GROUP] = text(contest->group),
            [PSP_OF_CONTESTS_PARTY] = text(party_id(definition, contest->party)),
            [PSP_OF_CONTESTS_VOTES_ALLOWED] = number(contest->votes_allowed),
            [PSP_OF_CONTESTS_SEATS] = number(contest->seats),
            [PSP_OF_CONTESTS_POSITION] = number(c),
        };
        status = put(PSP_SQL_TABLE_CONTESTS, values, sink, NULL);
    }
    for (uint32_t c = 0; c < definition->contest_count && status == PSP_OK; c++)
        status = put_choices(definition, &definition->contests[c], sink);
    return status;
}

enum psp_status psp_sql_rows_definition(const struct psp_definition *definition,
                                        const struct psp_sql_sink *sink)
{
    enum psp_status status = put_parties(definition, sink);
    if (status == PSP_OK)
        status = put_methods(definition, sink);
    if (status == PSP_OK)
        status = put_units(definition, sink);
    if (status == PSP_OK)
        status = put_candidates(definition, sink);
    if (status == PSP_OK)
        status = put_contests(definition, sink);
    return status;
}

/* ---- which version it is ---- */

/* version.number of the API: sum of epochs * 2^40 + sum of indexes. */
static int64_t version_number(const json_t *version)
{
    enum { EPOCH_BITS = 40 };
    const json_t *shard;
    size_t i;
    int64_t sum = 0;
    json_array_foreach(json_object_get(version, "shards"), i, shard)
    {
        sum += (int64_t)json_integer_value(json_object_get(shard, "epoch")) << EPOCH_BITS;
        sum += (int64_t)json_integer_value(json_object_get(shard, "index"));
    }
    return sum;
}

enum psp_status psp_sql_rows_version(const struct psp_definition *definition, const json_t *head,
                                     const char *state, const struct psp_sql_sink *sink,
                                     struct psp_reason *reterr_reason)
{
    const json_t *version = json_object_get(head, "version"), *shard;
    char hash[2 * PSP_HASH_BYTES + 1];
    size_t i;
    for (size_t byte = 0; byte < PSP_HASH_BYTES; byte++)
        snprintf(hash + 2 * byte, 3, "%02x", definition->hash[byte]);
    const struct psp_sql_value values[PSP_OF_ELECTION_END] = {
        [PSP_OF_ELECTION_ID] = text(definition->id),
        [PSP_OF_ELECTION_NAME] = text(definition->name),
        [PSP_OF_ELECTION_DATE] = text(definition->date),
        [PSP_OF_ELECTION_TIME_ZONE] = text(definition->time_zone),
        [PSP_OF_ELECTION_SOURCE] = text(definition->source),
        [PSP_OF_ELECTION_LICENCE] = text(definition->licence),
        [PSP_OF_ELECTION_MODE] = member(head, "mode"),
        [PSP_OF_ELECTION_PUBLICATION] = text(psp_publication_name(definition->publication)),
        [PSP_OF_ELECTION_DEFINITION_HASH] = text(hash),
        [PSP_OF_ELECTION_ROOT] = text(definition->units[definition->root].id),
        [PSP_OF_ELECTION_STATE] = text(state),
        [PSP_OF_ELECTION_STATUS] = member(head, "status"),
        [PSP_OF_ELECTION_VERSION_ID] = member(version, "id"),
        [PSP_OF_ELECTION_VERSION_NUMBER] = number(version_number(version)),
        [PSP_OF_ELECTION_CLUSTER] = member(version, "cluster"),
        [PSP_OF_ELECTION_AS_OF] = member(head, "as_of"),
        [PSP_OF_ELECTION_STALE] = member(head, "stale"),
    };
    enum psp_status status = put(PSP_SQL_TABLE_ELECTION, values, sink, reterr_reason);
    json_array_foreach(json_object_get(version, "shards"), i, shard)
    {
        const struct psp_sql_value of_shard[PSP_OF_VERSION_END] = {
            [PSP_OF_VERSION_SHARD] = member(shard, "shard"),
            [PSP_OF_VERSION_EPOCH] = member(shard, "epoch"),
            [PSP_OF_VERSION_LOG_INDEX] = member(shard, "index"),
        };
        if (status == PSP_OK)
            status = put(PSP_SQL_TABLE_VERSION, of_shard, sink, reterr_reason);
    }
    return status;
}

/* ---- results ---- */

struct result {
    const struct psp_definition *definition;
    const struct psp_contest *contest;
    uint32_t contest_at, unit;
    struct psp_sql_value values[PSP_OF_RESULTS_END]; /* but choice and votes */
    const struct psp_sql_sink *sink;
};

static enum psp_status put_line(const struct result *result, uint32_t choice,
                                struct psp_sql_value votes, struct psp_reason *reterr_reason)
{
    struct psp_sql_value values[PSP_OF_RESULTS_END];
    memcpy(values, result->values, sizeof values);
    values[PSP_OF_RESULTS_CHOICE] = text(result->contest->choices[choice].id);
    values[PSP_OF_RESULTS_VOTES] = votes;
    return put(PSP_SQL_TABLE_RESULTS, values, result->sink, reterr_reason);
}

/* Whether the choice is on a ballot somewhere in the unit. */
static bool is_there(const struct result *result, uint32_t choice)
{
    const struct psp_definition *definition = result->definition;
    const struct psp_unit *unit = &definition->units[result->unit];
    for (uint32_t leaf = unit->leaf_first; leaf < unit->leaf_end; leaf++)
        for (uint32_t s = 0; s < psp_leaf_style_count(definition, leaf); s++)
            if (psp_style_cell(psp_leaf_style(definition, leaf, s), result->contest_at, choice) >=
                0)
                return true;
    return false;
}

/* The collector names no line of what it holds back: those of the ballots. */
static enum psp_status put_held(const struct result *result, struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_OK;
    for (uint32_t c = 0; c < result->contest->choice_count && status == PSP_OK; c++)
        if (is_there(result, c))
            status = put_line(result, c, (struct psp_sql_value){0}, reterr_reason);
    return status;
}

/* Position of the line, PSP_NONE: the definition has none of this ID. */
static uint32_t choice_of(const struct result *result, const json_t *line)
{
    const char *id = json_string_value(json_object_get(line, "choice"));
    return id ? psp_definition_choice(result->definition, result->contest_at, id, strlen(id))
              : PSP_NONE;
}

static int64_t valid_votes(const struct result *result, const json_t *lines)
{
    const json_t *line;
    size_t i;
    int64_t valid = 0;
    json_array_foreach(lines, i, line)
    {
        const uint32_t choice = choice_of(result, line);
        if (choice != PSP_NONE && is_valid(result->contest->choices[choice].kind))
            valid += json_integer_value(json_object_get(line, "votes"));
    }
    return valid;
}

static enum psp_status put_lines(const struct result *result, const json_t *lines,
                                 struct psp_reason *reterr_reason)
{
    const json_t *line;
    size_t i;
    enum psp_status status = PSP_OK;
    json_array_foreach(lines, i, line)
    {
        const uint32_t choice = choice_of(result, line);
        const struct psp_sql_value votes = member(line, "votes");
        if (choice == PSP_NONE || votes.kind != PSP_SQL_IS_NUMBER) {
            psp_reason_set(reterr_reason,
                           "contest \"%s\", unit \"%s\": the collector tells of a choice that the "
                           "definition does not have, or no votes for it",
                           result->contest->id, result->definition->units[result->unit].id);
            return PSP_EINVAL;
        }
        if (status == PSP_OK)
            status = put_line(result, choice, votes, reterr_reason);
    }
    return status;
}

enum psp_status psp_sql_rows_result(const struct psp_definition *definition, const json_t *value,
                                    const struct psp_sql_sink *sink,
                                    struct psp_reason *reterr_reason)
{
    const char *contest = json_string_value(json_object_get(value, "contest"));
    const char *unit = json_string_value(json_object_get(value, "unit"));
    const char *method = json_string_value(json_object_get(value, "method"));
    const json_t *lines = json_object_get(value, "choices");
    struct result result = {.definition = definition, .sink = sink};
    result.contest_at =
        contest ? psp_definition_contest(definition, contest, strlen(contest)) : PSP_NONE;
    result.unit = unit ? psp_definition_unit(definition, unit, strlen(unit)) : PSP_NONE;
    if (result.contest_at == PSP_NONE || result.unit == PSP_NONE) {
        psp_reason_set(reterr_reason,
                       "the collector tells of contest \"%s\" in unit \"%s\", which "
                       "its definition does not have",
                       contest ? contest : "", unit ? unit : "");
        return PSP_EINVAL;
    }
    result.contest = &definition->contests[result.contest_at];
    result.values[PSP_OF_RESULTS_CONTEST] = text(contest);
    result.values[PSP_OF_RESULTS_UNIT] = text(unit);
    result.values[PSP_OF_RESULTS_METHOD] = text(method ? method : "");
    result.values[PSP_OF_RESULTS_BALLOTS] = member(value, "ballots");
    result.values[PSP_OF_RESULTS_UNDERVOTES] = member(value, "undervotes");
    result.values[PSP_OF_RESULTS_OVERVOTES] = member(value, "overvotes");
    result.values[PSP_OF_RESULTS_REVISION] = member(value, "revision");
    if (!json_is_array(lines))
        return put_held(&result, reterr_reason);
    result.values[PSP_OF_RESULTS_VALID] = number(valid_votes(&result, lines));
    return put_lines(&result, lines, reterr_reason);
}

/* ---- turnout, books, series ---- */

enum psp_status psp_sql_rows_turnout(const json_t *turnout, const struct psp_sql_sink *sink,
                                     struct psp_reason *reterr_reason)
{
    const json_t *report = json_object_get(turnout, "report");
    const json_t *progress = json_object_get(turnout, "progress");
    const struct psp_sql_value values[PSP_OF_TURNOUT_END] = {
        [PSP_OF_TURNOUT_UNIT] = member(turnout, "unit"),
        [PSP_OF_TURNOUT_BALLOTS] = member(turnout, "ballots"),
        [PSP_OF_TURNOUT_BALLOTS_COUNTED] = member(turnout, "ballots_counted"),
        [PSP_OF_TURNOUT_REGISTERED] = member(turnout, "registered"),
        [PSP_OF_TURNOUT_BALLOTS_EXPECTED] = member(turnout, "ballots_expected"),
        [PSP_OF_TURNOUT_COMPLETE] = member(turnout, "complete"),
        [PSP_OF_TURNOUT_UNITS_PARTIAL] = member(turnout, "units_partial"),
        [PSP_OF_TURNOUT_REPORT] = member(report, "number"),
        [PSP_OF_TURNOUT_REPORT_FINAL] = member(report, "final"),
        [PSP_OF_TURNOUT_REPORT_AT] = member(report, "at"),
        [PSP_OF_TURNOUT_REPORT_UNDER_WAY] = member(turnout, "report_under_way"),
        [PSP_OF_TURNOUT_OVER_REGISTERED] = member(turnout, "over_registered"),
        [PSP_OF_TURNOUT_OVER_EXPECTED] = member(turnout, "over_expected"),
        [PSP_OF_TURNOUT_COUNTED] = member(progress, "counted"),
        [PSP_OF_TURNOUT_SHOWN] = member(progress, "shown"),
        [PSP_OF_TURNOUT_EXPECTED] = member(progress, "expected"),
        [PSP_OF_TURNOUT_STILL_OUT] = member(progress, "out"),
        [PSP_OF_TURNOUT_CEILING] = member(progress, "ceiling"),
        [PSP_OF_TURNOUT_CEILING_OF] = member(progress, "ceiling_of"),
        [PSP_OF_TURNOUT_UNITS_OVER] = member(progress, "units_over"),
    };
    return put(PSP_SQL_TABLE_TURNOUT, values, sink, reterr_reason);
}

/* The columns between shard and balanced are the counters of the books, by their names. */
static_assert(PSP_OF_ACCOUNTING_BALANCED - PSP_OF_ACCOUNTING_RECEIVED == PSP_BOOKS_COUNTERS,
              "a column for each counter of the books");

enum psp_status psp_sql_rows_books(const json_t *books, const struct psp_sql_sink *sink,
                                   struct psp_reason *reterr_reason)
{
    struct psp_sql_value values[PSP_OF_ACCOUNTING_END] = {
        [PSP_OF_ACCOUNTING_SHARD] = member(books, "shard"),
        [PSP_OF_ACCOUNTING_BALANCED] = member(books, "balanced"),
        [PSP_OF_ACCOUNTING_SHOWN] = member(books, "shown"),
        [PSP_OF_ACCOUNTING_HELD] = member(books, "held"),
        [PSP_OF_ACCOUNTING_FORGOTTEN] = member(books, "forgotten"),
    };
    if (values[PSP_OF_ACCOUNTING_SHARD].kind == PSP_SQL_IS_NULL)
        values[PSP_OF_ACCOUNTING_SHARD] = number(-1);
    for (uint32_t c = PSP_OF_ACCOUNTING_RECEIVED; c < PSP_OF_ACCOUNTING_BALANCED; c++)
        values[c] = member(books, psp_sql_tables[PSP_SQL_TABLE_ACCOUNTING].columns[c].name);
    return put(PSP_SQL_TABLE_ACCOUNTING, values, sink, reterr_reason);
}

static enum psp_status put_point(const json_t *series, const json_t *point, int64_t at,
                                 const struct psp_sql_sink *sink, struct psp_reason *reterr_reason)
{
    const json_t *choices = json_object_get(series, "choices"), *choice;
    const json_t *votes = json_object_get(point, "votes");
    enum psp_status status = PSP_OK;
    size_t i;
    json_array_foreach(choices, i, choice)
    {
        const json_t *of_choice = json_array_get(votes, i);
        const struct psp_sql_value values[PSP_OF_SERIES_END] = {
            [PSP_OF_SERIES_CONTEST] = member(series, "contest"),
            [PSP_OF_SERIES_POINT] = number(at),
            [PSP_OF_SERIES_AT] = member(point, "at"),
            [PSP_OF_SERIES_CHOICE] = text(json_string_value(choice)),
            [PSP_OF_SERIES_BALLOTS] = member(point, "ballots"),
            [PSP_OF_SERIES_VOTES] = json_is_integer(of_choice)
                                        ? number(json_integer_value(of_choice))
                                        : (struct psp_sql_value){0},
        };
        if (status == PSP_OK)
            status = put(PSP_SQL_TABLE_SERIES, values, sink, reterr_reason);
    }
    return status;
}

/* Of the contest: other contests may have moved in between. */
static bool is_news(const json_t *before, const json_t *point)
{
    return !before ||
           !json_equal(json_object_get(before, "ballots"), json_object_get(point, "ballots")) ||
           !json_equal(json_object_get(before, "votes"), json_object_get(point, "votes"));
}

enum psp_status psp_sql_rows_series(const json_t *series, const char *as_of,
                                    const struct psp_sql_sink *sink,
                                    struct psp_reason *reterr_reason)
{
    const json_t *point, *before = NULL;
    enum psp_status status = PSP_OK;
    int64_t points = 0;
    size_t i;
    json_array_foreach(json_object_get(series, "points"), i, point)
    {
        const char *at = json_string_value(json_object_get(point, "at"));
        /* Times of one form: what is later sorts later. */
        const bool in_time = at && as_of && strcmp(at, as_of) <= 0;
        if (status == PSP_OK && in_time && is_news(before, point)) {
            status = put_point(series, point, points++, sink, reterr_reason);
            before = point;
        }
    }
    return status;
}
