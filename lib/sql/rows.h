/*
 * rows - what the REST API and a definition say, as rows of the SQL tables.
 *
 * Whoever writes them (a file, a server) is a sink that takes rows one by one. Values stand
 * in the order of the table's columns (sql/columns.h).
 *
 * Ownership: texts of a row live until the sink returns.
 * Threads:   one owner.   Memory: none that lasts.
 */
#ifndef PSP_SQL_ROWS_H
#define PSP_SQL_ROWS_H

#include <jansson.h>

#include "base/reason.h"
#include "base/status.h"
#include "election/definition/definition.h"
#include "sql/schema.h"

/* Booleans are 0 and 1. A time is "2026-11-03T23:59:59.123Z". */
struct psp_sql_value {
    enum { PSP_SQL_IS_NULL, PSP_SQL_IS_NUMBER, PSP_SQL_IS_TEXT } kind;
    int64_t number;
    const char *text;
};

/* Anything but PSP_OK ends the writing, and comes back to who began it. */
struct psp_sql_sink {
    enum psp_status (*row)(void *context, enum psp_sql_table_id table,
                           const struct psp_sql_value *values);
    void *context;
};

/* parties, methods, units, candidates, contests and choices. */
enum psp_status psp_sql_rows_definition(const struct psp_definition *definition,
                                        const struct psp_sql_sink *sink);

/* election and version. `head`: an answer of the API that has version, as_of and stale;
 * PSP_EINVAL: it does not. `state`: of the election. */
enum psp_status psp_sql_rows_version(const struct psp_definition *definition, const json_t *head,
                                     const char *state, const struct psp_sql_sink *sink,
                                     struct psp_reason *reterr_reason);

/* results: a result of the API; one that is held gives its lines without votes. A line of a
 * kind that the definition does not have is PSP_EINVAL. */
enum psp_status psp_sql_rows_result(const struct psp_definition *definition, const json_t *result,
                                    const struct psp_sql_sink *sink,
                                    struct psp_reason *reterr_reason);

/* turnout: of one unit. */
enum psp_status psp_sql_rows_turnout(const json_t *turnout, const struct psp_sql_sink *sink,
                                     struct psp_reason *reterr_reason);

/* accounting: of one shard, or, where `shard` is not said or null, of all. */
enum psp_status psp_sql_rows_books(const json_t *books, const struct psp_sql_sink *sink,
                                   struct psp_reason *reterr_reason);

/* series: of one contest, no later than `as_of`. */
enum psp_status psp_sql_rows_series(const json_t *series, const char *as_of,
                                    const struct psp_sql_sink *sink,
                                    struct psp_reason *reterr_reason);

#endif
