/* Kept by log index, and cut when the log is; libraft's encoding is done by libraft. */
#include "shard/consensus/configuration.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/checked.h"
#include "base/memory/grow.h"
#include "shard/consensus/inner.h"

static_assert(PSP_ADDRESS_BYTES > 20, "an ID of 64 bits in decimal");
static_assert((int)PSP_MEMBERS_MAX >= (int)PSP_REPLICAS_MAX + 1, "one joins, then one goes");

/* ---- those of the log ---- */

void psp_configurations_check(const struct psp_configurations *configurations)
{
    assert(configurations->count <= configurations->capacity);
    assert(configurations->count == 0 || configurations->items[0].index > 0);
    for (size_t i = 1; i < configurations->count && PSP_CHECKED; i++) {
        const struct psp_configuration *item = &configurations->items[i];
        assert(item[-1].index < item->index);
        assert(item[-1].applied || !item->applied); /* told of in the log's order */
    }
}

enum psp_status psp_configurations_keep(struct psp_configurations *configurations, uint64_t index,
                                        const void *bytes, size_t length, bool applied)
{
    const size_t n = configurations->count;
    assert(index > 0);
    assert(n == 0 || configurations->items[n - 1].index < index);
    assert(length == 0 || bytes != NULL);
    if (!PSP_GROW(configurations->items, configurations->capacity, configurations->count + 1))
        return PSP_ENOMEM;
    uint8_t *copy = malloc(length == 0 ? 1 : length);
    if (copy == NULL)
        return PSP_ENOMEM;
    if (length > 0)
        memcpy(copy, bytes, length);
    configurations->items[configurations->count++] =
        (struct psp_configuration){index, copy, length, applied};
    psp_configurations_check(configurations);
    return PSP_OK;
}

enum psp_status psp_configurations_start(struct psp_configurations *configurations,
                                         const struct psp_consensus_start *start,
                                         const struct psp_record *first)
{
    enum psp_status status = PSP_OK;
    assert(configurations->count == 0);
    struct psp_bytes snapshot = start->snapshot_configuration;
    const bool given = snapshot.length > 0;
    if (start->snapshot_index > 0)
        status =
            psp_configurations_keep(configurations, given ? start->snapshot_configuration_index : 1,
                                    given ? snapshot.data : first->payload,
                                    given ? snapshot.length : first->payload_bytes, true);
    for (uint64_t i = 0; i < start->record_count && status == PSP_OK; i++) {
        const struct psp_record *record = &start->records[i];
        if (record->type == PSP_RECORD_CONFIGURATION && record->index > start->snapshot_index)
            status = psp_configurations_keep(configurations, record->index, record->payload,
                                             record->payload_bytes, false);
    }
    return status;
}

void psp_configurations_cut(struct psp_configurations *configurations, uint64_t from)
{
    while (configurations->count > 0 &&
           configurations->items[configurations->count - 1].index >= from)
        free(configurations->items[--configurations->count].bytes);
    psp_configurations_check(configurations);
}

/* The newest at or below `index`, NULL for none. */
static const struct psp_configuration *newest_at(const struct psp_configurations *configurations,
                                                 uint64_t index)
{
    for (size_t i = configurations->count; i > 0; i--)
        if (configurations->items[i - 1].index <= index)
            return &configurations->items[i - 1];
    return NULL;
}

struct psp_configuration *psp_configurations_unapplied(struct psp_configurations *configurations,
                                                       uint64_t commit_index)
{
    for (size_t i = 0; i < configurations->count; i++)
        if (!configurations->items[i].applied && configurations->items[i].index <= commit_index)
            return &configurations->items[i];
    return NULL;
}

void psp_configurations_free(struct psp_configurations *configurations)
{
    psp_configurations_cut(configurations, 0);
    free(configurations->items);
    *configurations = (struct psp_configurations){0};
}

/* ---- encoding ---- */

bool psp_configuration_encode(const struct psp_consensus_member *members, uint32_t n,
                              struct raft_buffer *ret_buffer)
{
    struct raft_configuration configuration;
    raft_configuration_init(&configuration);
    assert(n <= PSP_MEMBERS_MAX);
    bool good = true;
    for (uint32_t i = 0; i < n && good; i++) {
        assert(members[i].raft_id != 0);
        char address[PSP_ADDRESS_BYTES]; /* routed by ID; addresses only have to differ */
        snprintf(address, sizeof(address), "%" PRIu64, members[i].raft_id);
        good = raft_configuration_add(&configuration, members[i].raft_id, address,
                                      members[i].voter ? RAFT_VOTER : RAFT_STANDBY) == 0;
    }
    good = good && raft_configuration_encode(&configuration, ret_buffer) == 0;
    raft_configuration_close(&configuration);
    assert(!good || (ret_buffer->base != NULL && ret_buffer->len > 0));
    return good;
}

