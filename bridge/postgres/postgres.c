/* The transaction begins with the first rows that leave a buffer. Nothing is locked before the
 * end has come; from there on it takes two messages, so that a bridge that is stopped between
 * them is all that can keep others waiting, and that for 5 s at most. */
#include "bridge/postgres/postgres.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/clock.h"
#include "bridge/core/vector.h"
#include "bridge/feed/feed.h"
#include "bridge/postgres/copy.h"
#include "bridge/postgres/link.h"
#include "bridge/postgres/merge.h"
#include "bridge/postgres/schema.h"
#include "bridge/postgres/series.h"
#include "process/say.h"
#include "sql/rows.h"

enum { APPLICATION_BYTES = 64 };

struct psp_bridge_postgres {
    const struct psp_bridge_config *config;
    struct psp_bridge_feed *feed;
    const struct psp_definition *definition;
    char application_name[APPLICATION_BYTES];
    struct psp_pg_settings settings;
    struct psp_pg_link *link;
    struct psp_pg_series series;
    struct psp_bridge_vector base;    /* where the next answer begins that is not whole */
    char note[PSP_REASON_TEXT_BYTES]; /* what the reader lacks; "": nothing */
    json_t *about; /* an answer that says what no last line does; NULL: none yet */

    /* of the answer on the way */
    bool is_whole, in_transaction;
    uint32_t staged;                             /* tables that rows came of */
    struct psp_text buffers[PSP_SQL_TABLES_END]; /* rows that are not sent yet */
    struct psp_reason *reason;                   /* where take_row says why */
};

/* ---- rows into temporary tables ---- */

/* Ends the text as one statement list, runs it and frees it. */
static enum psp_status run(struct psp_bridge_postgres *postgres, struct psp_text *text,
                           PGresult **ret_rows, struct psp_reason *reterr_reason)
{
    psp_text_bytes(text, "", 1);
    const enum psp_status status =
        text->failed ? PSP_ENOMEM
                     : psp_pg_link_run(postgres->link, text->data, ret_rows, reterr_reason);
    psp_text_free(text);
    return status;
}

static enum psp_status begin_transaction(struct psp_bridge_postgres *postgres,
                                         struct psp_reason *reterr_reason)
{
    if (postgres->in_transaction)
        return PSP_OK;
    postgres->in_transaction = true;
    return psp_pg_link_run(postgres->link, "BEGIN ISOLATION LEVEL READ COMMITTED", NULL,
                           reterr_reason);
}

static enum psp_status flush(struct psp_bridge_postgres *postgres, enum psp_sql_table_id table,
                             struct psp_reason *reterr_reason)
{
    struct psp_text *buffer = &postgres->buffers[table];
    char name[64];
    if (buffer->failed)
        return PSP_ENOMEM;
    if (buffer->length == 0)
        return PSP_OK;
    snprintf(name, sizeof name, "in_%s", psp_sql_tables[table].name);
    enum psp_status status = begin_transaction(postgres, reterr_reason);
    if (status == PSP_OK)
        status =
            psp_pg_link_copy(postgres->link, name, buffer->data, buffer->length, reterr_reason);
    buffer->length = 0;
    return status;
}

static enum psp_status take_row(void *context, enum psp_sql_table_id table,
                                const struct psp_sql_value *values)
{
    struct psp_bridge_postgres *postgres = context;
    psp_pg_copy_row(table, values, &postgres->buffers[table]);
    postgres->staged |= UINT32_C(1) << table;
    return postgres->buffers[table].length < PSP_PG_BUFFER_BYTES
               ? PSP_OK
               : flush(postgres, table, postgres->reason);
}

static struct psp_sql_sink sink_of(struct psp_bridge_postgres *postgres,
                                   struct psp_reason *reterr_reason)
{
    postgres->reason = reterr_reason;
    return (struct psp_sql_sink){take_row, postgres};
}

static void forget_rows(struct psp_bridge_postgres *postgres)
{
    for (unsigned t = 0; t < PSP_SQL_TABLES_END; t++)
        psp_text_free(&postgres->buffers[t]);
    postgres->staged = 0;
    postgres->is_whole = false;
}

/* ---- opening ---- */

static void close_link(void *self)
{
    struct psp_bridge_postgres *postgres = self;
    forget_rows(postgres);
    postgres->in_transaction = false;
    psp_pg_link_close(&postgres->link);
}

