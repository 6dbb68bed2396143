/*
 * strays - daemons of a cluster whose folder tells nothing of them any more: it was
 * removed, or made anew, while they ran.
 *
 * They are found by what they were started with, `--cluster DIR/cluster.json`, and
 * believed only when they run one of our programs and are the caller's own
 * processes: root does not end what systemd runs for another user.
 *
 * Threads: one owner.
 */
#ifndef PSP_STRAYS_H
#define PSP_STRAYS_H

#include <stdint.h>

struct psp_strays {
    uint32_t found, killed, left; /* killed: only SIGKILL ended them; left: nothing did */
};

/* SIGTERM, and SIGKILL to those still there after `grace_ms`. `directory` need not
 * be there. */
struct psp_strays psp_strays_stop(const char *directory, uint64_t grace_ms);

#endif