/* W10: libraft reads members past the end, one after the other. */
bool psp_configuration_valid(struct psp_bytes encoded)
{
    enum { HEAD_BYTES = 1 + 8, ID_BYTES = 8, ROLE_BYTES = 1 };
    if (encoded.length < HEAD_BYTES)
        return false;
    const uint8_t *at = encoded.data + HEAD_BYTES, *const end = encoded.data + encoded.length;
    const uint64_t n = psp_get64(encoded.data + 1);
    if (n == 0 || n > PSP_MEMBERS_MAX)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        if (end - at < ID_BYTES || psp_get64(at) == 0)
            return false;
        at += ID_BYTES;
        const uint8_t *address_end = memchr(at, 0, (size_t)(end - at));
        if (address_end == NULL || end - address_end < 1 + ROLE_BYTES)
            return false;
        at = address_end + 1 + ROLE_BYTES;
    }
    struct raft_configuration configuration;
    struct raft_buffer buffer = {.len = encoded.length};
    memcpy(&buffer.base, &encoded.data, sizeof(void *)); /* raft does not write to it */
    if (raft_configuration_decode(&buffer, &configuration) != 0)
        return false;
    raft_configuration_close(&configuration);
    return true;
}

enum psp_status psp_configuration_decode(const struct psp_consensus *consensus, uint64_t index,
                                         struct raft_configuration *ret_configuration,
                                         raft_index *ret_index)
{
    const struct psp_configuration *found = newest_at(&consensus->configurations, index);
    struct raft_buffer buffer = consensus->first_configuration;
    if (found == NULL && consensus->joiner) {
        raft_configuration_init(ret_configuration);
        *ret_index = 0;
        return PSP_OK;
    }
    if (found != NULL)
        buffer = (struct raft_buffer){found->bytes, found->length};
    *ret_index = found == NULL ? 1 : found->index;
    assert(found == NULL || found->index <= index);
    return raft_configuration_decode(&buffer, ret_configuration) == 0 ? PSP_OK : PSP_ECORRUPT;
}

/* ---- who is a member ---- */

uint32_t psp_consensus_members(const struct psp_consensus *consensus,
                               struct psp_consensus_member ret_members[PSP_MEMBERS_MAX])
{
    const struct raft_configuration *configuration = &consensus->raft.configuration;
    uint32_t n = 0;
    for (unsigned i = 0; i < configuration->n && n < PSP_MEMBERS_MAX; i++)
        ret_members[n++] = (struct psp_consensus_member){
            configuration->servers[i].id, configuration->servers[i].role == RAFT_VOTER};
    return n;
}

bool psp_consensus_votes(const struct psp_consensus *consensus, uint64_t raft_id)
{
    struct psp_consensus_member members[PSP_MEMBERS_MAX];
    const uint32_t n = psp_consensus_members(consensus, members);
    for (uint32_t i = 0; i < n; i++)
        if (members[i].raft_id == raft_id)
            return members[i].voter;
    return false;
}

bool psp_consensus_changing(const struct psp_consensus *consensus)
{
    return consensus->raft.configuration_uncommitted_index != 0;
}

bool psp_consensus_level(const struct psp_consensus *consensus, uint64_t raft_id, uint64_t within)
{
    raft_index match = 0;
    if (raft_match_index(&consensus->raft, raft_id, &match) != 0)
        return false;
    assert(match <= consensus->last_index); /* whatever a follower says of itself */
    return match + within >= consensus->last_index &&
           match >= consensus->raft.configuration_committed_index;
}

struct psp_bytes psp_consensus_configuration(const struct psp_consensus *consensus, uint64_t index,
                                             uint64_t *ret_index)
{
    const struct psp_configuration *found = newest_at(&consensus->configurations, index);
    *ret_index = found == NULL ? 0 : found->index;
    return found == NULL ? (struct psp_bytes){NULL, 0}
                         : (struct psp_bytes){found->bytes, found->length};
}
