/* Station and router: proto/client.proto. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/checked.h"
#include "base/limits.h"
#include "client.pb-c.h"
#include "wire/message/message.h"
#include "wire/message/pack.h"
#include "wire/message/scan.h"

/* A shorter one is unpacked soon enough, whatever it holds. */
enum { SCANNED_BYTES = 64 << 10 };
static_assert((int)SCANNED_BYTES < (int)PSP_INGEST_BYTES_MAX, "a station's may be longer");
static_assert(PSP_BATCH_ROWS_MAX <= UINT16_MAX, "a row's number is sent in two bytes");

/* Names the row, so that whoever wrote the client finds the ballot. */
static enum psp_status refuse_row(struct psp_arena *arena, size_t row, const char **ret_reason,
                                  const char *reason)
{
    enum { TEXT_BYTES = 128 };
    assert(row < PSP_BATCH_ROWS_MAX && reason != NULL);
    char *text = psp_arena_alloc(arena, TEXT_BYTES);
    if (text)
        snprintf(text, TEXT_BYTES, "row %zu: %s", row, reason);
    return psp_pack_refuse(ret_reason, text ? text : reason);
}

static struct psp_bytes bytes_of_text(const char *text)
{
    return (struct psp_bytes){.data = (const uint8_t *)text, .length = strlen(text)};
}

static enum psp_status decode_marks(struct psp_arena *arena, const Psephos__V1__Ballot *ballot,
                                    struct psp_row *ret_row, const char **ret_reason)
{
    if (ballot->n_marks > PSP_MARKED_CONTESTS_MAX)
        return psp_pack_refuse(
            ret_reason, "more than " PSP_TEXT(PSP_MARKED_CONTESTS_MAX) " contests are marked");
    struct psp_row_mark *marks = psp_arena_alloc(arena, ballot->n_marks * sizeof *marks);
    if (!marks)
        return PSP_ENOMEM;
    for (size_t m = 0; m < ballot->n_marks; m++) {
        const Psephos__V1__Mark *mark = ballot->marks[m];
        if (mark->n_choices > PSP_MARKED_CHOICES_MAX)
            return psp_pack_refuse(
                ret_reason,
                "more than " PSP_TEXT(PSP_MARKED_CHOICES_MAX) " choices of one contest are marked");
        struct psp_bytes *choices = psp_arena_alloc(arena, mark->n_choices * sizeof *choices);
        if (!choices)
            return PSP_ENOMEM;
        for (size_t c = 0; c < mark->n_choices; c++) {
            choices[c] = bytes_of_text(mark->choices[c]);
            if (choices[c].length > PSP_ID_BYTES_MAX)
                return psp_pack_refuse(
                    ret_reason, "a choice is longer than " PSP_TEXT(PSP_ID_BYTES_MAX) " bytes");
        }
        marks[m] = (struct psp_row_mark){
            .contest = bytes_of_text(mark->contest),
            .choices = choices,
            .choice_count = (uint32_t)mark->n_choices,
        };
        if (marks[m].contest.length > PSP_ID_BYTES_MAX)
            return psp_pack_refuse(ret_reason,
                                   "a contest is longer than " PSP_TEXT(PSP_ID_BYTES_MAX) " bytes");
    }
    assert(ballot->n_marks <= PSP_MARKED_CONTESTS_MAX);
    ret_row->marks = marks;
    ret_row->mark_count = (uint32_t)ballot->n_marks;
    return PSP_OK;
}

/* What is wrong with a row, its marks aside; NULL: nothing. */
static const char *row_fault(const struct psp_row *row)
{
    if (row->voter_id.length == 0 || row->voter_id.length > PSP_VOTER_ID_BYTES_MAX)
        return "voter_id is not 1 to " PSP_TEXT(PSP_VOTER_ID_BYTES_MAX) " bytes";
    if (row->ballot_id.length != PSP_BALLOT_ID_BYTES)
        return "ballot_id is not " PSP_TEXT(PSP_BALLOT_ID_BYTES) " bytes";
    if (row->unit.length == 0)
        return "unit is missing";
    if (row->unit.length > PSP_ID_BYTES_MAX)
        return "unit is longer than " PSP_TEXT(PSP_ID_BYTES_MAX) " bytes";
    if (row->method.length == 0)
        return "method is missing";
    if (row->method.length > PSP_ID_BYTES_MAX)
        return "method is longer than " PSP_TEXT(PSP_ID_BYTES_MAX) " bytes";
    if (row->style.length > PSP_ID_BYTES_MAX)
        return "style is longer than " PSP_TEXT(PSP_ID_BYTES_MAX) " bytes";
    return NULL;
}

