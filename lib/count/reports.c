/* What is new since an index is found by indexes: reports are rare, and a walk over
 * the leaves costs less than a list of what changed. */
#include "count/reports.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/memory/grow.h"

struct psp_reports {
    const struct psp_definition *definition;
    uint64_t number, index; /* of the last one; 0: none */
    uint8_t *bytes;         /* of the last one */
    size_t length, capacity;
    uint8_t *seen; /* of the one looked at last */
    size_t seen_length, seen_capacity;
    struct psp_leaf_report *leaves; /* [leaf_count]; NULL: no report yet */
    struct psp_totals *rows;        /* NULL: all is shown as it comes */
    struct psp_reports_sum sum;     /* kept beside them, to compare */
    uint64_t settled_index;         /* what was reported up to here is in deltas */
    char text[128];
};

enum psp_status psp_reports_create(const struct psp_definition *definition,
                                   struct psp_reports **ret_reports)
{
    struct psp_reports *reports = calloc(1, sizeof *reports);
    if (!reports)
        return PSP_ENOMEM;
    reports->definition = definition;
    *ret_reports = reports;
    return PSP_OK;
}

void psp_reports_destroy(struct psp_reports **reports)
{
    if (!*reports)
        return;
    psp_totals_destroy(&(*reports)->rows);
    free((*reports)->leaves);
    free((*reports)->bytes);
    free((*reports)->seen);
    free(*reports);
    *reports = NULL;
}

enum psp_status psp_reports_hold(struct psp_reports *reports)
{
    assert(!reports->rows);
    return psp_totals_create(reports->definition, &reports->rows);
}

/* ---- a report ---- */

static bool see(struct psp_reports *reports, const struct psp_report *report)
{
    const size_t length = psp_report_encode(report, NULL, 0);
    if (!PSP_GROW(reports->seen, reports->seen_capacity, length))
        return false;
    const size_t written = psp_report_encode(report, reports->seen, length);
    assert(written == length);
    reports->seen_length = length;
    return true;
}

static bool reach_leaves(struct psp_reports *reports)
{
    if (!reports->leaves)
        reports->leaves = calloc(reports->definition->leaf_count, sizeof *reports->leaves);
    return reports->leaves != NULL;
}

/* Why it is not taken; NULL: it is to be taken. */
static const char *objection(struct psp_reports *reports, const struct psp_report *report,
                             enum psp_apply_result *ret_result)
{
    const char *fault = psp_report_fault(report, reports->definition->leaf_count);
    *ret_result = PSP_APPLY_REFUSED;
    if (fault)
        return fault;
    if (report->number > reports->number)
        return NULL;
    if (report->number < reports->number) {
        snprintf(reports->text, sizeof reports->text,
                 "this shard holds report %" PRIu64 " already, and %" PRIu64 " is not greater",
                 reports->number, report->number);
        return reports->text;
    }
    if (reports->seen_length == reports->length &&
        memcmp(reports->seen, reports->bytes, reports->length) == 0) {
        *ret_result = PSP_APPLY_NOTHING;
        return "this report is done already";
    }
    snprintf(reports->text, sizeof reports->text,
             "this shard holds another report %" PRIu64 " already", reports->number);
    return reports->text;
}

/* promise 5: what may be shown of the leaf is what it was at this index, until the next one */
static void copy_rows(struct psp_reports *reports, uint32_t leaf, uint64_t index,
                      const struct psp_totals *totals)
{
    struct psp_totals *rows = reports->rows;
    assert(rows->definition == totals->definition);
    const uint32_t end = psp_totals_row(totals, leaf + 1, 0, 0);
    for (uint32_t row = psp_totals_row(totals, leaf, 0, 0); row < end; row++) {
        const uint64_t first = totals->row_first[row];
        const size_t bytes = (totals->row_first[row + 1] - first) * sizeof *totals->cells;
        if (memcmp(rows->cells + first, totals->cells + first, bytes) == 0)
            continue;
        assert(totals->cells[first] >= rows->cells[first]); /* ballots are only added */
        assert(index > rows->row_index[row]);
        reports->sum.ballots += totals->cells[first] - rows->cells[first];
        memcpy(rows->cells + first, totals->cells + first, bytes);
        rows->row_index[row] = index;
    }
}

static void take_leaf(struct psp_reports *reports, uint32_t leaf, const struct psp_report *report,
                      uint64_t index, uint64_t time_ms)
{
    struct psp_leaf_report *at = &reports->leaves[leaf];
    assert(report->number > at->number);
    assert(index > at->index);
    assert(time_ms >= at->time_ms);
    reports->sum.leaves += at->number == 0;
    at->number = report->number;
    at->index = index;
    at->time_ms = time_ms;
    if (report->final != PSP_FINAL_UNCHANGED)
        at->final = report->final == PSP_FINAL_YES;
}

