/* A close that names a time: whoever leads when it has come says so in an entry, so that
 * the election closes without a ballot, too. */
#include <assert.h>

#include "shard/core/inner.h"

/* When there is a close to come that this leader has not proposed yet: after another
 * opening there may be a second one in its term. Not while an entry is on its way: a late
 * one closes the election itself, and one behind it may be that opening. */
static bool pending(const struct psp_core *core)
{
    const uint64_t at_ms = psp_count_close_at_ms(core->count);
    const bool proposed = core->closing_term == core->leading_term && core->closing_at_ms == at_ms;
    return psp_core_serves(core) && core->waiting_count == 0 && at_ms != 0 && !proposed &&
           psp_count_election_state(core->count) == PSP_ELECTION_OPEN;
}

void psp_core_close_on(struct psp_core *core)
{
    const uint64_t at_ms = psp_count_close_at_ms(core->count);
    if (!pending(core) || psp_core_time_ms(core) < at_ms || !psp_core_has_room(core))
        return;
    assert(core->leading);
    assert(at_ms != 0);
    core->closing_term = core->leading_term;
    core->closing_at_ms = at_ms;
    struct psp_entry entry = {.type = PSP_ENTRY_CLOSE};
    entry.close_at_ms = at_ms;
    psp_core_propose(core, &entry, &(struct psp_waiting){.kind = PSP_WAITING_NOBODY});
}

uint64_t psp_core_close_deadline(const struct psp_core *core)
{
    if (!pending(core) || !psp_core_has_room(core))
        return UINT64_MAX;
    const uint64_t at_ms = psp_count_close_at_ms(core->count);
    const uint64_t time_ms = psp_core_time_ms(core);
    return core->now.steady_ms + (at_ms > time_ms ? at_ms - time_ms : 0);
}
