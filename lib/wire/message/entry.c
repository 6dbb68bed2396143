/* In a shard's log: proto/log.proto. */
#include <assert.h>

#include "base/bytes/varint.h"
#include "base/checked.h"
#include "base/limits.h"
#include "log.pb-c.h"
#include "wire/message/columns.h"
#include "wire/message/message.h"
#include "wire/message/pack.h"
#include "wire/message/report.h"

enum { ENTRY_FORMAT = 2, ENTRY_FORMAT_1 = 1, BODY_LAST = 12, RULES_1 = 1 };
static_assert((int)PSEPHOS__V1__LOG_ENTRY__BODY_GENESIS <= (int)BODY_LAST, "as in log.proto");
static_assert((int)PSEPHOS__V1__LOG_ENTRY__BODY_REPORT <= (int)BODY_LAST, "as in log.proto");
static_assert((int)PSEPHOS__V1__LOG_ENTRY__BODY_BALLOTS <= (int)BODY_LAST, "as in log.proto");

static bool publication_known(uint32_t number)
{
    return number == PSP_PUBLICATION_IMMEDIATE || number == PSP_PUBLICATION_REPORTS;
}

/* Of format 1: all is shown as it comes. */
static enum psp_status decode_publication(const Psephos__V1__Publication *body, bool format_1,
                                          struct psp_genesis *genesis, const char **ret_reason)
{
    genesis->publication = genesis->turnout = PSP_PUBLICATION_IMMEDIATE;
    if (format_1)
        return PSP_OK;
    if (!body || !publication_known(body->choices) || !publication_known(body->turnout))
        return psp_pack_refuse(ret_reason, "an unknown publication");
    genesis->publication = (enum psp_publication)body->choices;
    genesis->turnout = (enum psp_publication)body->turnout;
    genesis->report_min = body->report_min;
    return PSP_OK;
}

