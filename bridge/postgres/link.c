/* Errors of a query have their SQLSTATE in the result; those of connecting only in libpq's text,
 * which has it while errors are verbose. */
#include "bridge/postgres/link.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/clock.h"
#include "bridge/postgres/words.h"
#include "sql/conninfo.h"

enum { LOOK_MS = 200, SERVER_VERSION_MIN = 110000 };

struct psp_pg_link {
    const struct psp_pg_settings *settings;
    PGconn *connection;
    char sqlstate[PSP_PG_SQLSTATE_BYTES];
};

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static enum psp_status explain(struct psp_pg_link *link, const char *sqlstate, const char *message,
                               struct psp_reason *reterr_reason)
{
    const struct psp_pg_fault fault = {
        .sqlstate = sqlstate,
        .message = message,
        .host = or_empty(PQhost(link->connection)),
        .database = or_empty(PQdb(link->connection)),
        .user = or_empty(PQuser(link->connection)),
        .schema = link->settings->schema,
    };
    snprintf(link->sqlstate, sizeof link->sqlstate, "%s", sqlstate);
    return psp_pg_words(&fault, reterr_reason);
}

static enum psp_status broken(struct psp_pg_link *link, struct psp_reason *reterr_reason)
{
    return explain(link, "08006", PQerrorMessage(link->connection), reterr_reason);
}

/* Until the socket can be read, or written as well. */
static enum psp_status wait_socket(struct psp_pg_link *link, bool write, uint64_t until_ms,
                                   struct psp_reason *reterr_reason)
{
    struct pollfd fd = {.fd = PQsocket(link->connection),
                        .events = (short)(write ? POLLIN | POLLOUT : POLLIN)};
    for (;;) {
        if (psp_bridge_stop_asked(link->settings->stop)) {
            psp_reason_set(reterr_reason, "the bridge ends");
            return PSP_EAGAIN;
        }
        const int ready = poll(&fd, 1, LOOK_MS);
        if (ready > 0)
            return PSP_OK;
        if (ready < 0 && errno != EINTR)
            return psp_reason_set_status(reterr_reason, "poll", psp_status_from_errno(errno));
        if (psp_clock_ms() >= until_ms)
            return explain(link, "08006", "no answer in time", reterr_reason);
    }
}

/* ---- connecting ---- */

static enum psp_status refused(struct psp_pg_link *link, struct psp_reason *reterr_reason)
{
    char sqlstate[PSP_PG_SQLSTATE_BYTES];
    const char *words;
    psp_pg_words_sqlstate(PQerrorMessage(link->connection), sqlstate, &words);
    return explain(link, sqlstate, words, reterr_reason);
}

static enum psp_status start(struct psp_pg_link *link, struct psp_reason *reterr_reason)
{
    /* What stands before dbname is only for a conninfo that does not say it. */
    const char *const names[] = {
        "application_name", "keepalives_idle", "keepalives_interval", "keepalives_count",
        "tcp_user_timeout", "dbname",          "client_encoding",     NULL};
    const char *const values[] = {link->settings->application_name, "30",   "10", "3", "60000",
                                  link->settings->conninfo,         "UTF8", NULL};
    char *fault = NULL;
    PQconninfoOption *options = PQconninfoParse(link->settings->conninfo, &fault);
    if (!options) {
        psp_reason_set(
            reterr_reason, "\"conninfo\" is none that libpq knows: %s",
            psp_conninfo_words(link->settings->conninfo, fault ? fault : "out of memory"));
        PQfreemem(fault);
        return PSP_EINVAL;
    }
    PQconninfoFree(options);
    link->connection = PQconnectStartParams(names, values, true);
    if (!link->connection)
        return PSP_ENOMEM;
    PQsetErrorVerbosity(link->connection, PQERRORS_VERBOSE);
    return PQstatus(link->connection) == CONNECTION_BAD ? refused(link, reterr_reason) : PSP_OK;
}