static struct psp_row row_of(const Psephos__V1__Ballot *ballot)
{
    return (struct psp_row){
        .voter_id = psp_pack_bytes(&ballot->voter_id),
        .ballot_id = psp_pack_bytes(&ballot->ballot_id),
        .unit = bytes_of_text(ballot->unit),
        .method = bytes_of_text(ballot->method),
        .style = bytes_of_text(ballot->style),
        .cast_at_ms = ballot->cast_at_ms,
        .resent = ballot->resent,
    };
}

static enum psp_status decode_rows(struct psp_arena *arena, const Psephos__V1__SubmitRows *body,
                                   struct psp_client_message *ret_message, const char **ret_reason)
{
    if (!psp_pack_take(&body->definition_hash, ret_message->definition_hash, PSP_HASH_BYTES))
        return psp_pack_refuse(ret_reason,
                               "definition_hash is not " PSP_TEXT(PSP_HASH_BYTES) " bytes");
    if (body->n_ballots == 0)
        return psp_pack_refuse(ret_reason, "a batch without ballots");
    if (body->n_ballots > PSP_BATCH_ROWS_MAX)
        return psp_pack_refuse(ret_reason,
                               "a batch of more than " PSP_TEXT(PSP_BATCH_ROWS_MAX) " ballots");
    struct psp_row *rows = psp_arena_alloc(arena, body->n_ballots * sizeof *rows);
    if (!rows)
        return PSP_ENOMEM;
    for (size_t i = 0; i < body->n_ballots; i++) {
        const Psephos__V1__Ballot *ballot = body->ballots[i];
        rows[i] = row_of(ballot);
        const char *fault = row_fault(&rows[i]);
        if (fault)
            return refuse_row(arena, i, ret_reason, fault);
        const enum psp_status status = decode_marks(arena, ballot, &rows[i], ret_reason);
        if (status != PSP_OK)
            return status == PSP_EINVAL ? refuse_row(arena, i, ret_reason, *ret_reason) : status;
    }
    assert(body->n_ballots > 0 && body->n_ballots <= PSP_BATCH_ROWS_MAX);
    ret_message->type = PSP_CLIENT_ROWS;
    ret_message->rows = rows;
    ret_message->row_count = (uint32_t)body->n_ballots;
    return PSP_OK;
}

