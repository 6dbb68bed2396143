/* Two things can be missing, target and collectors; each has a backoff of its own. */
#include "bridge/core/sink.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void psp_bridge_sink_start(struct psp_bridge_sink *sink, const char *cluster, uint32_t api_count,
                           uint64_t seed)
{
    assert(api_count > 0 && seed != 0);
    *sink = (struct psp_bridge_sink){
        .api_count = api_count,
        .target_backoff = {.seed = seed, .most_ms = PSP_BRIDGE_TARGET_BACKOFF_MS},
        .api_backoff = {.seed = seed, .most_ms = PSP_BRIDGE_API_BACKOFF_MS},
    };
    snprintf(sink->cluster, sizeof sink->cluster, "%s", cluster);
}

/* What may be asked of the collector whose turn it is; NULL: everything. */
static const char *since_of(const struct psp_bridge_sink *sink)
{
    return sink->since[0] != '\0' && sink->since_api == sink->api ? sink->since : NULL;
}

void psp_bridge_sink_next(struct psp_bridge_sink *sink, uint64_t now_ms,
                          struct psp_bridge_turn *ret_turn)
{
    *ret_turn = (struct psp_bridge_turn){.api = sink->api, .since = since_of(sink)};
    if (now_ms < sink->wait_until_ms) {
        ret_turn->what = PSP_BRIDGE_DO_WAIT;
        ret_turn->until_ms = sink->wait_until_ms;
        return;
    }
    sink->wait_until_ms = 0;
    if (!sink->is_open)
        ret_turn->what = PSP_BRIDGE_DO_OPEN;
    else if (sink->is_ahead && ret_turn->since == NULL)
        ret_turn->what = PSP_BRIDGE_DO_LOOK; /* everything, only to be dropped, is much */
    else
        ret_turn->what = PSP_BRIDGE_DO_ASK;
    ret_turn->wait_s = ret_turn->since ? PSP_BRIDGE_WAIT_S : 0;
}

bool psp_bridge_sink_opened(struct psp_bridge_sink *sink, const struct psp_bridge_vector *held)
{
    if (held->count > 0 && strcmp(held->cluster, sink->cluster) != 0)
        return false;
    sink->held = *held;
    /* What changed since then is enough only where the target holds just that. */
    if (sink->in_doubt || psp_bridge_vector_compare(held, &sink->last.version) != PSP_BRIDGE_EQUAL)
        sink->since[0] = '\0';
    sink->in_doubt = false;
    sink->is_open = true;
    sink->wait_until_ms = 0;
    return true;
}

void psp_bridge_sink_lost(struct psp_bridge_sink *sink, bool in_doubt, uint64_t now_ms)
{
    sink->is_open = false;
    sink->in_doubt = sink->in_doubt || in_doubt;
    sink->wait_until_ms = now_ms + psp_bridge_backoff_ms(&sink->target_backoff);
}

/* The next collector at once; after all of them in vain, later. */
static void turn_to_next(struct psp_bridge_sink *sink, uint64_t now_ms)
{
    sink->api = (sink->api + 1) % sink->api_count;
    if (++sink->api_failed >= sink->api_count) {
        sink->api_failed = 0;
        sink->wait_until_ms = now_ms + psp_bridge_backoff_ms(&sink->api_backoff);
    }
}

void psp_bridge_sink_unanswered(struct psp_bridge_sink *sink, uint64_t now_ms)
{
    turn_to_next(sink, now_ms);
}

void psp_bridge_sink_gone(struct psp_bridge_sink *sink)
{
    sink->since[0] = '\0';
}

enum psp_bridge_verdict psp_bridge_sink_look(struct psp_bridge_sink *sink,
                                             const struct psp_bridge_vector *version,
                                             uint64_t now_ms)
{
    if (strcmp(version->cluster, sink->cluster) != 0) {
        turn_to_next(sink, now_ms);
        return PSP_BRIDGE_FOREIGN;
    }
    const enum psp_bridge_order order = psp_bridge_vector_compare(version, &sink->held);
    sink->is_ahead = order == PSP_BRIDGE_OLDER || order == PSP_BRIDGE_APART;
    if (!sink->is_ahead)
        return PSP_BRIDGE_APPLY;
    turn_to_next(sink, now_ms);
    return order == PSP_BRIDGE_OLDER ? PSP_BRIDGE_BEHIND : PSP_BRIDGE_NOT_LEVEL;
}

enum psp_bridge_verdict psp_bridge_sink_judge(struct psp_bridge_sink *sink,
                                              const struct psp_bridge_end *end, uint64_t lines,
                                              uint64_t now_ms)
{
    const bool whole = since_of(sink) == NULL;
    const enum psp_bridge_verdict verdict = psp_bridge_sink_look(sink, &end->version, now_ms);
    if (verdict != PSP_BRIDGE_APPLY)
        return verdict;
    sink->api_failed = 0;
    psp_bridge_backoff_end(&sink->api_backoff);
    const bool same = strcmp(end->id, sink->last.id) == 0 && end->stale == sink->last.stale &&
                      strcmp(end->state, sink->last.state) == 0;
    return !whole && lines == 0 && same ? PSP_BRIDGE_NOTHING : PSP_BRIDGE_APPLY;
}

void psp_bridge_sink_applied(struct psp_bridge_sink *sink, const struct psp_bridge_end *end,
                             const struct psp_bridge_vector *held)
{
    snprintf(sink->since, sizeof sink->since, "%s.%d", end->id, end->stale ? 1 : 0);
    sink->since_api = sink->api;
    sink->last = *end;
    sink->held = *held;
    psp_bridge_backoff_end(&sink->target_backoff);
}
