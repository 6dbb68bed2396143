/* Every distinct text is looked up once. */
#include "base/memory/grow.h"
#include "election/import/meaning/inner.h"
#include "election/import/meaning/normal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct words {
    const struct psp_kinds *kinds;
    struct psp_id_index index; /* by the pointer of a text */
    struct psp_pool pool;
    uint8_t *of;
    size_t capacity;
};

static enum psp_status kind_of(struct words *words, const char *text, enum psp_line_kind *ret_kind)
{
    const uint32_t known = psp_id_index_find(&words->index, 0, (const char *)&text, sizeof text);
    if (known != PSP_NONE) {
        assert(words->of != NULL);
        *ret_kind = (enum psp_line_kind)words->of[known];
        return PSP_OK;
    }
    const uint32_t position = words->index.count;
    const char *kept = psp_pool_string(&words->pool, (const char *)&text, sizeof text);
    uint32_t ignored;
    if (kept == NULL || !PSP_GROW(words->of, words->capacity, (size_t)position + 1) ||
        psp_id_index_add(&words->index, 0, kept, sizeof text, position, &ignored) != PSP_OK ||
        psp_kinds_of(words->kinds, text, ret_kind) != PSP_OK)
        return PSP_ENOMEM;
    words->of[position] = (uint8_t)*ret_kind;
    return PSP_OK;
}

/* What a line of this kind is among the choices of a contest. */
static enum psp_choice_kind choice_of(enum psp_line_kind kind)
{
    switch (kind) {
    case PSP_LINE_CANDIDATE:
        return PSP_CHOICE_CANDIDATE;
    case PSP_LINE_YES:
        return PSP_CHOICE_YES;
    case PSP_LINE_NO:
        return PSP_CHOICE_NO;
    case PSP_LINE_BLANK:
    case PSP_LINE_UNDERVOTES:
        return PSP_CHOICE_BLANK;
    case PSP_LINE_SPOILED:
    case PSP_LINE_OVERVOTES:
        return PSP_CHOICE_SPOILED;
    case PSP_LINE_WRITE_IN:
        return PSP_CHOICE_WRITE_IN;
    case PSP_LINE_OTHER:
    case PSP_LINE_TOTAL:
    case PSP_LINE_REGISTERED:
    case PSP_LINE_BALLOTS:
    case PSP_LINE_STATISTIC:
    case PSP_LINE_KINDS_END:
        break;
    }
    return PSP_CHOICE_OTHER;
}

static int row_of(enum psp_line_kind kind)
{
    switch (kind) {
    case PSP_LINE_OVERVOTES:
        return PSP_ROW_OVERVOTES;
    case PSP_LINE_UNDERVOTES:
        return PSP_ROW_UNDERVOTES;
    case PSP_LINE_TOTAL:
        return PSP_ROW_TOTAL;
    case PSP_LINE_REGISTERED:
        return PSP_ROW_REGISTERED;
    case PSP_LINE_BALLOTS:
        return PSP_ROW_BALLOTS;
    case PSP_LINE_STATISTIC:
        return PSP_ROW_STATISTIC;
    case PSP_LINE_CANDIDATE:
    case PSP_LINE_YES:
    case PSP_LINE_NO:
    case PSP_LINE_BLANK:
    case PSP_LINE_SPOILED:
    case PSP_LINE_WRITE_IN:
    case PSP_LINE_OTHER:
    case PSP_LINE_KINDS_END:
        break;
    }
    return PSP_ROW_LINE;
}

/* "No" is a name, too, and with a party it is one; "nonpartisan", or the answer again, is
 * no party. */
static bool answers(const struct psp_returns_row *row)
{
    const char *party = row->text[PSP_COLUMN_PARTY];
    char normal[PSP_NORMAL_BYTES];
    if (party[0] == '\0' || strcasecmp(party, row->text[PSP_COLUMN_CANDIDATE]) == 0)
        return true;
    psp_normal_of(PSP_COLUMN_PARTY, party, normal);
    return strcmp(normal, "nonpartisan") == 0;
}

/* Registered voters and ballots of one party are no number of the unit. */
static int of_office(enum psp_line_kind office, enum psp_line_kind line,
                     const struct psp_returns_row *row)
{
    const bool whole = row->text[PSP_COLUMN_PARTY][0] == '\0';
    if (office == PSP_LINE_STATISTIC && !whole && line == PSP_LINE_CANDIDATE &&
        row->text[PSP_COLUMN_CANDIDATE][0] != '\0')
        return PSP_ROW_LINE;
    if (office == PSP_LINE_REGISTERED)
        return whole ? PSP_ROW_REGISTERED : PSP_ROW_STATISTIC;
    if (office == PSP_LINE_BALLOTS)
        return whole ? PSP_ROW_BALLOTS : PSP_ROW_STATISTIC;
    const bool contest = office == PSP_LINE_CANDIDATE || office == PSP_LINE_YES ||
                         office == PSP_LINE_NO || office == PSP_LINE_OTHER;
    return contest ? PSP_ROW_LINE : PSP_ROW_STATISTIC;
}

static bool is_nameless(const struct psp_returns_row *row)
{
    return row->text[PSP_COLUMN_CANDIDATE][0] == '\0' && row->text[PSP_COLUMN_PARTY][0] == '\0';
}

static enum psp_status name_row(struct words *words, struct psp_returns_row *row, bool keep_all)
{
    enum psp_line_kind office, line;
    enum psp_status status = kind_of(words, row->text[PSP_COLUMN_OFFICE], &office);
    if (status == PSP_OK)
        status = kind_of(words, row->text[PSP_COLUMN_CANDIDATE], &line);
    if (status != PSP_OK)
        return status;
    if ((line == PSP_LINE_YES || line == PSP_LINE_NO) && !answers(row))
        line = PSP_LINE_CANDIDATE;
    if (is_nameless(row) && line == PSP_LINE_CANDIDATE)
        line = PSP_LINE_OTHER;
    row->choice_kind = (uint8_t)choice_of(line);
    int kind = of_office(office, line, row);
    if (kind == PSP_ROW_LINE)
        kind = row_of(line);
    row->kind = (uint8_t)(keep_all ? PSP_ROW_LINE : kind);
    return PSP_OK;
}

enum psp_status psp_meaning_lines(struct psp_meaning *meaning)
{
    struct words words = {.kinds = &meaning->options->kinds};
    enum psp_status status = PSP_OK;
    for (size_t i = 0; status == PSP_OK && i < meaning->n; i++) {
        const struct psp_returns_row *row = &meaning->rows[i];
        status = name_row(&words, &meaning->rows[i], meaning->options->keep_all);
        if (status == PSP_OK && !meaning->options->keep_all && row->kind == PSP_ROW_LINE &&
            is_nameless(row))
            PSP_MEANING_TELL(meaning, PSP_REPORT_NAMELESS, row, "%s: %" PRIu64,
                             row->text[PSP_COLUMN_OFFICE], row->votes);
    }
    psp_id_index_free(&words.index);
    psp_pool_free(&words.pool);
    free(words.of);
    return status;
}
