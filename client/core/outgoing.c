/* Columns are copied together; rows get back the names of what their numbers mean. */
#include "client/core/outgoing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "election/ballot.h"

enum {
    COLUMN_ROW_BYTES = 1 + PSP_BALLOT_ID_BYTES + 4 + 1 + 8 + 4 + 1,
    ROW_BYTES = PSP_BALLOT_ID_BYTES + 32, /* tags, lengths, cast time */
    FIELD_BYTES = 4,                      /* tag and length, generously */
};

enum psp_status psp_outgoing_init(struct psp_outgoing *ret_outgoing, uint32_t batch_rows,
                                  const struct psp_definition *definition, bool stations)
{
    struct psp_outgoing out = {.definition = definition, .batch_rows = batch_rows};
    bool complete;
    assert(batch_rows > 0 && batch_rows <= PSP_BATCH_ROWS_MAX);
    assert(definition == NULL || !stations);
    if (definition != NULL) {
        out.rows = malloc(batch_rows * sizeof *out.rows);
        out.row_marks = malloc(PSP_MESSAGE_MARKS_MAX * sizeof *out.row_marks);
        out.choices = malloc(PSP_MESSAGE_MARKS_MAX * sizeof *out.choices);
        complete = out.rows && out.row_marks && out.choices;
    } else {
        out.voter_lengths = malloc(batch_rows);
        out.voter_ids = malloc((size_t)batch_rows * PSP_VOTER_ID_BYTES_MAX);
        out.ballot_ids = malloc((size_t)batch_rows * PSP_BALLOT_ID_BYTES);
        out.units = malloc((size_t)batch_rows * 4);
        out.methods = malloc(batch_rows);
        out.cast_at_ms = malloc((size_t)batch_rows * 8);
        out.marks = malloc(PSP_CLIENT_BATCH_BYTES_MAX + PSP_MARKS_BYTES_MAX);
        out.styles = malloc((size_t)batch_rows * 4);
        out.resent = malloc(((size_t)batch_rows + 7) / 8);
        out.stations = stations ? malloc((size_t)batch_rows * 4) : NULL;
        complete = out.voter_lengths && out.voter_ids && out.ballot_ids && out.units &&
                   out.methods && out.cast_at_ms && out.marks && out.styles && out.resent &&
                   (out.stations || !stations);
    }
    if (!complete) {
        psp_outgoing_free(&out);
        return PSP_ENOMEM;
    }
    *ret_outgoing = out;
    return PSP_OK;
}

void psp_outgoing_free(struct psp_outgoing *outgoing)
{
    free(outgoing->voter_lengths);
    free(outgoing->voter_ids);
    free(outgoing->ballot_ids);
    free(outgoing->units);
    free(outgoing->methods);
    free(outgoing->cast_at_ms);
    free(outgoing->marks);
    free(outgoing->styles);
    free(outgoing->resent);
    free(outgoing->stations);
    free(outgoing->rows);
    free(outgoing->row_marks);
    free(outgoing->choices);
    memset(outgoing, 0, sizeof *outgoing);
}

void psp_outgoing_clear(struct psp_outgoing *outgoing)
{
    assert(outgoing->n <= outgoing->batch_rows);
    outgoing->n = 0;
    outgoing->bytes = outgoing->voter_bytes = outgoing->marks_bytes = 0;
    outgoing->row_mark_count = outgoing->choice_count = 0;
    outgoing->some_style = outgoing->some_resent = false;
}

static void add_mark_of_resent(struct psp_outgoing *out, bool sent)
{
    assert(out->n < out->batch_rows);
    uint8_t *byte = &out->resent[out->n / 8];
    const unsigned bit = out->n % 8;
    *byte = (uint8_t)((bit > 0 ? *byte : 0) | (unsigned)sent << bit);
    out->some_resent = out->some_resent || sent;
}

static bool add_columns(struct psp_outgoing *out, const struct psp_client_ballot *ballot)
{
    const size_t bytes = COLUMN_ROW_BYTES + (size_t)ballot->voter_bytes + ballot->marks_bytes;
    if (out->n > 0 && out->bytes + bytes > PSP_CLIENT_BATCH_BYTES_MAX)
        return false;
    const uint8_t *at = psp_client_ballot_bytes(ballot);
    const size_t n = out->n;
    assert(out->voter_bytes + ballot->voter_bytes <=
           (size_t)out->batch_rows * PSP_VOTER_ID_BYTES_MAX);
    assert(out->marks_bytes + ballot->marks_bytes <=
           (size_t)PSP_CLIENT_BATCH_BYTES_MAX + PSP_MARKS_BYTES_MAX);
    out->voter_lengths[n] = ballot->voter_bytes;
    memcpy(out->voter_ids + out->voter_bytes, at, ballot->voter_bytes);
    memcpy(out->marks + out->marks_bytes, at + ballot->voter_bytes, ballot->marks_bytes);
    memcpy(out->ballot_ids + n * PSP_BALLOT_ID_BYTES, ballot->ballot_id, PSP_BALLOT_ID_BYTES);
    psp_put32(out->units + n * 4, ballot->unit);
    out->methods[n] = ballot->method;
    psp_put64(out->cast_at_ms + n * 8, ballot->cast_at_ms);
    psp_put32(out->styles + n * 4, ballot->style);
    out->some_style = out->some_style || ballot->style != PSP_NONE;
    add_mark_of_resent(out, ballot->sent);
    out->voter_bytes += ballot->voter_bytes;
    out->marks_bytes += ballot->marks_bytes;
    out->bytes += bytes;
    return true;
}

