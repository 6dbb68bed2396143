/* The cursor is called psp_rows; FETCH is asked without waiting, and asked again as soon as
 * its answer is here. */
#include "cli/prepare/servers/postgres.h"

#include <assert.h>
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text/text.h"
#include "cli/say/memory.h"
#include "sql/conninfo.h"

enum { MORE_MS = 2, ROWS_BETWEEN_LOOKS = 64 };

struct psp_postgres {
    PGconn *connection;
    PGresult *columns;      /* of the query; NULL: none is under way */
    PGresult *block;        /* the rows being handed out, NULL before the first */
    int row;                /* of the block, -1 before the first */
    bool fetching;          /* a FETCH is on its way */
    bool ended;             /* no more rows come */
    struct psp_text copied; /* of COPY, not sent yet */
};

/* The server's words as one line, without the level before them. */
static void say(struct psp_reason *reterr_reason, const char *words, const char *more)
{
    char line[PSP_REASON_TEXT_BYTES];
    size_t n = 0;
    for (const char *at = words; *at != '\0' && n < sizeof line - 1; at++) {
        const bool blank = strchr(" \t\r\n", *at) != NULL;
        if (!blank || (n > 0 && line[n - 1] != ' '))
            line[n++] = blank ? ' ' : *at;
    }
    while (n > 0 && line[n - 1] == ' ')
        n--;
    line[n] = '\0';
    psp_reason_set(reterr_reason, "PostgreSQL: %s%s%s", line, *more != '\0' ? "; " : "", more);
}

/* Of a result that is none, or of a connection that is lost. */
static enum psp_status failed(struct psp_postgres *server, const PGresult *result,
                              struct psp_reason *reterr_reason)
{
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const bool only_refused = severity != NULL && strcmp(severity, "ERROR") == 0;
    if (PQstatus(server->connection) == CONNECTION_OK && primary != NULL && only_refused) {
        say(reterr_reason, primary, hint != NULL ? hint : "");
        return PSP_EINVAL;
    }
    say(reterr_reason, primary != NULL ? primary : PQerrorMessage(server->connection), "");
    return PSP_EIO;
}

static void no_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

static enum psp_status prepare(struct psp_postgres *server, struct psp_reason *reterr_reason)
{
    const char *encoding = PQparameterStatus(server->connection, "server_encoding");
    if (encoding == NULL || strcmp(encoding, "SQL_ASCII") == 0) {
        psp_reason_set(reterr_reason, "PostgreSQL: the database has the encoding SQL_ASCII, so "
                                      "that nobody knows what its text means; UTF8 is needed");
        return PSP_EIO;
    }
    return psp_postgres_run(server,
                            "SET datestyle = ISO; SET timezone = 'UTC'; "
                            "SET bytea_output = hex; SET extra_float_digits = 1; "
                            "SET idle_in_transaction_session_timeout = 0",
                            reterr_reason);
}

enum psp_status psp_postgres_conninfo(const char *conninfo, bool *ret_has_password,
                                      struct psp_reason *reterr_reason)
{
    struct psp_reason wrong = {0};
    char *words = NULL;
    PQconninfoOption *parsed = PQconninfoParse(conninfo, &words);
    *ret_has_password = false;
    if (parsed == NULL) {
        say(&wrong, psp_conninfo_words(conninfo, words != NULL ? words : "out of memory"), "");
        psp_reason_set(reterr_reason, "%s", wrong.text);
        PQfreemem(words);
        return PSP_EINVAL;
    }
    for (const PQconninfoOption *one = parsed; one->keyword; one++)
        if (one->val && (!strcmp(one->keyword, "password") || !strcmp(one->keyword, "sslpassword")))
            *ret_has_password = true;
    PQconninfoFree(parsed);
    return PSP_OK;
}

enum psp_status psp_postgres_open(const char *conninfo, struct psp_postgres **ret_server,
                                  struct psp_reason *reterr_reason)
{
    /* What comes later wins, so the conninfo may say otherwise, but of the encoding. */
    static const char *const keywords[] = {
        "connect_timeout",  "keepalives_idle", "keepalives_interval", "keepalives_count",
        "application_name", "dbname",          "client_encoding",     NULL};
    const char *const values[] = {"10", "30", "10", "3", "psephos", conninfo, "UTF8", NULL};
    bool has_password;
    if (psp_postgres_conninfo(conninfo, &has_password, reterr_reason) != PSP_OK)
        return PSP_EINVAL;
    struct psp_postgres *server = psp_memory_array(1, sizeof *server);
    server->connection = PQconnectdbParams(keywords, values, 1);
    enum psp_status status = PSP_OK;
    if (PQstatus(server->connection) != CONNECTION_OK) {
        say(reterr_reason, PQerrorMessage(server->connection), "");
        status = PSP_EIO;
    }
    PQsetNoticeProcessor(server->connection, no_notice, NULL);
    if (status == PSP_OK)
        status = prepare(server, reterr_reason);
    if (status == PSP_OK)
        *ret_server = server;
    else
        psp_postgres_close(&server);
    return status;
}

