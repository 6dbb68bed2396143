/* Arrays that grow and are used again at the next call. */
#include "shard/consensus/outbox.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory/grow.h"

enum psp_status psp_outbox_push(struct psp_outbox *outbox, const struct raft_message *message)
{
    const size_t n = outbox->count + 1;
    assert(message->server_id != 0);
    const bool moved = n > outbox->field_capacity;
    if (!PSP_GROW(outbox->to, outbox->to_capacity, n) ||
        !PSP_GROW(outbox->fields, outbox->field_capacity, n) ||
        !PSP_GROW(outbox->messages, outbox->capacity, n))
        return PSP_ENOMEM;
    const size_t at = outbox->count++;
    outbox->to[at] = message->server_id;
    outbox->messages[at] = (struct psp_raft_message){
        .type = (uint32_t)message->type,
        .field_count = psp_fields_load(message, outbox->fields[at]),
        .entry_count = message->type == RAFT_APPEND_ENTRIES ? message->append_entries.n_entries : 0,
    };
    assert(outbox->count <= outbox->capacity);
    assert(outbox->messages[at].field_count <= PSP_FIELDS_MAX);
    for (size_t i = moved ? 0 : at; i < outbox->count; i++)
        outbox->messages[i].fields = outbox->fields[i];
    return PSP_OK;
}

void psp_outbox_free(struct psp_outbox *outbox)
{
    free(outbox->messages);
    free(outbox->to);
    free(outbox->fields);
    *outbox = (struct psp_outbox){0};
}
