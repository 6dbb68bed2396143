/*
 * vote - term and vote of one replica, in two slots.
 *
 * Both are written, one after the other, each followed by a sync. A crash tears
 * at most the one being written; afterwards a flipped bit spoils one of two
 * equal copies. Opening makes what it read durable, and both copies equal.
 *
 * File `vote`, slots of 72 bytes at offset 0 and 4096, little-endian:
 *
 *      0  CRC32C of the other 68 bytes (4), format (4)
 *      8  magic "PSPVOTE\n"
 *     16  cluster (16)
 *     32  shard (4), zero (4)
 *     40  sequence (8): the higher one holds
 *     48  term (8)
 *     56  voted_for (8)
 *     64  last (8): an index that the log held durably at that moment; a log
 *         that ends before it has lost acknowledged records
 *
 * Ownership: owns the open file; the disk stays the caller's.
 * Threads: one at a time.
 */
#ifndef PSP_JOURNAL_VOTE_H
#define PSP_JOURNAL_VOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/reason.h"
#include "base/status.h"
#include "journal/disk.h"

struct psp_journal_vote {
    uint64_t term, voted_for, last;
    uint64_t sequence; /* of the slot it was read from or written to last */
};

enum { PSP_VOTE_SLOT_BYTES = 72, PSP_VOTE_SLOT_DISTANCE = 4096 };

/* A slot as it stands in the file. */
struct psp_journal_vote_slot {
    uint32_t format, shard;
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    struct psp_journal_vote vote;
};
/* False: no good slot. */
bool psp_journal_vote_slot_decode(const uint8_t bytes[PSP_VOTE_SLOT_BYTES],
                                  struct psp_journal_vote_slot *ret_slot);

struct psp_journal_vote_file {
    const struct psp_disk *disk;
    int file;
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    uint32_t shard;
    bool format_1_too; /* a file of 0.1.0 is read, too */
    struct psp_journal_vote vote;
};

/* Makes the file with term 0 and no vote, durably (write beside, rename). */
enum psp_status psp_journal_vote_create(const struct psp_disk *disk, const char *directory,
                                        const uint8_t cluster_id[PSP_CLUSTER_ID_BYTES],
                                        uint32_t shard);
/* Reads the newer of the good slots. PSP_ENOENT; PSP_ECORRUPT: neither slot is
 * good; PSP_EVERSION, PSP_EMISMATCH, PSP_EIO, each with a reason. The members
 * disk, cluster_id and shard of *file are set by the caller. */
enum psp_status psp_journal_vote_open(struct psp_journal_vote_file *file, const char *directory,
                                      enum psp_disk_mode mode, struct psp_reason *reterr_reason);
void psp_journal_vote_close(struct psp_journal_vote_file *file);
/* Durable when it returns PSP_OK. `sequence` is ignored. */
enum psp_status psp_journal_vote_write(struct psp_journal_vote_file *file,
                                       struct psp_journal_vote vote);

#endif