void psp_postgres_close(struct psp_postgres **server)
{
    if (!*server)
        return;
    PQclear((*server)->columns);
    PQclear((*server)->block);
    PQfinish((*server)->connection);
    psp_text_free(&(*server)->copied);
    free(*server);
    *server = NULL;
}

enum psp_status psp_postgres_run(struct psp_postgres *server, const char *sql,
                                 struct psp_reason *reterr_reason)
{
    PGresult *result = PQexec(server->connection, sql);
    const ExecStatusType done = PQresultStatus(result);
    const enum psp_status status = done == PGRES_COMMAND_OK || done == PGRES_TUPLES_OK
                                       ? PSP_OK
                                       : failed(server, result, reterr_reason);
    PQclear(result);
    return status;
}

enum psp_status psp_postgres_number(struct psp_postgres *server, const char *sql,
                                    uint64_t *ret_number, struct psp_reason *reterr_reason)
{
    PGresult *result = PQexec(server->connection, sql);
    enum psp_status status = PSP_OK;
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        status = failed(server, result, reterr_reason);
    else
        *ret_number = PQntuples(result) > 0 ? strtoull(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return status;
}

/* ---- rows ---- */

/* The length of the query without semicolons and blanks at its end. */
static int query_bytes(const char *sql)
{
    size_t bytes = strlen(sql);
    while (bytes > 0 && strchr("; \t\r\n", sql[bytes - 1]) != NULL)
        bytes--;
    return (int)bytes;
}

enum psp_status psp_postgres_query(struct psp_postgres *server, const char *sql,
                                   struct psp_reason *reterr_reason)
{
    assert(server->columns == NULL && !server->fetching);
    char *declare =
        psp_memory_print("DECLARE psp_rows NO SCROLL CURSOR FOR %.*s", query_bytes(sql), sql);
    /* With parameters, if none: so that it is one statement and no more. */
    PGresult *result = PQexecParams(server->connection, declare, 0, NULL, NULL, NULL, NULL, 0);
    free(declare);
    enum psp_status status = PSP_OK;
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        status = failed(server, result, reterr_reason);
    PQclear(result);
    if (status != PSP_OK)
        return status;
    result = PQdescribePortal(server->connection, "psp_rows");
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        status = failed(server, result, reterr_reason);
        PQclear(result);
        return status;
    }
    server->columns = result;
    server->ended = false;
    server->row = -1;
    return PSP_OK;
}

static PGresult *take_answer(struct psp_postgres *server)
{
    PGresult *result = PQgetResult(server->connection);
    for (PGresult *more = result; more != NULL;) {
        more = PQgetResult(server->connection);
        PQclear(more);
    }
    server->fetching = false;
    return result;
}

void psp_postgres_query_end(struct psp_postgres *server)
{
    if (server->columns == NULL)
        return;
    if (server->fetching)
        PQclear(take_answer(server));
    PQclear(PQexec(server->connection, "CLOSE psp_rows"));
    PQclear(server->columns);
    PQclear(server->block);
    server->columns = server->block = NULL;
}

uint32_t psp_postgres_column(const struct psp_postgres *server, const char *name,
                             enum psp_status *ret_status)
{
    uint32_t found = PSP_NONE;
    for (int i = 0; i < PQnfields(server->columns); i++) {
        if (strcmp(PQfname(server->columns, i), name) != 0)
            continue;
        if (found != PSP_NONE)
            *ret_status = PSP_EEXIST;
        found = (uint32_t)i;
    }
    return found;
}

static enum psp_status ask(struct psp_postgres *server, struct psp_reason *reterr_reason)
{
    if (PQsendQuery(server->connection, "FETCH " PSP_TEXT(PSP_POSTGRES_ROWS) " FROM psp_rows") != 1)
        return failed(server, NULL, reterr_reason);
    server->fetching = true;
    return PSP_OK;
}

/* Until the answer is here; without `wait` as long as more of it keeps coming. */
static enum psp_status arrive(struct psp_postgres *server, bool wait,
                              struct psp_reason *reterr_reason)
{
    for (;;) {
        struct pollfd ready = {.fd = PQsocket(server->connection), .events = POLLIN};
        if (PQconsumeInput(server->connection) != 1)
            return failed(server, NULL, reterr_reason);
        if (PQisBusy(server->connection) == 0)
            return PSP_OK;
        const int n = poll(&ready, 1, wait ? -1 : MORE_MS);
        if (n == 0)
            return PSP_EAGAIN;
        if (n < 0 && errno != EINTR) {
            psp_reason_set(reterr_reason, "PostgreSQL: %s", strerror(errno));
            return PSP_EIO;
        }
    }
}

