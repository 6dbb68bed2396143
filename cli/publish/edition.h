/*
 * edition - one version of a collector, as files on a site.
 *
 * All of it is read as of one version, then latest.json is made to lead to it. When the
 * version is gone meanwhile, nothing is published and the files that were written already
 * are found again by the next attempt, or go with age.
 *
 * Never backwards: a version that has a shard at an older index of the same epoch as the one
 * that is shown is of a collector that is behind. A restore raises the epoch and is followed.
 *
 * Ownership: borrows source and site.   Threads: one owner.
 * Memory:    the columns of one version.
 */
#ifndef PSP_EDITION_H
#define PSP_EDITION_H

#include "cli/publish/site.h"
#include "cli/publish/source.h"

struct psp_edition;

/* `every_s`: how often the caller looks for a newer one, which latest.json tells. */
struct psp_edition *psp_edition_create(struct psp_source *source, struct psp_site *site,
                                       uint64_t every_s);
void psp_edition_destroy(struct psp_edition **edition);

/* Publishes the newest version, whole or not at all.
 * PSP_OK; PSP_STALE: it is the one that is shown; PSP_EAGAIN: gone before all was read, or
 * behind what is shown: later; PSP_EMISMATCH: the folder is of another cluster, for good;
 * PSP_EUNREACHABLE, PSP_EINVAL: the collector; PSP_ENOSPC, PSP_EACCES, PSP_EIO: the folder. */
enum psp_status psp_edition_publish(struct psp_edition *edition, struct psp_reason *reterr_reason);

/* What is shown is confirmed, or (`away`) cannot be: latest.json says so, with the time. Not
 * more often than it must. PSP_OK also when nothing was published yet. */
enum psp_status psp_edition_confirm(struct psp_edition *edition, bool away,
                                    struct psp_reason *reterr_reason);

#endif
