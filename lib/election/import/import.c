/* Names everything (slugs), then writes the definition in its order. */
#include "election/import/import.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text/utf8.h"
#include "election/definition/text.h"
#include "election/import/inner.h"
#include "election/returns/state_names.h"

/* The colours that American maps use for the parties that have a usual one. */
static const struct {
    const char *name, *color;
} party_colors[] = {
    {"Democratic", "#2166ac"},  {"Democrat", "#2166ac"},    {"DEM", "#2166ac"},
    {"Republican", "#c0392b"},  {"REP", "#c0392b"},         {"Libertarian", "#d9a400"},
    {"LIB", "#d9a400"},         {"Green", "#1b9e5a"},       {"GRN", "#1b9e5a"},
    {"Progressive", "#7b3f9e"}, {"Independent", "#6b7280"},
};

/* The IDs of everything, by position. */
struct ids {
    struct psp_slug *units, *contests, *choices, *candidates, *parties, *methods;
};

static enum psp_status slugs_for(struct psp_import *import, uint32_t n, struct psp_slug **ret_slugs)
{
    *ret_slugs = psp_pool_alloc(&import->pool, n, sizeof **ret_slugs);
    return *ret_slugs != NULL ? PSP_OK : PSP_ENOMEM;
}

static void set_slug(struct psp_import *import, struct psp_slug *slug, uint32_t scope,
                     const char *const *parts, size_t n)
{
    slug->scope = scope;
    slug->base = psp_slug_join(&import->pool, parts, n);
    slug->hash = psp_slug_hash(parts, n);
}

static bool joined(const struct psp_slug *slugs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (slugs[i].base == NULL)
            return false;
    return true;
}

static enum psp_status assign(struct psp_import *import, struct psp_slug *slugs, uint32_t n)
{
    return joined(slugs, n) ? psp_slug_assign(&import->pool, slugs, n) : PSP_ENOMEM;
}

/* "vt-addison-addison-add-3": the path below the nation. The hash sees the
 * codes too, which tell two counties of one name apart. */
static enum psp_status name_units(struct psp_import *import, const char *root,
                                  struct psp_slug **ret_slugs)
{
    enum { PARTS = 6 };
    const struct psp_import_unit *units = psp_import_units(import);
    enum psp_status status = slugs_for(import, import->units.n, ret_slugs);
    for (uint32_t i = 0; status == PSP_OK && i < import->units.n; i++) {
        const char *parts[PARTS] = {"", "", "", "", "", ""};
        const char *shown[PARTS / 2] = {"", "", ""};
        for (uint32_t at = i; at != 0; at = units[at].parent) {
            const int level = (int)units[at].level - PSP_STATE;
            const char *name = units[at].name;
            parts[2 * level] = name[0] != '\0' ? name : "/"; /* there, but without a name */
            parts[2 * level + 1] = units[at].code;
            shown[level] = name[0] != '\0' ? name : units[at].code;
            if (units[at].level == PSP_PRECINCT && name[0] == '\0')
                shown[level] = "rest";
        }
        if (i == 0)
            shown[0] = root;
        set_slug(import, &(*ret_slugs)[i], 0, shown, PARTS / 2);
        (*ret_slugs)[i].hash = psp_slug_hash(parts, PARTS);
    }
    return status == PSP_OK ? assign(import, *ret_slugs, import->units.n) : status;
}

static enum psp_status name_contests(struct psp_import *import, struct psp_slug **ret_slugs)
{
    const struct psp_import_contest *contests = psp_import_contests(import);
    enum psp_status status = slugs_for(import, import->contests.n, ret_slugs);
    for (uint32_t i = 0; status == PSP_OK && i < import->contests.n; i++)
        set_slug(import, &(*ret_slugs)[i], 0,
                 (const char *[]){contests[i].state, contests[i].office, contests[i].district,
                                  contests[i].party != PSP_NONE
                                      ? psp_import_parties(import)[contests[i].party]
                                      : ""},
                 contests[i].party != PSP_NONE ? 4 : 3);
    return status == PSP_OK ? assign(import, *ret_slugs, import->contests.n) : status;
}

