/*
 * bridges - which bridges run beside a cluster.
 *
 * cluster.json has the name and local address of each; DIR/bridges/NAME.json is a link to
 * its bridge.json, which stays where it is and is read when the bridge starts.
 *
 * Ownership: a config is the caller's (psp_bridge_config_destroy).
 * Threads:   one owner.
 */
#ifndef PSP_FOLDER_BRIDGES_H
#define PSP_FOLDER_BRIDGES_H

#include "base/reason.h"
#include "bridge/config/config.h"
#include "cli/folder/local.h"

/* As the bridge itself would read it, its conninfo by libpq, too. Statuses of
 * psp_bridge_config_load; the reason does not name the file. */
enum psp_status psp_bridges_load(const char *path, struct psp_bridge_config **ret_config,
                                 struct psp_reason *reterr_reason);

/* Can each of these be read as a bridge.json, and do their names differ? Before anything is
 * made. PSP_EINVAL, PSP_ENOENT, …, with a reason that names the file. */
enum psp_status psp_bridges_check(const char *const *paths, uint32_t n,
                                  struct psp_reason *reterr_reason);

/* Into cluster.json, and the links; one that is there already is kept, with the address that
 * the file has now. local->cluster is read anew. `here`: they run on this machine. PSP_EINVAL:
 * an address is another process's; PSP_EEXIST: it runs, by another file or at another address;
 * PSP_EIO, … */
enum psp_status psp_bridges_add(struct psp_local *local, const char *const *paths, uint32_t n,
                                bool here, struct psp_reason *reterr_reason);

/* Out of cluster.json, and its link; what it wrote, and its own file, stay. PSP_ENOENT: there is
 * none of that name; PSP_EIO, … */
enum psp_status psp_bridges_remove(struct psp_local *local, const char *name,
                                   struct psp_reason *reterr_reason);

#endif
