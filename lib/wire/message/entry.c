/* In a shard's log: proto/log.proto. */
#include <assert.h>

#include "base/limits.h"
#include "log.pb-c.h"
#include "wire/message/columns.h"
#include "wire/message/message.h"
#include "wire/message/pack.h"

enum { ENTRY_FORMAT = 1 };

static enum psp_status decode_genesis(const Psephos__V1__Genesis *body, struct psp_entry *ret_entry,
                                      const char **ret_reason)
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
    ret_entry->type = PSP_ENTRY_GENESIS;
    genesis->shard = body->shard;
    genesis->slot_first = body->slot_first;
    genesis->slot_end = body->slot_end;
    genesis->epoch = body->epoch;
    return PSP_OK;
}

static enum psp_status decode_ballots(const Psephos__V1__BallotBatch *body, bool own,
                                      struct psp_entry *ret_entry, const char **ret_reason)
{
    struct psp_packed_columns packed;
    PSP_COLUMNS_COPY(&packed, body);
    const enum psp_status status =
        psp_columns_unpack(&packed, &ret_entry->ballots.columns, ret_reason);
    if (status != PSP_OK)
        return status;
    if (!psp_pack_take(&body->fence_hash, ret_entry->ballots.fence_hash, PSP_HASH_BYTES))
        return psp_pack_refuse(ret_reason, "fence_hash is not " PSP_TEXT(PSP_HASH_BYTES) " bytes");
    ret_entry->type = PSP_ENTRY_BALLOTS;
    return own ? PSP_OK : psp_count_columns_check(&ret_entry->ballots.columns, ret_reason);
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
    if (entry->format != ENTRY_FORMAT) {
        *ret_reason = "unknown format of a log entry";
        return PSP_EVERSION;
    }
    ret_entry->time_ms = entry->time_ms;
    switch (entry->body_case) {
    case PSEPHOS__V1__LOG_ENTRY__BODY_GENESIS:
        return decode_genesis(entry->genesis, ret_entry, ret_reason);
    case PSEPHOS__V1__LOG_ENTRY__BODY_BALLOTS:
        return decode_ballots(entry->ballots, own, ret_entry, ret_reason);
    case PSEPHOS__V1__LOG_ENTRY__BODY_OPEN:
        ret_entry->type = PSP_ENTRY_OPEN;
        return PSP_OK;
    case PSEPHOS__V1__LOG_ENTRY__BODY_CLOSE:
        ret_entry->type = PSP_ENTRY_CLOSE;
        return PSP_OK;
    case PSEPHOS__V1__LOG_ENTRY__BODY_UNIT_COMPLETE:
        ret_entry->type = PSP_ENTRY_UNIT_COMPLETE;
        ret_entry->unit = entry->unit_complete->unit;
        return PSP_OK;
    case PSEPHOS__V1__LOG_ENTRY__BODY__NOT_SET:
    case _PSEPHOS__V1__LOG_ENTRY__BODY__CASE_IS_INT_SIZE:
        break;
    }
    return psp_pack_refuse(ret_reason, "an entry without a body");
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
    entry->body_case = PSEPHOS__V1__LOG_ENTRY__BODY_GENESIS;
    entry->genesis = &body;
    return psp_pack(&entry->base, ret_buffer);
}

static enum psp_status encode_ballots(const struct psp_entry *from, Psephos__V1__LogEntry *entry,
                                      struct psp_buffer *ret_buffer)
{
    const struct psp_packed_columns packed = psp_columns_pack(&from->ballots.columns);
    Psephos__V1__BallotBatch body = PSEPHOS__V1__BALLOT_BATCH__INIT;
    PSP_COLUMNS_COPY(&body, &packed);
    body.fence_hash = psp_pack_data(from->ballots.fence_hash, PSP_HASH_BYTES);
    entry->body_case = PSEPHOS__V1__LOG_ENTRY__BODY_BALLOTS;
    entry->ballots = &body;
    return psp_pack(&entry->base, ret_buffer);
}

enum psp_status psp_entry_encode(const struct psp_entry *from, struct psp_buffer *ret_buffer)
{
    Psephos__V1__LogEntry entry = PSEPHOS__V1__LOG_ENTRY__INIT;
    Psephos__V1__Open open = PSEPHOS__V1__OPEN__INIT;
    Psephos__V1__Close close = PSEPHOS__V1__CLOSE__INIT;
    Psephos__V1__UnitComplete complete = PSEPHOS__V1__UNIT_COMPLETE__INIT;
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
        entry.body_case = PSEPHOS__V1__LOG_ENTRY__BODY_CLOSE;
        entry.close = &close;
        return psp_pack(&entry.base, ret_buffer);
    case PSP_ENTRY_UNIT_COMPLETE:
        complete.unit = from->unit;
        entry.body_case = PSEPHOS__V1__LOG_ENTRY__BODY_UNIT_COMPLETE;
        entry.unit_complete = &complete;
        return psp_pack(&entry.base, ret_buffer);
    }
    assert(!"an entry type");
    return PSP_EINVAL;
}
