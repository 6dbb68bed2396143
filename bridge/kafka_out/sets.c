/* A message is written once, up to its number, when the sets are made. */
#include "bridge/kafka_out/sets.h"

#include <stdlib.h>
#include <string.h>

#include "base/json/writer.h"

/* Shown where a candidate has no picture at an address: a page that finds null there fails. */
#define NO_PHOTO                                                                                   \
    "data:image/svg+xml;base64,"                                                                   \
    "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCA4IDgiPjxwYXRoIGZpbGw9" \
    "IiM5OTkiIGQ9Ik00IDFhMS43IDEuNyAwIDAgMSAwIDMuNEExLjcgMS43IDAgMCAxIDQgMXpNMSA4YTMgMyAwIDAgMSA2" \
    "IDB6Ii8+PC9zdmc+"

struct number {
    uint64_t value;
    bool told;
};

struct entry {
    char *key;
    struct psp_text head; /* of the value, up to the number */
    struct number sent, stage;
};

struct set {
    struct entry *entries;
    size_t count;
    uint32_t *entry_of; /* choice of the contest, or unit -> entry; PSP_NONE */
};

struct psp_kafka_sets {
    const struct psp_definition *definition;
    uint32_t contest, level; /* PSP_NONE: not wanted */
    struct set set[PSP_KAFKA_SETS];
};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* A photo may be a file beside the definition, which no page could fetch. */
static const char *photo_of(const struct psp_candidate *candidate)
{
    if (candidate && candidate->photo &&
        (begins(candidate->photo, "https://") || begins(candidate->photo, "http://") ||
         begins(candidate->photo, "data:")))
        return candidate->photo;
    return NO_PHOTO;
}

/* NULL: there is one already, or no memory. */
static struct entry *add(struct set *set, const char *key)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->entries[i].key, key) == 0)
            return NULL;
    struct entry *entry = &set->entries[set->count];
    entry->key = strdup(key);
    if (entry->key)
        set->count++;
    return entry->key ? entry : NULL;
}

static bool make_candidate(struct set *set, const struct psp_definition *definition,
                           const struct psp_choice *choice)
{
    const struct psp_candidate *candidate =
        choice->candidate == PSP_NONE ? NULL : &definition->candidates[choice->candidate];
    const uint32_t party =
        candidate && candidate->party != PSP_NONE ? candidate->party : choice->party;
    struct entry *entry = add(set, candidate ? candidate->id : choice->id);
    if (!entry)
        return false;
    struct psp_writer json;
    psp_writer_start(&json, &entry->head);
    psp_writer_begin_object(&json, NULL);
    psp_writer_string(&json, "candidate_id", entry->key);
    psp_writer_string(&json, "candidate_name", candidate ? candidate->name : choice->name);
    psp_writer_string(&json, "party_affiliation",
                      party == PSP_NONE ? "" : definition->parties[party].name);
    psp_writer_string(&json, "photo_url", photo_of(candidate));
    psp_text_string(&entry->head, ",\"total_votes\":");
    return !entry->head.failed;
}

/* Whoever stands under several parties has one key. Blank and spoiled papers are nobody's. */
static enum psp_status make_candidates(struct psp_kafka_sets *sets, struct psp_reason *reterr)
{
    const struct psp_definition *definition = sets->definition;
    const struct psp_contest *contest = &definition->contests[sets->contest];
    struct set *set = &sets->set[PSP_KAFKA_CANDIDATES];
    set->entries = calloc((size_t)contest->choice_count + 1, sizeof *set->entries);
    set->entry_of = calloc((size_t)contest->choice_count + 1, sizeof *set->entry_of);
    if (!set->entries || !set->entry_of)
        return PSP_ENOMEM;
    for (uint32_t i = 0; i < contest->choice_count; i++) {
        const struct psp_choice *choice = &contest->choices[i];
        set->entry_of[i] = PSP_NONE;
        if (choice->kind == PSP_CHOICE_BLANK || choice->kind == PSP_CHOICE_SPOILED)
            continue;
        for (uint32_t other = 0; other < i && choice->candidate != PSP_NONE; other++)
            if (contest->choices[other].candidate == choice->candidate)
                set->entry_of[i] = set->entry_of[other];
        if (set->entry_of[i] != PSP_NONE)
            continue;
        set->entry_of[i] = (uint32_t)set->count;
        if (!make_candidate(set, definition, choice)) {
            psp_reason_set(reterr,
                           "contest %s: the choice %s would have the key of another candidate; "
                           "give it another ID",
                           contest->id, choice->id);
            return PSP_EINVAL;
        }
    }
    return PSP_OK;
}

static bool name_is_taken(const struct psp_definition *definition, uint32_t unit, uint32_t level)
{
    for (uint32_t i = 0; i < definition->unit_count; i++)
        if (i != unit && definition->units[i].level == level &&
            strcmp(definition->units[i].name, definition->units[unit].name) == 0)
            return true;
    return false;
}