static enum psp_status decode_columns(struct psp_arena *arena,
                                      const Psephos__V1__SubmitColumns *body,
                                      struct psp_client_message *ret_message,
                                      const char **ret_reason)
{
    const uint32_t n = body->n;
    if (!psp_pack_take(&body->definition_hash, ret_message->definition_hash, PSP_HASH_BYTES))
        return psp_pack_refuse(ret_reason,
                               "definition_hash is not " PSP_TEXT(PSP_HASH_BYTES) " bytes");
    if (n == 0)
        return psp_pack_refuse(ret_reason, "a batch without ballots");
    if (n > PSP_BATCH_ROWS_MAX)
        return psp_pack_refuse(ret_reason,
                               "a batch of more than " PSP_TEXT(PSP_BATCH_ROWS_MAX) " ballots");
    if (!psp_pack_holds(&body->voter_lengths, n, 1))
        return psp_pack_refuse(ret_reason, "voter_lengths is not n bytes");
    if (!psp_pack_holds(&body->ballot_ids, n, PSP_BALLOT_ID_BYTES))
        return psp_pack_refuse(ret_reason,
                               "ballot_ids is not " PSP_TEXT(PSP_BALLOT_ID_BYTES) " n bytes");
    if (!psp_pack_holds(&body->units, n, 4))
        return psp_pack_refuse(ret_reason, "units is not 4 n bytes");
    if (!psp_pack_holds(&body->methods, n, 1))
        return psp_pack_refuse(ret_reason, "methods is not n bytes");
    if (!psp_pack_holds(&body->cast_at_ms, n, 8))
        return psp_pack_refuse(ret_reason, "cast_at_ms is not 8 n bytes");
    if (body->styles.len > 0 && !psp_pack_holds(&body->styles, n, 4))
        return psp_pack_refuse(ret_reason, "styles is neither empty nor 4 n bytes");
    if (body->resent.len > 0 && body->resent.len != (n + 7) / 8)
        return psp_pack_refuse(ret_reason, "resent is neither empty nor n bits");
    if (body->stations.len > 0 && !psp_pack_holds(&body->stations, n, 4))
        return psp_pack_refuse(ret_reason, "stations is neither empty nor 4 n bytes");
    uint16_t *marks_lengths = psp_arena_alloc(arena, n * sizeof *marks_lengths);
    if (!marks_lengths)
        return PSP_ENOMEM;
    const struct psp_client_columns columns = {
        .n = n,
        .voter_lengths = body->voter_lengths.data,
        .voter_ids = body->voter_ids.data,
        .voter_bytes = body->voter_ids.len,
        .ballot_ids = body->ballot_ids.data,
        .units = body->units.data,
        .methods = body->methods.data,
        .cast_at_ms = body->cast_at_ms.data,
        .styles = body->styles.len > 0 ? body->styles.data : NULL,
        .resent = body->resent.len > 0 ? body->resent.data : NULL,
        .stations = body->stations.len > 0 ? body->stations.data : NULL,
        .marks = body->marks.data,
        .marks_bytes = body->marks.len,
        .marks_lengths = marks_lengths,
    };
    const enum psp_status status = psp_client_columns_check(&columns, marks_lengths, ret_reason);
    if (status != PSP_OK)
        return status;
    assert(columns.n > 0 && columns.n <= PSP_BATCH_ROWS_MAX);
    ret_message->type = PSP_CLIENT_COLUMNS;
    ret_message->columns = columns;
    return PSP_OK;
}

static enum psp_status decode_request(struct psp_arena *arena, const uint8_t *bytes, size_t length,
                                      struct psp_client_message *ret_message,
                                      const char **ret_reason)
{
    ProtobufCMessage *unpacked = NULL;
    if (length > SCANNED_BYTES && length <= PSP_MESSAGE_BYTES_MAX) {
        const char *reason = psp_scan_request(bytes, length, &ret_message->batch_id);
        const uint64_t version = psp_pack_version(bytes, length);
        if (reason != NULL && (version == 0 || version == PSP_PROTOCOL))
            return psp_pack_refuse(ret_reason, reason);
        if (reason != NULL) {
            *ret_reason = "unknown protocol version";
            return PSP_EVERSION;
        }
    }
    const enum psp_status status =
        psp_unpack(&psephos__v1__client_request__descriptor, PSP_PROTOCOL, arena, bytes, length,
                   &unpacked, ret_reason);
    if (status != PSP_OK)
        return status;
    const Psephos__V1__ClientRequest *request = (const Psephos__V1__ClientRequest *)unpacked;
    const int body = (int)request->body_case;
    ret_message->features = request->features;
    if (body == PSEPHOS__V1__CLIENT_REQUEST__BODY_ROWS)
        ret_message->batch_id = request->rows->batch_id;
    if (body == PSEPHOS__V1__CLIENT_REQUEST__BODY_COLUMNS)
        ret_message->batch_id = request->columns->batch_id;
    if (request->protocol != PSP_PROTOCOL) {
        *ret_reason = "unknown protocol version";
        return PSP_EVERSION;
    }
    if (body == PSEPHOS__V1__CLIENT_REQUEST__BODY_ROWS)
        return decode_rows(arena, request->rows, ret_message, ret_reason);
    if (body == PSEPHOS__V1__CLIENT_REQUEST__BODY_COLUMNS)
        return decode_columns(arena, request->columns, ret_message, ret_reason);
    if (body != PSEPHOS__V1__CLIENT_REQUEST__BODY_HELLO)
        return psp_pack_refuse(ret_reason, "a request without a body");
    ret_message->type = PSP_CLIENT_HELLO;
    return PSP_OK;
}

