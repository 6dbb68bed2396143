/* Looks only: nothing of the count changes. */
#include "count/foresee.h"

#include <assert.h>

#include "base/bytes/bytes.h"
#include "count/inner.h"
#include "election/runs.h"

enum { PREFETCH_AHEAD = 12 };

/* Whether the row must wait: it would be refused, its station is past its budget, and no
 * refusal more is free now. */
static bool waits(const struct psp_count *count, const struct psp_count_row *row, bool late,
                  uint32_t *probes)
{
    if (!psp_count_probes_over(count, row->station) ||
        psp_count_would_be(count, row, !late) == PSP_COUNTED)
        return false;
    if (*probes == 0)
        return true;
    --*probes;
    return false;
}

void psp_count_foresee(struct psp_count *count, uint64_t time_ms,
                       const struct psp_count_columns *columns, uint32_t *probes,
                       uint8_t *ret_known)
{
    const uint32_t probes_before = *probes;
    assert(columns->n <= PSP_BATCH_ROWS_MAX);
    const bool late = !psp_count_accepts(count, time_ms);
    struct psp_runs_cursor stations = psp_runs_begin(columns->stations, 0);
    struct psp_runs_cursor styles = psp_runs_begin(columns->styles, 1);
    const uint8_t *marks = columns->marks;
    for (uint32_t row = 0; row < columns->n; row++) {
        const uint8_t *digest = columns->digests + (size_t)row * PSP_DIGEST_BYTES;
        if (row + PREFETCH_AHEAD < columns->n)
            psp_index_prefetch(count->index, digest + PREFETCH_AHEAD * PSP_DIGEST_BYTES);
        const uint32_t station = psp_runs_next(&stations), style = psp_runs_next(&styles);
        const uint32_t unit = psp_get32(columns->units + (size_t)row * 4);
        const struct psp_count_row one = {
            .digest = digest,
            .tag = columns->tags + (size_t)row * PSP_TAG_BYTES,
            .unit = unit,
            .style = style,
            .station = station,
            .ballot = psp_totals_read(count->totals, unit, style, columns->methods[row], marks)};
        const uint8_t first = psp_count_known(count, digest, one.tag);
        marks = one.ballot.end;
        ret_known[row] = PSP_FORESEEN_NOTHING;
        if (first != 0)
            ret_known[row] = psp_verdict_replayed((enum psp_disposition)first);
        else if ((late && one.ballot.valid && !psp_count_closed_room(count, station)) ||
                 waits(count, &one, late, probes))
            ret_known[row] = PSP_FORESEEN_NOT_JUDGED;
    }
    assert(*probes <= probes_before);
    assert(columns->n == 0 || marks == columns->marks + columns->marks_bytes);
    assert(columns->stations.length == 0 || stations.left == 0);
    assert(columns->styles.length == 0 || styles.left == 0);
}
