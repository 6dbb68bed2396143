/* What a call hands out. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"

#include "shard/core/inner.h"

void psp_core_begin(struct psp_core *core, struct psp_core_time now)
{
    core->now = now;
    core->action_count = 0;
    psp_arena_reset(core->scratch);
}

void psp_core_stop(struct psp_core *core, const char *format, ...)
{
    if (core->stopped)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(core->stop_text, sizeof(core->stop_text), format, arguments);
    va_end(arguments);
    if (core->action_count < core->action_capacity)
        core->actions[core->action_count++] =
            (struct psp_core_action){.type = PSP_CORE_STOP, .stop = core->stop_text};
    core->stopped = true;
}

struct psp_core_action *psp_core_act(struct psp_core *core, enum psp_core_action_type type)
{
    if (core->stopped)
        return NULL;
    /* One stays free for a stop. */
    if (!PSP_GROW(core->actions, core->action_capacity, core->action_count + 2)) {
        psp_core_stop(core, "out of memory for actions");
        return NULL;
    }
    struct psp_core_action *action = &core->actions[core->action_count++];
    assert(core->action_count < core->action_capacity);
    memset(action, 0, sizeof(*action));
    action->type = type;
    return action;
}

void *psp_core_scratch(struct psp_core *core, size_t bytes)
{
    void *memory = psp_arena_alloc(core->scratch, bytes);
    if (memory == NULL)
        psp_core_stop(core, "out of memory for answers");
    return memory;
}

struct psp_cluster_message *psp_core_send(struct psp_core *core, const struct psp_peer *peer,
                                          enum psp_cluster_type type, uint64_t id)
{
    assert(type != PSP_CLUSTER_RAFT); /* that goes to replicas */
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_SEND);
    if (action == NULL)
        return NULL;
    action->send.peer = *peer;
    action->send.message.type = type;
    action->send.message.id = id;
    return &action->send.message;
}

struct psp_cluster_message *psp_core_tell(struct psp_core *core, uint32_t replica,
                                          enum psp_cluster_type type)
{
    assert(replica < core->member_count);
    assert(replica != core->replica);
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_RAFT);
    if (action == NULL)
        return NULL;
    action->raft.replica = replica;
    action->raft.message.type = type;
    return &action->raft.message;
}

struct psp_read *psp_core_wish(struct psp_core *core, enum psp_read_kind kind, uint64_t first,
                               uint64_t last)
{
    assert(first > 0 && last >= first);
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_READ);
    struct psp_read *read = action == NULL ? NULL : psp_reads_begin(&core->reads, kind);
    if (read == NULL) { /* as if the message was lost */
        core->action_count -= action != NULL;
        return NULL;
    }
    assert(read->number != 0); /* keeping.c has others for its own */
    read->first = first;
    action->read.number = read->number;
    action->read.first = first;
    action->read.last = last;
    action->read.records_max = PSP_CORE_READ_RECORDS;
    action->read.bytes_max = PSP_CORE_RAFT_BYTES;
    return read;
}

struct psp_raft_entry *psp_core_entries(struct psp_core *core, const struct psp_record *records,
                                        uint32_t n)
{
    assert(n == 0 || records != NULL);
    struct psp_raft_entry *entries = psp_core_scratch(core, (n + 1) * sizeof *entries);
    for (uint32_t i = 0; i < n && entries != NULL; i++)
        entries[i] = (struct psp_raft_entry){records[i].term,
                                             (uint32_t)records[i].type,
                                             {records[i].payload, records[i].payload_bytes}};
    return entries;
}
