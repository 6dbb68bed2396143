/* From the collector's answers to the rows of a SQLite file. */
#include <stdlib.h>

#include "cli/export/export.h"
#include "cli/export/source.h"
#include "cli/export/sqlite.h"
#include "cli/show/standing.h"

struct writing {
    struct psp_sqlite *sqlite;
    struct psp_sql_sink sink;
    const struct psp_definition *definition;
    uint64_t held;
};

/* A row that the file did not take has its reason there. */
static enum psp_status told(const struct writing *writing, enum psp_status status,
                            struct psp_reason *reterr_reason)
{
    if (status == PSP_EIO)
        psp_sqlite_refused(writing->sqlite, reterr_reason);
    return status;
}

static enum psp_status begin(void *context, struct psp_reason *reterr_reason)
{
    struct writing *writing = context;
    writing->held = 0;
    const enum psp_status status = psp_sqlite_clear(writing->sqlite, reterr_reason);
    return status != PSP_OK
               ? status
               : told(writing, psp_sql_rows_definition(writing->definition, &writing->sink),
                      reterr_reason);
}

static enum psp_status take_result(void *context, const json_t *result,
                                   struct psp_reason *reterr_reason)
{
    struct writing *writing = context;
    writing->held += psp_standing_held(result);
    return told(writing,
                psp_sql_rows_result(writing->definition, result, &writing->sink, reterr_reason),
                reterr_reason);
}

static enum psp_status take_turnout(void *context, const json_t *turnout,
                                    struct psp_reason *reterr_reason)
{
    struct writing *writing = context;
    return told(writing, psp_sql_rows_turnout(turnout, &writing->sink, reterr_reason),
                reterr_reason);
}

static enum psp_status take_books(void *context, const json_t *books,
                                  struct psp_reason *reterr_reason)
{
    struct writing *writing = context;
    return told(writing, psp_sql_rows_books(books, &writing->sink, reterr_reason), reterr_reason);
}

static enum psp_status take_series(void *context, const json_t *series, const char *as_of,
                                   struct psp_reason *reterr_reason)
{
    struct writing *writing = context;
    return told(writing, psp_sql_rows_series(series, as_of, &writing->sink, reterr_reason),
                reterr_reason);
}

static enum psp_status read_into(struct writing *writing, struct psp_rest *rest,
                                 json_t **ret_election, struct psp_reason *reterr_reason)
{
    const struct psp_source_taker taker = {begin,      take_result, take_turnout,
                                           take_books, take_series, writing};
    enum psp_status status =
        psp_source_read(rest, writing->definition, &taker, ret_election, reterr_reason);
    if (status != PSP_OK)
        return status;
    const json_t *about = json_object_get(*ret_election, "election");
    const char *state = json_string_value(json_object_get(about, "state"));
    status = psp_sql_rows_version(writing->definition, *ret_election, state, &writing->sink,
                                  reterr_reason);
    return told(writing, status, reterr_reason);
}

enum psp_status psp_export_sqlite(const struct psp_export *export, struct psp_export_done *ret_done,
                                  struct psp_reason *reterr_reason)
{
    struct writing writing = {0};
    struct psp_definition *definition = NULL;
    enum psp_status status = psp_sqlite_create(export->path, &writing.sqlite, reterr_reason);
    if (status != PSP_OK)
        return status;
    status = psp_source_definition(export->rest, &definition, reterr_reason);
    writing.definition = definition;
    writing.sink = psp_sqlite_sink(writing.sqlite);
    if (status == PSP_OK)
        status = read_into(&writing, export->rest, &ret_done->election, reterr_reason);
    if (status == PSP_OK)
        status = psp_sqlite_finish(writing.sqlite, reterr_reason);
    ret_done->held = writing.held;
    ret_done->table_count = PSP_SQL_TABLES_END;
    for (int t = 0; t < PSP_SQL_TABLES_END; t++) {
        ret_done->tables[t].name = psp_sql_tables[t].name;
        ret_done->tables[t].rows = psp_sqlite_rows(writing.sqlite, (enum psp_sql_table_id)t);
    }
    psp_sqlite_destroy(&writing.sqlite);
    psp_definition_destroy(&definition);
    return status;
}
