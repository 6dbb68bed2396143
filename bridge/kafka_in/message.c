/* Lines of JSON by client/line; a protobuf Ballot by lib/wire, its names looked up here. */
#include "bridge/kafka_in/message.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory/arena.h"
#include "client/line/leaf_names.h"
#include "wire/message/message.h"

enum {
    METHOD_UNKNOWN = 255,
    PAIRS_MAX = PSP_MARKED_CONTESTS_MAX * PSP_MARKED_CHOICES_MAX + 1,
};

struct psp_bridge_messages {
    const struct psp_definition *definition;
    enum psp_bridge_message_format format;
    uint8_t secret[PSP_BALLOT_SECRET_BYTES];
    struct psp_ballot_lines lines;
    struct psp_ballot_line storage;
    struct psp_leaf_names *leaf_names; /* of votes_topic */
    struct psp_arena *arena;           /* protobuf only, as what follows */
    struct psp_mark *pairs;            /* PAIRS_MAX */
    uint32_t *seen;                    /* by contest: the stamp of the ballot that named it */
    uint32_t stamp;
};

enum psp_status psp_bridge_messages_create(const struct psp_definition *definition,
                                           enum psp_bridge_message_format format,
                                           const uint8_t secret[PSP_BALLOT_SECRET_BYTES],
                                           struct psp_bridge_messages **ret_messages)
{
    struct psp_bridge_messages *messages = calloc(1, sizeof *messages);
    if (!messages)
        return PSP_ENOMEM;
    messages->definition = definition;
    messages->format = format;
    memcpy(messages->secret, secret, sizeof messages->secret);
    messages->lines = (struct psp_ballot_lines){.definition = definition,
                                                .id_follows = true,
                                                .votes_topic = format == PSP_BRIDGE_VOTES_TOPIC};
    if (format == PSP_BRIDGE_VOTES_TOPIC &&
        psp_leaf_names_create(definition, &messages->leaf_names) != PSP_OK) {
        psp_bridge_messages_destroy(&messages);
        return PSP_ENOMEM;
    }
    messages->lines.leaf_names = messages->leaf_names;
    if (format == PSP_BRIDGE_PROTOBUF) {
        messages->pairs = malloc(PAIRS_MAX * sizeof *messages->pairs);
        messages->seen = calloc(definition->contest_count + 1, sizeof *messages->seen);
        if (!messages->pairs || !messages->seen ||
            psp_arena_create(PSP_BRIDGE_MESSAGE_ARENA_BYTES, &messages->arena) != PSP_OK) {
            psp_bridge_messages_destroy(&messages);
            return PSP_ENOMEM;
        }
    }
    *ret_messages = messages;
    return PSP_OK;
}

void psp_bridge_messages_destroy(struct psp_bridge_messages **messages_at)
{
    struct psp_bridge_messages *messages = *messages_at;
    if (!messages)
        return;
    psp_arena_destroy(&messages->arena);
    psp_leaf_names_destroy(&messages->leaf_names);
    free(messages->pairs);
    free(messages->seen);
    explicit_bzero(messages->secret, sizeof messages->secret);
    free(messages);
    *messages_at = NULL;
}

/* ---- protobuf ---- */

/* A contest that is unknown or named twice is for the shard to judge: invalid. */
static size_t pairs_of(struct psp_bridge_messages *messages, const struct psp_row *row)
{
    const struct psp_definition *definition = messages->definition;
    size_t n = 0;
    bool broken = false;
    messages->stamp++;
    for (uint32_t i = 0; i < row->mark_count; i++) {
        const struct psp_row_mark *mark = &row->marks[i];
        const uint32_t contest = psp_definition_contest(
            definition, (const char *)mark->contest.data, mark->contest.length);
        if (contest == PSP_NONE || messages->seen[contest] == messages->stamp) {
            broken = true;
            continue;
        }
        messages->seen[contest] = messages->stamp;
        for (uint32_t c = 0; c < mark->choice_count; c++) {
            const struct psp_bytes *id = &mark->choices[c];
            messages->pairs[n++] = (struct psp_mark){
                contest,
                psp_definition_choice(definition, contest, (const char *)id->data, id->length)};
        }
    }
    if (broken)
        messages->pairs[n++] = (struct psp_mark){PSP_NONE, PSP_NONE};
    assert(n <= PAIRS_MAX);
    return n;
}

