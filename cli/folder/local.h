/*
 * local - a cluster in one folder on this machine.
 *
 *     DIR/cluster.json         public; every process reads it
 *     DIR/election.json        copy of the definition
 *     DIR/clients.json         stations' public keys
 *     DIR/keys/                secret keys of the daemons and the operator; digest.key
 *     DIR/keys/auditor.key     opens backups; only where no auditor was named
 *     DIR/keys/ballot-ids.key  what ballot IDs follow from when `cast --dir` casts
 *     DIR/clients/NAME.key     stations' secret keys; beside each NAME.key.ids, as ballot-ids.key
 *     DIR/roll/shard-N.roll    digests and units, no names (only with a roll)
 *     DIR/import.json          how returns are read; only of an election made by `import`
 *     DIR/casts/HASH           which returns were cast into which units: cli/returns/cast_record.h
 *     DIR/begun/shard-S-R      that a replica was begun: cluster/begun.h
 *     DIR/bridges/NAME.json    links to the files of bridges: cli/folder/bridges.h
 *     DIR/data/                logs and databases
 *     DIR/logs/, DIR/run/      what the daemons say; their process numbers
 *
 * cluster.json is written last: while it is not there, the folder is unfinished
 * and `up` may complete it; once it is there, only `replica replace`, `restore`
 * and a bridge that is added change it. Keys are made once and never made anew, because a second
 * digest key would let every voter in a second time.
 *
 * Ownership: psp_local owns all it shows.   Threads: one owner.
 * Memory:    its texts and the cluster's; a call that runs out of it ends (cli/say/memory.h).
 */
#ifndef PSP_LOCAL_H
#define PSP_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"
#include "cli/folder/hosts.h"
#include "cluster/cluster.h"

struct psp_local {
    char *directory; /* absolute */
    struct psp_cluster *cluster;
    int lock; /* -1, or an open lock file */
};

struct psp_local_plan {
    const char *directory;
    const char *election_path;
    const char *roll_path; /* NULL: none */
    uint32_t shards, replicas, routers;
    enum psp_mode mode;                         /* 0: not given, which with an election is live */
    const char *http;                           /* address:port, or NULL: a free port */
    const char *embed_origins;                  /* a space between, or NULL: none */
    const char *trusted_proxies;                /* likewise */
    const char *gateway;                        /* address:port of one, or NULL: none */
    const struct psp_cluster_auditor *auditors; /* none: a key is made, keys/auditor.key */
    uint32_t auditor_count;
    const struct psp_hosts *hosts; /* NULL: all on this machine. Not owned; checked */
};

/* Is there a finished cluster folder? */
bool psp_local_exists(const char *directory);

/* PSP_EINVAL, PSP_ENOENT, PSP_EEXIST, PSP_EIO, PSP_ENOSPC; the
 * reason says what to do. A folder that was not there, or empty, is so again then. */
enum psp_status psp_local_make(const struct psp_local_plan *plan, struct psp_reason *reterr_reason);

/* The folders inside it that are not there: a copy made by git lacks the empty ones. */
enum psp_status psp_local_make_folders(const char *directory, struct psp_reason *reterr_reason);

/* Does the folder hold what the plan names? PSP_EMISMATCH with the reason when not.
 * Members of the plan that are NULL or 0 are not compared. */
enum psp_status psp_local_compare(const struct psp_local *local, const struct psp_local_plan *plan,
                                  struct psp_reason *reterr_reason);

/* Says that the folder holds no cluster, and how to make one. */
void psp_local_missing(const char *directory, struct psp_reason *reterr_reason);
enum psp_status psp_local_open(const char *directory, struct psp_local **ret_local,
                               struct psp_reason *reterr_reason);
/* Also one of 0.1.0, for who only counts its journals again. */
enum psp_status psp_local_open_any(const char *directory, struct psp_local **ret_local,
                                   struct psp_reason *reterr_reason);
void psp_local_close(struct psp_local **local);

/* One `up` or `down` at a time. PSP_EBUSY: another one is at work. */
enum psp_status psp_local_lock(struct psp_local *local, struct psp_reason *reterr_reason);

/* DIR/<format>; the caller frees. */
__attribute__((format(printf, 2, 3))) char *psp_local_path(const struct psp_local *local,
                                                           const char *format, ...);

#endif