/* The page's key is a name. Where two places have the same one their IDs tell them apart. */
static bool make_place(struct set *set, const struct psp_definition *definition, uint32_t unit)
{
    const struct psp_unit *place = &definition->units[unit];
    struct psp_text name = {0};
    psp_text_string(&name, place->name[0] != '\0' ? place->name : place->id);
    if (place->name[0] != '\0' && name_is_taken(definition, unit, place->level))
        psp_text_format(&name, " (%s)", place->id);
    psp_text_bytes(&name, "", 1);
    struct entry *entry = name.failed ? NULL : add(set, name.data);
    psp_text_free(&name);
    if (!entry)
        return false;
    struct psp_writer json;
    psp_writer_start(&json, &entry->head);
    psp_writer_begin_object(&json, NULL);
    psp_writer_string(&json, "state", entry->key);
    psp_text_string(&entry->head, ",\"count\":");
    return !entry->head.failed;
}

static enum psp_status make_places(struct psp_kafka_sets *sets, struct psp_reason *reterr)
{
    const struct psp_definition *definition = sets->definition;
    struct set *set = &sets->set[PSP_KAFKA_TURNOUT];
    set->entries = calloc(PSP_KAFKA_SET_KEYS_MAX, sizeof *set->entries);
    set->entry_of = calloc((size_t)definition->unit_count + 1, sizeof *set->entry_of);
    if (!set->entries || !set->entry_of)
        return PSP_ENOMEM;
    for (uint32_t i = 0; i < definition->unit_count; i++) {
        set->entry_of[i] = PSP_NONE;
        if (definition->units[i].level != sets->level)
            continue;
        set->entry_of[i] = (uint32_t)set->count;
        if (!make_place(set, definition, i)) {
            psp_reason_set(reterr,
                           "level %s: the place %s would have the key of another; give it another "
                           "name",
                           definition->levels[sets->level].id, definition->units[i].id);
            return PSP_EINVAL;
        }
    }
    return PSP_OK;
}

static enum psp_status refuse_many(struct psp_reason *reterr, const char *what, const char *id,
                                   uint64_t n, const char *instead)
{
    psp_reason_set(reterr,
                   "%s %s: %llu keys; the pages that read this topic take %d records at most, and "
                   "would not show the rest: %s",
                   what, id, (unsigned long long)n, PSP_KAFKA_SET_KEYS_MAX, instead);
    return PSP_EINVAL;
}

static enum psp_status find_contest(struct psp_kafka_sets *sets, const char *id,
                                    struct psp_reason *reterr)
{
    sets->contest = psp_definition_contest(sets->definition, id, strlen(id));
    if (sets->contest == PSP_NONE) {
        psp_reason_set(reterr, "contest: \"%s\" is no contest of the election %s", id,
                       sets->definition->id);
        return PSP_EINVAL;
    }
    const uint32_t n = sets->definition->contests[sets->contest].choice_count;
    if (n > PSP_KAFKA_SET_KEYS_MAX)
        return refuse_many(reterr, "contest", id, n, "name another contest");
    return make_candidates(sets, reterr);
}

static enum psp_status find_level(struct psp_kafka_sets *sets, const char *id,
                                  struct psp_reason *reterr)
{
    sets->level = psp_definition_level(sets->definition, id);
    if (sets->level == PSP_NONE) {
        struct psp_text known = {0};
        for (uint32_t i = 0; i < sets->definition->level_count; i++)
            psp_text_format(&known, " %s", sets->definition->levels[i].id);
        psp_reason_set(reterr, "level: \"%s\" is no level of the election %s; known are:%.*s", id,
                       sets->definition->id, (int)known.length, known.data ? known.data : "");
        psp_text_free(&known);
        return PSP_EINVAL;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < sets->definition->unit_count; i++)
        n += sets->definition->units[i].level == sets->level;
    if (n > PSP_KAFKA_SET_KEYS_MAX)
        return refuse_many(reterr, "level", id, n, "name a level above");
    return make_places(sets, reterr);
}

enum psp_status psp_kafka_sets_create(const struct psp_definition *definition, const char *contest,
                                      const char *level, struct psp_kafka_sets **ret_sets,
                                      struct psp_reason *reterr_reason)
{
    struct psp_kafka_sets *sets = calloc(1, sizeof *sets);
    if (!sets)
        return PSP_ENOMEM;
    sets->definition = definition;
    sets->contest = sets->level = PSP_NONE;
    enum psp_status status = PSP_OK;
    if (contest)
        status = find_contest(sets, contest, reterr_reason);
    if (status == PSP_OK && level)
        status = find_level(sets, level, reterr_reason);
    if (status != PSP_OK) {
        psp_kafka_sets_destroy(&sets);
        return status;
    }
    *ret_sets = sets;
    return PSP_OK;
}

void psp_kafka_sets_destroy(struct psp_kafka_sets **sets)
{
    if (!*sets)
        return;
    for (int s = 0; s < PSP_KAFKA_SETS; s++) {
        struct set *set = &(*sets)->set[s];
        for (size_t i = 0; i < set->count; i++) {
            free(set->entries[i].key);
            psp_text_free(&set->entries[i].head);
        }
        free(set->entries);
        free(set->entry_of);
    }
    free(*sets);
    *sets = NULL;
}

