/* What is there is asked once without a lock: mostly it is as it should be. */
#include "bridge/postgres/schema.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/postgres/merge.h"
#include "sql/schema.h"

enum { FORMAT_NONE = -1 };

struct found {
    bool schema;
    int format;
};

/* Ends the text as one statement list, runs it and frees it. */
static enum psp_status run(struct psp_pg_link *link, struct psp_text *text, PGresult **ret_rows,
                           struct psp_reason *reterr_reason)
{
    psp_text_bytes(text, "", 1);
    const enum psp_status status =
        text->failed ? PSP_ENOMEM : psp_pg_link_run(link, text->data, ret_rows, reterr_reason);
    psp_text_free(text);
    return status;
}

static enum psp_status look(struct psp_pg_link *link, const char *schema, struct found *ret_found,
                            struct psp_reason *reterr_reason)
{
    struct psp_text text = {0};
    PGresult *rows = NULL;
    psp_text_string(&text, "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = ");
    psp_pg_write_literal(schema, &text);
    psp_text_string(&text, "), EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 'bridge' AND "
                           "schemaname = ");
    psp_pg_write_literal(schema, &text);
    psp_text_string(&text, ")");
    enum psp_status status = run(link, &text, &rows, reterr_reason);
    if (status != PSP_OK)
        return status;
    *ret_found = (struct found){strcmp(PQgetvalue(rows, 0, 0), "t") == 0, FORMAT_NONE};
    const bool is_ours = strcmp(PQgetvalue(rows, 0, 1), "t") == 0;
    PQclear(rows);
    if (!is_ours)
        return PSP_OK;
    psp_text_format(&text, "SELECT format FROM \"%s\".bridge", schema);
    status = run(link, &text, &rows, reterr_reason);
    if (status != PSP_OK)
        return status;
    if (PQntuples(rows) == 1)
        ret_found->format = (int)strtol(PQgetvalue(rows, 0, 0), NULL, 10);
    PQclear(rows);
    return PSP_OK;
}

static void write_drop(struct psp_text *text)
{
    const struct psp_sql_view *view = psp_sql_views;
    psp_text_string(text, "DROP VIEW IF EXISTS ");
    for (; view->name; view++)
        psp_text_format(text, "%s%s", view == psp_sql_views ? "" : ", ", view->name);
    psp_text_string(text, ";\nDROP TABLE IF EXISTS bridge");
    for (unsigned t = 0; t < PSP_SQL_TABLES_END; t++)
        psp_text_format(text, ", %s", psp_sql_tables[t].name);
    psp_text_string(text, ";\n");
}

void psp_pg_schema_write(const char *schema, bool schema_there, int format, struct psp_text *text)
{
    assert(format < PSP_SQL_FORMAT);
    if (!schema_there) {
        psp_text_format(text, "CREATE SCHEMA \"%s\";\nCOMMENT ON SCHEMA \"%s\" IS ", schema,
                        schema);
        psp_pg_write_literal("results of an election, written by psephos-bridge: read only", text);
        psp_text_string(text, ";\n");
    }
    if (format != FORMAT_NONE)
        write_drop(text);
    psp_text_format(
        text,
        "CREATE TABLE bridge (\n    format INTEGER NOT NULL,\n    writer TEXT,\n"
        "    written_at TIMESTAMPTZ\n);\n"
        "COMMENT ON TABLE bridge IS 'one row: who wrote all of this';\n"
        "COMMENT ON COLUMN bridge.format IS 'of tables and views; a bridge refuses a newer one';\n"
        "COMMENT ON COLUMN bridge.writer IS 'name of the bridge that wrote last';\n"
        "COMMENT ON COLUMN bridge.written_at IS 'when, by the server''s clock';\n"
        "INSERT INTO bridge VALUES (%d);\n",
        PSP_SQL_FORMAT);
    psp_sql_write_tables(PSP_SQL_POSTGRESQL, text);
    psp_sql_write_rest(PSP_SQL_POSTGRESQL, text);
}

static enum psp_status check(const struct found *found, const char *schema,
                             struct psp_reason *reterr_reason)
{
    if (found->format <= PSP_SQL_FORMAT)
        return PSP_OK;
    psp_reason_set(reterr_reason,
                   "schema \"%s\" has tables of format %d, and this psephos-bridge writes format "
                   "%d: install the newer psephos-bridge, or name another \"schema\"; nothing was "
                   "changed",
                   schema, found->format, PSP_SQL_FORMAT);
    return PSP_EVERSION;
}

