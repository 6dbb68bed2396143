/*
 * sealing - the thread that makes what leaves this replica's log: chunks for the
 * cluster's auditors (lib/seal), and what is applied, signed by the shard.
 *
 * It reads the log through a reader of its own, so neither the loop nor the log writer waits
 * for a disk or a cipher. What it is asked for is applied already, and stays as it is.
 *
 * A chunk goes in parts, each asked for by itself. Between two of them the chunk's stream is
 * kept (PSP_SEALING_SESSIONS; the one that was silent longest gives way), and its last part,
 * which may be asked for again. Who asks for a part of a stream that is gone is told so, and
 * begins the chunk anew.
 *
 * Ownership: the options stay the caller's. An answer is the caller's until the next take.
 * Threads:   push and take from one thread; wake is called on its own.
 * Memory:    PSP_SEALING_ORDERS orders, one answer, and a part twice for each session: 2 MiB
 *            of common entries, 32 with the largest there may be.
 */
#ifndef PSP_SHARD_SEALING_H
#define PSP_SHARD_SEALING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "cluster/cluster.h"
#include "cluster/sign.h"
#include "shard/core/core.h"

enum {
    PSP_SEALING_ORDERS = 16, /* past it they are dropped, and asked for again */
    PSP_SEALING_SESSIONS = 4,
    PSP_SEALING_FAULT_BYTES = 256,
};

struct psp_sealing_options {
    const struct psp_cluster *cluster;
    uint32_t shard; /* position */
    const char *log_path;
    const struct psp_sign_key *key;
    void (*wake)(void *context);
    void *context;
};

struct psp_sealing;

/* Starts the thread. PSP_EINVAL: an auditor's key is none; PSP_ENOMEM. */
enum psp_status psp_sealing_create(const struct psp_sealing_options *options,
                                   struct psp_sealing **ret_sealing);
/* Waits for the order under way. */
void psp_sealing_destroy(struct psp_sealing **sealing);

/* Copied. */
void psp_sealing_push(struct psp_sealing *sealing, const struct psp_core_seal *order);
/* The next answer, encoded; false: there is none now. */
bool psp_sealing_take(struct psp_sealing *sealing, struct psp_peer *ret_peer,
                      struct psp_bytes *ret_message);
/* Why an entry could not be read, once for each time; NULL: nothing happened. */
const char *psp_sealing_fault(struct psp_sealing *sealing, char ret_text[PSP_SEALING_FAULT_BYTES]);

#endif
