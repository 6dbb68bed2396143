/* Both forms are read member by member; the first that is wrong names itself in the reason.
 * nodes.h reads the line; of one that it does not take jansson says what is wrong with it. */
#include "client/line/ballot_line.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/text/moment.h"
#include "base/text/utf8.h"
#include "client/line/nodes.h"
#include "election/ballot_id.h"

enum { MARKS_MAX = 4096, METHOD_UNKNOWN = 255 };

/* As seconds 2001 to 2286, as ms early in 1970, when nobody voted here. */
#define SECONDS_FIRST INT64_C(1000000000)
#define SECONDS_LAST INT64_C(9999999999)
#define MS_LAST INT64_C(253402300799999) /* of the year 9999 */

/* What is looked for in a line's object. */
enum member {
    VOTER_ID,
    BALLOT_ID,
    UNIT,
    STYLE,
    METHOD,
    CAST_AT,
    CONTESTS,
    WEIGHT,
    CANDIDATE_ID,
    VOTING_TIME,
    ADDRESS,
    VOTE,
    MEMBERS
};

#define NAMED(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
static const struct {
    const char *text;
    uint32_t bytes;
} names[MEMBERS] = {
    [VOTER_ID] = NAMED("voter_id"),
    [BALLOT_ID] = NAMED("ballot_id"),
    [UNIT] = NAMED("unit"),
    [STYLE] = NAMED("style"),
    [METHOD] = NAMED("method"),
    [CAST_AT] = NAMED("cast_at"),
    [CONTESTS] = NAMED("contests"),
    [WEIGHT] = NAMED("weight"),
    [CANDIDATE_ID] = NAMED("candidate_id"),
    [VOTING_TIME] = NAMED("voting_time"),
    [ADDRESS] = NAMED("address"),
    [VOTE] = NAMED("vote"),
};

struct reading {
    const struct psp_ballot_lines *lines;
    const struct psp_definition *definition;
    const struct psp_line_node *nodes;            /* the line's object, and what is in it */
    const struct psp_line_node *members[MEMBERS]; /* of it; NULL: it has none of that name */
    struct psp_ballot_line *storage;
    struct psp_ballot *ballot;
    struct psp_reason *reason;
};

static enum psp_status no(struct reading *reading, const char *reason)
{
    psp_reason_set(reading->reason, "%s", reason);
    return PSP_EINVAL;
}

/* The first one stands. `id`: as the line has it, NULL where the text says all. */
static void doubt(struct reading *reading, const char *what, const char *id)
{
    char *text = reading->storage->doubt;
    if (text[0] != '\0')
        return;
    if (id)
        snprintf(text, PSP_BALLOT_DOUBT_BYTES, "%s \"%s\"", what, psp_shown(id, strlen(id)).text);
    else
        snprintf(text, PSP_BALLOT_DOUBT_BYTES, "%s", what);
}

/* Those whose name has as many bytes; MEMBERS: no more. */
static const enum member of_bytes[][2] = {
    [4] = {UNIT, VOTE},
    [5] = {STYLE, MEMBERS},
    [6] = {METHOD, WEIGHT},
    [7] = {CAST_AT, ADDRESS},
    [8] = {VOTER_ID, CONTESTS},
    [9] = {BALLOT_ID, MEMBERS},
    [11] = {VOTING_TIME, MEMBERS},
    [12] = {CANDIDATE_ID, MEMBERS},
};

static bool is_called(const struct psp_line_node *node, enum member member)
{
    return member != MEMBERS && node->name_bytes == names[member].bytes &&
           !memcmp(node->name, names[member].text, node->name_bytes);
}

static void find_members(struct reading *reading)
{
    const struct psp_line_node *nodes = reading->nodes, *end = nodes + nodes->end;
    for (const struct psp_line_node *at = nodes + 1; at < end; at = nodes + at->end) {
        if (at->name_bytes >= sizeof of_bytes / sizeof *of_bytes)
            continue;
        const enum member *may_be = of_bytes[at->name_bytes];
        for (int i = 0; i < 2; i++)
            if (is_called(at, may_be[i]))
                reading->members[may_be[i]] = at;
    }
}

