/*
 * Every decoder of the wire, on any bytes: no crash, no leak, nothing over the
 * budget; and what decodes survives encoding: encode(decode(x)) decodes to the
 * same bytes again. So do the bytes of a report, and what a partial tells of leaves is
 * read to its end.
 *
 * The first byte chooses the decoder and the budget, so that running out of it
 * is tried everywhere.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/message/message.h"
#include "wire/message/report.h"

enum { CLIENT, CLUSTER, ENTRY, DECODERS };

union decoded {
    struct psp_client_message client;
    struct psp_cluster_message cluster;
    struct psp_entry entry;
};

static enum psp_status decode(int which, struct psp_arena *arena, const uint8_t *bytes,
                              size_t length, union decoded *ret_decoded)
{
    const char *reason = NULL;
    enum psp_status status;
    if (which == CLIENT)
        status = psp_client_message_decode(arena, bytes, length, &ret_decoded->client, &reason);
    else if (which == CLUSTER)
        status = psp_cluster_message_decode(arena, bytes, length, &ret_decoded->cluster, &reason);
    else
        status = psp_entry_decode(arena, bytes, length, &ret_decoded->entry, &reason);
    if (status != PSP_OK && (!reason || strlen(reason) == 0))
        abort();
    return status;
}

static enum psp_status encode(int which, const union decoded *decoded, struct psp_buffer *buffer)
{
    if (which == CLIENT)
        return psp_client_message_encode(&decoded->client, buffer);
    if (which == CLUSTER)
        return psp_cluster_message_encode(&decoded->cluster, buffer);
    return psp_entry_encode(&decoded->entry, buffer);
}

/* An entry of format 1 that the writer of format 2 has no form for: those are only read. */
static bool is_old(int which, const union decoded *decoded)
{
    const struct psp_entry *entry = &decoded->entry;
    if (which != ENTRY)
        return false;
    return entry->type == PSP_ENTRY_UNIT_COMPLETE ||
           (entry->type == PSP_ENTRY_GENESIS && entry->genesis.rules == 1) ||
           (entry->type == PSP_ENTRY_BALLOTS && entry->ballots.columns.n > 0 &&
            entry->ballots.columns.stations.length == 0);
}

static void read_leaves(const struct psp_partial *partial)
{
    struct psp_bytes reports = partial->reports, ballots = partial->leaf_ballots;
    struct psp_leaf_report report;
    uint64_t n;
    uint32_t next = 0, leaf;
    while (psp_leaf_report_next(&reports, &next, PSP_UNITS_MAX, &leaf, &report))
        if (leaf + 1 != next || report.number == 0)
            abort();
    next = 0;
    while (psp_leaf_ballots_next(&ballots, &next, PSP_UNITS_MAX, &leaf, &n))
        if (leaf + 1 != next)
            abort();
}

/* Of a message that was decoded: its report's bytes are those of no other. */
static void read_report(struct psp_bytes bytes)
{
    struct psp_report report;
    if (bytes.length == 0)
        return;
    if (psp_report_decode(bytes, &report) != NULL)
        abort();
    uint8_t *again = malloc(bytes.length);
    if (psp_report_encode(&report, again, bytes.length) != bytes.length ||
        memcmp(again, bytes.data, bytes.length) != 0)
        abort();
    free(again);
}

static void read_reports(int which, const union decoded *decoded)
{
    if (which != CLUSTER)
        return;
    if (decoded->cluster.type == PSP_CLUSTER_PARTIAL)
        read_leaves(&decoded->cluster.partial);
    if (decoded->cluster.type == PSP_CLUSTER_OPERATE)
        read_report(decoded->cluster.operate.report);
    if (decoded->cluster.type == PSP_CLUSTER_REPORT_REPLY)
        read_report(decoded->cluster.report_reply.report);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length == 0)
        return 0;
    const int which = bytes[0] % DECODERS;
    const size_t budget = bytes[0] & 0x80 ? (size_t)(bytes[0] & 0x7F) << 4 : (size_t)16 << 20;
    /* A copy of its own, so that reading one byte too far is noticed. */
    uint8_t *copy = malloc(length - 1);
    struct psp_arena *arena = NULL, *again = NULL;
    struct psp_buffer first = {0}, second = {0};
    union decoded one, two;
    if (psp_arena_create(budget, &arena) != PSP_OK || psp_arena_create(32 << 20, &again) != PSP_OK)
        abort();
    if (length > 1)
        memcpy(copy, bytes + 1, length - 1);
    if (decode(which, arena, copy, length - 1, &one) == PSP_OK && !is_old(which, &one)) {
        read_reports(which, &one);
        if (encode(which, &one, &first) != PSP_OK ||
            decode(which, again, first.data, first.length, &two) != PSP_OK ||
            encode(which, &two, &second) != PSP_OK)
            abort();
        if (first.length != second.length || memcmp(first.data, second.data, first.length) != 0)
            abort();
    }
    psp_arena_destroy(&arena);
    psp_arena_destroy(&again);
    psp_buffer_free(&first);
    psp_buffer_free(&second);
    free(copy);
    return 0;
}
