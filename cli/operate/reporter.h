/*
 * reporter - carries a reporting (reporting.h) to the shards and their answers back.
 *
 * All shards that are due are asked at once, every replica of each at first, then who
 * has answered for it.
 *
 * Threads: one owner.
 */
#ifndef PSP_REPORTER_H
#define PSP_REPORTER_H

#include "cli/operate/operate.h"
#include "cli/operate/reporting.h"

/* Until it ends: a shard that has not answered within timeout_ms, each time that it
 * is due, is silent. */
void psp_reporter_carry(struct psp_operate *operate, uint32_t shard_count, uint64_t timeout_ms,
                        struct psp_reporting *reporting);

#endif