static enum psp_status decode_welcome(const Psephos__V1__Welcome *body,
                                      struct psp_client_message *ret_message,
                                      const char **ret_reason)
{
    if (!psp_pack_take(&body->cluster_id, ret_message->welcome.cluster_id, PSP_CLUSTER_ID_BYTES))
        return psp_pack_refuse(ret_reason,
                               "cluster_id is not " PSP_TEXT(PSP_CLUSTER_ID_BYTES) " bytes");
    if (!psp_pack_take(&body->definition_hash, ret_message->definition_hash, PSP_HASH_BYTES))
        return psp_pack_refuse(ret_reason,
                               "definition_hash is not " PSP_TEXT(PSP_HASH_BYTES) " bytes");
    ret_message->type = PSP_CLIENT_WELCOME;
    ret_message->welcome.batch_rows_max = body->batch_rows_max;
    ret_message->welcome.message_bytes_max = body->message_bytes_max;
    ret_message->welcome.election_id = body->election_id;
    return PSP_OK;
}

static enum psp_status decode_verdicts(const Psephos__V1__Verdicts *body,
                                       struct psp_client_message *ret_message,
                                       const char **ret_reason)
{
    if (body->verdicts.len == 0 || body->verdicts.len > PSP_BATCH_ROWS_MAX)
        return psp_pack_refuse(ret_reason, "not 1 to " PSP_TEXT(PSP_BATCH_ROWS_MAX) " verdicts");
    const uint32_t n = (uint32_t)body->verdicts.len;
    if (!psp_pack_holds(&body->rows, n, 2))
        return psp_pack_refuse(ret_reason, "rows is not 2 bytes a verdict");
    if (!psp_pack_verdicts_valid(body->verdicts.data, n, false))
        return psp_pack_refuse(ret_reason, "an unknown verdict");
    assert(n > 0 && n <= PSP_BATCH_ROWS_MAX);
    ret_message->type = PSP_CLIENT_VERDICTS;
    ret_message->shard = body->shard;
    ret_message->index = body->index;
    ret_message->row_numbers = body->rows.data;
    ret_message->verdicts = body->verdicts.data;
    ret_message->n = n;
    return PSP_OK;
}

static enum psp_status decode_refusal(const Psephos__V1__Refusal *body,
                                      struct psp_client_message *ret_message,
                                      const char **ret_reason)
{
    if (!psp_refusal_known((uint64_t)body->code))
        return psp_pack_refuse(ret_reason, "an unknown refusal code");
    if (body->rows.len % 2 != 0 || body->rows.len > 2 * PSP_BATCH_ROWS_MAX)
        return psp_pack_refuse(ret_reason, "rows is not 2 bytes for each of up to " PSP_TEXT(
                                               PSP_BATCH_ROWS_MAX) " rows");
    ret_message->type = PSP_CLIENT_REFUSAL;
    ret_message->code = (enum psp_refusal_code)body->code;
    ret_message->row_numbers = body->rows.data;
    ret_message->n = (uint32_t)(body->rows.len / 2);
    assert(ret_message->n <= PSP_BATCH_ROWS_MAX);
    ret_message->text = body->text;
    return PSP_OK;
}

static enum psp_status decode_reply(struct psp_arena *arena, const uint8_t *bytes, size_t length,
                                    struct psp_client_message *ret_message, const char **ret_reason)
{
    ProtobufCMessage *unpacked = NULL;
    const enum psp_status status = psp_unpack(&psephos__v1__client_reply__descriptor, PSP_PROTOCOL,
                                              arena, bytes, length, &unpacked, ret_reason);
    if (status != PSP_OK)
        return status;
    const Psephos__V1__ClientReply *reply = (const Psephos__V1__ClientReply *)unpacked;
    const int body = (int)reply->body_case;
    if (body == PSEPHOS__V1__CLIENT_REPLY__BODY_VERDICTS)
        ret_message->batch_id = reply->verdicts->batch_id;
    if (body == PSEPHOS__V1__CLIENT_REPLY__BODY_REFUSAL)
        ret_message->batch_id = reply->refusal->batch_id;
    if (reply->protocol != PSP_PROTOCOL) {
        *ret_reason = "unknown protocol version";
        return PSP_EVERSION;
    }
    if (body == PSEPHOS__V1__CLIENT_REPLY__BODY_VERDICTS)
        return decode_verdicts(reply->verdicts, ret_message, ret_reason);
    if (body == PSEPHOS__V1__CLIENT_REPLY__BODY_REFUSAL)
        return decode_refusal(reply->refusal, ret_message, ret_reason);
    if (body != PSEPHOS__V1__CLIENT_REPLY__BODY_WELCOME)
        return psp_pack_refuse(ret_reason, "a reply without a body");
    return decode_welcome(reply->welcome, ret_message, ret_reason);
}

