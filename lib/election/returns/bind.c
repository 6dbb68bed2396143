/* Rows of published returns find their leaf, contest and choice in a definition. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/id_index.h"
#include "base/memory/pool.h"
#include "base/text/utf8.h"
#include "election/returns/returns.h"

enum { UNIT_TEXTS = PSP_COLUMN_PRECINCT + 1 };
enum { KEY_BYTES_MAX = UNIT_TEXTS * (PSP_NAME_BYTES_MAX + 1) };

/* What psp_returns_bind allocates; users see `shown`. */
struct whole {
    struct psp_returns_binding shown;
    struct psp_returns_place *places;
    uint32_t *order, *group_first;
    uint64_t *group_ballots, *leaf_ballots;
};

struct binding {
    const struct psp_definition *definition;
    struct psp_id_index leaves;        /* the unit's columns -> leaf */
    bool *ambiguous;                   /* [leaf_count]: another leaf has the same columns */
    uint32_t methods[PSP_METHODS_MAX]; /* of the returns -> of the definition, or PSP_NONE */
    struct psp_pool pool;              /* the keys */
};

/* The unit's columns, each with its NUL: no column holds one. */
static size_t unit_key(const struct psp_returns_row *row, char ret_key[KEY_BYTES_MAX])
{
    size_t at = 0;
    for (int i = 0; i < UNIT_TEXTS; i++) {
        const size_t bytes = strlen(row->text[i]) + 1;
        memcpy(ret_key + at, row->text[i], bytes);
        at += bytes;
    }
    return at;
}

static enum psp_status index_leaves(struct binding *binding)
{
    const struct psp_definition *definition = binding->definition;
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++) {
        struct psp_returns_row row;
        psp_returns_unit_columns(definition, leaf, &row);
        char key[KEY_BYTES_MAX];
        const size_t bytes = unit_key(&row, key);
        const char *kept = psp_pool_string(&binding->pool, key, bytes);
        if (kept == NULL)
            return PSP_ENOMEM;
        uint32_t first;
        const enum psp_status status =
            psp_id_index_add(&binding->leaves, 0, kept, bytes, leaf, &first);
        if (status == PSP_EEXIST)
            binding->ambiguous[first] = true;
        else if (status != PSP_OK)
            return status;
    }
    return PSP_OK;
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* A definition with one method has all votes there. */
static void find_methods(struct binding *binding, const struct psp_returns *returns)
{
    const struct psp_definition *definition = binding->definition;
    for (uint32_t i = 0; i < returns->method_count; i++) {
        const char *name =
            returns->methods[i][0] != '\0' ? returns->methods[i] : PSP_RETURNS_METHOD_UNSTATED;
        binding->methods[i] = definition->method_count == 1 ? 0 : PSP_NONE;
        for (uint32_t j = 0; j < definition->method_count; j++)
            if (same(definition->methods[j].name, name))
                binding->methods[i] = j;
    }
}

static const struct psp_style_contest *find_contest(const struct psp_definition *definition,
                                                    const struct psp_style *style,
                                                    const struct psp_returns_row *row)
{
    for (uint32_t i = 0; i < style->contest_count; i++) {
        const struct psp_contest *contest = &definition->contests[style->contests[i].contest];
        if (same(contest->office, row->text[PSP_COLUMN_OFFICE]) &&
            same(contest->district, row->text[PSP_COLUMN_DISTRICT]))
            return &style->contests[i];
    }
    return NULL;
}

static uint32_t find_choice(const struct psp_definition *definition,
                            const struct psp_style_contest *entry,
                            const struct psp_returns_row *row)
{
    const struct psp_contest *contest = &definition->contests[entry->contest];
    for (uint32_t i = 0; i < entry->choice_count; i++) {
        const struct psp_choice *choice = &contest->choices[entry->choices[i]];
        const char *party =
            choice->party != PSP_NONE ? definition->parties[choice->party].name : "";
        if (same(psp_returns_candidate(definition, choice), row->text[PSP_COLUMN_CANDIDATE]) &&
            same(party, row->text[PSP_COLUMN_PARTY]))
            return entry->choices[i];
    }
    return PSP_NONE;
}

static struct psp_shown shown(const char *text)
{
    return psp_shown(text, strlen(text));
}

