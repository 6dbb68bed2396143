/*
 * quota - how many rows may be on the way, and whose they are.
 *
 * By shard: half of the bound is shared out, half is a common rest for whoever
 * needs it, so that shards which do not answer leave every other shard its
 * share.
 *
 * By station: on its way to a shard a station may hold as many rows as the
 * shard has room left for, and no more. Alone it gets half of the room, with
 * another one a third, and so on: nobody has to be asked how many stations
 * there are, and a newcomer finds room however greedy the others are.
 *
 * Ownership: owns its counters.
 * Threads: one owner.
 * Memory:  four bytes for each shard and number up to the highest station's.
 */
#ifndef PSP_ROUTER_QUOTA_H
#define PSP_ROUTER_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"

struct psp_router_quota {
    uint32_t shard_count;
    uint32_t share_rows; /* a shard's own part of the bound */
    uint32_t common_rows, common_used;
    uint32_t rows; /* of all shards */
    uint32_t shard_rows[PSP_SHARDS_MAX];
    uint32_t station_count;
    uint32_t *station_rows; /* [station][shard] */
};

/* Nothing is on the way; station tables grow as stations come. */
void psp_router_quota_init(struct psp_router_quota *quota, uint32_t shard_count, uint32_t rows_max);
void psp_router_quota_free(struct psp_router_quota *quota);

/* Before a station's first row. PSP_ENOMEM. */
enum psp_status psp_router_quota_know(struct psp_router_quota *quota, uint32_t station);
/* One more row of the station to the shard; false: over a bound. */
bool psp_router_quota_admit(struct psp_router_quota *quota, uint32_t shard, uint32_t station);
void psp_router_quota_release(struct psp_router_quota *quota, uint32_t shard, uint32_t station,
                              uint32_t n);
/* What a station has cast in this second and in the one before. */
struct psp_router_rate {
    uint32_t second, rows, before;
};
/* Some rows more; how many they are in this second, or in the one before if those are more. */
uint32_t psp_router_rate_add(struct psp_router_rate *rate, uint32_t rows, uint64_t now_ms);

/* Of all shards. */
uint64_t psp_router_quota_rows(const struct psp_router_quota *quota);
/* Asserts that nothing is over a bound; in checked builds that the parts add up. */
void psp_router_quota_check(const struct psp_router_quota *quota);

#endif
