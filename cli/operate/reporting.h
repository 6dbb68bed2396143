/*
 * reporting - one report for all shards: what to ask and to tell, from what they hold.
 *
 * Shard 0 decides. A report is told to it first, and it takes but one under a number;
 * what it holds is in the other shards before the next one is begun, whoever began
 * it. So two who report at once, a lost answer and an end in the middle leave one
 * report a number, and only the last one is ever in some shards and not in others.
 *
 *     LOOK -> FINISH -> BEGIN -> SPREAD -> CHECK -> END
 *      ^         |        |
 *      +-- another was faster
 *
 * LOOK asks all shards for their last report, until none is ahead of shard 0. So the
 * number chosen is the next one after shard 0's, and BEGIN is refused when shard 0 has
 * taken another since. A shard that refuses what is told to all says by what it holds
 * then whether it has it: a greater number begins when this one is everywhere.
 *
 * No sockets: the command and the simulator carry the questions and answers.
 *
 * Ownership: copies what it keeps.
 * Threads:   one owner; pure.
 * Memory:    our bytes and what each shard holds.
 */
#ifndef PSP_REPORTING_H
#define PSP_REPORTING_H

#include <stdint.h>

#include "base/bytes/bytes.h"
#include "base/reason.h"
#include "wire/message/report.h"

enum {
    /* Numbers of an epoch: a restore begins the next million, above all that were lost. */
    PSP_REPORTING_EPOCH_NUMBERS = 1000000,
    PSP_REPORTING_TRIES_MAX = 32, /* looks, each of them overtaken by another who reported */
};

enum psp_reporting_step {
    PSP_REPORTING_WAIT, /* nothing to send now */
    PSP_REPORTING_ASK,  /* REPORT_REQUEST */
    PSP_REPORTING_TELL, /* OPERATE with REPORT and these bytes */
};

enum psp_reporting_end {
    PSP_REPORTING_UNDER_WAY,
    PSP_REPORTING_DONE,       /* every shard has it */
    PSP_REPORTING_NOT_BEGUN,  /* no shard has it */
    PSP_REPORTING_UNKNOWN,    /* shard 0 was told and did not answer */
    PSP_REPORTING_UNFINISHED, /* shard 0 has it, and some have not */
};

enum psp_reporting_state {
    PSP_REPORTING_UNTOLD,
    PSP_REPORTING_HAS,     /* `index`; `said`: what the shard added, or "" */
    PSP_REPORTING_SILENT,  /* `said`: why */
    PSP_REPORTING_REFUSED, /* `said`: why */
};

struct psp_reporting_shard {
    enum psp_reporting_state state;
    uint64_t index; /* of the entry, or of one that came after it */
    struct psp_reason said;
};

struct psp_reporting;

/* `report`: leaves (one or more), final and again; the number is chosen here. */
struct psp_reporting *psp_reporting_create(uint32_t shard_count, const struct psp_report *report);
/* Takes NULL, too. */
void psp_reporting_destroy(struct psp_reporting **reporting);

/* What a shard is to be sent, and again until one of the calls below tells what came of
 * it. *ret_report, of TELL: good until then. Several shards may be due at once: they are
 * asked, or told the same. */
enum psp_reporting_step psp_reporting_step(const struct psp_reporting *reporting, uint32_t shard,
                                           struct psp_bytes *ret_report);

/* Of a shard that was asked: the bytes of its last report, empty: none; the index of its
 * entry; the shard's epoch. */
void psp_reporting_take_held(struct psp_reporting *reporting, uint32_t shard,
                             struct psp_bytes report, uint64_t index, uint64_t epoch);
/* Of a shard that was told: it has it; `text`, or "". */
void psp_reporting_take_done(struct psp_reporting *reporting, uint32_t shard, uint64_t index,
                             const char *text);
/* Of a shard that was asked or told: refused for good; nobody answers, and whoever
 * carries this gives it up. */
void psp_reporting_take_refused(struct psp_reporting *reporting, uint32_t shard, const char *text);
void psp_reporting_take_silent(struct psp_reporting *reporting, uint32_t shard, const char *text);

/* ---- what came of it ---- */

/* Nothing is to be sent any more, unless it is under way. */
enum psp_reporting_end psp_reporting_end(const struct psp_reporting *reporting);
/* Ours, once shard 0 was told of it; 0: it was not, or took another. */
uint64_t psp_reporting_number(const struct psp_reporting *reporting);
/* The last report of shard 0 that was brought to a shard that had it not; 0: none. */
uint64_t psp_reporting_finished(const struct psp_reporting *reporting);
/* A report that the shard held with other bytes than shard 0, when asked; 0: none. */
uint64_t psp_reporting_other(const struct psp_reporting *reporting, uint32_t shard);
/* Why it is not begun, or not finished, by shard. */
const struct psp_reporting_shard *psp_reporting_shard(const struct psp_reporting *reporting,
                                                      uint32_t shard);

#endif
