/* An array, and a list of those that are free. */
#include "bridge/kafka_in/pending.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

enum psp_status psp_bridge_pendings_init(struct psp_bridge_pendings *pendings, uint32_t count)
{
    pendings->records = calloc(count, sizeof *pendings->records);
    if (!pendings->records)
        return PSP_ENOMEM;
    for (uint32_t i = 0; i < count; i++)
        pendings->records[i].next = i + 1;
    pendings->count = count;
    pendings->used = pendings->free = 0;
    return PSP_OK;
}

static void let_go(struct psp_bridge_pending *pending)
{
    if (pending->message)
        rd_kafka_message_destroy(pending->message);
    free(pending->doubt);
    *pending = (struct psp_bridge_pending){0};
}

void psp_bridge_pendings_free(struct psp_bridge_pendings *pendings)
{
    for (uint32_t i = 0; i < pendings->count; i++)
        let_go(&pendings->records[i]);
    free(pendings->records);
    *pendings = (struct psp_bridge_pendings){0};
}

uint32_t psp_bridge_pendings_add(struct psp_bridge_pendings *pendings,
                                 struct psp_bridge_ticket ticket, const char *topic,
                                 rd_kafka_message_t *message, bool whole, const char *doubt)
{
    assert(!psp_bridge_pendings_full(pendings) && topic);
    char *copy = whole && doubt[0] ? strdup(doubt) : NULL;
    if (whole && doubt[0] && !copy)
        return PSP_NONE;
    const uint32_t at = pendings->free;
    struct psp_bridge_pending *pending = &pendings->records[at];
    pendings->free = pending->next;
    pendings->used++;
    *pending = (struct psp_bridge_pending){
        .ticket = ticket,
        .topic = topic,
        .partition = message->partition,
        .offset = message->offset,
        .time_ms = rd_kafka_message_timestamp(message, NULL),
        .message = whole ? message : NULL,
        .doubt = copy,
    };
    return at;
}

struct psp_bridge_pending *psp_bridge_pendings_at(struct psp_bridge_pendings *pendings,
                                                  uint64_t cookie)
{
    assert(cookie < pendings->count && pendings->records[cookie].topic);
    return &pendings->records[cookie];
}

void psp_bridge_pendings_remove(struct psp_bridge_pendings *pendings, uint64_t cookie)
{
    struct psp_bridge_pending *pending = psp_bridge_pendings_at(pendings, cookie);
    let_go(pending);
    pending->next = pendings->free;
    pendings->free = (uint32_t)cookie;
    pendings->used--;
}
