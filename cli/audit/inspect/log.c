/* Every record of a segment, whatever stands before it; both slots of a vote file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory/arena.h"
#include "cli/audit/inspect/said.h"
#include "cli/say/json.h"
#include "journal/segment.h"
#include "journal/vote.h"
#include "journal/walk.h"
#include "wire/message/message.h"

enum { ENTRY_BYTES = 64 << 20, HEX_BYTES = 2 * PSP_CLUSTER_ID_BYTES + 1, WORD_BYTES = 64 };

static const char *hex(const uint8_t id[PSP_CLUSTER_ID_BYTES], char ret_text[HEX_BYTES])
{
    for (size_t i = 0; i < PSP_CLUSTER_ID_BYTES; i++)
        snprintf(ret_text + 2 * i, 3, "%02x", id[i]);
    return ret_text;
}

/* ---- a segment ---- */

static const char *kind_word(enum psp_record_type type)
{
    switch (type) {
    case PSP_RECORD_COMMAND:
        return "command";
    case PSP_RECORD_BARRIER:
        return "barrier";
    case PSP_RECORD_CONFIGURATION:
        return "configuration";
    }
    return "?";
}

static const char *entry_word(enum psp_entry_type type)
{
    switch (type) {
    case PSP_ENTRY_GENESIS:
        return "genesis";
    case PSP_ENTRY_BALLOTS:
        return "ballots";
    case PSP_ENTRY_OPEN:
        return "open";
    case PSP_ENTRY_CLOSE:
        return "close";
    case PSP_ENTRY_UNIT_COMPLETE:
        return "unit_complete";
    case PSP_ENTRY_REPORT:
        return "report";
    }
    return "?";
}

/* What a command carries; NULL: this version cannot read it. */
static const char *entry_of(struct psp_arena *arena, const struct psp_record *record,
                            uint32_t *ret_ballots)
{
    struct psp_entry entry;
    const char *reason = NULL;
    *ret_ballots = 0;
    if (record->type != PSP_RECORD_COMMAND)
        return NULL;
    psp_arena_reset(arena);
    if (psp_entry_decode(arena, record->payload, record->payload_bytes, &entry, &reason) != PSP_OK)
        return NULL;
    if (entry.type == PSP_ENTRY_BALLOTS)
        *ret_ballots = entry.ballots.columns.n;
    return entry_word(entry.type);
}

static void say_good(struct psp_said *said, struct psp_arena *arena,
                     const struct psp_walked *walked)
{
    const struct psp_record *record = &walked->record;
    uint32_t ballots;
    const char *entry = entry_of(arena, record, &ballots);
    char words[WORD_BYTES];
    if (ballots > 0)
        snprintf(words, sizeof words, "%s, %" PRIu32 " ballots", kind_word(record->type), ballots);
    else
        snprintf(words, sizeof words, "%s%s%s", kind_word(record->type), entry ? ", " : "",
                 entry ? entry : "");
    psp_said_record(said, walked->offset, walked->bytes,
                    json_pack("{s:o, s:o, s:o, s:s, s:s?, s:o, s:s}", "index",
                              psp_json_count(record->index), "last", psp_json_count(record->index),
                              "term", psp_json_count(record->term), "kind", kind_word(record->type),
                              "entry", entry, "ballots", psp_json_count(ballots), "checksum",
                              "good"),
                    NULL, "index %" PRIu64 ", term %" PRIu64 ", %s, checksum good", record->index,
                    record->term, words);
}

