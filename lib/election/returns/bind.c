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
    uint64_t *group_ballots, *leaf_ballots, *style_ballots;
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

static bool is_contest(const struct psp_definition *definition, const struct psp_contest *contest,
                       const struct psp_returns_row *row, bool of_party)
{
    return same(contest->office, row->text[PSP_COLUMN_OFFICE]) &&
           same(contest->district, row->text[PSP_COLUMN_DISTRICT]) &&
           (of_party ? contest->party != PSP_NONE && same(definition->parties[contest->party].name,
                                                          row->text[PSP_COLUMN_PARTY])
                     : contest->party == PSP_NONE);
}

static const struct psp_style_contest *entry_in(const struct psp_definition *definition,
                                                const struct psp_style *style,
                                                const struct psp_returns_row *row, bool of_party)
{
    for (uint32_t i = 0; i < style->contest_count; i++)
        if (is_contest(definition, &definition->contests[style->contests[i].contest], row,
                       of_party))
            return &style->contests[i];
    return NULL;
}

/* The row's contest among those of the leaf's styles: its party's primary, else the
 * contest of no party. *ret_styles: how many styles have it, *ret_style the first one. */
static const struct psp_style_contest *find_contest(const struct psp_definition *definition,
                                                    uint32_t leaf,
                                                    const struct psp_returns_row *row,
                                                    uint32_t *ret_style, uint32_t *ret_styles)
{
    const struct psp_style_contest *found = NULL;
    *ret_styles = 0;
    for (int of_party = 1; of_party >= 0 && found == NULL; of_party--)
        for (uint32_t s = 0; s < psp_leaf_style_count(definition, leaf); s++) {
            const struct psp_style_contest *entry =
                entry_in(definition, psp_leaf_style(definition, leaf, s), row, of_party == 1);
            if (entry == NULL)
                continue;
            *ret_style = found == NULL ? s : *ret_style;
            found = found == NULL ? entry : found;
            ++*ret_styles;
        }
    return found;
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
    *ret_leaf = leaf;
    return PSP_OK;
}

static enum psp_status many_styles(const struct psp_definition *definition, uint32_t leaf,
                                   uint64_t line, struct psp_reason *reterr_reason)
{
    const struct psp_unit *unit = &definition->units[definition->leaves[leaf]];
    psp_reason_set_line(reterr_reason, line, PSP_COLUMN_PRECINCT + 1,
                        "unit \"%s\" has %" PRIu32 " ballot styles, and returns do not say how "
                        "many ballots of each there were",
                        unit->id, unit->style_count);
    return PSP_EINVAL;
}

/* Contest and choice of a row that is of a contest. A figure of none is nobody's. */
static enum psp_status find_line(const struct psp_definition *definition,
                                 const struct psp_returns_row *row, struct psp_returns_place *place,
                                 struct psp_reason *reterr_reason)
{
    const struct psp_unit *unit = &definition->units[definition->leaves[place->leaf]];
    uint32_t styles = 0;
    const struct psp_style_contest *entry =
        find_contest(definition, place->leaf, row, &place->style, &styles);
    if (entry == NULL && row->kind != PSP_ROW_LINE)
        return PSP_OK;
    if (entry == NULL) {
        psp_reason_set_line(reterr_reason, row->line, PSP_COLUMN_OFFICE + 1,
                            "unit \"%s\" has no contest for office \"%s\", district \"%s\"",
                            unit->id, shown(row->text[PSP_COLUMN_OFFICE]).text,
                            shown(row->text[PSP_COLUMN_DISTRICT]).text);
        return PSP_EINVAL;
    }
    if (styles > 1 && styles < unit->style_count)
        return many_styles(definition, place->leaf, row->line, reterr_reason);
    place->style = styles == 1 ? place->style : PSP_NONE;
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
                                  struct psp_returns_place *ret_place,
                                  struct psp_reason *reterr_reason)
{
    struct psp_returns_place place = {.contest = PSP_NONE,
                                      .choice = PSP_NONE,
                                      .style = PSP_NONE,
                                      .method = binding->methods[row->method]};
    const bool of_contest = row->kind <= PSP_ROW_UNDERVOTES;
    enum psp_status status = find_leaf(binding, row, &place.leaf, reterr_reason);
    if (status == PSP_OK && of_contest)
        status = find_line(binding->definition, row, &place, reterr_reason);
    *ret_place = place;
    return status;
}

