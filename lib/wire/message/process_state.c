/* The words of the states. */
#include "wire/message/process_state.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const char *const names[] = {
    [PSP_STATE_UNKNOWN] = "unknown",   [PSP_STATE_JOINING] = "joining",
    [PSP_STATE_STARTING] = "starting", [PSP_STATE_LEADER] = "leader",
    [PSP_STATE_FOLLOWER] = "follower", [PSP_STATE_CANDIDATE] = "candidate",
    [PSP_STATE_READY] = "ready",       [PSP_STATE_STALE] = "stale",
};

enum { STATES = sizeof names / sizeof *names };

const char *psp_process_state_name(enum psp_process_state state)
{
    assert((size_t)state < STATES);
    return names[state];
}

enum psp_process_state psp_process_state_of(const char *name)
{
    for (size_t i = 0; i < STATES; i++)
        if (strcmp(names[i], name) == 0)
            return (enum psp_process_state)i;
    return PSP_STATE_UNKNOWN;
}