static enum psp_status name_parties(struct psp_import *import, struct psp_slug **ret_slugs)
{
    const char **parties = psp_import_parties(import);
    enum psp_status status = slugs_for(import, import->parties.n, ret_slugs);
    for (uint32_t i = 0; status == PSP_OK && i < import->parties.n; i++)
        set_slug(import, &(*ret_slugs)[i], 0, (const char *[]){parties[i]}, 1);
    return status == PSP_OK ? assign(import, *ret_slugs, import->parties.n) : status;
}

/* What people read of a method; `index` is the returns'. */
static const char *method_name(const struct psp_import *import, uint32_t index)
{
    const char *name = import->returns->methods[index];
    uint32_t n = 0;
    for (uint32_t i = 0; i < import->returns->method_count; i++)
        n += import->method_has_votes[i];
    if (n == 1 && import->method_has_votes[index] &&
        (name[0] == '\0' || strcasecmp(name, "TOTAL") == 0))
        return "All methods";
    return name[0] != '\0' ? name : PSP_RETURNS_METHOD_UNSTATED;
}

static enum psp_status name_methods(struct psp_import *import, struct psp_slug **ret_slugs)
{
    const uint32_t n = import->returns->method_count;
    enum psp_status status = slugs_for(import, n, ret_slugs);
    for (uint32_t i = 0; status == PSP_OK && i < n; i++) {
        const char *name = method_name(import, i);
        const bool all = strcmp(name, "All methods") == 0;
        set_slug(import, &(*ret_slugs)[i], 0, (const char *[]){all ? "all" : name}, 1);
    }
    return status == PSP_OK ? assign(import, *ret_slugs, n) : status;
}

/* Unique in the contest; "president-joseph-biden" is unique in the election. */
static enum psp_status name_choices(struct psp_import *import, const struct psp_slug *contest_slugs,
                                    struct ids *ids)
{
    enum psp_status status = slugs_for(import, import->choices.n, &ids->choices);
    for (uint32_t i = 0; status == PSP_OK && i < import->choices.n; i++) {
        const struct psp_import_choice *choice = &psp_import_choices(import)[i];
        const char *party =
            choice->party != PSP_NONE ? psp_import_parties(import)[choice->party] : "";
        set_slug(import, &ids->choices[i], choice->contest, (const char *[]){party, choice->name},
                 2);
    }
    if (status == PSP_OK)
        status = assign(import, ids->choices, import->choices.n);
    if (status == PSP_OK)
        status = slugs_for(import, import->candidates.n, &ids->candidates);
    for (uint32_t i = 0; status == PSP_OK && i < import->candidates.n; i++) {
        const struct psp_import_candidate *candidate = &psp_import_candidates(import)[i];
        set_slug(import, &ids->candidates[i], 0,
                 (const char *[]){contest_slugs[candidate->contest].id, candidate->name}, 2);
    }
    return status == PSP_OK ? assign(import, ids->candidates, import->candidates.n) : status;
}

static enum psp_status name_all(struct psp_import *import, const char *root, struct ids *ret_ids)
{
    enum psp_status status = name_units(import, root, &ret_ids->units);
    if (status == PSP_OK)
        status = name_contests(import, &ret_ids->contests);
    if (status == PSP_OK)
        status = name_parties(import, &ret_ids->parties);
    if (status == PSP_OK)
        status = name_methods(import, &ret_ids->methods);
    return status == PSP_OK ? name_choices(import, ret_ids->contests, ret_ids) : status;
}