enum psp_status psp_reports_take(struct psp_reports *reports, const struct psp_report *report,
                                 uint64_t index, uint64_t time_ms, const struct psp_totals *totals,
                                 enum psp_apply_result *ret_result, const char **ret_text)
{
    assert(index > reports->index);
    if (!see(reports, report) || !reach_leaves(reports))
        return PSP_ENOMEM;
    const char *text = objection(reports, report, ret_result);
    if (text) {
        *ret_text = text;
        return PSP_OK;
    }
    if (!PSP_GROW(reports->bytes, reports->capacity, reports->seen_length))
        return PSP_ENOMEM;
    memcpy(reports->bytes, reports->seen, reports->seen_length);
    reports->length = reports->seen_length;
    reports->number = report->number;
    reports->index = index;
    struct psp_bytes leaves = report->leaves;
    const uint32_t leaf_count = reports->definition->leaf_count;
    for (uint32_t next = 0, leaf; psp_leaf_next(&leaves, &next, leaf_count, &leaf);) {
        take_leaf(reports, leaf, report, index, time_ms);
        if (reports->rows)
            copy_rows(reports, leaf, index, totals);
    }
    assert(leaves.length == 0); /* it has no fault: all of them were read */
    psp_reports_check(reports, totals);
    *ret_result = PSP_APPLIED;
    return PSP_OK;
}

struct psp_bytes psp_reports_seen(const struct psp_reports *reports)
{
    return (struct psp_bytes){reports->seen, reports->seen_length};
}

/* ---- what is held ---- */

uint64_t psp_reports_number(const struct psp_reports *reports)
{
    return reports->number;
}

struct psp_bytes psp_reports_bytes(const struct psp_reports *reports, uint64_t *ret_index)
{
    assert((reports->number == 0) == (reports->length == 0));
    *ret_index = reports->index;
    return (struct psp_bytes){reports->bytes, reports->length};
}

const struct psp_leaf_report *psp_reports_leaf(const struct psp_reports *reports, uint32_t leaf)
{
    assert(leaf < reports->definition->leaf_count);
    return reports->leaves && reports->leaves[leaf].number > 0 ? &reports->leaves[leaf] : NULL;
}

const struct psp_totals *psp_reports_rows(const struct psp_reports *reports)
{
    return reports->rows;
}

size_t psp_reports_since(const struct psp_reports *reports, uint64_t base, uint8_t *ret_bytes,
                         size_t size)
{
    size_t length = 0;
    if (reports->index <= base)
        return 0; /* mostly */
    assert(reports->leaves != NULL);
    for (uint32_t leaf = 0, next = 0; leaf < reports->definition->leaf_count; leaf++) {
        const struct psp_leaf_report *report = &reports->leaves[leaf];
        if (report->index <= base)
            continue;
        uint8_t bytes[PSP_LEAF_REPORT_BYTES_MAX];
        const size_t n = psp_leaf_report_put(next, leaf, report, bytes);
        if (length + n <= size)
            memcpy(ret_bytes + length, bytes, n);
        length += n;
        next = leaf + 1;
    }
    assert(length > 0); /* the last report is of some leaf */
    return length;
}

/* ---- into a delta ---- */

static enum psp_status copy_leaves(const struct psp_reports *reports, struct psp_count_delta *delta)
{
    const uint32_t leaf_count = reports->definition->leaf_count;
    uint32_t n = 0;
    for (uint32_t leaf = 0; leaf < leaf_count; leaf++)
        n += reports->leaves[leaf].index > reports->settled_index;
    assert(n > 0);
    delta->leaf_report_leaves = malloc((size_t)n * sizeof *delta->leaf_report_leaves + 1);
    delta->leaf_reports = malloc((size_t)n * sizeof *delta->leaf_reports + 1);
    if (!delta->leaf_report_leaves || !delta->leaf_reports)
        return PSP_ENOMEM;
    for (uint32_t leaf = 0; leaf < leaf_count; leaf++) {
        if (reports->leaves[leaf].index <= reports->settled_index)
            continue;
        delta->leaf_report_leaves[delta->leaf_report_n] = leaf;
        delta->leaf_reports[delta->leaf_report_n++] = reports->leaves[leaf];
    }
    assert(delta->leaf_report_n == n);
    return PSP_OK;
}

