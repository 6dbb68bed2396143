/* A row of columns is written as a vote message, and read as one: what a ballot is, is judged
 * in one place. */
#include "cli/cast/query_source.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json/writer.h"
#include "base/limits.h"
#include "base/text/utf8.h"
#include "cli/cast/lines/lines.h"
#include "cli/prepare/servers/postgres.h"
#include "cli/say/memory.h"
#include "election/ballot_id.h"

enum { REPORTED_MAX = 10 };

enum column { BALLOT, VOTER, CANDIDATE, PLACE, TIME, BALLOT_ID, KEY, COLUMNS };

struct psp_query_source {
    struct psp_ballot_lines form;
    struct psp_leaf_names *leaf_names; /* NULL: of the form that needs none */
    struct psp_postgres *server;
    struct psp_verdicts *verdicts;
    const char *key_column; /* NULL: none */
    uint32_t at[COLUMNS];   /* PSP_NONE: the query has none */
    uint64_t row, unreadable;
    bool ended;
    struct psp_reason fault;
    struct psp_text line; /* the row as a message */
    struct psp_text time; /* of the row */
    struct psp_ballot_line storage;
};

/* ---- its columns ---- */

/* The first of the names that there is; PSP_NONE: none. */
static enum psp_status find(struct psp_query_source *source, enum column column,
                            const char *const *names, struct psp_reason *reterr_reason)
{
    for (; *names != NULL && source->at[column] == PSP_NONE; names++) {
        enum psp_status status = PSP_OK;
        source->at[column] = psp_postgres_column(source->server, *names, &status);
        if (status == PSP_OK)
            continue;
        psp_reason_set(reterr_reason,
                       "the query has several columns %s: say which of them, as in SELECT t.%s",
                       *names, *names);
        return PSP_EINVAL;
    }
    return PSP_OK;
}

static enum psp_status find_all(struct psp_query_source *source, struct psp_reason *reterr_reason)
{
    static const char *const names[KEY][4] = {
        [BALLOT] = {"ballot"},
        [VOTER] = {"voter_id"},
        [CANDIDATE] = {"candidate_id"},
        [PLACE] = {"unit", "state", "address_state"},
        [TIME] = {"voting_time", "cast_at"},
        [BALLOT_ID] = {"ballot_id"},
    };
    const char *const key[] = {source->key_column, NULL};
    for (int c = 0; c < COLUMNS; c++)
        source->at[c] = PSP_NONE;
    enum psp_status status = find(source, KEY, key, reterr_reason);
    for (int c = 0; c < KEY && status == PSP_OK && source->at[BALLOT] == PSP_NONE; c++)
        status = find(source, (enum column)c, names[c], reterr_reason);
    return status;
}

static enum psp_status columns_good(const struct psp_query_source *source,
                                    struct psp_reason *reterr_reason)
{
    const uint32_t *at = source->at;
    const bool ballot = at[BALLOT] != PSP_NONE;
    const bool place = at[PLACE] != PSP_NONE || source->form.definition->leaf_count == 1;
    if (source->key_column != NULL && at[KEY] == PSP_NONE)
        psp_reason_set(reterr_reason, "--key-column: the query has no column \"%s\"",
                       source->key_column);
    else if (!ballot && (at[VOTER] == PSP_NONE || at[CANDIDATE] == PSP_NONE))
        psp_reason_set(reterr_reason,
                       "the query has no column %s: voter_id, unit or state, and candidate_id are "
                       "needed, or one column ballot",
                       at[VOTER] == PSP_NONE ? "voter_id" : "candidate_id");
    else if (!ballot && !place)
        psp_reason_set(reterr_reason, "the query has no column unit, state or address_state, and "
                                      "the election has several places to vote in");
    else
        return PSP_OK;
    return PSP_EINVAL;
}

/* ---- open and close ---- */