static void grant(struct psp_bridge_postgres *postgres)
{
    const struct psp_bridge_postgres_config *config = &postgres->config->postgres;
    struct psp_reason reason = {0};
    if (config->reader &&
        !psp_pg_schema_grant(postgres->link, config->schema, config->reader, &reason) &&
        strcmp(postgres->note, reason.text) != 0)
        psp_say(PSP_SAY_WARNING, "reader", "%s", reason.text);
    snprintf(postgres->note, sizeof postgres->note, "%s", reason.text);
}

static const char *note_of(void *self)
{
    const struct psp_bridge_postgres *postgres = self;
    return postgres->note[0] ? postgres->note : NULL;
}

static enum psp_status open_link(void *self, const struct psp_definition *definition,
                                 struct psp_reason *reterr_reason)
{
    struct psp_bridge_postgres *postgres = self;
    struct psp_text text = {0};
    close_link(postgres);
    postgres->definition = definition;
    enum psp_status status = psp_pg_series_start(&postgres->series, definition->contest_count);
    if (status == PSP_OK)
        status = psp_pg_link_open(&postgres->settings, &postgres->link, reterr_reason);
    if (status == PSP_OK)
        status = psp_pg_schema_prepare(postgres->link, postgres->settings.schema, reterr_reason);
    if (status == PSP_OK) {
        grant(postgres);
        psp_pg_write_staging(&text);
        status = run(postgres, &text, NULL, reterr_reason);
    }
    if (status != PSP_OK)
        close_link(postgres);
    return status;
}

static uint64_t number_at(const PGresult *rows, int row, int column)
{
    return strtoull(PQgetvalue(rows, row, column), NULL, 10);
}

/* What psp_pg_write_held asked for. PSP_EDIVERGED: another bridge made the tables anew. */
static enum psp_status read_held(const PGresult *rows, struct psp_bridge_vector *ret_vector,
                                 struct psp_reason *reterr_reason)
{
    enum { FORMAT, CLUSTER, VERSION_ID, SHARD, EPOCH, LOG_INDEX };
    struct psp_bridge_vector vector = {0};
    const int n = PQntuples(rows);
    if (n == 0 || number_at(rows, 0, FORMAT) != PSP_SQL_FORMAT || n > PSP_SHARDS_MAX) {
        psp_reason_set(reterr_reason, "another psephos-bridge has made the tables anew");
        return PSP_EDIVERGED;
    }
    if (!PQgetisnull(rows, 0, CLUSTER))
        snprintf(vector.cluster, sizeof vector.cluster, "%s", PQgetvalue(rows, 0, CLUSTER));
    for (int row = 0; row < n && !PQgetisnull(rows, row, SHARD); row++)
        vector.places[vector.count++] =
            (struct psp_bridge_place){.shard = (uint32_t)number_at(rows, row, SHARD),
                                      .epoch = number_at(rows, row, EPOCH),
                                      .index = number_at(rows, row, LOG_INDEX)};
    *ret_vector = vector;
    return PSP_OK;
}

static enum psp_status holds(void *self, struct psp_bridge_vector *ret_vector,
                             struct psp_reason *reterr_reason)
{
    struct psp_bridge_postgres *postgres = self;
    struct psp_text text = {0};
    PGresult *rows = NULL;
    psp_pg_write_held(&text);
    enum psp_status status = run(postgres, &text, &rows, reterr_reason);
    if (status == PSP_OK)
        status = read_held(rows, ret_vector, reterr_reason);
    PQclear(rows);
    return status;
}

/* ---- an answer ---- */

/* `mode` and `status`: they stay, as long as a cluster does. */
static enum psp_status ask_about(struct psp_bridge_postgres *postgres,
                                 struct psp_reason *reterr_reason)
{
    json_t *about = NULL;
    if (!postgres->feed)
        return PSP_OK;
    const enum psp_status status =
        psp_bridge_feed_get(postgres->feed, "/api/v1/election", &about, reterr_reason);
    if (status != PSP_OK)
        return status;
    json_decref(postgres->about);
    postgres->about = about;
    return PSP_OK;
}

