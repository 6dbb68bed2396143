/*
 * process_state - what a process of the cluster says that it does.
 *
 * A status reply carries it as a word; in here it is read and written. Whoever
 * asks compares states, never words. A word of another version is
 * PSP_STATE_UNKNOWN, which is none of those that anybody waits for.
 *
 * Threads: any; pure.
 */
#ifndef PSP_PROCESS_STATE_H
#define PSP_PROCESS_STATE_H

enum psp_process_state {
    PSP_STATE_UNKNOWN,
    /* a shard's replica */
    PSP_STATE_JOINING,  /* not a voter yet */
    PSP_STATE_STARTING, /* leads, but has not applied its log yet, or has not its voters' memory */
    PSP_STATE_LEADER,
    PSP_STATE_FOLLOWER,
    PSP_STATE_CANDIDATE,
    /* a router, a collector */
    PSP_STATE_READY,
    PSP_STATE_STALE, /* a collector: a shard has not answered for a while */
};

/* The word; "unknown" for PSP_STATE_UNKNOWN. */
const char *psp_process_state_name(enum psp_process_state state);
enum psp_process_state psp_process_state_of(const char *name);

#endif
