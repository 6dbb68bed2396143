/*
 * mending - what the other replicas have in the place of a record that is damaged here.
 *
 * The record is taken when a majority of the shard's replicas, of which this one cannot be
 * any, has it with the same term and bytes. What was committed is on a majority and
 * stays there, so such a record is none but it: if the one that stood here was another, it
 * was never committed, and neither is what follows on it.
 *
 * Ownership: owns copies of the answers.   Threads: one owner.
 */
#ifndef PSP_MENDING_H
#define PSP_MENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"
#include "journal/journal.h"

enum psp_mending_answer {
    PSP_MENDING_NONE,    /* not heard yet, or it has no such record yet: it may come */
    PSP_MENDING_RECORD,  /* has it */
    PSP_MENDING_DAMAGED, /* it is damaged there, too */
};

struct psp_mending { /* zero-initialise */
    uint64_t index;  /* 0: nothing is damaged */
    struct {
        enum psp_mending_answer answer;
        struct psp_record record;
        uint8_t *payload;
    } of[PSP_REPLICAS_MAX];
};

enum psp_mending_state {
    PSP_MENDING_WAITS,
    PSP_MENDING_AGREED,
    PSP_MENDING_DIFFERS, /* all have one, and no majority the same: ask again */
    PSP_MENDING_LOST,    /* no majority can have it */
};

/* Begins anew, for the index; 0: ends. */
void psp_mending_begin(struct psp_mending *mending, uint64_t index);
/* What a replica said; `record` of RECORD, copied. PSP_ENOMEM. */
enum psp_status psp_mending_hear(struct psp_mending *mending, uint32_t replica,
                                 enum psp_mending_answer answer, const struct psp_record *record);
/* Of so many replicas, of which `own` is this one. The record of AGREED is valid until the
 * next call. */
enum psp_mending_state psp_mending_state(const struct psp_mending *mending, uint32_t replicas,
                                         uint32_t own, struct psp_record *ret_record);

#endif
