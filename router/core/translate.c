/* Looks every name up and writes a number; what is malformed is refused before it can
 * reach a shard. */
#include "router/core/translate.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/limits.h"
#include "base/memory/grow.h"

enum {
    PAIRS_MAX = PSP_MARKED_CONTESTS_MAX * PSP_MARKED_CHOICES_MAX + 1,
    MARKS_FIRST = 64 << 10,
};

void psp_translation_free(struct psp_translation *translation)
{
    free(translation->voter_lengths);
    free(translation->voter_ids);
    free(translation->ballot_ids);
    free(translation->units);
    free(translation->methods);
    free(translation->cast_at_ms);
    free(translation->styles);
    free(translation->resent);
    free(translation->marks);
    free(translation->marks_lengths);
    free(translation->pairs);
    free(translation->seen);
    memset(translation, 0, sizeof *translation);
}

static enum psp_status reserve_rows(struct psp_translation *translation, uint32_t n)
{
    if (n <= translation->capacity)
        return PSP_OK;
    psp_translation_free(translation);
    translation->voter_lengths = malloc(n);
    translation->voter_ids = malloc((size_t)n * PSP_VOTER_ID_BYTES_MAX);
    translation->ballot_ids = malloc((size_t)n * PSP_BALLOT_ID_BYTES);
    translation->units = malloc((size_t)n * 4);
    translation->methods = malloc(n);
    translation->cast_at_ms = malloc((size_t)n * 8);
    translation->styles = malloc((size_t)n * 4);
    translation->resent = malloc(((size_t)n + 7) / 8);
    translation->marks = malloc(MARKS_FIRST);
    translation->marks_lengths = malloc(n * sizeof *translation->marks_lengths);
    translation->pairs = malloc(PAIRS_MAX * sizeof *translation->pairs);
    if (!translation->voter_lengths || !translation->voter_ids || !translation->ballot_ids ||
        !translation->units || !translation->methods || !translation->cast_at_ms ||
        !translation->styles || !translation->resent || !translation->marks ||
        !translation->marks_lengths || !translation->pairs) {
        psp_translation_free(translation);
        return PSP_ENOMEM;
    }
    translation->marks_capacity = MARKS_FIRST;
    translation->capacity = n;
    assert(translation->seen == NULL && translation->seen_count == 0);
    return PSP_OK;
}

/* A new row has a new stamp, so what earlier rows named need not be cleared. */
static enum psp_status reserve_seen(struct psp_translation *translation, uint32_t contests,
                                    uint32_t n)
{
    if (translation->seen_count == contests && translation->stamp < UINT32_MAX - n)
        return PSP_OK;
    uint32_t *seen = calloc(contests + 1, sizeof *seen);
    if (seen == NULL)
        return PSP_ENOMEM;
    free(translation->seen);
    translation->seen = seen;
    translation->seen_count = contests;
    translation->stamp = 0;
    return PSP_OK;
}

static enum psp_status reserve_marks(struct psp_translation *translation, size_t needed)
{
    return PSP_GROW(translation->marks, translation->marks_capacity, needed) ? PSP_OK : PSP_ENOMEM;
}

static size_t pairs_of(struct psp_translation *translation, const struct psp_definition *definition,
                       const struct psp_row *row)
{
    struct psp_mark *pairs = translation->pairs;
    size_t n = 0;
    bool broken = false;
    translation->stamp++;
    assert(translation->stamp > 0);                     /* what no row has named */
    assert(row->mark_count <= PSP_MARKED_CONTESTS_MAX); /* the decoder refuses more */
    for (uint32_t i = 0; i < row->mark_count; i++) {
        const struct psp_row_mark *mark = &row->marks[i];
        const uint32_t contest = psp_definition_contest(
            definition, (const char *)mark->contest.data, mark->contest.length);
        assert(contest == PSP_NONE || contest < translation->seen_count);
        assert(n + mark->choice_count < PAIRS_MAX); /* one is for what is broken */
        if (contest == PSP_NONE || translation->seen[contest] == translation->stamp) {
            broken = true;
            continue;
        }
        translation->seen[contest] = translation->stamp;
        for (uint32_t j = 0; j < mark->choice_count; j++) {
            const struct psp_bytes *id = &mark->choices[j];
            const uint32_t choice =
                psp_definition_choice(definition, contest, (const char *)id->data, id->length);
            pairs[n++] = (struct psp_mark){contest, choice};
        }
    }
    if (broken)
        pairs[n++] = (struct psp_mark){PSP_NONE, PSP_NONE};
    assert(n <= PAIRS_MAX);
    return n;
}