/* Under the lock, so that of two bridges one makes it and the other finds it. */
static enum psp_status make(struct psp_pg_link *link, const char *schema,
                            struct psp_reason *reterr_reason)
{
    struct psp_text text = {0};
    struct found found;
    psp_text_string(&text, "BEGIN;");
    psp_pg_write_lock(schema, &text);
    enum psp_status status = run(link, &text, NULL, reterr_reason);
    if (status == PSP_OK)
        status = look(link, schema, &found, reterr_reason);
    if (status == PSP_OK)
        status = check(&found, schema, reterr_reason);
    if (status != PSP_OK)
        return status;
    if (found.format < PSP_SQL_FORMAT)
        psp_pg_schema_write(schema, found.schema, found.format, &text);
    psp_text_string(&text, "COMMIT;");
    return run(link, &text, NULL, reterr_reason);
}

enum psp_status psp_pg_schema_prepare(struct psp_pg_link *link, const char *schema,
                                      struct psp_reason *reterr_reason)
{
    struct found found;
    enum psp_status status = look(link, schema, &found, reterr_reason);
    if (status == PSP_OK)
        status = check(&found, schema, reterr_reason);
    if (status == PSP_OK && found.format != PSP_SQL_FORMAT)
        status = make(link, schema, reterr_reason);
    return status;
}

/* ---- who may read ---- */

/* *ret_yes: what a query of one boolean says. */
static enum psp_status ask(struct psp_pg_link *link, struct psp_text *query, bool *ret_yes,
                           struct psp_reason *reterr_reason)
{
    PGresult *rows = NULL;
    const enum psp_status status = run(link, query, &rows, reterr_reason);
    if (status == PSP_OK)
        *ret_yes = PQntuples(rows) == 1 && strcmp(PQgetvalue(rows, 0, 0), "t") == 0;
    PQclear(rows);
    return status;
}

static enum psp_status make_role(struct psp_pg_link *link, const char *reader,
                                 struct psp_reason *reterr_reason)
{
    struct psp_text text = {0};
    bool is_there = false;
    psp_text_format(&text, "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '%s')", reader);
    enum psp_status status = ask(link, &text, &is_there, reterr_reason);
    if (status != PSP_OK || is_there)
        return status;
    psp_text_format(&text, "CREATE ROLE \"%s\" NOLOGIN", reader);
    status = run(link, &text, NULL, reterr_reason);
    /* Another bridge was faster. */
    const bool made = strcmp(psp_pg_link_sqlstate(link), "42710") == 0 ||
                      strcmp(psp_pg_link_sqlstate(link), "23505") == 0;
    return made ? PSP_OK : status;
}

static enum psp_status grant(struct psp_pg_link *link, const char *schema, const char *reader,
                             struct psp_reason *reterr_reason)
{
    struct psp_text text = {0};
    bool may = false;
    psp_text_format(&text,
                    "SELECT has_schema_privilege('%s', n.oid, 'USAGE') AND "
                    "bool_and(has_table_privilege('%s', c.oid, 'SELECT')) "
                    "FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid "
                    "WHERE n.nspname = '%s' AND c.relkind IN ('r', 'v') GROUP BY n.oid",
                    reader, reader, schema);
    enum psp_status status = ask(link, &text, &may, reterr_reason);
    if (status != PSP_OK || may)
        return status;
    psp_text_string(&text, "BEGIN;");
    psp_pg_write_lock(schema, &text);
    psp_text_format(&text,
                    "GRANT USAGE ON SCHEMA \"%s\" TO \"%s\";"
                    "GRANT SELECT ON ALL TABLES IN SCHEMA \"%s\" TO \"%s\"; COMMIT",
                    schema, reader, schema, reader);
    status = run(link, &text, NULL, reterr_reason);
    struct psp_reason ignored;
    if (status != PSP_OK)
        psp_pg_link_run(link, "ROLLBACK", NULL, &ignored);
    return status;
}

bool psp_pg_schema_grant(struct psp_pg_link *link, const char *schema, const char *reader,
                         struct psp_reason *reterr_reason)
{
    struct psp_reason fault = {0};
    enum psp_status status = make_role(link, reader, &fault);
    if (status == PSP_OK)
        status = grant(link, schema, reader, &fault);
    if (status == PSP_OK)
        return true;
    psp_reason_set(reterr_reason,
                   "role \"%s\" cannot read schema \"%s\", and this user may not see to it. As a "
                   "superuser: CREATE ROLE \"%s\" NOLOGIN; GRANT USAGE ON SCHEMA \"%s\" TO \"%s\"; "
                   "GRANT SELECT ON ALL TABLES IN SCHEMA \"%s\" TO \"%s\"",
                   reader, schema, reader, schema, reader, schema, reader);
    return false;
}