enum psp_status psp_client_message_decode(struct psp_arena *arena, const uint8_t *bytes,
                                          size_t length, struct psp_client_message *ret_message,
                                          const char **ret_reason)
{
    *ret_message = (struct psp_client_message){0};
    *ret_reason = "out of memory for one message";
    if (psp_pack_first_of(bytes, length, PSEPHOS__V1__CLIENT_REPLY__BODY_WELCOME,
                          PSEPHOS__V1__CLIENT_REPLY__BODY_REFUSAL))
        return decode_reply(arena, bytes, length, ret_message, ret_reason);
    return decode_request(arena, bytes, length, ret_message, ret_reason);
}

enum psp_status psp_ballot_message_decode(struct psp_arena *arena, const uint8_t *bytes,
                                          size_t length, struct psp_row *ret_row,
                                          const char **ret_reason)
{
    static const uint8_t follows[PSP_BALLOT_ID_BYTES];
    ProtobufCMessage *message = NULL;
    *ret_reason = "out of memory for one message";
    enum psp_status status =
        psp_unpack(&psephos__v1__ballot__descriptor, 0, arena, bytes, length, &message, ret_reason);
    if (status == PSP_EINVAL || status == PSP_EVERSION)
        return psp_pack_refuse(ret_reason, "not a Ballot of proto/client.proto");
    if (status != PSP_OK)
        return status;
    const Psephos__V1__Ballot *ballot = (const Psephos__V1__Ballot *)message;
    struct psp_row row = row_of(ballot);
    const struct psp_bytes id = row.ballot_id;
    if (id.length == 0)
        row.ballot_id = (struct psp_bytes){follows, sizeof follows};
    const char *fault = row_fault(&row);
    if (fault)
        return psp_pack_refuse(ret_reason, fault);
    assert(id.length == 0 || id.length == PSP_BALLOT_ID_BYTES);
    row.ballot_id = id;
    status = decode_marks(arena, ballot, &row, ret_reason);
    if (status == PSP_OK)
        *ret_row = row;
    return status;
}

/* ---- encoding ---- */

uint64_t psp_client_message_batch_id(const uint8_t *bytes, size_t length)
{
    return psp_scan_batch_id(bytes, length);
}

static char *copy_text(struct psp_arena *arena, struct psp_bytes text)
{
    assert(text.data != NULL || text.length == 0);
    char *copy = psp_arena_alloc(arena, text.length + 1);
    if (!copy)
        return NULL;
    if (text.length > 0)
        memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    return copy;
}

static Psephos__V1__Mark *build_mark(struct psp_arena *arena, const struct psp_row_mark *mark)
{
    Psephos__V1__Mark *built = psp_arena_alloc(arena, sizeof *built);
    char **choices = psp_arena_alloc(arena, mark->choice_count * sizeof *choices);
    char *contest = copy_text(arena, mark->contest);
    assert(mark->choice_count <= PSP_MARKED_CHOICES_MAX); /* as decode_marks wants it */
    if (!built || !choices || !contest)
        return NULL;
    for (uint32_t c = 0; c < mark->choice_count; c++) {
        choices[c] = copy_text(arena, mark->choices[c]);
        if (!choices[c])
            return NULL;
    }
    psephos__v1__mark__init(built);
    built->contest = contest;
    built->n_choices = mark->choice_count;
    built->choices = choices;
    return built;
}

static Psephos__V1__Ballot *build_ballot(struct psp_arena *arena, const struct psp_row *row)
{
    Psephos__V1__Ballot *built = psp_arena_alloc(arena, sizeof *built);
    Psephos__V1__Mark **marks = psp_arena_alloc(arena, row->mark_count * sizeof *marks);
    char *unit = copy_text(arena, row->unit);
    char *method = copy_text(arena, row->method);
    char *style = copy_text(arena, row->style);
    assert(row->mark_count <= PSP_MARKED_CONTESTS_MAX);
    if (!built || !marks || !unit || !method || !style)
        return NULL;
    for (uint32_t m = 0; m < row->mark_count; m++) {
        marks[m] = build_mark(arena, &row->marks[m]);
        if (!marks[m])
            return NULL;
    }
    psephos__v1__ballot__init(built);
    built->voter_id = psp_pack_data(row->voter_id.data, row->voter_id.length);
    built->ballot_id = psp_pack_data(row->ballot_id.data, row->ballot_id.length);
    built->unit = unit;
    built->method = method;
    built->style = style;
    built->resent = row->resent;
    built->cast_at_ms = row->cast_at_ms;
    built->n_marks = row->mark_count;
    built->marks = marks;
    return built;
}