static bool is(const struct psp_line_node *node, enum psp_line_kind kind)
{
    return node && node->kind == kind;
}

/* It is not there, or null. */
static bool is_left_out(const struct psp_line_node *node)
{
    return !node || node->kind == PSP_LINE_NULL;
}

/* NULL: no string. */
static const char *text_of(const struct psp_line_node *node)
{
    return is(node, PSP_LINE_STRING) ? node->text : NULL;
}

static enum psp_status read_voter(struct reading *reading)
{
    const struct psp_line_node *value = reading->members[VOTER_ID];
    const size_t bytes = is(value, PSP_LINE_STRING) ? value->text_bytes : 0;
    if (!bytes || bytes > PSP_VOTER_ID_BYTES_MAX)
        return no(reading, "voter_id: a string of 1 to " PSP_TEXT(
                               PSP_VOTER_ID_BYTES_MAX) " bytes is needed");
    /* A roll has none like that, and without a roll one voter would be two. */
    const char *id = value->text;
    if (strchr(" \t", id[0]) || strchr(" \t", id[bytes - 1]))
        return no(reading, "voter_id: begins or ends with a blank");
    memcpy(reading->storage->voter_id, id, bytes);
    reading->ballot->voter_id = reading->storage->voter_id;
    reading->ballot->voter_id_bytes = bytes;
    return PSP_OK;
}

/* 32 hex digits, dashes anywhere between them; else what follows from the line. */
static enum psp_status read_ballot_id(struct reading *reading, const char *text, size_t bytes)
{
    const struct psp_line_node *value = reading->members[BALLOT_ID];
    const bool is_there = !is_left_out(value);
    reading->storage->has_id = is_there || reading->lines->secret;
    if (reading->lines->secret && !is_there) {
        psp_ballot_id_of_line(reading->lines->secret, text, bytes, reading->ballot->ballot_id);
        return PSP_OK;
    }
    if (reading->lines->id_follows && !is_there)
        return PSP_OK;
    const char *at = text_of(value);
    size_t digits = 0;
    for (; at && *at && digits <= 2 * PSP_BALLOT_ID_BYTES; at++) {
        if (*at == '-')
            continue;
        if (!isxdigit((unsigned char)*at) || digits == 2 * PSP_BALLOT_ID_BYTES)
            break;
        const char digit[2] = {*at, '\0'};
        uint8_t *byte = &reading->ballot->ballot_id[digits / 2];
        *byte = (uint8_t)((digits % 2 ? *byte << 4 : 0) | (int)strtol(digit, NULL, 16));
        digits++;
    }
    return at && !*at && digits == 2 * PSP_BALLOT_ID_BYTES ? PSP_OK
           : is_left_out(value)
               ? no(reading, "ballot_id is missing: choose one yourself (32 hex digits) and "
                             "store it before sending: a retry with the same one never "
                             "counts twice")
               : no(reading, "ballot_id: 32 hex digits are needed");
}

static enum psp_status read_time(struct reading *reading, enum member name)
{
    const struct psp_line_node *value = reading->members[name];
    if (is_left_out(value))
        return PSP_OK;
    const int64_t number = is(value, PSP_LINE_INTEGER) ? value->integer : -1;
    if (number >= SECONDS_FIRST && number <= SECONDS_LAST)
        return no(reading, "the time of casting: that is in seconds, ms since 1970 are needed");
    if (number > MS_LAST)
        return no(reading, "the time of casting: that is after the year 9999");
    if (number >= 0) {
        reading->ballot->cast_at_ms = (uint64_t)number;
        return PSP_OK;
    }
    if (is(value, PSP_LINE_STRING) &&
        psp_moment_read(value->text, false, &reading->ballot->cast_at_ms))
        return PSP_OK;
    return no(reading, "the time of casting: RFC 3339 or ms since 1970 is needed");
}

