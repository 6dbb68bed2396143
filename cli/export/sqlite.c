/* One transaction, one prepared INSERT a table. */
#include "cli/export/sqlite.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/export/beside.h"
#include "cli/say/memory.h"

/* "PSEP", so that `file` and other programs know whose it is. */
enum { APPLICATION_ID = 0x50534550 };

struct psp_sqlite {
    struct psp_beside beside;
    sqlite3 *db;
    sqlite3_stmt *inserts[PSP_SQL_TABLES_END];
    uint64_t rows[PSP_SQL_TABLES_END];
};

void psp_sqlite_refused(const struct psp_sqlite *sqlite, struct psp_reason *reterr_reason)
{
    int error = 0;
    sqlite3_file_control(sqlite->db, "main", SQLITE_FCNTL_LAST_ERRNO, &error);
    const int code = sqlite3_errcode(sqlite->db) & 0xFF;
    if (code == SQLITE_FULL || (code == SQLITE_IOERR && error != 0))
        psp_beside_refuse(sqlite->beside.path, code == SQLITE_FULL ? ENOSPC : error, reterr_reason);
    else
        psp_reason_set(reterr_reason, "%s: SQLite: %s", sqlite->beside.path,
                       sqlite3_errmsg(sqlite->db));
}

static enum psp_status refused(const struct psp_sqlite *sqlite, struct psp_reason *reterr_reason)
{
    psp_sqlite_refused(sqlite, reterr_reason);
    return PSP_EIO;
}

/* Runs what stands in the text, and frees it. */
static enum psp_status run(struct psp_sqlite *sqlite, struct psp_text *text,
                           struct psp_reason *reterr_reason)
{
    psp_text_bytes(text, "", 1);
    const enum psp_status status =
        text->failed ? PSP_ENOMEM
        : sqlite3_exec(sqlite->db, text->data, NULL, NULL, NULL) == SQLITE_OK
            ? PSP_OK
            : refused(sqlite, reterr_reason);
    psp_text_free(text);
    return status;
}

static enum psp_status prepare_insert(struct psp_sqlite *sqlite, enum psp_sql_table_id id,
                                      struct psp_reason *reterr_reason)
{
    const struct psp_sql_table *table = &psp_sql_tables[id];
    struct psp_text text = {0};
    psp_text_format(&text, "INSERT INTO %s VALUES (", table->name);
    for (uint32_t c = 0; c < table->column_count; c++)
        psp_text_string(&text, c ? ", ?" : "?");
    psp_text_bytes(&text, ")", 2);
    enum psp_status status = PSP_ENOMEM;
    if (!text.failed)
        status =
            sqlite3_prepare_v2(sqlite->db, text.data, -1, &sqlite->inserts[id], NULL) == SQLITE_OK
                ? PSP_OK
                : refused(sqlite, reterr_reason);
    psp_text_free(&text);
    return status;
}

static enum psp_status make_tables(struct psp_sqlite *sqlite, struct psp_reason *reterr_reason)
{
    struct psp_text text = {0};
    psp_text_format(&text,
                    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -%d;"
                    "PRAGMA application_id = %d; PRAGMA user_version = %d; BEGIN;\n",
                    PSP_SQLITE_CACHE_KIB, APPLICATION_ID, PSP_SQL_FORMAT);
    psp_sql_write_tables(PSP_SQL_SQLITE, &text);
    enum psp_status status = run(sqlite, &text, reterr_reason);
    for (int t = 0; t < PSP_SQL_TABLES_END && status == PSP_OK; t++)
        status = prepare_insert(sqlite, (enum psp_sql_table_id)t, reterr_reason);
    return status;
}

/* A journal that stands there would be rolled back into the file that takes the name. */
static enum psp_status check_journals(const char *path, struct psp_reason *reterr_reason)
{
    static const char *const ends[] = {"-journal", "-wal"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char *name = psp_memory_print("%s%s", path, ends[i]);
        const bool there = access(name, F_OK) == 0;
        if (there)
            psp_reason_set(reterr_reason,
                           "%s is there: a program is writing to the old %s, or died of it. End "
                           "it, or remove both; nothing was written",
                           name, path);
        free(name);
        if (there)
            return PSP_EBUSY;
    }
    return PSP_OK;
}

