/*
 * published - what a collector shows, held against the journals of all shards.
 *
 * Threads: one owner.   Memory: that of one shard's count, totals, and a file on the disk
 * with every row that is shown.
 */
#ifndef PSP_AUDIT_PUBLISHED_H
#define PSP_AUDIT_PUBLISHED_H

#include <stdbool.h>

#include "cli/command.h"
#include "cli/folder/local.h"
#include "election/definition/definition.h"

/* `url`: of a collector, which is all that is asked. Prints what was compared, and each
 * difference on stderr. PSP_EXIT_NO: they differ, or the journals do not reach so far;
 * PSP_EXIT_UNREACHABLE: no whole answer from the collector. */
enum psp_exit psp_published_recount(const char *url, bool json, const struct psp_local *local,
                                    const struct psp_definition *definition);

#endif