static void write_top(struct psp_definition_text *text, const struct psp_import *import,
                      const struct ids *ids, const struct psp_import_options *options)
{
    psp_definition_text_member(text, "format", json_integer(2));
    psp_definition_text_member(text, "id", json_string(options->id));
    psp_definition_text_member(text, "name", json_string(options->name));
    psp_definition_text_member(text, "date", json_string(options->date));
    psp_definition_text_publication(text, &options->publication);
    if (options->map_file != NULL)
        psp_definition_text_member(text, "map",
                                   json_pack("{s:s, s:s, s:s}", "file", options->map_file, "object",
                                             options->map_object, "key", "code"));
    psp_definition_text_array(text, "methods");
    for (uint32_t i = 0; i < import->returns->method_count; i++)
        if (import->method_has_votes[i])
            psp_definition_text_element(text, json_pack("{s:s, s:s}", "id", ids->methods[i].id,
                                                        "name", method_name(import, i)));
    psp_definition_text_array_end(text);
}

static void write_parties(struct psp_definition_text *text, const struct psp_import *import,
                          const struct ids *ids)
{
    psp_definition_text_array(text, "parties");
    for (uint32_t i = 0; i < import->parties.n; i++) {
        const char *name = psp_import_parties(import)[i], *color = NULL;
        for (size_t j = 0; j < sizeof party_colors / sizeof *party_colors; j++)
            if (strcasecmp(party_colors[j].name, name) == 0)
                color = party_colors[j].color;
        psp_definition_text_element(text, json_pack("{s:s, s:s, s:s*}", "id", ids->parties[i].id,
                                                    "name", name, "color", color));
    }
    psp_definition_text_array_end(text);
}

static void write_candidates(struct psp_definition_text *text, const struct psp_import *import,
                             const struct ids *ids)
{
    psp_definition_text_array(text, "candidates");
    for (uint32_t i = 0; i < import->candidates.n; i++) {
        const struct psp_import_candidate *candidate = &psp_import_candidates(import)[i];
        const char *party = candidate->party != PSP_NONE ? ids->parties[candidate->party].id : NULL;
        psp_definition_text_element(text, json_pack("{s:s, s:s, s:s*}", "id", ids->candidates[i].id,
                                                    "name", candidate->name, "party", party));
    }
    psp_definition_text_array_end(text);
}

static json_t *unit_styles_json(const struct psp_import_unit *unit)
{
    json_t *styles = json_array();
    for (uint32_t i = 0; i < unit->style_n; i++)
        if (json_array_append_new(styles, json_sprintf("style-%u", unit->styles[i] + 1)) != 0) {
            json_decref(styles);
            return NULL;
        }
    return styles;
}

static void write_units(struct psp_definition_text *text, const struct psp_import *import,
                        const struct ids *ids)
{
    psp_definition_text_array(text, "units");
    for (uint32_t i = 0; i < import->units.n; i++) {
        const struct psp_import_unit *unit = &psp_import_units(import)[i];
        /* "VT" is a code; people read "Vermont". */
        const char *state = unit->level == PSP_STATE ? psp_state_name(unit->name) : NULL;
        const char *code = state != NULL ? unit->name : unit->code;
        json_t *json =
            json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "id", ids->units[i].id, "name",
                      state != NULL ? state : unit->name, "level", psp_known_level_id(unit->level),
                      "parent", unit->parent != PSP_NONE ? ids->units[unit->parent].id : NULL,
                      "code", code[0] != '\0' ? code : NULL);
        bool whole = true;
        if (json != NULL && unit->registered != PSP_UNSTATED)
            whole = json_object_set_new(json, "registered",
                                        json_integer((json_int_t)unit->registered)) == 0;
        if (json != NULL && whole && unit->style_n > 0)
            whole = json_object_set_new(json, "ballots_expected",
                                        json_integer((json_int_t)unit->ballots_expected)) == 0 &&
                    json_object_set_new(json, "ballot_styles", unit_styles_json(unit)) == 0;
        if (!whole) {
            json_decref(json);
            json = NULL;
        }
        psp_definition_text_element(text, json);
    }
    psp_definition_text_array_end(text);
}