enum psp_status psp_sqlite_create(const char *path, struct psp_sqlite **ret_sqlite,
                                  struct psp_reason *reterr_reason)
{
    struct psp_sqlite *sqlite = psp_memory_array(1, sizeof *sqlite);
    enum psp_status status = check_journals(path, reterr_reason);
    if (status == PSP_OK)
        status = psp_beside_open(path, &sqlite->beside, reterr_reason);
    if (status == PSP_OK &&
        sqlite3_open_v2(sqlite->beside.name, &sqlite->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        status = sqlite->db ? refused(sqlite, reterr_reason) : PSP_ENOMEM;
    if (status == PSP_OK)
        status = make_tables(sqlite, reterr_reason);
    if (status != PSP_OK) {
        psp_sqlite_destroy(&sqlite);
        return status;
    }
    *ret_sqlite = sqlite;
    return PSP_OK;
}

static void close_database(struct psp_sqlite *sqlite)
{
    for (int t = 0; t < PSP_SQL_TABLES_END; t++) {
        sqlite3_finalize(sqlite->inserts[t]);
        sqlite->inserts[t] = NULL;
    }
    sqlite3_close(sqlite->db);
    sqlite->db = NULL;
}

void psp_sqlite_destroy(struct psp_sqlite **sqlite)
{
    if (!*sqlite)
        return;
    close_database(*sqlite);
    psp_beside_close(&(*sqlite)->beside);
    free(*sqlite);
    *sqlite = NULL;
}

static enum psp_status take_row(void *context, enum psp_sql_table_id table,
                                const struct psp_sql_value *values)
{
    struct psp_sqlite *sqlite = context;
    sqlite3_stmt *insert = sqlite->inserts[table];
    for (uint32_t c = 0; c < psp_sql_tables[table].column_count; c++) {
        const struct psp_sql_value *value = &values[c];
        const int at = (int)c + 1;
        const int code = value->kind == PSP_SQL_IS_NULL ? sqlite3_bind_null(insert, at)
                         : value->kind == PSP_SQL_IS_TEXT
                             ? sqlite3_bind_text(insert, at, value->text, -1, SQLITE_STATIC)
                             : sqlite3_bind_int64(insert, at, value->number);
        if (code != SQLITE_OK)
            return PSP_EIO;
    }
    const int code = sqlite3_step(insert);
    if (code == SQLITE_DONE)
        sqlite->rows[table]++;
    /* The fault of the step comes back here, too, so that errmsg still tells it. */
    return sqlite3_reset(insert) == SQLITE_OK && code == SQLITE_DONE ? PSP_OK : PSP_EIO;
}

struct psp_sql_sink psp_sqlite_sink(struct psp_sqlite *sqlite)
{
    return (struct psp_sql_sink){take_row, sqlite};
}

enum psp_status psp_sqlite_clear(struct psp_sqlite *sqlite, struct psp_reason *reterr_reason)
{
    struct psp_text text = {0};
    for (int t = PSP_SQL_TABLES_END - 1; t >= 0; t--)
        psp_text_format(&text, "DELETE FROM %s;\n", psp_sql_tables[t].name);
    memset(sqlite->rows, 0, sizeof sqlite->rows);
    return run(sqlite, &text, reterr_reason);
}

/* "results": a row refers to nothing in "choices". */
static enum psp_status check_references(struct psp_sqlite *sqlite, struct psp_reason *reterr_reason)
{
    sqlite3_stmt *check = NULL;
    if (sqlite3_prepare_v2(sqlite->db, "PRAGMA foreign_key_check", -1, &check, NULL) != SQLITE_OK)
        return refused(sqlite, reterr_reason);
    const int code = sqlite3_step(check);
    enum psp_status status = PSP_OK;
    if (code == SQLITE_ROW) {
        psp_reason_set(reterr_reason,
                       "a row of %s is of something that %s do not have: the collector's answers "
                       "do not fit its definition",
                       (const char *)sqlite3_column_text(check, 0),
                       (const char *)sqlite3_column_text(check, 2));
        status = PSP_EINVAL;
    } else if (code != SQLITE_DONE) {
        status = refused(sqlite, reterr_reason);
    }
    sqlite3_finalize(check);
    return status;
}

enum psp_status psp_sqlite_finish(struct psp_sqlite *sqlite, struct psp_reason *reterr_reason)
{
    struct psp_text text = {0};
    psp_sql_write_rest(PSP_SQL_SQLITE, &text);
    psp_text_string(&text, "ANALYZE; COMMIT;");
    enum psp_status status = run(sqlite, &text, reterr_reason);
    if (status == PSP_OK)
        status = check_references(sqlite, reterr_reason);
    if (status != PSP_OK)
        return status;
    close_database(sqlite);
    return psp_beside_finish(&sqlite->beside, reterr_reason);
}

uint64_t psp_sqlite_rows(const struct psp_sqlite *sqlite, enum psp_sql_table_id table)
{
    assert(table < PSP_SQL_TABLES_END);
    return sqlite->rows[table];
}
