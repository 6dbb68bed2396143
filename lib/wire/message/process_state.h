/*
 * process_state - what a process of the cluster is and says that it does.
 *
 * A status reply carries the numbers: they keep their meaning, a new one goes
 * last. A number of another version is PSP_STATE_UNKNOWN, which is none of those
 * that anybody waits for.
 *
 * Threads: any; pure.
 */
#ifndef PSP_PROCESS_STATE_H
#define PSP_PROCESS_STATE_H

#include <stdint.h>

enum psp_process_role {
    PSP_PROCESS_UNKNOWN = 0,
    PSP_PROCESS_ROUTER = 1,
    PSP_PROCESS_SHARD = 2,
    PSP_PROCESS_COLLECTOR = 3,
};

enum psp_process_state {
    PSP_STATE_UNKNOWN = 0,
    /* a shard's replica */
    PSP_STATE_JOINING = 1, /* not a voter yet */
    PSP_STATE_STARTING =
        2, /* leads, but has not applied its log yet, or has not its voters' memory */
    PSP_STATE_LEADER = 3,
    PSP_STATE_FOLLOWER = 4,
    PSP_STATE_CANDIDATE = 5,
    /* a router, a collector */
    PSP_STATE_READY = 6,
    PSP_STATE_STALE = 7, /* a collector: a shard has not answered for a while */
};

/* The word; "unknown" for PSP_STATE_UNKNOWN. */
const char *psp_process_state_name(enum psp_process_state state);

/* The role or state of a number that came. */
enum psp_process_role psp_process_role_of(uint32_t number);
enum psp_process_state psp_process_state_of(uint32_t number);

#endif