static struct psp_bytes id_bytes(const char *id)
{
    return (struct psp_bytes){(const uint8_t *)id, strlen(id)};
}

static struct psp_bytes style_bytes(const struct psp_definition *definition, uint32_t style)
{
    if (style == PSP_NONE)
        return (struct psp_bytes){0};
    return id_bytes(style < definition->style_count ? definition->styles[style].id : "?");
}

/* Puts the ballot's marks, checked when it was submitted, after those that are
 * there; the bytes they take. */
static size_t add_marks(struct psp_outgoing *out, const uint8_t *at)
{
    const struct psp_definition *definition = out->definition;
    size_t bytes = 0;
    for (uint32_t contests = psp_marks_next(&at); contests > 0; contests--) {
        const uint32_t position = psp_marks_next(&at);
        const struct psp_contest *contest =
            position < definition->contest_count ? &definition->contests[position] : NULL;
        assert(out->row_mark_count < PSP_MESSAGE_MARKS_MAX);
        struct psp_row_mark *mark = &out->row_marks[out->row_mark_count++];
        mark->contest = id_bytes(contest != NULL ? contest->id : "?");
        mark->choices = &out->choices[out->choice_count];
        mark->choice_count = psp_marks_next(&at);
        assert(out->choice_count + mark->choice_count <= PSP_MESSAGE_MARKS_MAX);
        bytes += 2 * FIELD_BYTES + mark->contest.length;
        for (uint32_t i = 0; i < mark->choice_count; i++) {
            const uint32_t choice = psp_marks_next(&at);
            const bool known = contest != NULL && choice < contest->choice_count;
            mark->choices[i] = id_bytes(known ? contest->choices[choice].id : "?");
            bytes += FIELD_BYTES + mark->choices[i].length;
        }
        out->choice_count += mark->choice_count;
    }
    return bytes;
}

static bool add_row(struct psp_outgoing *out, const struct psp_client_ballot *ballot)
{
    const struct psp_definition *definition = out->definition;
    const uint32_t marks_before = out->row_mark_count, choices_before = out->choice_count;
    /* Every contest and choice takes a byte of marks at least. */
    if (marks_before + choices_before + ballot->marks_bytes > PSP_MESSAGE_MARKS_MAX)
        return false;
    const uint8_t *at = psp_client_ballot_bytes(ballot);
    struct psp_row row = {
        .voter_id = {at, ballot->voter_bytes},
        .ballot_id = {ballot->ballot_id, PSP_BALLOT_ID_BYTES},
        .unit = id_bytes(ballot->unit < definition->unit_count ? definition->units[ballot->unit].id
                                                               : "?"),
        .method = id_bytes(ballot->method < definition->method_count
                               ? definition->methods[ballot->method].id
                               : "?"),
        .style = style_bytes(definition, ballot->style),
        .cast_at_ms = ballot->cast_at_ms,
        .resent = ballot->sent,
        .marks = &out->row_marks[marks_before],
    };
    const size_t bytes = ROW_BYTES + row.voter_id.length + row.unit.length + row.method.length +
                         row.style.length + add_marks(out, at + ballot->voter_bytes);
    if (out->n > 0 && out->bytes + bytes > PSP_CLIENT_BATCH_BYTES_MAX) {
        out->row_mark_count = marks_before;
        out->choice_count = choices_before;
        return false;
    }
    row.mark_count = out->row_mark_count - marks_before;
    assert(out->n < out->batch_rows);
    out->rows[out->n] = row;
    out->bytes += bytes;
    return true;
}

bool psp_outgoing_add(struct psp_outgoing *outgoing, const struct psp_client_ballot *ballot,
                      uint32_t station)
{
    if (outgoing->n == outgoing->batch_rows)
        return false;
    if (outgoing->definition != NULL ? !add_row(outgoing, ballot) : !add_columns(outgoing, ballot))
        return false;
    assert(outgoing->stations == NULL || outgoing->definition == NULL);
    if (outgoing->stations != NULL)
        psp_put32(outgoing->stations + (size_t)outgoing->n * 4, station);
    outgoing->n++;
    assert(outgoing->n <= outgoing->batch_rows);
    return true;
}

void psp_outgoing_message(const struct psp_outgoing *outgoing, uint64_t batch_id,
                          const uint8_t definition_hash[PSP_HASH_BYTES],
                          struct psp_client_message *ret_message)
{
    assert(outgoing->n > 0 && batch_id != 0);
    memset(ret_message, 0, sizeof *ret_message);
    ret_message->batch_id = batch_id;
    ret_message->features = PSP_FEATURE_NOT_ALLOWED_ROWS;
    memcpy(ret_message->definition_hash, definition_hash, PSP_HASH_BYTES);
    if (outgoing->definition != NULL) {
        ret_message->type = PSP_CLIENT_ROWS;
        ret_message->rows = outgoing->rows;
        ret_message->row_count = outgoing->n;
        return;
    }
    ret_message->type = PSP_CLIENT_COLUMNS;
    ret_message->columns = (struct psp_client_columns){
        .n = outgoing->n,
        .voter_lengths = outgoing->voter_lengths,
        .voter_ids = outgoing->voter_ids,
        .voter_bytes = outgoing->voter_bytes,
        .ballot_ids = outgoing->ballot_ids,
        .units = outgoing->units,
        .methods = outgoing->methods,
        .cast_at_ms = outgoing->cast_at_ms,
        .styles = outgoing->some_style ? outgoing->styles : NULL,
        .resent = outgoing->some_resent ? outgoing->resent : NULL,
        .stations = outgoing->stations,
        .marks = outgoing->marks,
        .marks_bytes = outgoing->marks_bytes,
    };
}
