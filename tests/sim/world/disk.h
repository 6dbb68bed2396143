/*
 * disk - one machine's disk, in memory, behind struct psp_disk.
 *
 * A file has two contents: what processes see (the page cache) and what is
 * durable. A write changes the first; sync copies the pending writes to the
 * second. Names (create, rename, remove) become durable with sync_folder.
 *
 * Power loss: of the unsynced writes of a file each is kept, lost or torn in
 * pieces of 64 or 512 bytes, independently of the order; of the unsynced names
 * a random first part is kept, as in a journal. A killed process loses nothing
 * of the page cache, but what was not synced still can get lost later.
 *
 * After a failed sync the machine loses power: what a kernel keeps of pages
 * that it could not write is not modelled.
 *
 * Threads: one.
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/disk.h"
#include "tests/sim/world/faults.h"
#include "tests/sim/world/random.h"

enum { SIM_FILES_MAX = 256, SIM_HANDLES_MAX = 32, SIM_PATH_BYTES = 48, SIM_NAME_OPS_MAX = 64 };

struct sim_write {
    uint64_t offset; /* of a write, or the new size */
    size_t bytes;
    uint8_t *data; /* NULL: a truncation */
};

struct sim_file {
    uint8_t *data, *durable;
    size_t size, capacity, durable_size, durable_capacity;
    struct sim_write *writes; /* since the last sync */
    uint32_t write_count, write_capacity;
};

struct sim_name {
    char path[SIM_PATH_BYTES];
    uint32_t file;
};

struct sim_names {
    struct sim_name names[SIM_FILES_MAX];
    uint32_t count;
};

struct sim_name_op { /* `from` empty: created; `to` empty: removed */
    char from[SIM_PATH_BYTES], to[SIM_PATH_BYTES];
    uint32_t file;
};

struct sim_disk {
    struct psp_disk table;
    struct sim_random *random;
    struct sim_faults *faults;
    struct sim_file *files[SIM_FILES_MAX];
    uint32_t file_count;
    struct sim_names seen, durable;
    struct sim_name_op name_ops[SIM_NAME_OPS_MAX];
    uint32_t name_op_count;
    uint32_t handles[SIM_HANDLES_MAX]; /* file + 1; 0 free */

    bool full;            /* writes that need space fail */
    bool dead;            /* the process has crashed: nothing works any more */
    bool failed;          /* a write or sync failed: dirty pages are in doubt */
    uint32_t dies_after;  /* the process crashes in the n-th write, sync or name; 0 never */
    uint32_t fails_after; /* the n-th write or sync fails with EIO; 0 never */
    uint32_t syncs;       /* so far */
};

void sim_disk_init(struct sim_disk *disk, struct sim_random *random, struct sim_faults *faults);
void sim_disk_free(struct sim_disk *disk);

/* The process is gone: its handles too. */
void sim_disk_end_process(struct sim_disk *disk);
void sim_disk_lose_power(struct sim_disk *disk);
void sim_disk_wipe(struct sim_disk *disk);
/* Nothing of the log (all but the vote file) waits for a sync. */
bool sim_disk_log_is_clean(const struct sim_disk *disk);
/* Flips one bit in a durable and clean file: in its last `tail` bytes, or
 * anywhere (0). Vote files when `vote`, else the newest segment. False: no such
 * file. The machine must be without power. */
bool sim_disk_rot(struct sim_disk *disk, bool vote, uint32_t tail);
/* Flips one in a segment that is not the newest, and has been durable. False: there is none. */
bool sim_disk_rot_old(struct sim_disk *disk);

#endif