static enum psp_status begin(void *self, bool whole, struct psp_reason *reterr_reason)
{
    struct psp_bridge_postgres *postgres = self;
    const struct psp_sql_sink sink = sink_of(postgres, reterr_reason);
    if (postgres->in_transaction) { /* what was abandoned could not be taken back */
        psp_reason_set(reterr_reason, "the connection broke: connects again");
        return PSP_EUNREACHABLE;
    }
    forget_rows(postgres);
    postgres->is_whole = whole;
    if (!whole)
        return PSP_OK;
    psp_pg_series_changed_all(&postgres->series);
    const enum psp_status status = ask_about(postgres, reterr_reason);
    return status != PSP_OK ? status : psp_sql_rows_definition(postgres->definition, &sink);
}

/* The curve of a contest is that of its own unit. */
static void note_series(struct psp_bridge_postgres *postgres, const json_t *line)
{
    const struct psp_definition *definition = postgres->definition;
    const char *contest = json_string_value(json_object_get(line, "contest"));
    const char *unit = json_string_value(json_object_get(line, "unit"));
    if (!contest || !unit || json_is_string(json_object_get(line, "method")))
        return;
    const uint32_t at = psp_definition_contest(definition, contest, strlen(contest));
    if (at != PSP_NONE && !strcmp(definition->units[definition->contests[at].unit].id, unit))
        psp_pg_series_changed(&postgres->series, at);
}

/* What is held has no rows in a whole answer; else its rows have to go: they come without
 * votes. */
static enum psp_status take_line(void *self, const json_t *line, struct psp_reason *reterr_reason)
{
    struct psp_bridge_postgres *postgres = self;
    const struct psp_sql_sink sink = sink_of(postgres, reterr_reason);
    const char *kind = json_string_value(json_object_get(line, "kind"));
    if (!kind)
        return PSP_OK;
    if (!strcmp(kind, "result")) {
        note_series(postgres, line);
        return postgres->is_whole && !json_is_array(json_object_get(line, "choices"))
                   ? PSP_OK
                   : psp_sql_rows_result(postgres->definition, line, &sink, reterr_reason);
    }
    if (!strcmp(kind, "turnout"))
        return psp_sql_rows_turnout(line, &sink, reterr_reason);
    if (!strcmp(kind, "books"))
        return psp_sql_rows_books(line, &sink, reterr_reason);
    return PSP_OK;
}

/* ---- its end ---- */

static void write_notify(struct psp_bridge_postgres *postgres, const json_t *end,
                         struct psp_text *text)
{
    const json_t *version = json_object_get(end, "version");
    json_t *payload =
        json_pack("{s:O?, s:O?, s:O?, s:b}", "version", json_object_get(version, "id"), "as_of",
                  json_object_get(end, "as_of"), "state", json_object_get(end, "state"), "whole",
                  (int)postgres->is_whole);
    char *words = payload ? json_dumps(payload, JSON_COMPACT) : NULL;
    psp_text_string(text, "SELECT pg_notify(");
    psp_pg_write_literal(postgres->settings.schema, text);
    psp_text_string(text, ", ");
    psp_pg_write_literal(words ? words : "{}", text);
    psp_text_string(text, ");\n");
    free(words);
    json_decref(payload);
}

/* Whether the answer may be written over what is there. */
static enum psp_status judge(const struct psp_bridge_postgres *postgres,
                             const struct psp_bridge_vector *held,
                             const struct psp_bridge_vector *end, struct psp_reason *reterr_reason)
{
    if (held->count > 0 && strcmp(held->cluster, end->cluster) != 0) {
        psp_reason_set(reterr_reason,
                       "schema \"%s\" holds the results of another cluster (%s, this one is %s): "
                       "name another \"schema\", or, if those are not needed, DROP SCHEMA \"%s\" "
                       "CASCADE; nothing was changed",
                       postgres->settings.schema, held->cluster, end->cluster,
                       postgres->settings.schema);
        return PSP_EMISMATCH;
    }
    const enum psp_bridge_order order = psp_bridge_vector_compare(end, held);
    if (order == PSP_BRIDGE_OLDER)
        return PSP_EBUSY;
    const enum psp_bridge_order since = psp_bridge_vector_compare(&postgres->base, held);
    if (order == PSP_BRIDGE_APART ||
        (!postgres->is_whole && (since == PSP_BRIDGE_NEWER || since == PSP_BRIDGE_APART))) {
        psp_reason_set(reterr_reason, "another bridge has written meanwhile: begins anew");
        return PSP_EDIVERGED;
    }
    return PSP_OK;
}