enum psp_status psp_query_source_open(const char *conninfo, const char *query,
                                      const char *key_column, const struct psp_ballot_lines *form,
                                      struct psp_verdicts *verdicts,
                                      struct psp_query_source **ret_source,
                                      struct psp_reason *reterr_reason)
{
    struct psp_query_source *source = psp_memory_array(1, sizeof *source);
    source->form = *form;
    source->verdicts = verdicts;
    source->key_column = key_column;
    enum psp_status status = psp_postgres_open(conninfo, &source->server, reterr_reason);
    if (status == PSP_OK)
        status = psp_postgres_run(source->server, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                                  reterr_reason);
    if (status == PSP_OK)
        status = psp_postgres_query(source->server, query, reterr_reason);
    if (status == PSP_OK)
        status = find_all(source, reterr_reason);
    if (status == PSP_OK)
        status = columns_good(source, reterr_reason);
    source->form.votes_topic = source->at[BALLOT] == PSP_NONE;
    if (status == PSP_OK && source->form.votes_topic)
        status = psp_leaf_names_create(form->definition, &source->leaf_names);
    source->form.leaf_names = source->leaf_names;
    if (status == PSP_OK)
        *ret_source = source;
    else
        psp_query_source_close(&source);
    return status;
}

void psp_query_source_close(struct psp_query_source **source)
{
    if (!*source)
        return;
    psp_postgres_close(&(*source)->server);
    psp_leaf_names_destroy(&(*source)->leaf_names);
    psp_text_free(&(*source)->line);
    psp_text_free(&(*source)->time);
    free(*source);
    *source = NULL;
}

/* ---- a row ---- */

static const char *cell(const struct psp_query_source *source, enum column column,
                        size_t *ret_bytes)
{
    *ret_bytes = 0;
    return source->at[column] != PSP_NONE
               ? psp_postgres_cell(source->server, source->at[column], ret_bytes)
               : NULL;
}

static void write_text(struct psp_writer *json, const struct psp_query_source *source,
                       enum column column, const char *member)
{
    size_t bytes = 0;
    const char *text = cell(source, column, &bytes);
    if (text != NULL)
        psp_writer_string(json, member, text);
}

/* PostgreSQL says "+00" where RFC 3339 wants "+00:00"; a number is ms since 1970. */
static void write_time(struct psp_writer *json, struct psp_query_source *source)
{
    size_t bytes = 0;
    const char *text = cell(source, TIME, &bytes);
    if (text == NULL)
        return;
    if (bytes > 0 && bytes < sizeof "9223372036854775807" && strspn(text, "0123456789") == bytes) {
        psp_writer_number(json, "voting_time", strtoull(text, NULL, 10));
        return;
    }
    const bool hours_only = bytes > 3 && strchr("+-", text[bytes - 3]) != NULL &&
                            strchr(text, ':') != NULL && text[bytes - 3] != '\0';
    source->time.length = 0;
    psp_text_string(&source->time, text);
    psp_text_string(&source->time, hours_only ? ":00" : "");
    psp_text_bytes(&source->time, "", 1);
    psp_writer_string(json, "voting_time", source->time.failed ? "" : source->time.data);
}

static enum psp_status write_message(struct psp_query_source *source, const char **ret_text,
                                     size_t *ret_bytes)
{
    struct psp_writer json;
    source->line.length = 0;
    psp_writer_start(&json, &source->line);
    psp_writer_begin_object(&json, NULL);
    write_text(&json, source, VOTER, "voter_id");
    write_text(&json, source, BALLOT_ID, "ballot_id");
    psp_writer_begin_object(&json, "address");
    write_text(&json, source, PLACE, "state");
    psp_writer_end_object(&json);
    write_text(&json, source, CANDIDATE, "candidate_id");
    write_time(&json, source);
    psp_writer_end_object(&json);
    *ret_bytes = source->line.length;
    psp_text_bytes(&source->line, "", 1); /* as a line that was read, it ends in NUL */
    *ret_text = source->line.data;
    return source->line.failed || source->time.failed ? PSP_ENOMEM : PSP_OK;
}

/* What is cast as a line would be; PSP_EINVAL with the reason: no ballot. */
static enum psp_status row_text(struct psp_query_source *source, const char **ret_text,
                                size_t *ret_bytes, struct psp_reason *reterr_reason)
{
    static const enum column texts[] = {BALLOT, VOTER, CANDIDATE, PLACE, TIME, BALLOT_ID, KEY};
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = cell(source, texts[i], &bytes);
        if (bytes > PSP_LINE_BYTES_MAX) {
            psp_reason_set(reterr_reason,
                           "longer than a line may be (" PSP_TEXT(PSP_LINE_BYTES_MAX) " bytes)");
            return PSP_EINVAL;
        }
        if (text != NULL && !psp_utf8_valid(text, bytes)) {
            psp_reason_set(reterr_reason, "not UTF-8");
            return PSP_EINVAL;
        }
    }
    if (source->key_column != NULL && cell(source, KEY, &bytes) == NULL) {
        psp_reason_set(reterr_reason, "the key column %s is NULL", source->key_column);
        return PSP_EINVAL;
    }
    if (source->form.votes_topic)
        return write_message(source, ret_text, ret_bytes);
    *ret_text = cell(source, BALLOT, ret_bytes);
    if (*ret_text != NULL)
        return PSP_OK;
    psp_reason_set(reterr_reason, "ballot is NULL");
    return PSP_EINVAL;
}