static enum psp_status connect_now(struct psp_pg_link *link, struct psp_reason *reterr_reason)
{
    const uint64_t until_ms = psp_clock_ms() + PSP_PG_CONNECT_MS;
    enum psp_status status = start(link, reterr_reason);
    PostgresPollingStatusType polled = PGRES_POLLING_WRITING;
    while (status == PSP_OK && polled != PGRES_POLLING_OK) {
        status = wait_socket(link, polled == PGRES_POLLING_WRITING, until_ms, reterr_reason);
        if (status == PSP_OK)
            polled = PQconnectPoll(link->connection);
        if (status == PSP_OK && polled == PGRES_POLLING_FAILED)
            status = refused(link, reterr_reason);
    }
    return status;
}

static enum psp_status check_server(struct psp_pg_link *link, struct psp_reason *reterr_reason)
{
    const char *encoding = or_empty(PQparameterStatus(link->connection, "server_encoding"));
    if (PQserverVersion(link->connection) < SERVER_VERSION_MIN) {
        psp_reason_set(reterr_reason, "PostgreSQL %s is too old: version 11 or newer is needed",
                       or_empty(PQparameterStatus(link->connection, "server_version")));
        return PSP_EVERSION;
    }
    if (strcmp(encoding, "UTF8") != 0) {
        psp_reason_set(reterr_reason,
                       "database \"%s\" keeps text as %s, which has not every letter: make one "
                       "with createdb -E UTF8 -T template0, and name it in \"conninfo\"",
                       or_empty(PQdb(link->connection)), encoding);
        return PSP_EVERSION;
    }
    return PSP_OK;
}

/* Nothing that the database or the role has by default may change what statements mean. */
static enum psp_status prepare_session(struct psp_pg_link *link, struct psp_reason *reterr_reason)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "SET search_path = \"%s\"; SET client_min_messages = error; "
             "SET standard_conforming_strings = on; SET DateStyle = ISO; SET TimeZone = UTC; "
             "SET default_transaction_isolation = 'read committed'; SET jit = off; "
             "SET lock_timeout = '15s'; SET statement_timeout = %d; "
             "SET idle_in_transaction_session_timeout = '60s'",
             link->settings->schema, PSP_PG_WAIT_MS);
    return psp_pg_link_run(link, sql, NULL, reterr_reason);
}

enum psp_status psp_pg_link_open(const struct psp_pg_settings *settings,
                                 struct psp_pg_link **ret_link, struct psp_reason *reterr_reason)
{
    struct psp_pg_link *link = calloc(1, sizeof *link);
    if (!link)
        return PSP_ENOMEM;
    link->settings = settings;
    enum psp_status status = connect_now(link, reterr_reason);
    if (status == PSP_OK) {
        PQsetErrorVerbosity(link->connection, PQERRORS_DEFAULT);
        status = PQsetnonblocking(link->connection, 1) == 0 ? PSP_OK : PSP_ENOMEM;
    }
    if (status == PSP_OK)
        status = check_server(link, reterr_reason);
    if (status == PSP_OK)
        status = prepare_session(link, reterr_reason);
    if (status != PSP_OK) {
        psp_pg_link_close(&link);
        return status;
    }
    *ret_link = link;
    return PSP_OK;
}

void psp_pg_link_close(struct psp_pg_link **link)
{
    if (!*link)
        return;
    PQfinish((*link)->connection);
    free(*link);
    *link = NULL;
}

/* ---- queries ---- */

static enum psp_status flush(struct psp_pg_link *link, struct psp_reason *reterr_reason)
{
    const uint64_t until_ms = psp_clock_ms() + PSP_PG_WAIT_MS;
    int left = PQflush(link->connection);
    while (left == 1) {
        const enum psp_status status = wait_socket(link, true, until_ms, reterr_reason);
        if (status != PSP_OK)
            return status;
        if (!PQconsumeInput(link->connection))
            return broken(link, reterr_reason);
        left = PQflush(link->connection);
    }
    return left == 0 ? PSP_OK : broken(link, reterr_reason);
}