static enum psp_status pack_rows(struct psp_arena *arena, const struct psp_client_message *message,
                                 struct psp_buffer *ret_buffer)
{
    assert(message->row_count > 0 && message->row_count <= PSP_BATCH_ROWS_MAX);
    Psephos__V1__Ballot **ballots = psp_arena_alloc(arena, message->row_count * sizeof *ballots);
    if (!ballots)
        return PSP_ENOMEM;
    for (uint32_t i = 0; i < message->row_count; i++) {
        ballots[i] = build_ballot(arena, &message->rows[i]);
        if (!ballots[i])
            return PSP_ENOMEM;
    }
    Psephos__V1__SubmitRows body = PSEPHOS__V1__SUBMIT_ROWS__INIT;
    body.batch_id = message->batch_id;
    body.definition_hash = psp_pack_data(message->definition_hash, PSP_HASH_BYTES);
    body.n_ballots = message->row_count;
    body.ballots = ballots;
    Psephos__V1__ClientRequest request = PSEPHOS__V1__CLIENT_REQUEST__INIT;
    request.protocol = PSP_PROTOCOL;
    request.features = message->features;
    request.body_case = PSEPHOS__V1__CLIENT_REQUEST__BODY_ROWS;
    request.rows = &body;
    return psp_pack(&request.base, ret_buffer);
}

/* Rows are for programs that have no columns; libpsephos sends columns. So the
 * structs that protobuf-c wants are built in an arena made for the call. */
static enum psp_status encode_rows(const struct psp_client_message *message,
                                   struct psp_buffer *ret_buffer)
{
    struct psp_arena *arena = NULL;
    enum psp_status status = psp_arena_create(SIZE_MAX / 2, &arena);
    if (status != PSP_OK)
        return status;
    status = pack_rows(arena, message, ret_buffer);
    psp_arena_destroy(&arena);
    return status;
}

static enum psp_status encode_columns(const struct psp_client_message *message,
                                      struct psp_buffer *ret_buffer)
{
    const struct psp_client_columns *columns = &message->columns;
    const size_t n = columns->n;
    assert(n > 0 && n <= PSP_BATCH_ROWS_MAX); /* as decode_columns wants it */
    assert(columns->voter_bytes >= n);
    Psephos__V1__SubmitColumns body = PSEPHOS__V1__SUBMIT_COLUMNS__INIT;
    body.batch_id = message->batch_id;
    body.definition_hash = psp_pack_data(message->definition_hash, PSP_HASH_BYTES);
    body.n = columns->n;
    body.voter_lengths = psp_pack_data(columns->voter_lengths, n);
    body.voter_ids = psp_pack_data(columns->voter_ids, columns->voter_bytes);
    body.ballot_ids = psp_pack_data(columns->ballot_ids, n * PSP_BALLOT_ID_BYTES);
    body.units = psp_pack_data(columns->units, n * 4);
    body.methods = psp_pack_data(columns->methods, n);
    body.cast_at_ms = psp_pack_data(columns->cast_at_ms, n * 8);
    body.marks = psp_pack_data(columns->marks, columns->marks_bytes);
    body.styles = psp_pack_data(columns->styles, columns->styles ? n * 4 : 0);
    body.resent = psp_pack_data(columns->resent, columns->resent ? (n + 7) / 8 : 0);
    body.stations = psp_pack_data(columns->stations, columns->stations ? n * 4 : 0);
    Psephos__V1__ClientRequest request = PSEPHOS__V1__CLIENT_REQUEST__INIT;
    request.protocol = PSP_PROTOCOL;
    request.features = message->features;
    request.body_case = PSEPHOS__V1__CLIENT_REQUEST__BODY_COLUMNS;
    request.columns = &body;
    return psp_pack(&request.base, ret_buffer);
}