/* The next block, and the one behind it asked for. */
static enum psp_status turn(struct psp_postgres *server, struct psp_reason *reterr_reason)
{
    PGresult *result = take_answer(server);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        const enum psp_status status = failed(server, result, reterr_reason);
        PQclear(result);
        return status;
    }
    PQclear(server->block);
    server->block = result;
    server->row = -1;
    server->ended = PQntuples(result) < PSP_POSTGRES_ROWS;
    return server->ended ? PSP_OK : ask(server, reterr_reason);
}

enum psp_status psp_postgres_row(struct psp_postgres *server, bool wait,
                                 struct psp_reason *reterr_reason)
{
    assert(server->columns != NULL);
    for (;;) {
        if (server->block != NULL && server->row + 1 < PQntuples(server->block)) {
            server->row++;
            /* The next block is taken off the socket while this one is handed out; what is
             * wrong with it is told when its turn comes. */
            if (server->fetching && server->row % ROWS_BETWEEN_LOOKS == 0)
                PQconsumeInput(server->connection);
            return PSP_OK;
        }
        if (server->ended)
            return PSP_ENOENT;
        enum psp_status status = server->fetching ? PSP_OK : ask(server, reterr_reason);
        if (status == PSP_OK)
            status = arrive(server, wait, reterr_reason);
        if (status == PSP_OK)
            status = turn(server, reterr_reason);
        server->ended |= status != PSP_OK && status != PSP_EAGAIN;
        if (status != PSP_OK)
            return status;
    }
}

const char *psp_postgres_cell(const struct psp_postgres *server, uint32_t column, size_t *ret_bytes)
{
    assert(server->block != NULL && server->row >= 0);
    *ret_bytes = (size_t)PQgetlength(server->block, server->row, (int)column);
    return PQgetisnull(server->block, server->row, (int)column)
               ? NULL
               : PQgetvalue(server->block, server->row, (int)column);
}

/* ---- COPY ---- */

enum psp_status psp_postgres_copy(struct psp_postgres *server, const char *sql,
                                  struct psp_reason *reterr_reason)
{
    PGresult *result = PQexec(server->connection, sql);
    const enum psp_status status =
        PQresultStatus(result) == PGRES_COPY_IN ? PSP_OK : failed(server, result, reterr_reason);
    PQclear(result);
    server->copied.length = 0;
    return status;
}

static enum psp_status send_copied(struct psp_postgres *server, struct psp_reason *reterr_reason)
{
    struct psp_text *copied = &server->copied;
    if (copied->failed) {
        psp_reason_set(reterr_reason, "out of memory");
        return PSP_ENOMEM;
    }
    const int sent = PQputCopyData(server->connection, copied->data, (int)copied->length);
    copied->length = 0;
    return sent == 1 ? PSP_OK : failed(server, NULL, reterr_reason);
}

static void copy_text(struct psp_text *copied, const char *text)
{
    static const char special[] = "\\\n\r\t", letters[] = "\\nrt";
    for (const char *at = text; *at != '\0';) {
        const size_t plain = strcspn(at, special);
        psp_text_bytes(copied, at, plain);
        at += plain;
        if (*at == '\0')
            return;
        const char escaped[] = {'\\', letters[strchr(special, *at) - special]};
        psp_text_bytes(copied, escaped, sizeof escaped);
        at++;
    }
}

enum psp_status psp_postgres_copy_row(struct psp_postgres *server, const char *const *texts,
                                      size_t n, struct psp_reason *reterr_reason)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            psp_text_string(&server->copied, "\t");
        if (texts[i] != NULL)
            copy_text(&server->copied, texts[i]);
        else
            psp_text_string(&server->copied, "\\N");
    }
    psp_text_string(&server->copied, "\n");
    return server->copied.failed || server->copied.length >= PSP_POSTGRES_COPY_BYTES
               ? send_copied(server, reterr_reason)
               : PSP_OK;
}

enum psp_status psp_postgres_copy_end(struct psp_postgres *server, struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_OK;
    if (server->copied.length > 0)
        status = send_copied(server, reterr_reason);
    if (status == PSP_OK && PQputCopyEnd(server->connection, NULL) != 1)
        status = failed(server, NULL, reterr_reason);
    PGresult *result = status == PSP_OK ? take_answer(server) : NULL;
    if (status == PSP_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
        status = failed(server, result, reterr_reason);
    PQclear(result);
    return status;
}