/* The next result, NULL after the last. */
static enum psp_status next_result(struct psp_pg_link *link, PGresult **ret_result,
                                   struct psp_reason *reterr_reason)
{
    const uint64_t until_ms = psp_clock_ms() + PSP_PG_WAIT_MS;
    while (PQisBusy(link->connection)) {
        const enum psp_status status = wait_socket(link, false, until_ms, reterr_reason);
        if (status != PSP_OK)
            return status;
        if (!PQconsumeInput(link->connection))
            return broken(link, reterr_reason);
    }
    *ret_result = PQgetResult(link->connection);
    return PSP_OK;
}

static enum psp_status failed(struct psp_pg_link *link, const PGresult *result,
                              struct psp_reason *reterr_reason)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return sqlstate && message ? explain(link, sqlstate, message, reterr_reason)
                               : broken(link, reterr_reason);
}

/* All results; the first that fails counts, rows of the last one are kept. */
static enum psp_status take_results(struct psp_pg_link *link, PGresult **ret_rows,
                                    struct psp_reason *reterr_reason)
{
    PGresult *rows = NULL;
    enum psp_status status = PSP_OK;
    for (;;) {
        PGresult *result = NULL;
        const enum psp_status got = next_result(link, &result, reterr_reason);
        if (got != PSP_OK)
            status = got;
        if (!result)
            break;
        const ExecStatusType kind = PQresultStatus(result);
        if (kind == PGRES_FATAL_ERROR && status == PSP_OK)
            status = failed(link, result, reterr_reason);
        if (kind == PGRES_TUPLES_OK) {
            PQclear(rows);
            rows = result;
        } else {
            PQclear(result);
        }
        if (kind == PGRES_COPY_IN)
            break; /* it goes on with lines */
    }
    if (status != PSP_OK || !ret_rows) {
        PQclear(rows);
        rows = NULL;
    }
    if (status == PSP_OK && ret_rows)
        *ret_rows = rows;
    return status;
}

enum psp_status psp_pg_link_run(struct psp_pg_link *link, const char *sql, PGresult **ret_rows,
                                struct psp_reason *reterr_reason)
{
    link->sqlstate[0] = 0;
    if (!PQsendQuery(link->connection, sql))
        return broken(link, reterr_reason);
    enum psp_status status = flush(link, reterr_reason);
    if (status == PSP_OK)
        status = take_results(link, ret_rows, reterr_reason);
    return status;
}

/* libpq takes as much as it has room for, or says 0. */
static enum psp_status send_lines(struct psp_pg_link *link, const char *lines, size_t bytes,
                                  struct psp_reason *reterr_reason)
{
    enum { PIECE_BYTES = 64 << 10 };
    enum psp_status status = PSP_OK;
    while (bytes > 0 && status == PSP_OK) {
        const size_t piece = bytes < PIECE_BYTES ? bytes : PIECE_BYTES;
        const int put = PQputCopyData(link->connection, lines, (int)piece);
        if (put < 0)
            return broken(link, reterr_reason);
        if (put == 1) {
            lines += piece;
            bytes -= piece;
        }
        status = flush(link, reterr_reason);
    }
    return status;
}

enum psp_status psp_pg_link_copy(struct psp_pg_link *link, const char *table, const char *lines,
                                 size_t bytes, struct psp_reason *reterr_reason)
{
    char sql[128];
    const int length = snprintf(sql, sizeof sql, "COPY %s FROM STDIN", table);
    assert(length > 0 && (size_t)length < sizeof sql);
    enum psp_status status = psp_pg_link_run(link, sql, NULL, reterr_reason);
    if (status == PSP_OK)
        status = send_lines(link, lines, bytes, reterr_reason);
    if (status == PSP_OK && PQputCopyEnd(link->connection, NULL) < 0)
        status = broken(link, reterr_reason);
    if (status == PSP_OK)
        status = flush(link, reterr_reason);
    if (status == PSP_OK)
        status = take_results(link, NULL, reterr_reason);
    return status;
}

const char *psp_pg_link_sqlstate(const struct psp_pg_link *link)
{
    return link->sqlstate;
}