static enum psp_status read_unit_and_method(struct reading *reading)
{
    const struct psp_definition *definition = reading->definition;
    const struct psp_line_node *unit = reading->members[UNIT];
    const struct psp_line_node *method = reading->members[METHOD];
    if (is(unit, PSP_LINE_STRING))
        reading->ballot->unit = psp_definition_unit(definition, unit->text, unit->text_bytes);
    else if (!unit && definition->leaf_count == 1)
        reading->ballot->unit = definition->leaves[0];
    else
        return no(reading, "unit: an ID of election.json is needed");
    if (reading->ballot->unit == PSP_NONE)
        doubt(reading, "unknown unit", text_of(unit));
    else if (definition->leaf_of_unit[reading->ballot->unit] == PSP_NONE)
        doubt(reading, "other units lie in unit", text_of(unit));
    if (!method && definition->method_count == 1)
        return PSP_OK;
    if (!is(method, PSP_LINE_STRING))
        return no(reading, "method: an ID of election.json is needed");
    const uint32_t position = psp_definition_method(definition, method->text, method->text_bytes);
    if (position == PSP_NONE)
        doubt(reading, "unknown method", method->text);
    reading->ballot->method = position == PSP_NONE ? METHOD_UNKNOWN : (uint8_t)position;
    return PSP_OK;
}

/* Which of the unit's papers it is. One that the unit does not have is left for the shard,
 * as one that nobody knows. */
static enum psp_status read_style(struct reading *reading)
{
    const struct psp_definition *definition = reading->definition;
    const struct psp_line_node *value = reading->members[STYLE];
    const uint32_t unit = reading->ballot->unit;
    if (is_left_out(value)) {
        if (unit != PSP_NONE && definition->units[unit].style_count > 1)
            doubt(reading, "no \"style\", and the unit has several", NULL);
        return PSP_OK;
    }
    if (!is(value, PSP_LINE_STRING))
        return no(reading, "style: an ID of election.json is needed");
    const uint32_t place =
        psp_definition_unit_style(definition, unit, value->text, value->text_bytes);
    if (place == PSP_NONE)
        doubt(reading, "the unit has no ballot style", value->text);
    reading->ballot->style =
        place == PSP_NONE ? definition->style_count : definition->units[unit].styles[place];
    return PSP_OK;
}

static enum psp_status set_marks(struct reading *reading, struct psp_mark *marks, size_t n)
{
    reading->ballot->marks = reading->storage->marks;
    return psp_marks_encode(marks, n, reading->storage->marks, PSP_MARKS_BYTES_MAX,
                            &reading->ballot->marks_bytes) == PSP_OK
               ? PSP_OK
               : no(reading, "more marks than a ballot may have");
}

/* The paper that it is, NULL when that is not known. */
static const struct psp_style *paper_of(const struct reading *reading)
{
    const struct psp_definition *definition = reading->definition;
    const uint32_t unit = reading->ballot->unit, style = reading->ballot->style;
    if (style != PSP_NONE)
        return style < definition->style_count ? &definition->styles[style] : NULL;
    if (unit == PSP_NONE || definition->units[unit].style_count != 1)
        return NULL;
    return &definition->styles[definition->units[unit].styles[0]];
}

static void doubt_contest(struct reading *reading, const struct psp_style *paper, uint32_t contest,
                          const char *id)
{
    if (contest == PSP_NONE)
        doubt(reading, "unknown contest", id);
    else if (paper && !psp_style_entry(paper, contest))
        doubt(reading, "not on this ballot: contest", id);
}

static void doubt_choice(struct reading *reading, const struct psp_style *paper,
                         const struct psp_mark *mark, const char *id)
{
    if (mark->choice == PSP_NONE)
        doubt(reading, "unknown choice", id);
    else if (paper && psp_style_cell(paper, mark->contest, mark->choice) < 0)
        doubt(reading, "not on this ballot: choice", id);
}

/* Adds the marks of one contest's list. */
static enum psp_status read_choices(struct reading *reading, const struct psp_style *paper,
                                    uint32_t contest, const struct psp_line_node *list,
                                    struct psp_mark marks[MARKS_MAX], size_t *n)
{
    const struct psp_line_node *end = reading->nodes + list->end;
    for (const struct psp_line_node *at = list + 1; at < end; at = reading->nodes + at->end) {
        if (at->kind != PSP_LINE_STRING)
            return no(reading, "contests: a choice is a string");
        if (*n == MARKS_MAX)
            return no(reading, "more marks than a ballot may have");
        marks[*n] = (struct psp_mark){
            contest, psp_definition_choice(reading->definition, contest, at->text, at->text_bytes)};
        doubt_choice(reading, paper, &marks[(*n)++], at->text);
    }
    return PSP_OK;
}