static enum psp_status check_methods(const struct psp_returns *returns, const struct whole *whole,
                                     struct psp_reason *reterr_reason)
{
    for (size_t i = 0; i < returns->n; i++) {
        const struct psp_returns_row *row = &returns->rows[i];
        if (whole->places[i].contest == PSP_NONE || whole->places[i].method != PSP_NONE)
            continue;
        psp_reason_set_line(reterr_reason, row->line, 0, "the definition has no method \"%s\"",
                            shown(returns->methods[row->method]).text);
        return PSP_EINVAL;
    }
    return PSP_OK;
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
    const uint32_t style = place->style != PSP_NONE ? place->style : 0;
    const struct psp_style_contest *entry =
        psp_style_entry(psp_leaf_style(definition, place->leaf, style), place->contest);
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

/* More ballots of a group: of the style that has most of them. */
static void add_ballots(const struct psp_definition *definition, struct whole *whole,
                        uint32_t group, uint64_t more)
{
    const uint32_t leaf = group / definition->method_count, m = group % definition->method_count;
    size_t largest = psp_returns_style_at(definition, leaf, 0, m);
    for (uint32_t s = 1; s < psp_leaf_style_count(definition, leaf); s++) {
        const size_t at = psp_returns_style_at(definition, leaf, s, m);
        largest = whole->style_ballots[at] > whole->style_ballots[largest] ? at : largest;
    }
    whole->style_ballots[largest] += more;
    whole->group_ballots[group] += more;
    whole->leaf_ballots[leaf] += more;
    whole->shown.ballots += more;
}

/* A style has the ballots that its own contests need; what all have, and what is told,
 * may need more. */
static void size_group(const struct psp_definition *definition, const struct psp_returns *returns,
                       struct whole *whole, uint32_t group)
{
    const uint32_t leaf = group / definition->method_count, m = group % definition->method_count;
    const uint32_t group_end = whole->group_first[group + 1];
    uint64_t most = 0, sum = 0;
    for (uint32_t begin = whole->group_first[group], end = begin; begin < group_end; begin = end) {
        const struct psp_returns_place *place = &whole->places[whole->order[begin]];
        while (end < group_end && whole->places[whole->order[end]].contest == place->contest)
            end++;
        const uint64_t ballots = place->contest != PSP_NONE
                                     ? ballots_of(definition, returns, whole, begin, end)
                                     : ballots_told(returns, whole, begin, end);
        assert(place->style == PSP_NONE || place->style < psp_leaf_style_count(definition, leaf));
        uint64_t *of = &most;
        if (place->style != PSP_NONE)
            of = &whole->style_ballots[psp_returns_style_at(definition, leaf, place->style, m)];
        *of = ballots > *of ? ballots : *of;
    }
    for (uint32_t s = 0; s < psp_leaf_style_count(definition, leaf); s++)
        sum += whole->style_ballots[psp_returns_style_at(definition, leaf, s, m)];
    whole->group_ballots[group] = sum;
    whole->leaf_ballots[leaf] += sum;
    whole->shown.ballots += sum;
    if (most > sum)
        add_ballots(definition, whole, group, most - sum);
}

static void size_groups(const struct psp_definition *definition, const struct psp_returns *returns,
                        struct whole *whole)
{
    const uint32_t groups = definition->leaf_count * definition->method_count;
    for (uint32_t group = 0; group < groups; group++)
        size_group(definition, returns, whole, group);
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
        add_ballots(definition, whole, largest, row->votes - whole->leaf_ballots[place->leaf]);
    }
}

/* In a leaf of several styles some contest must say of which its ballots were. */
static enum psp_status check_styles(const struct psp_definition *definition,
                                    const struct psp_returns *returns, const struct whole *whole,
                                    struct psp_reason *reterr_reason)
{
    uint64_t *line = calloc((size_t)definition->leaf_count + 1, sizeof *line);
    enum psp_status status = line != NULL ? PSP_OK : PSP_ENOMEM;
    for (size_t i = whole->shown.n; status == PSP_OK && i-- > 0;)
        if (whole->places[i].contest != PSP_NONE && whole->places[i].style == PSP_NONE)
            line[whole->places[i].leaf] = returns->rows[i].line;
    for (size_t i = 0; status == PSP_OK && i < whole->shown.n; i++)
        if (whole->places[i].style != PSP_NONE)
            line[whole->places[i].leaf] = 0;
    for (uint32_t leaf = 0; status == PSP_OK && leaf < definition->leaf_count; leaf++)
        if (line[leaf] > 0)
            status = many_styles(definition, leaf, line[leaf], reterr_reason);
    free(line);
    return status;
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
    const size_t styles =
        (size_t)definition->leaf_style_first[definition->leaf_count] * definition->method_count;
    whole->style_ballots = calloc(styles, sizeof *whole->style_ballots);
    whole->shown = (struct psp_returns_binding){n,
                                                whole->places,
                                                whole->order,
                                                whole->group_first,
                                                whole->group_ballots,
                                                whole->leaf_ballots,
                                                whole->style_ballots,
                                                0};
    *ret_whole = whole;
    return whole->places != NULL && whole->order != NULL && whole->group_first != NULL &&
                   whole->group_ballots != NULL && whole->leaf_ballots != NULL &&
                   whole->style_ballots != NULL
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
        status = find_place(&binding, &returns->rows[i], &whole->places[i], reterr_reason);
    if (status == PSP_OK)
        status = check_styles(definition, returns, whole, reterr_reason);
    if (status == PSP_OK)
        status = check_methods(returns, whole, reterr_reason);
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
    free(whole->style_ballots);
    free(whole->leaf_ballots);
    free(whole);
    *binding = NULL;
}
