/* xorshift: chance enough for spreading. */
#include "bridge/core/backoff.h"

#include <assert.h>

uint64_t psp_bridge_backoff_ms(struct psp_bridge_backoff *backoff)
{
    assert(backoff->seed != 0 && backoff->most_ms > 0);
    uint64_t turn_ms = PSP_BRIDGE_BACKOFF_FIRST_MS;
    for (uint32_t i = 0; i < backoff->failures && turn_ms < backoff->most_ms; i++)
        turn_ms *= 2;
    if (turn_ms > backoff->most_ms)
        turn_ms = backoff->most_ms;
    if (backoff->failures < UINT32_MAX)
        backoff->failures++;
    backoff->seed ^= backoff->seed << 13;
    backoff->seed ^= backoff->seed >> 7;
    backoff->seed ^= backoff->seed << 17;
    return turn_ms / 2 + backoff->seed % (turn_ms / 2 + 1);
}

void psp_bridge_backoff_end(struct psp_bridge_backoff *backoff)
{
    backoff->failures = 0;
}