static enum psp_status find_leaf(const struct binding *binding, const struct psp_returns_row *row,
                                 uint32_t *ret_leaf, struct psp_reason *reterr_reason)
{
    const struct psp_definition *definition = binding->definition;
    char key[KEY_BYTES_MAX];
    const uint32_t leaf = psp_id_index_find(&binding->leaves, 0, key, unit_key(row, key));
    if (leaf == PSP_NONE || binding->ambiguous[leaf]) {
        psp_reason_set_line(reterr_reason, row->line, PSP_COLUMN_PRECINCT + 1,
                            "%s these columns: state \"%s\", county \"%s\", code \"%s\", precinct "
                            "\"%s\"",
                            leaf == PSP_NONE ? "no unit of the definition has"
                                             : "more than one unit of the definition has",
                            shown(row->text[PSP_COLUMN_STATE]).text,
                            shown(row->text[PSP_COLUMN_COUNTY]).text,
                            shown(row->text[PSP_COLUMN_COUNTY_FIPS]).text,
                            shown(row->text[PSP_COLUMN_PRECINCT]).text);
        return PSP_EINVAL;
    }
    const struct psp_unit *unit = &definition->units[definition->leaves[leaf]];
    if (unit->style_count > 1) {
        psp_reason_set_line(reterr_reason, row->line, PSP_COLUMN_PRECINCT + 1,
                            "unit \"%s\" has %" PRIu32 " ballot styles, and returns do not say how "
                            "many ballots of each there were",
                            unit->id, unit->style_count);
        return PSP_EINVAL;
    }
    *ret_leaf = leaf;
    return PSP_OK;
}

/* Contest and choice of a row that is of a contest. */
static enum psp_status find_line(const struct psp_definition *definition,
                                 const struct psp_returns_row *row, struct psp_returns_place *place,
                                 struct psp_reason *reterr_reason)
{
    const struct psp_unit *unit = &definition->units[definition->leaves[place->leaf]];
    const struct psp_style_contest *entry =
        find_contest(definition, psp_leaf_style(definition, place->leaf, 0), row);
    if (entry == NULL) {
        psp_reason_set_line(reterr_reason, row->line, PSP_COLUMN_OFFICE + 1,
                            "unit \"%s\" has no contest for office \"%s\", district \"%s\"",
                            unit->id, shown(row->text[PSP_COLUMN_OFFICE]).text,
                            shown(row->text[PSP_COLUMN_DISTRICT]).text);
        return PSP_EINVAL;
    }
    place->contest = entry->contest;
    if (row->kind != PSP_ROW_LINE)
        return PSP_OK;
    place->choice = find_choice(definition, entry, row);
    if (place->choice != PSP_NONE)
        return PSP_OK;
    psp_reason_set_line(reterr_reason, row->line, PSP_COLUMN_CANDIDATE + 1,
                        "contest \"%s\" has no choice in unit \"%s\" for party \"%s\", "
                        "candidate \"%s\"",
                        definition->contests[entry->contest].id, unit->id,
                        shown(row->text[PSP_COLUMN_PARTY]).text,
                        shown(row->text[PSP_COLUMN_CANDIDATE]).text);
    return PSP_EINVAL;
}

static enum psp_status find_place(const struct binding *binding, const struct psp_returns_row *row,
                                  const char *method, struct psp_returns_place *ret_place,
                                  struct psp_reason *reterr_reason)
{
    struct psp_returns_place place = {
        .contest = PSP_NONE, .choice = PSP_NONE, .method = binding->methods[row->method]};
    const bool of_contest = row->kind <= PSP_ROW_UNDERVOTES;
    enum psp_status status = find_leaf(binding, row, &place.leaf, reterr_reason);
    if (status == PSP_OK && of_contest)
        status = find_line(binding->definition, row, &place, reterr_reason);
    if (status == PSP_OK && of_contest && place.method == PSP_NONE) {
        psp_reason_set_line(reterr_reason, row->line, 0, "the definition has no method \"%s\"",
                            shown(method).text);
        return PSP_EINVAL;
    }
    *ret_place = place;
    return status;
}

static int compare_places(const void *left, const void *right, void *context)
{
    const struct psp_returns_place *places = context;
    const struct psp_returns_place *a = &places[*(const uint32_t *)left];
    const struct psp_returns_place *b = &places[*(const uint32_t *)right];
    if (a->contest != b->contest)
        return a->contest < b->contest ? -1 : 1;
    return (a->choice > b->choice) - (a->choice < b->choice);
}