static void take_names(const struct psp_definition *definition, const struct psp_row *row,
                       struct psp_ballot *ballot)
{
    ballot->unit = psp_definition_unit(definition, (const char *)row->unit.data, row->unit.length);
    const uint32_t method =
        psp_definition_method(definition, (const char *)row->method.data, row->method.length);
    ballot->method = method == PSP_NONE ? METHOD_UNKNOWN : (uint8_t)method;
    ballot->style = PSP_NONE;
    if (row->style.length == 0)
        return;
    const uint32_t place = psp_definition_unit_style(
        definition, ballot->unit, (const char *)row->style.data, row->style.length);
    ballot->style = place == PSP_NONE ? definition->style_count /* there is none such */
                                      : definition->units[ballot->unit].styles[place];
}

static enum psp_status read_protobuf(struct psp_bridge_messages *messages, struct psp_bytes value,
                                     struct psp_ballot *ballot, struct psp_reason *reterr_reason)
{
    struct psp_row row;
    const char *reason = NULL;
    if (messages->stamp == UINT32_MAX) { /* begins again with none seen */
        memset(messages->seen, 0,
               (messages->definition->contest_count + 1) * sizeof *messages->seen);
        messages->stamp = 0;
    }
    psp_arena_reset(messages->arena);
    const enum psp_status status =
        psp_ballot_message_decode(messages->arena, value.data, value.length, &row, &reason);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "%s", reason);
        return PSP_EINVAL; /* over the arena's budget as well: no ballot is that large */
    }
    memcpy(messages->storage.voter_id, row.voter_id.data, row.voter_id.length);
    ballot->voter_id = messages->storage.voter_id;
    ballot->voter_id_bytes = row.voter_id.length;
    ballot->cast_at_ms = row.cast_at_ms;
    messages->storage.has_id = row.ballot_id.length > 0;
    if (messages->storage.has_id)
        memcpy(ballot->ballot_id, row.ballot_id.data, sizeof ballot->ballot_id);
    take_names(messages->definition, &row, ballot);
    messages->storage.doubt[0] = '\0';
    ballot->marks = messages->storage.marks;
    if (psp_marks_encode(messages->pairs, pairs_of(messages, &row), messages->storage.marks,
                         sizeof messages->storage.marks, &ballot->marks_bytes) == PSP_OK)
        return PSP_OK;
    psp_reason_set(reterr_reason, "more marks than a ballot may have");
    return PSP_EINVAL;
}

/* ---- all of them ---- */

static bool is_blank(struct psp_bytes value)
{
    size_t i = 0;
    while (i < value.length && strchr(" \t\r\n", value.data[i]))
        i++;
    return i == value.length;
}

enum psp_status psp_bridge_message_read(struct psp_bridge_messages *messages, struct psp_bytes key,
                                        struct psp_bytes value, struct psp_ballot *ret_ballot,
                                        const char **ret_doubt, struct psp_reason *reterr_reason)
{
    struct psp_ballot ballot = {.style = PSP_NONE};
    enum psp_status status;
    if (is_blank(value)) {
        psp_reason_set(reterr_reason, "an empty value");
        return PSP_EINVAL;
    }
    if (messages->format == PSP_BRIDGE_PROTOBUF)
        status = read_protobuf(messages, value, &ballot, reterr_reason);
    else
        status = psp_ballot_line_read(&messages->lines, (const char *)value.data, value.length,
                                      &messages->storage, &ballot, reterr_reason);
    if (status != PSP_OK)
        return status;
    if (!messages->storage.has_id)
        psp_ballot_id_of_message(messages->secret, key, value, ballot.ballot_id);
    /* Another bridge, or this one before it was killed, may have sent it. */
    ballot.resent = true;
    *ret_ballot = ballot;
    *ret_doubt = messages->storage.doubt;
    return PSP_OK;
}