static bool row_is_new(const struct psp_reports *reports, uint32_t row)
{
    return reports->rows->row_index[row] > reports->settled_index;
}

static uint32_t row_cells(const struct psp_totals *rows, uint32_t row)
{
    return (uint32_t)(rows->row_first[row + 1] - rows->row_first[row]);
}

static enum psp_status copy_reported(const struct psp_reports *reports,
                                     struct psp_count_delta *delta)
{
    const struct psp_totals *rows = reports->rows;
    uint64_t n = 0, cells = 0;
    for (uint32_t row = 0; row < rows->row_count; row++) {
        n += row_is_new(reports, row);
        cells += row_is_new(reports, row) ? row_cells(rows, row) : 0;
    }
    delta->reported_rows = malloc(n * sizeof *delta->reported_rows + 1);
    delta->reported_row_cells = malloc(n * sizeof *delta->reported_row_cells + 1);
    delta->reported_indexes = malloc(n * sizeof *delta->reported_indexes + 1);
    delta->reported_cells = malloc(cells * sizeof *delta->reported_cells + 1);
    if (!delta->reported_rows || !delta->reported_row_cells || !delta->reported_indexes ||
        !delta->reported_cells)
        return PSP_ENOMEM;
    uint64_t *at = delta->reported_cells;
    for (uint32_t row = 0; row < rows->row_count; row++) {
        if (!row_is_new(reports, row))
            continue;
        const uint32_t i = delta->reported_n++;
        delta->reported_rows[i] = row;
        delta->reported_row_cells[i] = row_cells(rows, row);
        delta->reported_indexes[i] = rows->row_index[row];
        memcpy(at, rows->cells + rows->row_first[row], row_cells(rows, row) * sizeof *at);
        at += row_cells(rows, row);
    }
    assert(delta->reported_n == n);
    assert(at == delta->reported_cells + cells);
    return PSP_OK;
}

enum psp_status psp_reports_copy(const struct psp_reports *reports, struct psp_count_delta *delta)
{
    if (reports->index <= reports->settled_index)
        return PSP_OK;
    assert(reports->number > 0);
    assert(delta->report == NULL);
    delta->report = malloc(reports->length);
    if (!delta->report)
        return PSP_ENOMEM;
    memcpy(delta->report, reports->bytes, reports->length);
    delta->report_bytes = reports->length;
    delta->report_index = reports->index;
    delta->reported_sum = reports->sum;
    const enum psp_status status = copy_leaves(reports, delta);
    return status == PSP_OK && reports->rows ? copy_reported(reports, delta) : status;
}

void psp_reports_settle(struct psp_reports *reports, uint64_t index)
{
    assert(index >= reports->index);
    assert(index >= reports->settled_index);
    reports->settled_index = index;
}

/* ---- and back ---- */

static enum psp_status restore_report(struct psp_reports *reports,
                                      const struct psp_count_delta *delta)
{
    struct psp_report report;
    const struct psp_bytes bytes = {delta->report, delta->report_bytes};
    assert(reports->settled_index == 0);
    if (delta->report_bytes == 0)
        return PSP_OK;
    if (psp_report_decode(bytes, &report) != NULL ||
        psp_report_fault(&report, reports->definition->leaf_count) != NULL ||
        report.number <= reports->number || delta->report_index <= reports->index ||
        delta->report_index > delta->index)
        return PSP_ECORRUPT;
    if (!reach_leaves(reports) || !PSP_GROW(reports->bytes, reports->capacity, bytes.length))
        return PSP_ENOMEM;
    memcpy(reports->bytes, bytes.data, bytes.length);
    reports->length = bytes.length;
    reports->number = report.number;
    reports->index = delta->report_index;
    reports->sum = delta->reported_sum;
    return PSP_OK;
}

static enum psp_status restore_leaves(struct psp_reports *reports,
                                      const struct psp_count_delta *delta)
{
    for (uint32_t i = 0; i < delta->leaf_report_n; i++) {
        const uint32_t leaf = delta->leaf_report_leaves[i];
        const struct psp_leaf_report *report = &delta->leaf_reports[i];
        if (!reports->leaves || leaf >= reports->definition->leaf_count || report->number == 0 ||
            report->index == 0 || report->number > reports->number ||
            report->index > reports->index || report->time_ms > delta->time_ms)
            return PSP_ECORRUPT;
        reports->leaves[leaf] = *report;
    }
    return PSP_OK;
}