/* PSP_NONE: of the leaf, and of no method. */
static uint32_t group_of(const struct psp_definition *definition,
                         const struct psp_returns_place *place)
{
    return place->method != PSP_NONE ? place->leaf * definition->method_count + place->method
                                     : PSP_NONE;
}

/* Rows by group, then within each group by contest and choice; figures of a leaf that
 * are of no method lie in none. */
static void sort_rows(struct whole *whole, const struct psp_definition *definition)
{
    const uint32_t n = (uint32_t)whole->shown.n;
    const uint32_t groups = definition->leaf_count * definition->method_count;
    uint32_t *first = whole->group_first;
    for (uint32_t i = 0; i < n; i++)
        if (group_of(definition, &whole->places[i]) != PSP_NONE)
            first[group_of(definition, &whole->places[i])]++;
    for (uint32_t group = 0, sum = 0; group <= groups; group++) {
        sum += first[group];
        first[group] = sum;
    }
    for (uint32_t i = n; i-- > 0;)
        if (group_of(definition, &whole->places[i]) != PSP_NONE)
            whole->order[--first[group_of(definition, &whole->places[i])]] = i;
    for (uint32_t group = 0; group < groups; group++)
        qsort_r(whole->order + first[group], first[group + 1] - first[group], sizeof *whole->order,
                compare_places, whole->places);
}

uint64_t psp_returns_overvoted(const struct psp_style_contest *entry, uint64_t overvotes)
{
    return entry->choice_count > entry->votes_allowed ? overvotes / entry->votes_allowed : 0;
}

/* The ballots that the contest's rows [begin, end) need. */
static uint64_t ballots_of(const struct psp_definition *definition,
                           const struct psp_returns *returns, const struct whole *whole,
                           uint32_t begin, uint32_t end)
{
    const struct psp_returns_place *place = &whole->places[whole->order[begin]];
    const struct psp_style_contest *entry =
        psp_style_entry(psp_leaf_style(definition, place->leaf, 0), place->contest);
    assert(entry != NULL);
    uint64_t sum = 0, largest = 0, votes = 0, over = 0;
    uint32_t choice = PSP_NONE;
    for (uint32_t i = begin; i < end; i++) {
        const struct psp_returns_row *row = &returns->rows[whole->order[i]];
        votes = whole->places[whole->order[i]].choice == choice ? votes : 0;
        choice = whole->places[whole->order[i]].choice;
        votes += row->votes;
        sum += row->votes;
        if (row->kind == PSP_ROW_OVERVOTES)
            over += row->votes;
        if (row->kind == PSP_ROW_LINE && votes > largest)
            largest = votes;
    }
    const uint64_t papers = (sum + entry->votes_allowed - 1) / entry->votes_allowed;
    const uint64_t most = largest + psp_returns_overvoted(entry, over);
    return papers > most ? papers : most;
}

/* The ballots cast in a group, as its rows [begin, end) say: of each of the file's methods
 * the largest number. */
static uint64_t ballots_told(const struct psp_returns *returns, const struct whole *whole,
                             uint32_t begin, uint32_t end)
{
    uint64_t of[PSP_METHODS_MAX] = {0}, sum = 0;
    for (uint32_t i = begin; i < end; i++) {
        const struct psp_returns_row *row = &returns->rows[whole->order[i]];
        if (row->kind == PSP_ROW_BALLOTS && row->votes > of[row->method])
            of[row->method] = row->votes;
    }
    for (uint32_t m = 0; m < returns->method_count; m++)
        sum += of[m];
    return sum;
}

static void size_groups(const struct psp_definition *definition, const struct psp_returns *returns,
                        struct whole *whole)
{
    const uint32_t groups = definition->leaf_count * definition->method_count;
    for (uint32_t group = 0; group < groups; group++) {
        uint64_t most = 0;
        const uint32_t group_end = whole->group_first[group + 1];
        for (uint32_t begin = whole->group_first[group], end = begin; begin < group_end;
             begin = end) {
            const uint32_t contest = whole->places[whole->order[begin]].contest;
            while (end < group_end && whole->places[whole->order[end]].contest == contest)
                end++;
            const uint64_t ballots = contest != PSP_NONE
                                         ? ballots_of(definition, returns, whole, begin, end)
                                         : ballots_told(returns, whole, begin, end);
            most = ballots > most ? ballots : most;
        }
        whole->group_ballots[group] = most;
        whole->leaf_ballots[group / definition->method_count] += most;
        whole->shown.ballots += most;
    }
}