/* Takes the lock, and sees who has written. */
static enum psp_status guard(struct psp_bridge_postgres *postgres,
                             const struct psp_bridge_vector *end, bool *ret_is_news,
                             struct psp_reason *reterr_reason)
{
    struct psp_text text = {0};
    struct psp_bridge_vector held;
    PGresult *rows = NULL;
    psp_pg_write_guard(postgres->settings.schema, &text);
    enum psp_status status = run(postgres, &text, &rows, reterr_reason);
    if (status == PSP_OK)
        status = read_held(rows, &held, reterr_reason);
    PQclear(rows);
    if (status == PSP_OK)
        status = judge(postgres, &held, end, reterr_reason);
    if (status == PSP_OK)
        *ret_is_news = psp_bridge_vector_compare(end, &held) != PSP_BRIDGE_EQUAL;
    return status;
}

/* Asks for the curves whose turn it is; a collector that does not answer is asked later.
 * *ret_contests: their IDs as literals. */
static enum psp_status stage_series(struct psp_bridge_postgres *postgres, const json_t *end,
                                    struct psp_text *ret_contests, struct psp_reason *reterr_reason)
{
    const struct psp_sql_sink sink = sink_of(postgres, reterr_reason);
    const char *as_of = json_string_value(json_object_get(end, "as_of"));
    struct psp_pg_series *series = &postgres->series;
    enum psp_status status = PSP_OK;
    for (uint32_t i = 0; i < series->batch_count && status == PSP_OK; i++) {
        const char *contest = postgres->definition->contests[series->batch[i]].id;
        json_t *answer = NULL;
        char path[PSP_ID_BYTES_MAX + 64];
        snprintf(path, sizeof path, "/api/v1/series?contest=%s", contest);
        if (psp_bridge_feed_get(postgres->feed, path, &answer, reterr_reason) != PSP_OK) {
            series->batch_count = i; /* the others at another time */
            break;
        }
        status = psp_sql_rows_series(answer, as_of, &sink, reterr_reason);
        psp_text_string(ret_contests, i ? ", " : "");
        psp_pg_write_literal(contest, ret_contests);
        json_decref(answer);
    }
    psp_text_bytes(ret_contests, "", 1);
    return status;
}

static enum psp_status stage_rest(struct psp_bridge_postgres *postgres, const json_t *end,
                                  struct psp_text *ret_contests, struct psp_reason *reterr_reason)
{
    const struct psp_sql_sink sink = sink_of(postgres, reterr_reason);
    const char *state = json_string_value(json_object_get(end, "state"));
    json_t *head = postgres->about ? json_copy(postgres->about) : json_object();
    if (!head || json_object_update(head, (json_t *)(uintptr_t)end) != 0) {
        json_decref(head);
        return PSP_ENOMEM;
    }
    enum psp_status status =
        psp_sql_rows_version(postgres->definition, head, state, &sink, reterr_reason);
    json_decref(head);
    if (status == PSP_OK)
        status = stage_series(postgres, end, ret_contests, reterr_reason);
    for (unsigned t = 0; t < PSP_SQL_TABLES_END && status == PSP_OK; t++)
        status = flush(postgres, (enum psp_sql_table_id)t, reterr_reason);
    return status;
}

static enum psp_status merge(struct psp_bridge_postgres *postgres, const json_t *end, bool is_news,
                             const struct psp_text *contests, struct psp_reason *reterr_reason)
{
    struct psp_text text = {0};
    psp_pg_write_merge(postgres->is_whole, postgres->staged, &text);
    if (postgres->series.batch_count > 0)
        psp_pg_write_series(contests->data, &text);
    psp_text_string(&text, "UPDATE bridge SET written_at = now(), writer = ");
    psp_pg_write_literal(postgres->config->name, &text);
    psp_text_string(&text, ";\n");
    if (is_news)
        write_notify(postgres, end, &text);
    psp_text_string(&text, "COMMIT");
    const enum psp_status status = run(postgres, &text, NULL, reterr_reason);
    if (status == PSP_OK)
        postgres->in_transaction = false;
    return status;
}

static enum psp_status write_all(struct psp_bridge_postgres *postgres, const json_t *end,
                                 const struct psp_bridge_vector *version,
                                 struct psp_reason *reterr_reason)
{
    struct psp_text contests = {0};
    bool is_news = false;
    enum psp_status status = stage_rest(postgres, end, &contests, reterr_reason);
    if (status == PSP_OK)
        status = guard(postgres, version, &is_news, reterr_reason);
    if (status == PSP_OK)
        status = merge(postgres, end, is_news, &contests, reterr_reason);
    psp_text_free(&contests);
    return status;
}

