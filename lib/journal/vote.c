/* Both copies are written, one after the other; of two sound ones the newer counts. */
#include "journal/vote.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/bytes/crc32c.h"
#include "journal/journal.h"

enum { VOTE_FORMAT = 2 };
static const char magic[8] = {'P', 'S', 'P', 'V', 'O', 'T', 'E', '\n'};

static_assert(PSP_VOTE_SLOT_BYTES >= 64 + 8, "all of a vote is in a slot");
static_assert(PSP_VOTE_SLOT_DISTANCE >= PSP_VOTE_SLOT_BYTES, "the copies do not overlap");
static_assert(PSP_VOTE_SLOT_DISTANCE % 4096 == 0, "nor does a torn write spoil both");
static_assert(16 + PSP_CLUSTER_ID_BYTES <= 32, "the cluster's ID ends before the shard");

static void encode(uint8_t slot[PSP_VOTE_SLOT_BYTES], const uint8_t *cluster_id, uint32_t shard,
                   const struct psp_journal_vote *vote)
{
    memset(slot, 0, PSP_VOTE_SLOT_BYTES);
    psp_put32(slot + 4, VOTE_FORMAT);
    memcpy(slot + 8, magic, sizeof(magic));
    memcpy(slot + 16, cluster_id, PSP_CLUSTER_ID_BYTES);
    psp_put32(slot + 32, shard);
    psp_put64(slot + 40, vote->sequence);
    psp_put64(slot + 48, vote->term);
    psp_put64(slot + 56, vote->voted_for);
    psp_put64(slot + 64, vote->last);
    psp_put32(slot, psp_crc32c(0, slot + 4, PSP_VOTE_SLOT_BYTES - 4));
}

bool psp_journal_vote_slot_decode(const uint8_t bytes[PSP_VOTE_SLOT_BYTES],
                                  struct psp_journal_vote_slot *ret_slot)
{
    if (psp_get32(bytes) != psp_crc32c(0, bytes + 4, PSP_VOTE_SLOT_BYTES - 4) ||
        memcmp(bytes + 8, magic, sizeof(magic)) != 0)
        return false;
    ret_slot->format = psp_get32(bytes + 4);
    memcpy(ret_slot->cluster_id, bytes + 16, PSP_CLUSTER_ID_BYTES);
    ret_slot->shard = psp_get32(bytes + 32);
    ret_slot->vote = (struct psp_journal_vote){.sequence = psp_get64(bytes + 40),
                                               .term = psp_get64(bytes + 48),
                                               .voted_for = psp_get64(bytes + 56),
                                               .last = psp_get64(bytes + 64)};
    return true;
}

/* PSP_ECORRUPT, PSP_EVERSION, PSP_EMISMATCH or PSP_OK. */
static enum psp_status decode(const uint8_t bytes[PSP_VOTE_SLOT_BYTES],
                              const struct psp_journal_vote_file *file,
                              struct psp_journal_vote *ret_vote)
{
    struct psp_journal_vote_slot slot;
    if (!psp_journal_vote_slot_decode(bytes, &slot))
        return PSP_ECORRUPT;
    if (slot.format != VOTE_FORMAT && !(file->format_1_too && slot.format == 1))
        return PSP_EVERSION;
    if (memcmp(slot.cluster_id, file->cluster_id, PSP_CLUSTER_ID_BYTES) != 0 ||
        slot.shard != file->shard)
        return PSP_EMISMATCH;
    *ret_vote = slot.vote;
    return PSP_OK;
}

enum psp_status psp_journal_vote_create(const struct psp_disk *disk, const char *directory,
                                        const uint8_t cluster_id[PSP_CLUSTER_ID_BYTES],
                                        uint32_t shard)
{
    char path[PATH_MAX], beside[PATH_MAX];
    snprintf(path, sizeof(path), "%s/vote", directory);
    snprintf(beside, sizeof(beside), "%s/vote.tmp", directory);
    enum psp_status status = disk->remove(disk->context, beside);
    if (status != PSP_OK && status != PSP_ENOENT)
        return status;
    int file;
    status = disk->open(disk->context, beside, PSP_DISK_CREATE, &file);
    if (status != PSP_OK)
        return status;
    for (uint64_t i = 0; i < 2 && status == PSP_OK; i++) {
        uint8_t slot[PSP_VOTE_SLOT_BYTES];
        encode(slot, cluster_id, shard, &(struct psp_journal_vote){.sequence = i});
        const struct psp_disk_block block = {slot, sizeof(slot)};
        status = disk->write(disk->context, file, i * PSP_VOTE_SLOT_DISTANCE, &block, 1);
    }
    if (status == PSP_OK)
        status = disk->sync(disk->context, file);
    disk->close(disk->context, file);
    if (status == PSP_OK)
        status = disk->rename(disk->context, beside, path);
    if (status == PSP_OK)
        status = disk->sync_folder(disk->context, directory);
    return status;
}