/* Of the key column and the voter, unless the ballot brought one. NUL is in no text, so a
 * row's ID is never a line's. */
static void give_key_id(struct psp_query_source *source, const char *text, size_t bytes,
                        struct psp_ballot *ballot)
{
    uint8_t of_line[PSP_BALLOT_ID_BYTES];
    psp_ballot_id_of_line(source->form.secret, text, bytes, of_line);
    if (source->key_column == NULL || memcmp(of_line, ballot->ballot_id, sizeof of_line) != 0)
        return;
    size_t key_bytes = 0;
    const char *key = cell(source, KEY, &key_bytes);
    struct psp_text about = {0};
    psp_text_bytes(&about, source->key_column, strlen(source->key_column) + 1);
    psp_text_bytes(&about, key, key_bytes);
    psp_text_bytes(&about, "", 1);
    psp_text_bytes(&about, ballot->voter_id, ballot->voter_id_bytes);
    if (about.failed)
        psp_memory_array(SIZE_MAX, 1); /* says so and ends */
    psp_ballot_id_of_line(source->form.secret, about.data, about.length, ballot->ballot_id);
    psp_text_free(&about);
}

static void report(struct psp_query_source *source, const char *reason)
{
    source->unreadable++;
    psp_verdicts_unreadable(source->verdicts, source->row, reason);
    if (source->unreadable <= REPORTED_MAX)
        fprintf(stderr, "psephos cast: row %" PRIu64 " of the query: %s\n", source->row, reason);
    if (source->unreadable == REPORTED_MAX)
        fputs("psephos cast: further rows like that are only counted\n", stderr);
}

static enum psp_status next(void *context, struct psp_ballot *ret_ballot)
{
    struct psp_query_source *source = context;
    for (;;) {
        struct psp_reason reason = {0};
        const char *text = NULL;
        size_t bytes = 0;
        enum psp_status status = psp_postgres_row(source->server, false, &reason);
        source->ended |= status == PSP_ENOENT;
        if (status == PSP_ENOENT || status == PSP_EAGAIN)
            return status;
        if (status != PSP_OK) {
            psp_reason_set(&source->fault,
                           "%s; the rows end here, after %" PRIu64 ": cast the same query again, "
                           "nothing will count twice",
                           reason.text, source->row);
            return PSP_ENOENT; /* what was sent still gets its verdicts */
        }
        source->row++;
        status = row_text(source, &text, &bytes, &reason);
        if (status == PSP_OK)
            status = psp_ballot_line_read(&source->form, text, bytes, &source->storage, ret_ballot,
                                          &reason);
        if (status == PSP_ENOMEM)
            return status;
        if (status != PSP_OK) {
            report(source, reason.text);
            continue;
        }
        give_key_id(source, text, bytes, ret_ballot);
        ret_ballot->cookie = psp_verdicts_expect(source->verdicts, source->row,
                                                 ret_ballot->ballot_id, source->storage.doubt);
        return PSP_OK;
    }
}

static struct psp_cast_meaning receipt(void *context, const struct psp_receipt *got)
{
    struct psp_query_source *source = context;
    psp_verdicts_take(source->verdicts, got);
    return (struct psp_cast_meaning){.refused = !psp_cast_counted(got)};
}

struct psp_cast_source psp_query_source_view(struct psp_query_source *source)
{
    return (struct psp_cast_source){.context = source, .next = next, .receipt = receipt};
}

const char *psp_query_source_fault(const struct psp_query_source *source)
{
    return source->fault.text;
}

bool psp_query_source_empty(const struct psp_query_source *source)
{
    return source->ended && source->row == 0;
}

uint64_t psp_query_source_unreadable(const struct psp_query_source *source)
{
    return source->unreadable;
}