static enum psp_status decode_genesis(const Psephos__V1__Genesis *body, bool format_1,
                                      struct psp_entry *ret_entry, const char **ret_reason)
{
    struct psp_genesis *genesis = &ret_entry->genesis;
#define X(NAME, field, bytes, text, place)                                                         \
    if (!psp_pack_take(&body->field, genesis->fence.parts[PSP_FENCE_##NAME], bytes))               \
        return psp_pack_refuse(ret_reason, "a part of the fence has a wrong length");
    PSP_FENCE(X)
#undef X
    if (!psp_pack_take(&body->shard_roll_hash, genesis->shard_roll_hash, PSP_HASH_BYTES))
        return psp_pack_refuse(ret_reason,
                               "shard_roll_hash is not " PSP_TEXT(PSP_HASH_BYTES) " bytes");
    if (body->shard >= PSP_SHARDS_MAX)
        return psp_pack_refuse(ret_reason, "shard number over the limit");
    if (body->slot_first >= body->slot_end || body->slot_end > PSP_SLOT_COUNT)
        return psp_pack_refuse(ret_reason,
                               "slots are not a range within 0 to " PSP_TEXT(PSP_SLOT_COUNT));
    if (!format_1 && !psp_mode_known(body->mode))
        return psp_pack_refuse(ret_reason, "an unknown mode of the election");
    if (!format_1 && body->rules != PSP_RULES) {
        *ret_reason = "unknown rules";
        return PSP_EVERSION;
    }
    ret_entry->type = PSP_ENTRY_GENESIS;
    genesis->rules = format_1 ? RULES_1 : body->rules;
    genesis->mode = format_1 ? PSP_MODE_LIVE : (enum psp_mode)body->mode;
    genesis->shard = body->shard;
    genesis->slot_first = body->slot_first;
    genesis->slot_end = body->slot_end;
    genesis->epoch = body->epoch;
    return decode_publication(body->publication, format_1, genesis, ret_reason);
}

static enum psp_status decode_report(const Psephos__V1__Report *body, bool format_1,
                                     struct psp_entry *ret_entry, const char **ret_reason)
{
    if (format_1)
        return psp_pack_refuse(ret_reason, "format 1 has no reports");
    if (!psp_report_final_known(body->final))
        return psp_pack_refuse(ret_reason, "an unknown word on the end of a report's leaves");
    ret_entry->type = PSP_ENTRY_REPORT;
    ret_entry->report = (struct psp_report){
        .number = body->number,
        .leaves = psp_pack_bytes(&body->leaves),
        .final = (enum psp_report_final)body->final,
        .again = body->again,
    };
    const char *fault = psp_report_fault(&ret_entry->report, PSP_UNITS_MAX);
    return fault ? psp_pack_refuse(ret_reason, fault) : PSP_OK;
}

/* Pairs of station and number, stations ascending: whole and sensible. */
static bool replays_valid(struct psp_bytes replays)
{
    uint32_t last = 0;
    for (size_t at = 0; at < replays.length;) {
        uint32_t station = 0, number = 0;
        const size_t a = psp_varint_read(replays.data + at, replays.length - at, &station);
        const size_t b =
            a == 0 ? 0 : psp_varint_read(replays.data + at + a, replays.length - at - a, &number);
        if (b == 0 || number == 0 || station <= last || station > PSP_STATIONS_MAX)
            return false;
        at += a + b;
        last = station;
    }
    return true;
}

/* The columns of format 1 stand in the batch itself. */
static Psephos__V1__Columns columns_1(const Psephos__V1__BallotBatch *body)
{
    Psephos__V1__Columns columns = PSEPHOS__V1__COLUMNS__INIT;
    columns.n = body->n;
    columns.digests = body->digests;
    columns.tags = body->tags;
    columns.units = body->units;
    columns.methods = body->methods;
    columns.marks = body->marks;
    return columns;
}

static enum psp_status decode_ballots(const Psephos__V1__BallotBatch *body, bool format_1, bool own,
                                      struct psp_entry *ret_entry, const char **ret_reason)
{
    ret_entry->type = PSP_ENTRY_BALLOTS;
    if (!psp_pack_take(&body->fence_hash, ret_entry->ballots.fence_hash, PSP_HASH_BYTES))
        return psp_pack_refuse(ret_reason, "fence_hash is not " PSP_TEXT(PSP_HASH_BYTES) " bytes");
    ret_entry->ballots.replays = psp_pack_bytes(&body->replays);
    if (!replays_valid(ret_entry->ballots.replays))
        return psp_pack_refuse(ret_reason, "replays are not numbers by station");
    if (!format_1 && !body->columns && body->n > 0)
        return psp_pack_refuse(ret_reason, "ballots where format 1 had them");
    if (!format_1 && !body->columns)
        return PSP_OK; /* replays only, or nothing: that its leader led */
    const Psephos__V1__Columns old = columns_1(body);
    struct psp_count_columns *columns = &ret_entry->ballots.columns;
    const enum psp_status status =
        psp_columns_unpack(format_1 ? &old : body->columns, columns, ret_reason);
    if (status != PSP_OK || own)
        return status;
    if (!format_1 && (columns->stations.length == 0 || columns->styles.length == 0))
        return psp_pack_refuse(ret_reason, "a batch without stations or styles");
    return psp_count_columns_check(columns, ret_reason);
}

static enum psp_status decode(struct psp_arena *arena, const uint8_t *bytes, size_t length,
                              bool own, struct psp_entry *ret_entry, const char **ret_reason)
{
    *ret_entry = (struct psp_entry){0};
    *ret_reason = "out of memory for one entry";
    ProtobufCMessage *unpacked = NULL;
    const enum psp_status status = psp_unpack(&psephos__v1__log_entry__descriptor, ENTRY_FORMAT,
                                              arena, bytes, length, &unpacked, ret_reason);
    if (status != PSP_OK)
        return status;
    const Psephos__V1__LogEntry *entry = (const Psephos__V1__LogEntry *)unpacked;
    const bool format_1 = entry->format == ENTRY_FORMAT_1;
    if (entry->format != ENTRY_FORMAT && !format_1) {
        *ret_reason = "unknown format of a log entry";
        return PSP_EVERSION;
    }
    ret_entry->time_ms = entry->time_ms;
    switch (entry->body_case) {
    case PSEPHOS__V1__LOG_ENTRY__BODY_GENESIS:
        return decode_genesis(entry->genesis, format_1, ret_entry, ret_reason);
    case PSEPHOS__V1__LOG_ENTRY__BODY_BALLOTS:
        return decode_ballots(entry->ballots, format_1, own, ret_entry, ret_reason);
    case PSEPHOS__V1__LOG_ENTRY__BODY_OPEN:
        ret_entry->type = PSP_ENTRY_OPEN;
        return PSP_OK;
    case PSEPHOS__V1__LOG_ENTRY__BODY_CLOSE:
        ret_entry->type = PSP_ENTRY_CLOSE;
        ret_entry->close_at_ms = entry->close->at_ms;
        return PSP_OK;
    case PSEPHOS__V1__LOG_ENTRY__BODY_UNIT_COMPLETE:
        if (!format_1)
            return psp_pack_refuse(ret_reason, "a complete unit, which only format 1 has");
        ret_entry->type = PSP_ENTRY_UNIT_COMPLETE;
        ret_entry->unit = entry->unit_complete->unit;
        return PSP_OK;
    case PSEPHOS__V1__LOG_ENTRY__BODY_REPORT:
        return decode_report(entry->report, format_1, ret_entry, ret_reason);
    case PSEPHOS__V1__LOG_ENTRY__BODY__NOT_SET:
    case _PSEPHOS__V1__LOG_ENTRY__BODY__CASE_IS_INT_SIZE:
        break;
    }
    return psp_pack_refuse(ret_reason, "an entry without a body");
}

bool psp_entry_is_genesis(const uint8_t *bytes, size_t length)
{
    return psp_pack_first_of(bytes, length, PSEPHOS__V1__LOG_ENTRY__BODY_GENESIS, BODY_LAST) ==
           PSEPHOS__V1__LOG_ENTRY__BODY_GENESIS;
}

enum psp_status psp_entry_decode(struct psp_arena *arena, const uint8_t *bytes, size_t length,
                                 struct psp_entry *ret_entry, const char **ret_reason)
{
    return decode(arena, bytes, length, false, ret_entry, ret_reason);
}

enum psp_status psp_entry_decode_own(struct psp_arena *arena, const uint8_t *bytes, size_t length,
                                     struct psp_entry *ret_entry, const char **ret_reason)
{
    return decode(arena, bytes, length, true, ret_entry, ret_reason);
}

static enum psp_status encode_genesis(const struct psp_genesis *genesis,
                                      Psephos__V1__LogEntry *entry, struct psp_buffer *ret_buffer)
{
    assert(genesis->slot_first < genesis->slot_end); /* as decode_genesis wants it */
    assert(genesis->slot_end <= PSP_SLOT_COUNT);
    assert(genesis->shard < PSP_SHARDS_MAX);
    assert(genesis->rules == PSP_RULES && psp_mode_known((uint64_t)genesis->mode));
    assert(publication_known((uint32_t)genesis->publication));
    assert(publication_known((uint32_t)genesis->turnout));
    Psephos__V1__Genesis body = PSEPHOS__V1__GENESIS__INIT;
#define X(NAME, field, bytes, text, place)                                                         \
    body.field = psp_pack_data(genesis->fence.parts[PSP_FENCE_##NAME], bytes);
    PSP_FENCE(X)
#undef X
    body.shard = genesis->shard;
    body.slot_first = genesis->slot_first;
    body.slot_end = genesis->slot_end;
    body.shard_roll_hash = psp_pack_data(genesis->shard_roll_hash, PSP_HASH_BYTES);
    body.epoch = genesis->epoch;
    body.rules = genesis->rules;
    body.mode = (uint32_t)genesis->mode;
    Psephos__V1__Publication publication = PSEPHOS__V1__PUBLICATION__INIT;
    publication.choices = (uint32_t)genesis->publication;
    publication.turnout = (uint32_t)genesis->turnout;
    publication.report_min = genesis->report_min;
    body.publication = &publication;
    entry->body_case = PSEPHOS__V1__LOG_ENTRY__BODY_GENESIS;
    entry->genesis = &body;
    return psp_pack(&entry->base, ret_buffer);
}

static enum psp_status encode_ballots(const struct psp_entry *from, Psephos__V1__LogEntry *entry,
                                      struct psp_buffer *ret_buffer)
{
    const struct psp_count_columns *ballots = &from->ballots.columns;
    assert(ballots->n == 0 || (ballots->stations.length > 0 && ballots->styles.length > 0));
    assert(!PSP_CHECKED || replays_valid(from->ballots.replays));
    Psephos__V1__Columns columns = psp_columns_pack(ballots);
    Psephos__V1__BallotBatch body = PSEPHOS__V1__BALLOT_BATCH__INIT;
    body.columns = columns.n > 0 ? &columns : NULL;
    body.replays = psp_pack_data(from->ballots.replays.data, from->ballots.replays.length);
    body.fence_hash = psp_pack_data(from->ballots.fence_hash, PSP_HASH_BYTES);
    entry->body_case = PSEPHOS__V1__LOG_ENTRY__BODY_BALLOTS;
    entry->ballots = &body;
    return psp_pack(&entry->base, ret_buffer);
}

static enum psp_status encode_report(const struct psp_report *report, Psephos__V1__LogEntry *entry,
                                     struct psp_buffer *ret_buffer)
{
    assert(psp_report_fault(report, PSP_UNITS_MAX) == NULL);
    Psephos__V1__Report body = PSEPHOS__V1__REPORT__INIT;
    body.number = report->number;
    body.leaves = psp_pack_data(report->leaves.data, report->leaves.length);
    body.final = (uint32_t)report->final;
    body.again = report->again;
    entry->body_case = PSEPHOS__V1__LOG_ENTRY__BODY_REPORT;
    entry->report = &body;
    return psp_pack(&entry->base, ret_buffer);
}

enum psp_status psp_entry_encode(const struct psp_entry *from, struct psp_buffer *ret_buffer)
{
    Psephos__V1__LogEntry entry = PSEPHOS__V1__LOG_ENTRY__INIT;
    Psephos__V1__Open open = PSEPHOS__V1__OPEN__INIT;
    Psephos__V1__Close close = PSEPHOS__V1__CLOSE__INIT;
    entry.format = ENTRY_FORMAT;
    entry.time_ms = from->time_ms;
    switch (from->type) {
    case PSP_ENTRY_GENESIS:
        return encode_genesis(&from->genesis, &entry, ret_buffer);
    case PSP_ENTRY_BALLOTS:
        return encode_ballots(from, &entry, ret_buffer);
    case PSP_ENTRY_OPEN:
        entry.body_case = PSEPHOS__V1__LOG_ENTRY__BODY_OPEN;
        entry.open = &open;
        return psp_pack(&entry.base, ret_buffer);
    case PSP_ENTRY_CLOSE:
        close.at_ms = from->close_at_ms;
        entry.body_case = PSEPHOS__V1__LOG_ENTRY__BODY_CLOSE;
        entry.close = &close;
        return psp_pack(&entry.base, ret_buffer);
    case PSP_ENTRY_REPORT:
        return encode_report(&from->report, &entry, ret_buffer);
    case PSP_ENTRY_UNIT_COMPLETE: /* of format 1, which is only read */
        break;
    }
    assert(!"an entry type that is written");
    return PSP_EINVAL;
}