/* Both copies, one after the other: a crash spoils one at most, which then is
 * either not acted on yet or the second of two. With an older vote in the other
 * copy, one flipped bit would make a replica vote twice in a term. */
static enum psp_status write_copies(struct psp_journal_vote_file *file,
                                    const struct psp_journal_vote *vote, uint64_t first)
{
    uint8_t slot[PSP_VOTE_SLOT_BYTES];
    assert(file->file >= 0);
    assert(first < 2);
    encode(slot, file->cluster_id, file->shard, vote);
    const struct psp_disk_block block = {slot, sizeof(slot)};
    enum psp_status status = PSP_OK;
    for (uint64_t i = first; i < first + 2 && status == PSP_OK; i++) {
        status = file->disk->write(file->disk->context, file->file, i % 2 * PSP_VOTE_SLOT_DISTANCE,
                                   &block, 1);
        if (status == PSP_OK)
            status = file->disk->sync(file->disk->context, file->file);
    }
    if (status == PSP_OK)
        file->vote = *vote;
    return status;
}

enum { NO_SLOT = 2 };

/* *ret_bad: PSP_OK, or what is wrong with a slot. *ret_stale: the slot that does
 * not hold what file->vote holds then, NO_SLOT when both do. */
static enum psp_status read_slots(struct psp_journal_vote_file *file, enum psp_status *ret_good,
                                  enum psp_status *ret_bad, uint64_t *ret_stale)
{
    const struct psp_disk *disk = file->disk;
    *ret_good = PSP_ECORRUPT, *ret_bad = PSP_OK, *ret_stale = NO_SLOT;
    for (uint64_t i = 0; i < 2; i++) {
        uint8_t slot[PSP_VOTE_SLOT_BYTES] = {0};
        size_t bytes = 0;
        enum psp_status status = disk->read(disk->context, file->file, i * PSP_VOTE_SLOT_DISTANCE,
                                            slot, sizeof(slot), &bytes);
        if (status != PSP_OK)
            return status;
        struct psp_journal_vote vote;
        status = decode(slot, file, &vote);
        if (status != PSP_OK) {
            *ret_stale = i;
            if (*ret_bad != PSP_EVERSION && *ret_bad != PSP_EMISMATCH)
                *ret_bad = status;
        } else if (*ret_good != PSP_OK) {
            file->vote = vote;
            *ret_good = PSP_OK;
        } else if (vote.sequence != file->vote.sequence) {
            *ret_stale = vote.sequence > file->vote.sequence ? 0 : 1;
            if (vote.sequence > file->vote.sequence)
                file->vote = vote;
        }
    }
    return PSP_OK;
}

/* What was read becomes durable: a killed process may have written it without a
 * sync, and from here on the replica acts on it. */
static enum psp_status settle(struct psp_journal_vote_file *file, uint64_t stale)
{
    const struct psp_journal_vote vote = file->vote;
    return stale == NO_SLOT ? file->disk->sync(file->disk->context, file->file)
                            : write_copies(file, &vote, stale);
}

enum psp_status psp_journal_vote_open(struct psp_journal_vote_file *file, const char *directory,
                                      enum psp_disk_mode mode, struct psp_reason *reterr_reason)
{
    const struct psp_disk *disk = file->disk;
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/vote", directory);
    enum psp_status status = disk->open(disk->context, path, mode, &file->file);
    if (status != PSP_OK)
        return psp_reason_set_status(reterr_reason, path, status);
    enum psp_status good, bad;
    uint64_t stale;
    status = read_slots(file, &good, &bad, &stale);
    if (status == PSP_OK && (bad == PSP_EMISMATCH || good != PSP_OK))
        status = bad;
    if (status == PSP_OK && mode == PSP_DISK_WRITE && bad != PSP_EVERSION)
        status = settle(file, stale);
    if (status == PSP_OK)
        return PSP_OK;
    psp_journal_vote_close(file);
    if (status == PSP_EMISMATCH)
        psp_reason_set(
            reterr_reason,
            "%s belongs to another cluster or shard; give this shard its own data folder", path);
    else if (status == PSP_EVERSION)
        psp_reason_set(reterr_reason, "%s " PSP_JOURNAL_OTHER_FORMAT, path);
    else if (status == PSP_ECORRUPT)
        psp_reason_set(
            reterr_reason,
            "%s: both copies of term and vote are damaged; restore this replica's data folder "
            "from a backup, or replace the replica",
            path);
    else
        psp_reason_set_status(reterr_reason, path, status);
    return status;
}

void psp_journal_vote_close(struct psp_journal_vote_file *file)
{
    if (file->file >= 0)
        file->disk->close(file->disk->context, file->file);
    file->file = -1;
}

/* promise 1: a vote is durable before it is told; two copies */
enum psp_status psp_journal_vote_write(struct psp_journal_vote_file *file,
                                       struct psp_journal_vote vote)
{
    assert(vote.term >= file->vote.term); /* a term never falls */
    vote.sequence = file->vote.sequence + 1;
    return write_copies(file, &vote, vote.sequence % 2);
}
