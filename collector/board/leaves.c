/* Two lists, each read once to check and once to take. */
#include "collector/board/leaves.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum psp_status psp_board_leaves_create(uint32_t leaf_count, struct psp_board_leaves *ret_leaves)
{
    assert(leaf_count > 0);
    struct psp_board_leaves leaves = {.leaf_count = leaf_count};
    const size_t n = (size_t)leaf_count + 1; /* no zero size */
    leaves.reports = calloc(n, sizeof *leaves.reports);
    leaves.ballots = calloc(n, sizeof *leaves.ballots);
    leaves.ballots_index = calloc(n, sizeof *leaves.ballots_index);
    if (!leaves.reports || !leaves.ballots || !leaves.ballots_index) {
        psp_board_leaves_free(&leaves);
        return PSP_ENOMEM;
    }
    *ret_leaves = leaves;
    return PSP_OK;
}

void psp_board_leaves_free(struct psp_board_leaves *leaves)
{
    free(leaves->reports);
    free(leaves->ballots);
    free(leaves->ballots_index);
    *leaves = (struct psp_board_leaves){0};
}

/* ---- checking ---- */

static bool same_report(const struct psp_leaf_report *a, const struct psp_leaf_report *b)
{
    return a->number == b->number && a->index == b->index && a->time_ms == b->time_ms &&
           a->final == b->final;
}

static void compare_report(const struct psp_leaf_report *held, const struct psp_leaf_report *now,
                           struct psp_board_leaves_news *news)
{
    if (same_report(held, now))
        return;
    news->reports_differ = true;
    news->report_back |= now->number <= held->number || now->index <= held->index;
}

/* Leaves [first, end) are left out of a whole list. */
static void miss_reports(const struct psp_board_leaves *held, uint32_t first, uint32_t end,
                         struct psp_board_leaves_news *news)
{
    assert(end <= held->leaf_count);
    for (uint32_t leaf = first; leaf < end; leaf++) {
        if (held->reports[leaf].number > 0)
            news->reports_differ = news->report_back = true;
    }
}

static bool compare_reports(const struct psp_board_leaves *held, const struct psp_partial *partial,
                            struct psp_board_leaves_news *news)
{
    struct psp_bytes bytes = partial->reports;
    const bool whole = partial->base_index == 0;
    uint32_t next = 0;
    while (bytes.length > 0) {
        const uint32_t unlisted = next;
        struct psp_leaf_report report;
        uint32_t leaf;
        if (!psp_leaf_report_next(&bytes, &next, held->leaf_count, &leaf, &report) ||
            report.index > partial->index)
            return false;
        if (whole)
            miss_reports(held, unlisted, leaf, news);
        compare_report(&held->reports[leaf], &report, news);
    }
    if (whole)
        miss_reports(held, next, held->leaf_count, news);
    return true;
}

static void miss_ballots(const struct psp_board_leaves *held, uint32_t first, uint32_t end,
                         struct psp_board_leaves_news *news)
{
    assert(end <= held->leaf_count);
    for (uint32_t leaf = first; leaf < end; leaf++) {
        if (held->ballots[leaf] > 0)
            news->ballots_differ = news->ballots_lower = true;
    }
}

static bool compare_ballots(const struct psp_board_leaves *held, const struct psp_partial *partial,
                            struct psp_board_leaves_news *news)
{
    struct psp_bytes bytes = partial->leaf_ballots;
    const bool whole = partial->base_index == 0;
    uint32_t next = 0;
    while (bytes.length > 0) {
        const uint32_t unlisted = next;
        uint64_t ballots;
        uint32_t leaf;
        if (!psp_leaf_ballots_next(&bytes, &next, held->leaf_count, &leaf, &ballots))
            return false;
        if (whole)
            miss_ballots(held, unlisted, leaf, news);
        news->ballots_differ |= ballots != held->ballots[leaf];
        news->ballots_lower |= ballots < held->ballots[leaf];
    }
    if (whole)
        miss_ballots(held, next, held->leaf_count, news);
    return true;
}

bool psp_board_leaves_compare(const struct psp_board_leaves *held,
                              const struct psp_partial *partial,
                              struct psp_board_leaves_news *ret_news)
{
    struct psp_board_leaves_news news = {0};
    if (!compare_reports(held, partial, &news) || !compare_ballots(held, partial, &news))
        return false;
    *ret_news = news;
    return true;
}

/* ---- changing ---- */

static void take_reports(struct psp_board_leaves *held, const struct psp_partial *partial)
{
    struct psp_bytes bytes = partial->reports;
    uint32_t next = 0;
    while (bytes.length > 0) {
        struct psp_leaf_report report;
        uint32_t leaf;
        const bool read = psp_leaf_report_next(&bytes, &next, held->leaf_count, &leaf, &report);
        assert(read);
        assert(report.number > 0 && leaf < held->leaf_count);
        assert(held->reports[leaf].index <= report.index);
        assert(report.index <= partial->index);
        held->reports[leaf] = report;
        if (report.index > held->reports_newest)
            held->reports_newest = report.index;
    }
}

static void take_ballots(struct psp_board_leaves *held, uint64_t *sums,
                         const struct psp_partial *partial)
{
    struct psp_bytes bytes = partial->leaf_ballots;
    uint32_t next = 0;
    while (bytes.length > 0) {
        uint64_t ballots;
        uint32_t leaf;
        const bool read = psp_leaf_ballots_next(&bytes, &next, held->leaf_count, &leaf, &ballots);
        assert(read);
        assert(partial->index >= held->ballots_newest);
        const uint64_t more = ballots - held->ballots[leaf];
        sums[leaf] += more;
        held->counted += more;
        held->ballots[leaf] = ballots;
        held->ballots_index[leaf] = held->ballots_newest = partial->index;
    }
}

void psp_board_leaves_take(struct psp_board_leaves *held, uint64_t *sums,
                           const struct psp_partial *partial)
{
    take_reports(held, partial);
    take_ballots(held, sums, partial);
}

bool psp_board_leaves_settle(struct psp_board_leaves *held, uint64_t *sums, uint64_t index)
{
    assert(held->counted == 0);
    for (uint32_t leaf = 0; leaf < held->leaf_count; leaf++) {
        const struct psp_leaf_report *report = &held->reports[leaf];
        if ((report->number == 0) != (report->index == 0) || report->index > index)
            return false;
        if (report->index > held->reports_newest)
            held->reports_newest = report->index;
        if (held->ballots[leaf] == 0)
            continue; /* no page of what follows is touched for nothing */
        held->counted += held->ballots[leaf];
        sums[leaf] += held->ballots[leaf];
        held->ballots_index[leaf] = held->ballots_newest = index;
    }
    return true;
}

void psp_board_leaves_forget(struct psp_board_leaves *held, uint64_t *sums)
{
    const size_t n = held->leaf_count;
    /* What a shard tells is not checked against the others': the sum may have wrapped. */
    for (size_t leaf = 0; leaf < n && held->ballots_newest > 0; leaf++)
        sums[leaf] -= held->ballots[leaf];
    memset(held->reports, 0, n * sizeof *held->reports);
    memset(held->ballots, 0, n * sizeof *held->ballots);
    memset(held->ballots_index, 0, n * sizeof *held->ballots_index);
    assert(n > 0);
    held->counted = held->reports_newest = held->ballots_newest = 0;
}
