/* The words of the states. */
#include "wire/message/process_state.h"

#include <assert.h>
#include <stddef.h>

static const char *const names[] = {
    [PSP_STATE_UNKNOWN] = "unknown",   [PSP_STATE_JOINING] = "joining",
    [PSP_STATE_STARTING] = "starting", [PSP_STATE_LEADER] = "leader",
    [PSP_STATE_FOLLOWER] = "follower", [PSP_STATE_CANDIDATE] = "candidate",
    [PSP_STATE_READY] = "ready",       [PSP_STATE_STALE] = "stale",
};

enum { STATES = sizeof names / sizeof *names };
static_assert((int)STATES == (int)PSP_STATE_STALE + 1, "a word for each");

const char *psp_process_state_name(enum psp_process_state state)
{
    assert((size_t)state < STATES);
    return names[state];
}

enum psp_process_role psp_process_role_of(uint32_t number)
{
    return number <= PSP_PROCESS_COLLECTOR ? (enum psp_process_role)number : PSP_PROCESS_UNKNOWN;
}

enum psp_process_state psp_process_state_of(uint32_t number)
{
    return number < STATES ? (enum psp_process_state)number : PSP_STATE_UNKNOWN;
}