static enum psp_status encode_hello(struct psp_buffer *ret_buffer)
{
    Psephos__V1__Hello body = PSEPHOS__V1__HELLO__INIT;
    Psephos__V1__ClientRequest request = PSEPHOS__V1__CLIENT_REQUEST__INIT;
    request.protocol = PSP_PROTOCOL;
    request.body_case = PSEPHOS__V1__CLIENT_REQUEST__BODY_HELLO;
    request.hello = &body;
    return psp_pack(&request.base, ret_buffer);
}

static enum psp_status encode_welcome(const struct psp_client_message *message,
                                      struct psp_buffer *ret_buffer)
{
    Psephos__V1__Welcome body = PSEPHOS__V1__WELCOME__INIT;
    body.cluster_id = psp_pack_data(message->welcome.cluster_id, PSP_CLUSTER_ID_BYTES);
    body.definition_hash = psp_pack_data(message->definition_hash, PSP_HASH_BYTES);
    body.batch_rows_max = message->welcome.batch_rows_max;
    body.message_bytes_max = message->welcome.message_bytes_max;
    body.election_id = psp_pack_text(message->welcome.election_id);
    Psephos__V1__ClientReply reply = PSEPHOS__V1__CLIENT_REPLY__INIT;
    reply.protocol = PSP_PROTOCOL;
    reply.body_case = PSEPHOS__V1__CLIENT_REPLY__BODY_WELCOME;
    reply.welcome = &body;
    return psp_pack(&reply.base, ret_buffer);
}

static enum psp_status encode_verdicts(const struct psp_client_message *message,
                                       struct psp_buffer *ret_buffer)
{
    assert(message->n > 0 && message->n <= PSP_BATCH_ROWS_MAX);
    assert(!PSP_CHECKED || psp_pack_verdicts_valid(message->verdicts, message->n, false));
    Psephos__V1__Verdicts body = PSEPHOS__V1__VERDICTS__INIT;
    body.batch_id = message->batch_id;
    body.shard = message->shard;
    body.index = message->index;
    body.rows = psp_pack_data(message->row_numbers, (size_t)message->n * 2);
    body.verdicts = psp_pack_data(message->verdicts, message->n);
    Psephos__V1__ClientReply reply = PSEPHOS__V1__CLIENT_REPLY__INIT;
    reply.protocol = PSP_PROTOCOL;
    reply.body_case = PSEPHOS__V1__CLIENT_REPLY__BODY_VERDICTS;
    reply.verdicts = &body;
    return psp_pack(&reply.base, ret_buffer);
}

static enum psp_status encode_refusal(const struct psp_client_message *message,
                                      struct psp_buffer *ret_buffer)
{
    assert(psp_refusal_known((uint64_t)message->code));
    assert(message->n <= PSP_BATCH_ROWS_MAX);
    Psephos__V1__Refusal body = PSEPHOS__V1__REFUSAL__INIT;
    body.batch_id = message->batch_id;
    body.code = (Psephos__V1__RefusalCode)message->code;
    body.rows = psp_pack_data(message->row_numbers, (size_t)message->n * 2);
    body.text = psp_pack_text(message->text);
    Psephos__V1__ClientReply reply = PSEPHOS__V1__CLIENT_REPLY__INIT;
    reply.protocol = PSP_PROTOCOL;
    reply.body_case = PSEPHOS__V1__CLIENT_REPLY__BODY_REFUSAL;
    reply.refusal = &body;
    return psp_pack(&reply.base, ret_buffer);
}

enum psp_status psp_client_message_encode(const struct psp_client_message *message,
                                          struct psp_buffer *ret_buffer)
{
    switch (message->type) {
    case PSP_CLIENT_HELLO:
        return encode_hello(ret_buffer);
    case PSP_CLIENT_ROWS:
        return encode_rows(message, ret_buffer);
    case PSP_CLIENT_COLUMNS:
        return encode_columns(message, ret_buffer);
    case PSP_CLIENT_WELCOME:
        return encode_welcome(message, ret_buffer);
    case PSP_CLIENT_VERDICTS:
        return encode_verdicts(message, ret_buffer);
    case PSP_CLIENT_REFUSAL:
        return encode_refusal(message, ret_buffer);
    }
    assert(!"a client message type");
    return PSP_EINVAL;
}
