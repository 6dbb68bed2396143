/*
 * auditor_key - whom backups are sealed for: the public keys that `up` takes, and the
 * secret with which a backup is opened.
 *
 * It is a pair like any other (wire/socket/socket.h), and no connection's: cluster.json
 * names it among the auditors, and no socket admits it. The secret belongs where backups
 * are opened, not where they are made.
 *
 * Ownership: the list owns its texts.   Threads: one owner.
 */
#ifndef PSP_AUDITOR_KEY_H
#define PSP_AUDITOR_KEY_H

#include <stdint.h>

#include "base/limits.h"
#include "base/reason.h"
#include "base/status.h"
#include "cluster/cluster.h"
#include "wire/socket/socket.h"

enum { PSP_AUDITOR_NAME_BYTES = 32 };

struct psp_auditor_list { /* zero-initialise; psp_auditor_list_free */
    uint32_t n;
    char *texts[2 * PSP_AUDITORS_MAX];
    struct psp_cluster_auditor list[PSP_AUDITORS_MAX];
};

/* One more: "NAME=PUB" or "PUB", where PUB is a public key or the file that holds it. Without
 * a NAME the file's, or "auditor". PSP_EINVAL with the reason. */
enum psp_status psp_auditor_list_add(struct psp_auditor_list *list, const char *text,
                                     struct psp_reason *reterr_reason);
void psp_auditor_list_free(struct psp_auditor_list *list);

/* The secret in the file, or without one (NULL) in DIR/keys/auditor.key, which must be that of
 * an auditor of the cluster. PSP_ENOENT, PSP_EPERM, PSP_EINVAL, each with what to do. */
enum psp_status psp_auditor_key_load(const struct psp_cluster *cluster, const char *directory,
                                     const char *path, struct psp_keypair *ret_pair,
                                     struct psp_reason *reterr_reason);

#endif