/* "U.S. House, district 3"; "State Senate, Windsor"; of a primary "Governor (DEM)". */
static json_t *contest_name(const struct psp_import *import,
                            const struct psp_import_contest *contest)
{
    const bool primary = contest->party != PSP_NONE, district = contest->district[0] != '\0';
    const bool number = strspn(contest->district, "0123456789") == strlen(contest->district);
    return json_sprintf(
        "%s%s%s%s%s%s%s", contest->office, district ? ", " : "",
        district && number ? "district " : "", contest->district, primary ? " (" : "",
        primary ? psp_import_parties(import)[contest->party] : "", primary ? ")" : "");
}

static json_t *choice_json(const struct psp_import *import, const struct ids *ids,
                           uint32_t position)
{
    const struct psp_import_choice *choice = &psp_import_choices(import)[position];
    const bool list = choice->kind == PSP_CHOICE_CANDIDATE && choice->candidate == PSP_NONE;
    const char *name = list ? psp_import_parties(import)[choice->party] : choice->name;
    return json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "id", ids->choices[position].id, "name", name,
                     "kind", psp_choice_kind_name(choice->kind), "candidate",
                     choice->candidate != PSP_NONE ? ids->candidates[choice->candidate].id : NULL,
                     "party", choice->party != PSP_NONE ? ids->parties[choice->party].id : NULL);
}

/* One is what a contest has that does not say. */
static json_t *seats_json(const struct psp_import_contest *contest)
{
    return contest->seats > 1 ? json_integer(contest->seats) : NULL;
}

static json_t *figure_json(const struct psp_returns_row *row)
{
    return row != NULL ? json_pack("{s:s, s:s}", "name", row->text[PSP_COLUMN_CANDIDATE], "party",
                                   row->text[PSP_COLUMN_PARTY])
                       : NULL;
}

/* What its returns call the figures that are no choices; NULL: there are none. */
static json_t *printed_json(const struct psp_import_contest *contest)
{
    return contest->overvotes != NULL || contest->undervotes != NULL
               ? json_pack("{s:o*, s:o*}", "overvotes", figure_json(contest->overvotes),
                           "undervotes", figure_json(contest->undervotes))
               : NULL;
}

/* Choices come in the order of the file, in which they lie by contest already
 * within each contest; one array of arrays collects them in one pass. */
static enum psp_status write_contests(struct psp_definition_text *text,
                                      const struct psp_import *import, const struct ids *ids)
{
    json_t *choices = json_array();
    int failed = choices == NULL;
    for (uint32_t i = 0; i < import->contests.n; i++)
        failed |= json_array_append_new(choices, json_array());
    for (uint32_t i = 0; i < import->choices.n && !failed; i++) {
        const struct psp_import_choice *choice = &psp_import_choices(import)[i];
        failed = json_array_append_new(json_array_get(choices, choice->contest),
                                       choice_json(import, ids, i));
    }
    psp_definition_text_array(text, "contests");
    for (uint32_t i = 0; i < import->contests.n && !failed; i++) {
        const struct psp_import_contest *contest = &psp_import_contests(import)[i];
        psp_definition_text_element(
            text, json_pack("{s:s, s:o, s:s, s:s*, s:s*, s:s, s:o*, s:o*, s:o*, s:O}", "id",
                            ids->contests[i].id, "name", contest_name(import, contest), "office",
                            contest->office, "district",
                            contest->district[0] != '\0' ? contest->district : NULL, "party",
                            contest->party != PSP_NONE ? ids->parties[contest->party].id : NULL,
                            "unit", ids->units[contest->unit].id, "seats", seats_json(contest),
                            "votes_allowed", seats_json(contest), "printed", printed_json(contest),
                            "choices", json_array_get(choices, i)));
    }
    psp_definition_text_array_end(text);
    json_decref(choices);
    return failed ? PSP_ENOMEM : PSP_OK;
}