static enum psp_status commit(void *self, const json_t *end, struct psp_reason *reterr_reason)
{
    struct psp_bridge_postgres *postgres = self;
    const uint64_t began_ms = psp_clock_ms();
    struct psp_bridge_vector version;
    if (!psp_bridge_vector_read(json_object_get(end, "version"), &version)) {
        psp_reason_set(reterr_reason, "the collector's answer has no version");
        return PSP_EINVAL;
    }
    const bool with_series =
        postgres->feed != NULL && psp_pg_series_turn(&postgres->series, began_ms);
    enum psp_status status = write_all(postgres, end, &version, reterr_reason);
    if (status == PSP_EBUSY && postgres->in_transaction) {
        status = psp_pg_link_run(postgres->link, "ROLLBACK", NULL, reterr_reason);
        status = status == PSP_OK ? PSP_EBUSY : status;
        postgres->in_transaction = false;
    } else if (status == PSP_OK && with_series) {
        const uint64_t now_ms = psp_clock_ms();
        psp_pg_series_written(&postgres->series, now_ms, now_ms - began_ms);
    }
    /* Where somebody newer has written, all of this answer is there as well. */
    if (status == PSP_OK || status == PSP_EBUSY)
        postgres->base = version;
    forget_rows(postgres);
    return status;
}

/* Curves whose turn it is; or a question, to notice a server that is gone. */
static enum psp_status idle(void *self, const json_t *end, struct psp_reason *reterr_reason)
{
    struct psp_bridge_postgres *postgres = self;
    if (postgres->note[0]) /* perhaps somebody has seen to it */
        grant(postgres);
    if (!postgres->feed || !psp_pg_series_turn(&postgres->series, psp_clock_ms()))
        return psp_pg_link_run(postgres->link, "SELECT 1", NULL, reterr_reason);
    enum psp_status status = begin(self, false, reterr_reason);
    if (status == PSP_OK)
        status = commit(self, end, reterr_reason);
    return status == PSP_EBUSY ? PSP_OK : status;
}

/* Its rows in the temporary tables go with the transaction. */
static void abandon(void *self)
{
    struct psp_bridge_postgres *postgres = self;
    struct psp_reason ignored;
    forget_rows(postgres);
    if (postgres->in_transaction &&
        psp_pg_link_run(postgres->link, "ROLLBACK", NULL, &ignored) == PSP_OK)
        postgres->in_transaction = false;
}

/* ---- making it ---- */

enum psp_status psp_bridge_postgres_create(const struct psp_bridge_config *config,
                                           struct psp_bridge_feed *feed,
                                           struct psp_bridge_stop *stop,
                                           struct psp_bridge_postgres **ret_postgres)
{
    struct psp_bridge_postgres *postgres = calloc(1, sizeof *postgres);
    if (!postgres)
        return PSP_ENOMEM;
    assert(config->kind == PSP_BRIDGE_POSTGRES);
    postgres->config = config;
    postgres->feed = feed;
    snprintf(postgres->application_name, sizeof postgres->application_name, "psephos-bridge %s",
             config->name);
    postgres->settings = (struct psp_pg_settings){.conninfo = config->postgres.conninfo,
                                                  .schema = config->postgres.schema,
                                                  .application_name = postgres->application_name,
                                                  .stop = stop};
    *ret_postgres = postgres;
    return PSP_OK;
}

void psp_bridge_postgres_destroy(struct psp_bridge_postgres **postgres)
{
    if (!*postgres)
        return;
    close_link(*postgres);
    psp_pg_series_free(&(*postgres)->series);
    json_decref((*postgres)->about);
    free(*postgres);
    *postgres = NULL;
}

struct psp_bridge_target psp_bridge_postgres_target(struct psp_bridge_postgres *postgres)
{
    struct psp_bridge_target target = {.open = open_link,
                                       .holds = holds,
                                       .begin = begin,
                                       .row = take_line,
                                       .commit = commit,
                                       .idle = idle,
                                       .abandon = abandon,
                                       .close = close_link,
                                       .note = note_of,
                                       .self = postgres};
    snprintf(target.to_empty, sizeof target.to_empty, "DROP SCHEMA \"%s\" CASCADE;",
             postgres->settings.schema);
    return target;
}