static bool number_of(const json_t *value, uint64_t *ret_number)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *ret_number = (uint64_t)json_integer_value(value);
    return true;
}

static enum psp_status take_result(struct psp_kafka_sets *sets, const json_t *line,
                                   const char *contest_id, const char *unit_id)
{
    const struct psp_contest *contest = &sets->definition->contests[sets->contest];
    struct set *set = &sets->set[PSP_KAFKA_CANDIDATES];
    if (strcmp(contest_id, contest->id) != 0 || !json_is_null(json_object_get(line, "method")) ||
        strcmp(unit_id, sets->definition->units[contest->unit].id) != 0)
        return PSP_OK;
    const json_t *choices = json_object_get(line, "choices");
    for (size_t i = 0; i < set->count; i++)
        set->entries[i].stage = (struct number){.told = !json_is_null(choices)};
    size_t i;
    json_t *choice;
    json_array_foreach(choices, i, choice)
    {
        const char *id = json_string_value(json_object_get(choice, "choice"));
        const uint32_t at =
            id ? psp_definition_choice(sets->definition, sets->contest, id, strlen(id)) : PSP_NONE;
        uint64_t votes;
        if (at == PSP_NONE || !number_of(json_object_get(choice, "votes"), &votes))
            return PSP_EINVAL;
        if (set->entry_of[at] != PSP_NONE)
            set->entries[set->entry_of[at]].stage.value += votes;
    }
    return json_is_null(choices) || json_is_array(choices) ? PSP_OK : PSP_EINVAL;
}

/* All ballots where that is told, else those of the rows that are shown, if any is. */
static enum psp_status take_turnout(struct psp_kafka_sets *sets, const json_t *line,
                                    const char *unit_id)
{
    struct set *set = &sets->set[PSP_KAFKA_TURNOUT];
    const uint32_t unit = psp_definition_unit(sets->definition, unit_id, strlen(unit_id));
    if (unit == PSP_NONE)
        return PSP_EINVAL;
    if (set->entry_of[unit] == PSP_NONE)
        return PSP_OK;
    struct number *stage = &set->entries[set->entry_of[unit]].stage;
    *stage = (struct number){.told = true};
    if (number_of(json_object_get(line, "ballots_counted"), &stage->value))
        return PSP_OK;
    stage->told = json_is_object(json_object_get(line, "report"));
    return number_of(json_object_get(line, "ballots"), &stage->value) ? PSP_OK : PSP_EINVAL;
}

enum psp_status psp_kafka_sets_take(struct psp_kafka_sets *sets, const json_t *line)
{
    const char *kind = json_string_value(json_object_get(line, "kind"));
    const char *unit = json_string_value(json_object_get(line, "unit"));
    const char *contest = json_string_value(json_object_get(line, "contest"));
    if (!kind)
        return PSP_EINVAL;
    if (strcmp(kind, "result") == 0 && sets->contest != PSP_NONE)
        return unit && contest ? take_result(sets, line, contest, unit) : PSP_EINVAL;
    if (strcmp(kind, "turnout") == 0 && sets->level != PSP_NONE)
        return unit ? take_turnout(sets, line, unit) : PSP_EINVAL;
    return PSP_OK;
}

void psp_kafka_sets_clear(struct psp_kafka_sets *sets)
{
    for (int s = 0; s < PSP_KAFKA_SETS; s++)
        for (size_t i = 0; i < sets->set[s].count; i++)
            sets->set[s].entries[i].stage = (struct number){0};
}

void psp_kafka_sets_keep(struct psp_kafka_sets *sets)
{
    for (int s = 0; s < PSP_KAFKA_SETS; s++)
        for (size_t i = 0; i < sets->set[s].count; i++)
            sets->set[s].entries[i].sent = sets->set[s].entries[i].stage;
}

void psp_kafka_sets_drop(struct psp_kafka_sets *sets)
{
    for (int s = 0; s < PSP_KAFKA_SETS; s++)
        for (size_t i = 0; i < sets->set[s].count; i++)
            sets->set[s].entries[i].stage = sets->set[s].entries[i].sent;
}

bool psp_kafka_sets_changed(const struct psp_kafka_sets *sets, enum psp_kafka_set_id set)
{
    for (size_t i = 0; i < sets->set[set].count; i++) {
        const struct entry *entry = &sets->set[set].entries[i];
        if (entry->stage.told != entry->sent.told || entry->stage.value != entry->sent.value)
            return true;
    }
    return false;
}

size_t psp_kafka_sets_count(const struct psp_kafka_sets *sets, enum psp_kafka_set_id set)
{
    return sets->set[set].count;
}

bool psp_kafka_sets_message(const struct psp_kafka_sets *sets, enum psp_kafka_set_id set, size_t i,
                            const char **ret_key, struct psp_text *value)
{
    const struct entry *entry = &sets->set[set].entries[i];
    if (!entry->stage.told)
        return false;
    *ret_key = entry->key;
    psp_text_bytes(value, entry->head.data, entry->head.length);
    psp_text_number(value, entry->stage.value);
    psp_text_bytes(value, "}", 1);
    return true;
}