static void put_names(struct psp_translation *translation, const struct psp_definition *definition,
                      const struct psp_row *row, uint32_t i)
{
    const uint32_t unit =
        psp_definition_unit(definition, (const char *)row->unit.data, row->unit.length);
    const uint32_t method =
        psp_definition_method(definition, (const char *)row->method.data, row->method.length);
    uint32_t style = PSP_NONE;
    assert(unit == PSP_NONE || unit < definition->unit_count);
    assert(method == PSP_NONE || method < PSP_METHODS_MAX);
    if (row->style.length > 0) {
        const uint32_t place = psp_definition_unit_style(
            definition, unit, (const char *)row->style.data, row->style.length);
        style = place == PSP_NONE ? PSP_STYLE_UNKNOWN : definition->units[unit].styles[place];
    }
    psp_put32(translation->units + (size_t)i * 4, unit);
    translation->methods[i] = method == PSP_NONE ? PSP_METHOD_UNKNOWN : (uint8_t)method;
    psp_put32(translation->styles + (size_t)i * 4, style);
    if (row->resent)
        translation->resent[i / 8] |= (uint8_t)(1u << i % 8);
}

enum psp_status psp_translate_rows(struct psp_translation *translation,
                                   const struct psp_definition *definition,
                                   const struct psp_row *rows, uint32_t n,
                                   struct psp_client_columns *ret_columns,
                                   struct psp_reason *reterr_reason)
{
    assert(n > 0 && n <= PSP_BATCH_ROWS_MAX);
    enum psp_status status = reserve_rows(translation, n);
    if (status == PSP_OK)
        status = reserve_seen(translation, definition->contest_count, n);
    if (status != PSP_OK)
        return status;
    size_t voter_bytes = 0, marks_bytes = 0;
    memset(translation->resent, 0, ((size_t)n + 7) / 8);
    for (uint32_t i = 0; i < n; i++) {
        const struct psp_row *row = &rows[i];
        assert(row->voter_id.length > 0 && row->voter_id.length <= PSP_VOTER_ID_BYTES_MAX);
        assert(row->ballot_id.length == PSP_BALLOT_ID_BYTES);
        status = reserve_marks(translation, marks_bytes + PSP_MARKS_BYTES_MAX);
        if (status != PSP_OK)
            return status;
        size_t length = 0;
        const size_t pairs = pairs_of(translation, definition, row);
        if (psp_marks_encode(translation->pairs, pairs, translation->marks + marks_bytes,
                             PSP_MARKS_BYTES_MAX, &length) != PSP_OK) {
            psp_reason_set(reterr_reason, "row %u: more is marked than a ballot may hold", i);
            return PSP_EINVAL;
        }
        marks_bytes += length;
        assert(length > 0 && marks_bytes <= translation->marks_capacity);
        translation->marks_lengths[i] = (uint16_t)length;
        translation->voter_lengths[i] = (uint8_t)row->voter_id.length;
        memcpy(translation->voter_ids + voter_bytes, row->voter_id.data, row->voter_id.length);
        voter_bytes += row->voter_id.length;
        memcpy(translation->ballot_ids + (size_t)i * PSP_BALLOT_ID_BYTES, row->ballot_id.data,
               PSP_BALLOT_ID_BYTES);
        psp_put64(translation->cast_at_ms + (size_t)i * 8, row->cast_at_ms);
        put_names(translation, definition, row, i);
    }
    assert(voter_bytes <= (size_t)n * PSP_VOTER_ID_BYTES_MAX);
    *ret_columns = (struct psp_client_columns){
        .n = n,
        .voter_lengths = translation->voter_lengths,
        .voter_ids = translation->voter_ids,
        .voter_bytes = voter_bytes,
        .ballot_ids = translation->ballot_ids,
        .units = translation->units,
        .methods = translation->methods,
        .cast_at_ms = translation->cast_at_ms,
        .styles = translation->styles,
        .resent = translation->resent,
        .marks = translation->marks,
        .marks_bytes = marks_bytes,
        .marks_lengths = translation->marks_lengths,
    };
    return PSP_OK;
}