/* A contest of a style; its choices are listed unless it has them all. */
static json_t *style_contest(const struct psp_import *import, const struct ids *ids,
                             const uint32_t *choices, uint32_t n)
{
    const uint32_t contest = psp_import_choices(import)[choices[0]].contest;
    json_t *listed = NULL;
    if (n < psp_import_contests(import)[contest].choice_count) {
        listed = json_array();
        for (uint32_t i = 0; i < n; i++)
            if (json_array_append_new(listed, json_string(ids->choices[choices[i]].id)) != 0) {
                json_decref(listed);
                return NULL;
            }
    }
    return json_pack("{s:s, s:o*}", "contest", ids->contests[contest].id, "choices", listed);
}

static json_t *style_json(const struct psp_import *import, const struct ids *ids, uint32_t position)
{
    const struct psp_import_style *style = &psp_import_styles(import)[position];
    const struct psp_import_choice *choices = psp_import_choices(import);
    json_t *contests = json_array();
    int failed = contests == NULL;
    for (uint32_t begin = 0, end = 0; begin < style->n && !failed; begin = end) {
        const uint32_t contest = choices[style->choices[begin]].contest;
        while (end < style->n && choices[style->choices[end]].contest == contest)
            end++;
        failed = json_array_append_new(
            contests, style_contest(import, ids, style->choices + begin, end - begin));
    }
    if (failed) {
        json_decref(contests);
        return NULL;
    }
    return json_pack("{s:o, s:o}", "id", json_sprintf("style-%u", position + 1), "contests",
                     contests);
}

static bool is_called(const struct psp_import_contest *contest, const char *id, const char *called)
{
    const size_t office = strlen(contest->office);
    if (strcmp(id, called) == 0 || strcmp(contest->office, called) == 0)
        return true;
    return strncmp(contest->office, called, office) == 0 && called[office] == '/' &&
           strcmp(contest->district, called + office + 1) == 0;
}

static enum psp_status set_seats(struct psp_import *import, const struct ids *ids,
                                 const struct psp_import_options *options, size_t *ret_unknown)
{
    for (size_t s = 0; s < options->seats_n; s++) {
        bool known = false;
        for (uint32_t i = 0; i < import->contests.n; i++) {
            struct psp_import_contest *contest = &psp_import_contests(import)[i];
            if (!is_called(contest, ids->contests[i].id, options->seats[s].contest))
                continue;
            contest->seats = options->seats[s].n;
            known = true;
        }
        if (!known) {
            *ret_unknown = s;
            return PSP_EINVAL;
        }
    }
    return PSP_OK;
}

static enum psp_status write_all(struct psp_definition_text *text, const struct psp_import *import,
                                 const struct ids *ids, const struct psp_import_options *options)
{
    write_top(text, import, ids, options);
    write_parties(text, import, ids);
    write_candidates(text, import, ids);
    write_units(text, import, ids);
    const enum psp_status status = write_contests(text, import, ids);
    psp_definition_text_array(text, "ballot_styles");
    for (uint32_t i = 0; i < import->styles.n; i++)
        psp_definition_text_element(text, style_json(import, ids, i));
    psp_definition_text_array_end(text);
    return status;
}

enum psp_status psp_import(const struct psp_returns *returns,
                           const struct psp_import_options *options, char **ret_text,
                           size_t *ret_bytes, size_t *ret_unknown)
{
    struct psp_import import = {.primary = options->primary};
    struct ids ids = {0};
    struct psp_definition_text *text = NULL;
    const char *root = options->root != NULL ? options->root : "United States";
    enum psp_status status = psp_import_collect(&import, returns, root);
    if (status == PSP_OK)
        status = name_all(&import, options->root != NULL ? root : "us", &ids);
    if (status == PSP_OK)
        status = set_seats(&import, &ids, options, ret_unknown);
    if (status == PSP_OK)
        status = psp_import_collect_styles(&import);
    if (status == PSP_OK)
        status = psp_definition_text_create(&text);
    if (status == PSP_OK)
        status = write_all(text, &import, &ids, options);
    if (status == PSP_OK)
        status = psp_definition_text_finish(text, ret_text, ret_bytes);
    psp_definition_text_destroy(&text);
    psp_import_free(&import);
    return status;
}