/* What a leaf's files tell beyond its methods lies with the method that has most. */
static void add_untold(const struct psp_definition *definition, const struct psp_returns *returns,
                       struct whole *whole)
{
    for (size_t i = 0; i < whole->shown.n; i++) {
        const struct psp_returns_row *row = &returns->rows[i];
        const struct psp_returns_place *place = &whole->places[i];
        if (row->kind != PSP_ROW_BALLOTS || place->method != PSP_NONE ||
            row->votes <= whole->leaf_ballots[place->leaf])
            continue;
        uint32_t largest = place->leaf * definition->method_count;
        for (uint32_t m = 1; m < definition->method_count; m++)
            if (whole->group_ballots[place->leaf * definition->method_count + m] >
                whole->group_ballots[largest])
                largest = place->leaf * definition->method_count + m;
        const uint64_t more = row->votes - whole->leaf_ballots[place->leaf];
        whole->group_ballots[largest] += more;
        whole->leaf_ballots[place->leaf] += more;
        whole->shown.ballots += more;
    }
}

static enum psp_status create(size_t n, const struct psp_definition *definition,
                              struct whole **ret_whole)
{
    const size_t groups = (size_t)definition->leaf_count * definition->method_count;
    struct whole *whole = calloc(1, sizeof *whole);
    if (whole == NULL)
        return PSP_ENOMEM;
    whole->places = calloc(n + 1, sizeof *whole->places);
    whole->order = calloc(n + 1, sizeof *whole->order);
    whole->group_first = calloc(groups + 1, sizeof *whole->group_first);
    whole->group_ballots = calloc(groups, sizeof *whole->group_ballots);
    whole->leaf_ballots = calloc(definition->leaf_count, sizeof *whole->leaf_ballots);
    whole->shown = (struct psp_returns_binding){n,
                                                whole->places,
                                                whole->order,
                                                whole->group_first,
                                                whole->group_ballots,
                                                whole->leaf_ballots,
                                                0};
    *ret_whole = whole;
    return whole->places != NULL && whole->order != NULL && whole->group_first != NULL &&
                   whole->group_ballots != NULL && whole->leaf_ballots != NULL
               ? PSP_OK
               : PSP_ENOMEM;
}

enum psp_status psp_returns_bind(const struct psp_returns *returns,
                                 const struct psp_definition *definition,
                                 struct psp_returns_binding **ret_binding,
                                 struct psp_reason *reterr_reason)
{
    struct binding binding = {.definition = definition};
    struct whole *whole = NULL;
    enum psp_status status = create(returns->n, definition, &whole);
    binding.ambiguous = calloc(definition->leaf_count, sizeof *binding.ambiguous);
    if (status == PSP_OK)
        status = binding.ambiguous != NULL ? index_leaves(&binding) : PSP_ENOMEM;
    find_methods(&binding, returns);
    for (size_t i = 0; status == PSP_OK && i < returns->n; i++)
        status = find_place(&binding, &returns->rows[i], returns->methods[returns->rows[i].method],
                            &whole->places[i], reterr_reason);
    psp_id_index_free(&binding.leaves);
    psp_pool_free(&binding.pool);
    free(binding.ambiguous);
    struct psp_returns_binding *bound = whole != NULL ? &whole->shown : NULL;
    if (status != PSP_OK) {
        psp_returns_binding_destroy(&bound);
        return status;
    }
    sort_rows(whole, definition);
    size_groups(definition, returns, whole);
    add_untold(definition, returns, whole);
    *ret_binding = bound;
    return PSP_OK;
}

void psp_returns_binding_destroy(struct psp_returns_binding **binding)
{
    if (*binding == NULL)
        return;
    struct whole *whole = (struct whole *)*binding;
    free(whole->places);
    free(whole->order);
    free(whole->group_first);
    free(whole->group_ballots);
    free(whole->leaf_ballots);
    free(whole);
    *binding = NULL;
}
