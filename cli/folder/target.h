/*
 * target - which cluster a command speaks to: --dir DIR, or --cluster FILE with
 * --key FILE from another machine.
 *
 * With it comes the secret under which this caster derives ballot IDs:
 * DIR/keys/ballot-ids.key, or KEYFILE.ids beside the key; what was cast from returns
 * stands in DIR/casts, or KEYFILE.casts. A missing secret is
 * never made here: under a new one, what was cast before would be other ballots.
 *
 * Ownership: owns all it shows.   Threads: one owner.
 */
#ifndef PSP_TARGET_H
#define PSP_TARGET_H

#include "base/reason.h"
#include "base/status.h"
#include "cluster/cluster.h"
#include "election/ballot_id.h"
#include "election/definition/definition.h"

struct psp_target {
    char *cluster_path, *key_path, *casts_path;
    uint8_t ballot_secret[PSP_BALLOT_SECRET_BYTES];
    struct psp_cluster *cluster;
    struct psp_definition *definition;
};

/* Either `directory`, with the key of its station "local", or both others. The
 * reason says what to do. */
enum psp_status psp_target_open(const char *directory, const char *cluster_path,
                                const char *key_path, struct psp_target *ret_target,
                                struct psp_reason *reterr_reason);
void psp_target_close(struct psp_target *target);

#endif