static enum psp_status read_contests(struct reading *reading)
{
    struct psp_mark marks[MARKS_MAX];
    size_t n = 0;
    const struct psp_line_node *contests = reading->members[CONTESTS];
    const struct psp_style *paper = paper_of(reading);
    enum psp_status status = PSP_OK;
    if (!is(contests, PSP_LINE_OBJECT))
        return no(reading, "contests: {\"contest\": [\"choice\"]} is needed");
    const struct psp_line_node *end = reading->nodes + contests->end, *at = contests + 1;
    for (; at < end && status == PSP_OK; at = reading->nodes + at->end) {
        const uint32_t contest =
            psp_definition_contest(reading->definition, at->name, at->name_bytes);
        doubt_contest(reading, paper, contest, at->name);
        if (at->kind != PSP_LINE_LIST)
            return no(reading, "contests: each needs a list of choices");
        if (contest != PSP_NONE)
            status = read_choices(reading, paper, contest, at, marks, &n);
        else if (n < MARKS_MAX) /* also without choices: invalid */
            marks[n++] = (struct psp_mark){PSP_NONE, PSP_NONE};
    }
    return status == PSP_OK ? set_marks(reading, marks, n) : status;
}

static bool is_named(const char *text, const char *name, size_t bytes)
{
    return strncasecmp(text, name, bytes) == 0 && text[bytes] == '\0';
}

/* A leaf by ID, name or code, whatever the case of its letters and the blanks around it. */
static uint32_t leaf_named(const struct psp_ballot_lines *lines, const char *name)
{
    const struct psp_definition *definition = lines->definition;
    name += strspn(name, " \t");
    size_t bytes = strlen(name);
    while (bytes > 0 && strchr(" \t", name[bytes - 1]))
        bytes--;
    if (lines->leaf_names)
        return psp_leaf_names_find(lines->leaf_names, name, bytes);
    for (uint32_t leaf = 0; leaf < definition->leaf_count && bytes > 0; leaf++) {
        const struct psp_unit *unit = &definition->units[definition->leaves[leaf]];
        if (is_named(unit->id, name, bytes) || is_named(unit->name, name, bytes) ||
            is_named(unit->code, name, bytes))
            return definition->leaves[leaf];
    }
    return PSP_NONE;
}

/* Where the candidate stands on a ballot of the style; contest PSP_NONE: nowhere. */
static struct psp_mark mark_on(const struct psp_definition *definition,
                               const struct psp_style *style, const char *candidate_id)
{
    const size_t bytes = strlen(candidate_id);
    const uint32_t candidate = psp_definition_candidate(definition, candidate_id, bytes);
    for (uint32_t c = 0; c < style->contest_count; c++) {
        const struct psp_style_contest *entry = &style->contests[c];
        const struct psp_contest *contest = &definition->contests[entry->contest];
        for (uint32_t i = 0; i < entry->choice_count; i++) {
            const struct psp_choice *choice = &contest->choices[entry->choices[i]];
            if (candidate != PSP_NONE ? choice->candidate == candidate
                                      : !strcmp(choice->id, candidate_id))
                return (struct psp_mark){entry->contest, entry->choices[i]};
        }
    }
    return (struct psp_mark){PSP_NONE, PSP_NONE};
}

/* On the first of the unit's ballots that has the candidate. */
static struct psp_mark mark_of(const struct psp_definition *definition, uint32_t unit,
                               const char *candidate_id)
{
    struct psp_mark mark = {PSP_NONE, PSP_NONE};
    const uint32_t styles = unit == PSP_NONE ? 0 : definition->units[unit].style_count;
    for (uint32_t s = 0; s < styles && mark.contest == PSP_NONE; s++)
        mark = mark_on(definition, &definition->styles[definition->units[unit].styles[s]],
                       candidate_id);
    return mark;
}