static enum psp_status restore_rows(struct psp_reports *reports,
                                    const struct psp_count_delta *delta)
{
    struct psp_totals *rows = reports->rows;
    const uint64_t *cells = delta->reported_cells;
    for (uint32_t i = 0; i < delta->reported_n; i++) {
        const uint32_t row = delta->reported_rows[i], n = delta->reported_row_cells[i];
        const uint64_t index = delta->reported_indexes[i];
        if (!rows || row >= rows->row_count || n != row_cells(rows, row) || index == 0 ||
            index > reports->index)
            return PSP_ECORRUPT;
        memcpy(rows->cells + rows->row_first[row], cells, n * sizeof *cells);
        rows->row_index[row] = index;
        cells += n;
    }
    return PSP_OK;
}

enum psp_status psp_reports_restore(struct psp_reports *reports,
                                    const struct psp_count_delta *delta)
{
    enum psp_status status = restore_report(reports, delta);
    if (status == PSP_OK)
        status = restore_leaves(reports, delta);
    return status == PSP_OK ? restore_rows(reports, delta) : status;
}

/* None of the leaves and rows is missing. */
static bool sums_fit(const struct psp_reports *reports)
{
    const struct psp_totals *rows = reports->rows;
    struct psp_reports_sum sum = {0};
    assert(reports->leaves != NULL);
    for (uint32_t leaf = 0; leaf < reports->definition->leaf_count; leaf++)
        sum.leaves += reports->leaves[leaf].number > 0;
    for (uint32_t row = 0; rows && row < rows->row_count; row++)
        sum.ballots += rows->cells[rows->row_first[row]];
    return sum.leaves == reports->sum.leaves && sum.ballots == reports->sum.ballots;
}

/* The last report's leaves carry its number and index, and no others do. */
static bool leaves_fit(const struct psp_reports *reports)
{
    struct psp_report report;
    const char *fault =
        psp_report_decode((struct psp_bytes){reports->bytes, reports->length}, &report);
    assert(fault == NULL); /* it was when it was taken */
    assert(report.number == reports->number);
    struct psp_bytes leaves = report.leaves;
    const uint32_t leaf_count = reports->definition->leaf_count;
    uint32_t next = 0, named = leaf_count;
    bool more = psp_leaf_next(&leaves, &next, leaf_count, &named);
    for (uint32_t leaf = 0; leaf < leaf_count; leaf++) {
        const struct psp_leaf_report *at = &reports->leaves[leaf];
        const bool is_named = more && leaf == named;
        if ((at->number == reports->number) != is_named ||
            (at->index == reports->index) != is_named)
            return false;
        if (is_named)
            more = psp_leaf_next(&leaves, &next, leaf_count, &named);
    }
    assert(!more);
    return true;
}

/* promise 5, over what was read: a row has only what its leaf had counted, as of a report
 * that the leaf had. */
static bool rows_fit(const struct psp_reports *reports, const struct psp_totals *totals)
{
    const struct psp_totals *rows = reports->rows;
    assert(rows->definition == totals->definition);
    uint32_t row = 0;
    for (uint32_t leaf = 0; leaf < reports->definition->leaf_count; leaf++) {
        const uint32_t end = psp_totals_row(rows, leaf + 1, 0, 0);
        for (; row < end; row++)
            if (rows->row_index[row] > reports->leaves[leaf].index)
                return false;
    }
    assert(row == rows->row_count);
    for (uint64_t cell = 0; cell < rows->cell_count; cell++)
        if (rows->cells[cell] > totals->cells[cell])
            return false;
    return psp_totals_unbalanced_row(rows) == PSP_NONE;
}

bool psp_reports_hold_together(const struct psp_reports *reports, const struct psp_totals *totals)
{
    if (reports->number == 0)
        return true;
    return sums_fit(reports) && leaves_fit(reports) &&
           (!reports->rows || rows_fit(reports, totals));
}

void psp_reports_check(const struct psp_reports *reports, const struct psp_totals *totals)
{
    const bool none = reports->number == 0;
    assert(reports->number <= PSP_REPORT_NUMBER_MAX);
    assert(none == (reports->index == 0));
    assert(none == (reports->length == 0));
    assert(none == (reports->sum.leaves == 0));
    assert(reports->sum.leaves <= reports->definition->leaf_count);
    assert(reports->sum.ballots == 0 || reports->rows != NULL);
    assert(reports->length <= reports->capacity);
    assert(reports->seen_length <= reports->seen_capacity);
    if (PSP_CHECKED)
        assert(psp_reports_hold_together(reports, totals));
}

uint64_t psp_reports_memory_bytes(const struct psp_reports *reports)
{
    return sizeof *reports + reports->capacity + reports->seen_capacity +
           (reports->leaves ? reports->definition->leaf_count * sizeof *reports->leaves : 0);
}