static void say_gap(struct psp_said *said, const struct psp_walked *walked)
{
    char last[32] = "", fault[160];
    if (walked->last > walked->first)
        snprintf(last, sizeof last, " to %" PRIu64, walked->last);
    else if (walked->last == 0)
        snprintf(last, sizeof last, " and what follows");
    snprintf(fault, sizeof fault, "%s; %s", walked->fault,
             walked->durable ? "it had been durable"
                             : "nothing here shows that it had been durable");
    psp_said_record(said, walked->offset, walked->bytes,
                    json_pack("{s:o, s:o, s:n, s:n, s:n, s:n, s:s, s:b}", "index",
                              psp_json_count(walked->first), "last",
                              walked->last == 0 ? json_null() : psp_json_count(walked->last),
                              "term", "kind", "entry", "ballots", "checksum", "bad", "durable",
                              walked->durable),
                    fault, "index %" PRIu64 "%s", walked->first, last);
}

void psp_inspect_segment(struct psp_said *said, const struct psp_inspected *inspected)
{
    struct psp_segment_head head;
    struct psp_arena *arena = NULL;
    char id[HEX_BYTES];
    const uint64_t named = psp_segment_name_first(inspected->name);
    uint64_t first = named;
    if (psp_segment_header_decode(inspected->bytes, inspected->length, &head)) {
        first = head.first;
        psp_said_head(said, "segment",
                      json_pack("{s:o, s:o, s:s, s:o}", "format", psp_json_count(head.format),
                                "shard", psp_json_count(head.shard), "cluster",
                                hex(head.cluster_id, id), "first", psp_json_count(head.first)));
        if (named != 0 && named != head.first)
            psp_said_record(said, 0, PSP_SEGMENT_HEADER_BYTES, json_object(),
                            "the file's name is of another first index", "head");
    } else {
        psp_said_bad_head(said, "segment", 0, "no header, or its checksum is of other bytes");
    }
    if (psp_arena_create(ENTRY_BYTES, &arena) != PSP_OK)
        return;
    struct psp_walk walk;
    struct psp_walked walked;
    psp_walk_begin(&walk, inspected->bytes, inspected->length, first == 0 ? 1 : first);
    while (psp_walk_next(&walk, &walked)) {
        if (walked.fault)
            say_gap(said, &walked);
        else
            say_good(said, arena, &walked);
    }
    psp_arena_destroy(&arena);
    psp_said_end(said);
}

/* ---- a vote file ---- */

void psp_inspect_vote(struct psp_said *said, const struct psp_inspected *inspected)
{
    psp_said_head(said, "vote", json_object());
    for (size_t i = 0; i < 2; i++) {
        const size_t at = i * PSP_VOTE_SLOT_DISTANCE;
        struct psp_journal_vote_slot slot;
        char id[HEX_BYTES];
        if (inspected->length < at + PSP_VOTE_SLOT_BYTES ||
            !psp_journal_vote_slot_decode(inspected->bytes + at, &slot)) {
            psp_said_record(said, at, PSP_VOTE_SLOT_BYTES,
                            json_pack("{s:o, s:s}", "slot", psp_json_count(i), "checksum", "bad"),
                            inspected->length < at + PSP_VOTE_SLOT_BYTES
                                ? "the file ends before it"
                                : "the checksum is of other bytes",
                            "slot %zu", i);
            continue;
        }
        const struct psp_journal_vote *vote = &slot.vote;
        psp_said_record(
            said, at, PSP_VOTE_SLOT_BYTES,
            json_pack("{s:o, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "slot", psp_json_count(i),
                      "checksum", "good", "format", psp_json_count(slot.format), "shard",
                      psp_json_count(slot.shard), "cluster", hex(slot.cluster_id, id), "sequence",
                      psp_json_count(vote->sequence), "term", psp_json_count(vote->term),
                      "voted_for", psp_json_count(vote->voted_for), "log_held",
                      psp_json_count(vote->last)),
            NULL,
            "slot %zu, shard %" PRIu32 ", sequence %" PRIu64 ", term %" PRIu64
            ", voted for %" PRIu64 ", log held %" PRIu64 ", checksum good",
            i, slot.shard, vote->sequence, vote->term, vote->voted_for, vote->last);
    }
    psp_said_end(said);
}