/* address.state; NULL: there is none. */
static const struct psp_line_node *state_of(const struct reading *reading)
{
    static const char name[] = "state";
    const struct psp_line_node *address = reading->members[ADDRESS];
    if (!is(address, PSP_LINE_OBJECT))
        return NULL;
    const struct psp_line_node *end = reading->nodes + address->end, *at = address + 1;
    for (; at < end; at = reading->nodes + at->end)
        if (at->name_bytes == sizeof name - 1 && !memcmp(at->name, name, sizeof name - 1))
            return at;
    return NULL;
}

static enum psp_status read_vote(struct reading *reading)
{
    const struct psp_definition *definition = reading->definition;
    const char *candidate = text_of(reading->members[CANDIDATE_ID]);
    const char *state = text_of(state_of(reading));
    const struct psp_line_node *vote = reading->members[VOTE];
    if (!candidate)
        return no(reading, "candidate_id is needed");
    if (vote && !(vote->kind == PSP_LINE_INTEGER && vote->integer == 1))
        return no(reading, "vote: a message is one vote, 1");
    if (definition->leaf_count == 1)
        reading->ballot->unit = definition->leaves[0];
    else if (state)
        reading->ballot->unit = leaf_named(reading->lines, state);
    else
        return no(reading, "address.state is needed");
    if (reading->ballot->unit == PSP_NONE)
        doubt(reading, "unknown state", state);
    struct psp_mark mark = mark_of(definition, reading->ballot->unit, candidate);
    if (mark.contest == PSP_NONE)
        doubt(reading, "not on this ballot: candidate_id", candidate);
    return set_marks(reading, &mark, 1);
}

/* Why it is no object. Lines of a pretty array end in commas. */
static enum psp_status say_why(struct reading *reading, const char *text, size_t bytes)
{
    json_error_t error = {0};
    size_t blanks = 0;
    while (blanks < bytes && (text[blanks] == ' ' || text[blanks] == '\t'))
        blanks++;
    if (blanks < bytes && text[blanks] == '[')
        return no(reading, "a JSON array: one object a line is needed, as `jq -c '.[]'` "
                           "writes them");
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (root) {
        const bool is_object = json_is_object(root);
        json_decref(root);
        if (memchr(text, '\0', bytes)) /* jansson passes over some */
            return no(reading, "a NUL byte: JSON has none");
        return no(reading, is_object ? "there is no memory to read it" : "a JSON object is needed");
    }
    if (json_error_code(&error) == json_error_end_of_input_expected)
        return no(reading, "text behind the object: one object a line is needed, as "
                           "`jq -c '.[]'` writes those of an array");
    return no(reading, error.text);
}

static enum psp_status read_members(struct reading *reading, const char *text, size_t bytes)
{
    const bool votes_topic = reading->lines->votes_topic;
    enum psp_status status = PSP_OK;
    find_members(reading);
    if (reading->members[WEIGHT])
        return no(reading, "weight: every ballot counts once");
    status = read_voter(reading);
    if (status == PSP_OK)
        status = read_ballot_id(reading, text, bytes);
    if (status == PSP_OK)
        status = read_time(reading, votes_topic ? VOTING_TIME : CAST_AT);
    if (status == PSP_OK && !votes_topic)
        status = read_unit_and_method(reading);
    if (status == PSP_OK && !votes_topic)
        status = read_style(reading);
    if (status == PSP_OK)
        status = votes_topic ? read_vote(reading) : read_contests(reading);
    return status;
}

enum psp_status psp_ballot_line_read(const struct psp_ballot_lines *lines, const char *text,
                                     size_t bytes, struct psp_ballot_line *storage,
                                     struct psp_ballot *ret_ballot,
                                     struct psp_reason *reterr_reason)
{
    struct psp_ballot ballot = {.style = PSP_NONE};
    struct reading reading = {.lines = lines,
                              .definition = lines->definition,
                              .storage = storage,
                              .ballot = &ballot,
                              .reason = reterr_reason};
    if (psp_utf8_marked(text, bytes))
        return no(&reading, "begins with a byte order mark: save the file as UTF-8 without one");
    reading.nodes = psp_line_nodes(text, bytes);
    storage->doubt[0] = '\0';
    const enum psp_status status =
        reading.nodes ? read_members(&reading, text, bytes) : say_why(&reading, text, bytes);
    if (status == PSP_OK)
        *ret_ballot = ballot;
    return status;
}
