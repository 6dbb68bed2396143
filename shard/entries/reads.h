/*
 * reads - for whom entries are being read from the log's files.
 *
 * The core asks for entries and goes on; when they come, this says what they were
 * for. There are few at a time: whoever finds no place asks again, as after a message
 * that was lost.
 *
 * Ownership: plain data.   Threads: one owner.
 */
#ifndef PSP_READS_H
#define PSP_READS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/message/message.h"

enum { PSP_READS_MAX = 24 };

enum psp_read_kind {
    PSP_READ_NOTHING,
    PSP_READ_FOLLOWER, /* to be sent with a message that consensus wants to send */
    PSP_READ_MEND,     /* for another replica, whose record is damaged */
};

struct psp_read {
    enum psp_read_kind kind;
    uint64_t number; /* of the wish */
    uint64_t first;
    uint32_t replica;                /* FOLLOWER, MEND: who gets it */
    uint64_t id;                     /* of the request; FOLLOWER: its raft ID */
    uint64_t term;                   /* FOLLOWER: in which this replica leads */
    struct psp_raft_message message; /* FOLLOWER: without its entries */
    uint64_t fields[PSP_RAFT_FIELDS_MAX];
};

struct psp_reads { /* zero-initialise */
    struct psp_read reads[PSP_READS_MAX];
    uint64_t last_number;
};

/* A place, to be filled but for its number; NULL: all are taken. */
struct psp_read *psp_reads_begin(struct psp_reads *reads, enum psp_read_kind kind);
/* What the wish was for. False: nothing is known of it. */
bool psp_reads_end(struct psp_reads *reads, uint64_t number, struct psp_read *ret_read);
/* Something of the kind is being read for the replica. */
bool psp_reads_has(const struct psp_reads *reads, enum psp_read_kind kind, uint32_t replica);

#endif
