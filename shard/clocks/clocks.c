/* Two windows, so that an early clock is forgotten after the second, and a late one counts
 * at once. */
#include "shard/clocks/clocks.h"

#include <assert.h>

static_assert(PSP_CLOCKS_WALL_MAX_MS <= INT64_MAX / 4, "differences and their middle do not wrap");
static_assert(PSP_CLOCKS_FORGET_MS >= 2 * PSP_CLOCKS_WINDOW_MS, "both windows are of late");

void psp_clocks_hear(struct psp_clocks *clocks, uint32_t replica, uint64_t steady_ms,
                     uint64_t wall_ms)
{
    assert(replica < PSP_REPLICAS_MAX);
    struct psp_clocks_peer *peer = &clocks->peers[replica];
    assert(steady_ms >= peer->heard_ms && peer->heard_ms >= peer->window_ms);
    if (wall_ms == 0)
        return;
    if (wall_ms > PSP_CLOCKS_WALL_MAX_MS)
        wall_ms = PSP_CLOCKS_WALL_MAX_MS;
    const int64_t apart = (int64_t)(wall_ms - steady_ms);
    const uint64_t since_ms = steady_ms - peer->window_ms;
    if (!peer->heard || since_ms >= PSP_CLOCKS_WINDOW_MS) {
        peer->heard_before = peer->heard && since_ms < 2 * (uint64_t)PSP_CLOCKS_WINDOW_MS;
        peer->latest_before = peer->latest;
        peer->latest = apart;
        peer->window_ms = steady_ms;
    }
    peer->heard = true;
    peer->heard_ms = steady_ms;
    peer->latest = apart > peer->latest ? apart : peer->latest;
    assert(steady_ms - peer->window_ms < PSP_CLOCKS_WINDOW_MS);
}

/* Its clock less our steady one. False: it was not heard of late. */
static bool apart_of(const struct psp_clocks_peer *peer, uint64_t steady_ms, int64_t *ret_apart)
{
    if (!peer->heard || steady_ms - peer->heard_ms > PSP_CLOCKS_FORGET_MS)
        return false;
    *ret_apart = peer->heard_before && peer->latest_before > peer->latest ? peer->latest_before
                                                                          : peer->latest;
    return true;
}

/* Of own and all that are known, each less the steady clock. */
static int64_t median_of(const struct psp_clocks *clocks, uint64_t steady_ms, int64_t own)
{
    int64_t sorted[PSP_REPLICAS_MAX + 1] = {own}, apart;
    uint32_t n = 1;
    for (uint32_t r = 0; r < PSP_REPLICAS_MAX; r++) {
        if (!apart_of(&clocks->peers[r], steady_ms, &apart))
            continue;
        uint32_t at = n++;
        for (; at > 0 && sorted[at - 1] > apart; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = apart;
    }
    assert(n <= PSP_REPLICAS_MAX + 1);
    assert(sorted[0] <= sorted[n - 1]);
    const int64_t low = sorted[(n - 1) / 2], high = sorted[n / 2];
    assert(low <= high);
    return low + (high - low) / 2;
}

int64_t psp_clocks_ahead(const struct psp_clocks *clocks, uint64_t steady_ms, uint64_t wall_ms)
{
    const int64_t own = (int64_t)(wall_ms - steady_ms);
    return own - median_of(clocks, steady_ms, own);
}

bool psp_clocks_ahead_of(const struct psp_clocks *clocks, uint32_t replica, uint64_t steady_ms,
                         uint64_t wall_ms, int64_t *ret_ahead_ms)
{
    assert(replica < PSP_REPLICAS_MAX);
    const int64_t own = (int64_t)(wall_ms - steady_ms);
    int64_t apart;
    if (!apart_of(&clocks->peers[replica], steady_ms, &apart))
        return false;
    *ret_ahead_ms = apart - median_of(clocks, steady_ms, own);
    return true;
}
