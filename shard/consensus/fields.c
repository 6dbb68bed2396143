/* A layout a message type: where each number is and how large; it serves reading and writing. */
#include "shard/consensus/fields.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "shard/consensus/consensus.h"

/* Where a number of 1 to 8 bytes is in a message as libraft has it, and its
 * bound. A layout ends at PSP_FIELDS_MAX or with a field of no bytes. */
struct field {
    size_t offset, bytes;
    uint64_t max;
};

/* Where the fields of a message type are, in the order of the wire. An
 * InstallSnapshot carries neither configuration nor data (W7): nobody installs. */
/* clang-format off */
#define AT(kind, name, max) \
    {offsetof(struct raft_message, kind.name), sizeof(((struct raft_message *)0)->kind.name), max}
#define N PSP_FIELDS_NUMBER_MAX
enum { BOOL_MAX = 1 };
static const struct field layouts[RAFT_TIMEOUT_NOW + 1][PSP_FIELDS_MAX] = {
#define A(name) AT(append_entries, name, UINT64_MAX)
    [RAFT_APPEND_ENTRIES] = {A(version), AT(append_entries, term, N),
                             AT(append_entries, prev_log_index, N),
                             AT(append_entries, prev_log_term, N), A(leader_commit)},
#define R(name) AT(append_entries_result, name, UINT64_MAX)
    [RAFT_APPEND_ENTRIES_RESULT] = {R(version), AT(append_entries_result, term, N), R(rejected),
                                    R(last_log_index), R(features), R(capacity)},
#define V(name) AT(request_vote, name, UINT64_MAX)
    [RAFT_REQUEST_VOTE] = {V(version), AT(request_vote, term, N), V(candidate_id),
                           V(last_log_index), V(last_log_term),
                           AT(request_vote, disrupt_leader, BOOL_MAX),
                           AT(request_vote, pre_vote, BOOL_MAX)},
#define W(name) AT(request_vote_result, name, UINT64_MAX)
    [RAFT_REQUEST_VOTE_RESULT] = {W(version), AT(request_vote_result, term, N),
                                  AT(request_vote_result, vote_granted, BOOL_MAX),
                                  AT(request_vote_result, pre_vote, BOOL_MAX), W(features),
                                  W(capacity)},
#define I(name) AT(install_snapshot, name, UINT64_MAX)
    [RAFT_INSTALL_SNAPSHOT] = {I(version), AT(install_snapshot, term, N), I(last_index),
                               I(last_term), I(conf_index)},
#define T(name) AT(timeout_now, name, UINT64_MAX)
    [RAFT_TIMEOUT_NOW] = {T(version), AT(timeout_now, term, N), T(last_log_index),
                          T(last_log_term)},
};
/* clang-format on */

/* Numbers lie in memory as the processor has them: little-endian, checked at
 * build time. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fields are copied byte by byte");

static_assert((int)PSP_FIELDS_MAX <= (int)PSP_RAFT_FIELDS_MAX, "the wire has room for them");
static_assert(sizeof(raft_term) == sizeof(uint64_t), "the widest field");

uint32_t psp_fields_load(const struct raft_message *message, uint64_t ret_fields[PSP_FIELDS_MAX])
{
    assert(message->type >= RAFT_APPEND_ENTRIES);
    assert(message->type <= RAFT_TIMEOUT_NOW);
    const struct field *layout = layouts[message->type];
    uint32_t n = 0;
    for (; n < PSP_FIELDS_MAX && layout[n].bytes != 0; n++) {
        ret_fields[n] = 0;
        memcpy(&ret_fields[n], (const uint8_t *)message + layout[n].offset, layout[n].bytes);
        assert(layout[n].bytes <= sizeof ret_fields[n]);
    }
    assert(n > 0);
    return n;
}

/* False: not as many as the layout has, or one over its bound. */
static bool store(const struct field *layout, const uint64_t *fields, uint32_t n, void *message)
{
    uint32_t i = 0;
    for (; i < PSP_FIELDS_MAX && layout[i].bytes != 0; i++) {
        if (i >= n || fields[i] > layout[i].max ||
            (layout[i].bytes < 8 && fields[i] >> (8 * layout[i].bytes) != 0))
            return false;
        memcpy((uint8_t *)message + layout[i].offset, &fields[i], layout[i].bytes);
    }
    assert(i > 0 && i <= PSP_FIELDS_MAX);
    return i == n;
}

bool psp_fields_store(const struct psp_raft_message *plain, struct raft_message *message)
{
    if (plain->type < RAFT_APPEND_ENTRIES || plain->type > RAFT_TIMEOUT_NOW ||
        (plain->entry_count > 0 && plain->type != RAFT_APPEND_ENTRIES))
        return false;
    message->type = (enum raft_message_type)plain->type;
    if (!store(layouts[plain->type], plain->fields, plain->field_count, message))
        return false;
    return message->type != RAFT_REQUEST_VOTE ||
           message->request_vote.candidate_id == message->server_id;
}

uint32_t psp_consensus_entries_of(const struct psp_raft_message *message, uint64_t *ret_first)
{
    enum { PREV_INDEX = 2 }; /* as the layout has it */
    if (message->type != RAFT_APPEND_ENTRIES)
        return 0;
    assert(layouts[RAFT_APPEND_ENTRIES][PREV_INDEX].offset ==
           offsetof(struct raft_message, append_entries.prev_log_index));
    assert(message->field_count > PREV_INDEX);
    *ret_first = message->fields[PREV_INDEX] + 1;
    return message->entry_count;
}
