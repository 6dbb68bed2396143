/*
 * export - what the formats of `psephos export` have in common.
 *
 * Threads: one owner.
 */
#ifndef PSP_EXPORT_H
#define PSP_EXPORT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"
#include "cli/show/rest.h"
#include "sql/schema.h"

struct psp_export {
    struct psp_rest *rest; /* the collector that is asked */
    const char *path;      /* the file to write */
};

struct psp_export_done {
    json_t *election; /* the API's answer: its head says which version; json_decref it */
    uint64_t held;    /* results without votes, which are not told yet */
    size_t table_count;
    struct {
        const char *name;
        uint64_t rows;
    } tables[PSP_SQL_TABLES_END];
};

/* Each: PSP_EUNREACHABLE: the collector is away; else why it is not written. What stood at
 * the path is as it was then. */
enum psp_status psp_export_sqlite(const struct psp_export *export, struct psp_export_done *ret_done,
                                  struct psp_reason *reterr_reason);
/* CSV, and beside it FILE.source.json. */
enum psp_status psp_export_openelections(const struct psp_export *export,
                                         struct psp_export_done *ret_done,
                                         struct psp_reason *reterr_reason);

#endif
