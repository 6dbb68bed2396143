/*
 * index - which voters this shard knows, and what each one's counted ballot is.
 *
 * 4,096 tables, one a hash slot, each with 28 bytes an entry: digest, tag,
 * voter number with a `counted` bit. The digest is a keyed hash already, so its
 * bits are used as they are. Small tables grow one at a time, by 1.25 at
 * thresholds staggered by slot: a growth moves voters / 4,096 entries, and not
 * all tables grow at the same time.
 *
 * Within a table entries lie in the order of their key (digest bytes 8..15), at
 * or after the place the key asks for, without a hole between: linear probing
 * in which a search for an unknown voter ends as soon as one for a known voter,
 * and in which growing is one sweep from left to right.
 *
 * A table is a list of blocks of 256 entries, and blocks are cut from large
 * regions that ask for huge pages: a table grows by adding blocks, so no memory
 * is ever given back and faulted in again, and a probe seldom has to walk the
 * page tables. Both cost more than the probe itself when each table was an
 * allocation of its own.
 *
 * A probe misses the cache. Prefetch some rows ahead, then find.
 *
 * Ownership: owns its tables.   Threads: one owner.
 * Memory:    28 bytes / (0.68 ... 0.85) a voter, 37 on average, and 3.5 KiB a
 *            slot in use; taken from the system in regions of 14 MiB.
 */
#ifndef PSP_INDEX_H
#define PSP_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"

struct psp_index;

enum { PSP_INDEX_VOTERS_MAX = 0x7FFFFFFE }; /* numbers 0 .. max - 1 */

/* What the index says of a digest, and where it is or would be inserted. Valid
 * until the next insert or reserve. */
struct psp_index_place {
    bool known;
    bool counted;               /* when known */
    uint32_t number;            /* when known */
    uint8_t tag[PSP_TAG_BYTES]; /* when counted */
    uint32_t slot, at;
};

/* PSP_ENOMEM. A slot takes memory when it is first used. */
enum psp_status psp_index_create(struct psp_index **ret_index);
void psp_index_destroy(struct psp_index **index);

/* Makes the slot's table hold `voters` without growing. PSP_ENOMEM: the table
 * holds what it held. */
enum psp_status psp_index_reserve(struct psp_index *index, uint32_t slot, uint64_t voters);

/* Has the system hand out a further part (2 MiB) of the memory that tables
 * have: a page's first use zeroes it, and ballots, which fall anywhere, would
 * wait for all of it at once. True: there is more. */
bool psp_index_warm(struct psp_index *index);

/* Asks the memory for what psp_index_prefetch_table will read: call some rows earlier. */
void psp_index_prefetch_slot(const struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES]);
/* The same of what psp_index_prefetch will read. */
void psp_index_prefetch_table(const struct psp_index *index,
                              const uint8_t digest[PSP_DIGEST_BYTES]);
/* Has the processor find the page of a reserved table that finding `digest` will
 * read. In gigabytes of table that takes as long as reading it, and a prefetch
 * does not retire before: called for many digests in a row, the waits overlap. */
void psp_index_prefetch_page(const struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES]);
/* Asks the memory for the cache lines that finding `digest` will read. */
void psp_index_prefetch(const struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES]);

/* Never fails: an unknown digest has a place, too. */
void psp_index_find(const struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES],
                    struct psp_index_place *ret_place);

/* Inserts a voter that psp_index_find has just not found; not counted yet.
 * `place` then says where it is. PSP_ENOMEM: not inserted. */
enum psp_status psp_index_insert(struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES],
                                 uint32_t number, struct psp_index_place *place);

/* Many voters at once, into an empty (but perhaps reserved) index: append
 * them in any order, with the tag when counted, else NULL; then order them,
 * once. Nothing else may be asked in between. Three times as fast as
 * inserting: each table is put in order while it lies in the cache.
 * PSP_ENOMEM; psp_index_order: PSP_EEXIST, a voter stands twice; then the
 * index is of no further use. */
enum psp_status psp_index_append(struct psp_index *index, const uint8_t digest[PSP_DIGEST_BYTES],
                                 uint32_t number, const uint8_t *tag);
enum psp_status psp_index_order(struct psp_index *index);

/* Marks the known, not yet counted voter at `place` as counted with this tag. */
void psp_index_mark(struct psp_index *index, const struct psp_index_place *place,
                    const uint8_t tag[PSP_TAG_BYTES]);

/* Asserts what must hold between two calls: in checked builds (base/checked.h) of every
 * entry, too. */
void psp_index_check(const struct psp_index *index);

/* Numbers given out; bytes taken from the system. */
uint64_t psp_index_voters(const struct psp_index *index);
uint64_t psp_index_memory_bytes(const struct psp_index *index);

#endif
