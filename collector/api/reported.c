/* A row of all methods and styles is of the oldest report that one of them shows. */
#include "collector/api/reported.h"

/* `leaf`: whose report it is; PSP_NONE: its time and indexes are not known. */
static void write_report(struct psp_writer *json, const struct psp_view *view,
                         const struct psp_view_report *report, uint32_t leaf)
{
    psp_writer_begin_object(json, "report");
    psp_writer_number(json, "number", report->number);
    psp_writer_bool(json, "final", report->final);
    if (leaf == PSP_NONE) {
        psp_writer_null(json, "at");
        psp_writer_null(json, "shards");
        psp_writer_end_object(json);
        return;
    }
    psp_writer_time(json, "at", report->at_ms);
    psp_writer_begin_array(json, "shards");
    for (uint32_t s = 0; s < view->shard_count; s++) {
        const size_t at = (size_t)leaf * view->shard_count + s;
        psp_writer_begin_object(json, NULL);
        psp_writer_number(json, "shard", s);
        psp_writer_number(json, "index", view->leaf_report_shards[at].index);
        psp_writer_end_object(json);
    }
    psp_writer_end_array(json);
    psp_writer_end_object(json);
}

bool psp_reported_under_way(const struct psp_view *view, uint32_t unit)
{
    const struct psp_unit *at = &view->definition->units[unit];
    bool any = false;
    for (uint32_t leaf = at->leaf_first; leaf < at->leaf_end; leaf++)
        any |= view->leaf_reports[leaf].under_way;
    return any;
}

void psp_reported_write_under_way(struct psp_writer *json, const struct psp_view *view,
                                  uint32_t unit)
{
    psp_writer_bool(json, "report_under_way", psp_reported_under_way(view, unit));
}

void psp_reported_write_unit(struct psp_writer *json, const struct psp_view *view, uint32_t unit)
{
    struct psp_view_report report;
    uint32_t leaf;
    if (psp_view_report_of(view, unit, &report, &leaf))
        write_report(json, view, &report, leaf);
    else
        psp_writer_null(json, "report");
    psp_reported_write_under_way(json, view, unit);
}

/* The oldest report that a row of the leaf shows; 0: they are held. *ret_whole: every
 * row shows the leaf's last one. */
static uint64_t shown_number(const struct psp_view *view, uint32_t leaf, uint32_t contest,
                             uint32_t method, bool *ret_whole)
{
    const uint32_t first = method == PSP_NONE ? 0 : method;
    const uint32_t end = method == PSP_NONE ? view->definition->method_count : method + 1;
    const uint64_t newest = view->leaf_reports[leaf].number;
    uint64_t oldest = 0;
    *ret_whole = true;
    if (!view->row_reports) /* immediate: rows are as of the version, whatever is reported */
        return newest;
    for (uint32_t style = 0; style < psp_leaf_style_count(view->definition, leaf); style++) {
        if (!psp_catalog_entry(view->catalog, leaf, style, contest))
            continue;
        for (uint32_t m = first; m < end; m++) {
            const uint64_t number =
                view->row_reports[psp_totals_row(&view->totals, leaf, style, m)];
            *ret_whole &= number == newest;
            if (number > 0 && (oldest == 0 || number < oldest))
                oldest = number;
        }
    }
    return oldest;
}

/* The report of a row; *ret_leaf: whose it is, PSP_NONE: an older one. False: none. */
static bool report_of_row(const struct psp_view *view, uint32_t unit, uint32_t contest,
                          uint32_t method, struct psp_view_report *ret_report, uint32_t *ret_leaf)
{
    const uint32_t leaf = view->definition->leaf_of_unit[unit];
    bool whole;
    const uint64_t number =
        leaf == PSP_NONE ? 0 : shown_number(view, leaf, contest, method, &whole);
    if (number == 0)
        return false;
    *ret_report = whole ? view->leaf_reports[leaf] : (struct psp_view_report){.number = number};
    *ret_leaf = whole ? leaf : PSP_NONE;
    return true;
}

void psp_reported_write_row(struct psp_writer *json, const struct psp_view *view, uint32_t unit,
                            uint32_t contest, uint32_t method)
{
    struct psp_view_report report;
    uint32_t leaf;
    if (report_of_row(view, unit, contest, method, &report, &leaf))
        write_report(json, view, &report, leaf);
    else
        psp_writer_null(json, "report");
}

bool psp_reported_row(const struct psp_view *view, uint32_t unit, uint32_t contest, uint32_t method,
                      uint64_t *ret_number, bool *ret_final)
{
    struct psp_view_report report;
    uint32_t leaf;
    if (!report_of_row(view, unit, contest, method, &report, &leaf))
        return false;
    *ret_number = report.number;
    *ret_final = report.final;
    return true;
}
