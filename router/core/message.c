/* The list of actions, and what they say on the wire. */
#include <assert.h>
#include <string.h>

#include "base/memory/grow.h"
#include "router/core/inner.h"

void psp_router_act(struct psp_router_core *core, const struct psp_router_action *action)
{
    assert((action->type == PSP_ROUTER_COUNT) == (action->batch != NULL));
    assert((action->type == PSP_ROUTER_REFUSE) == (action->text != NULL));
    assert(action->n <= PSP_BATCH_ROWS_MAX);
    assert(action->n == 0 || action->batch != NULL || action->row_numbers != NULL);
    if (!PSP_GROW(core->actions, core->action_capacity, core->action_count + 1))
        return;
    core->actions[core->action_count++] = *action;
}

void psp_router_drop_actions(struct psp_router_core *core)
{
    core->action_count = 0;
    while (core->retired != NULL) {
        struct psp_router_batch *batch = core->retired;
        core->retired = batch->newer;
        assert(batch->state == PSP_ROUTER_BATCH_RETIRED);
        psp_router_pool_give(&core->pool, batch);
    }
}

void psp_router_action_answer(const struct psp_router_core *core,
                              const struct psp_router_action *action,
                              struct psp_client_message *ret_message)
{
    assert(action->type != PSP_ROUTER_COUNT);
    memset(ret_message, 0, sizeof *ret_message);
    ret_message->batch_id = action->batch_id;
    ret_message->row_numbers = action->row_numbers;
    ret_message->n = action->n;
    if (action->type == PSP_ROUTER_WELCOME) {
        ret_message->type = PSP_CLIENT_WELCOME;
        memcpy(ret_message->definition_hash, core->definition->hash, PSP_HASH_BYTES);
        memcpy(ret_message->welcome.cluster_id, core->fence.parts[PSP_FENCE_CLUSTER],
               PSP_CLUSTER_ID_BYTES);
        ret_message->welcome.batch_rows_max = PSP_BATCH_ROWS_MAX;
        ret_message->welcome.message_bytes_max = PSP_INGEST_BYTES_MAX;
        ret_message->welcome.election_id = core->definition->id;
    } else if (action->type == PSP_ROUTER_VERDICTS) {
        assert(action->n > 0 && action->verdicts != NULL);
        ret_message->type = PSP_CLIENT_VERDICTS;
        ret_message->shard = action->shard;
        ret_message->index = action->index;
        ret_message->verdicts = action->verdicts;
    } else {
        ret_message->type = PSP_CLIENT_REFUSAL;
        ret_message->code = action->code;
        ret_message->text = action->text;
    }
}

void psp_router_action_count(const struct psp_router_core *core,
                             const struct psp_router_action *action,
                             struct psp_cluster_message *ret_message)
{
    assert(action->type == PSP_ROUTER_COUNT);
    const struct psp_router_batch *batch = action->batch;
    assert(batch->state == PSP_ROUTER_BATCH_SENT && batch->id == action->batch_id);
    assert(batch->n > 0 && batch->n == action->n);
    memset(ret_message, 0, sizeof *ret_message);
    ret_message->type = PSP_CLUSTER_COUNT_BATCH;
    ret_message->id = batch->id;
    ret_message->count_batch.fence = core->fence;
    ret_message->count_batch.only_known = batch->lane == PSP_ROUTER_KNOWN;
    ret_message->count_batch.columns = (struct psp_count_columns){
        .n = batch->n,
        .digests = batch->digests,
        .tags = batch->tags,
        .units = batch->units,
        .methods = batch->methods,
        .marks = batch->marks,
        .marks_bytes = batch->marks_bytes,
        .stations = {batch->stations.bytes, batch->stations.length},
        .styles = {batch->styles.bytes, batch->styles.length},
    };
}
