#include <string.h>

#include "shard/count_state.h"

/* The rows of one batch by digest: linear probing over row numbers. Rows of
 * the same digest lie on one probe sequence. */
enum { PLACES = 2 * PSP_BATCH_ROWS_MAX };

_Static_assert((PLACES & (PLACES - 1)) == 0, "a power of two");
_Static_assert(PSP_BATCH_ROWS_MAX < UINT16_MAX, "row numbers fit");

struct rows_seen {
    uint16_t places[PLACES]; /* row + 1; 0 empty */
    uint8_t verdicts[PSP_BATCH_ROWS_MAX];
};

static uint32_t place_of(const uint8_t *digest)
{
    return psp_load32(digest + 12) & (PLACES - 1);
}

/* Adds to `known` what earlier rows of the batch would have changed; returns
 * where the row is to be entered. */
static uint32_t look_back(const struct rows_seen *seen, const struct psp_count_columns *columns,
                          const struct psp_judge_row *row, struct psp_judge_known *known)
{
    uint32_t at = place_of(row->digest);
    for (; seen->places[at] != 0; at = (at + 1) & (PLACES - 1)) {
        const uint32_t earlier = seen->places[at] - 1u;
        if (memcmp(columns->digests + (size_t)earlier * PSP_DIGEST_BYTES, row->digest,
                   PSP_DIGEST_BYTES) != 0)
            continue;
        const uint8_t verdict = seen->verdicts[earlier];
        if (memcmp(columns->tags + (size_t)earlier * PSP_TAG_BYTES, row->tag, PSP_TAG_BYTES) == 0)
            known->first = (uint8_t)psp_verdict_first(verdict);
        if (verdict == PSP_COUNTED)
            known->voter_counted = true;
    }
    return at;
}

/* Judges the batch without changing anything. Only asked when the bound is
 * near: batches without refusals go on being counted when it is reached. */
bool psp_count_over_bound(const struct psp_count *count, const struct psp_count_columns *columns)
{
    const uint64_t room = psp_refusals_room(count->refusals);
    if (columns->n <= room)
        return false;
    struct rows_seen seen;
    memset(seen.places, 0, sizeof seen.places);
    uint64_t refused = 0;
    const uint8_t *marks = columns->marks;
    for (uint32_t i = 0; i < columns->n; i++) {
        struct psp_judge_row row;
        struct psp_index_place place;
        struct psp_judge_known known;
        marks += psp_count_row(columns, i, marks, &row);
        psp_count_look(count, &row, &place, &known);
        seen.places[look_back(&seen, columns, &row, &known)] = (uint16_t)(i + 1);
        seen.verdicts[i] =
            psp_judge(count->totals, count->election_state == PSP_ELECTION_OPEN, &row, &known);
        const enum psp_disposition disposition = psp_verdict_disposition(seen.verdicts[i]);
        refused += disposition != PSP_COUNTED && disposition != PSP_REPLAYED;
    }
    return refused > room;
}
