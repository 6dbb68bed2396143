/*
 * election - the definition of the election that a cluster counts.
 *
 * Contests, choices and units travel as positions in this file. With another one, be
 * it the same lines in another order, a vote would be somebody else's and nothing
 * could notice: it is compared with the hash in cluster.json before anybody uses it.
 *
 * Ownership: what is loaded is the caller's.   Threads: any.   Memory: the definition's.
 */
#ifndef PSP_CLUSTER_ELECTION_H
#define PSP_CLUSTER_ELECTION_H

#include "base/reason.h"
#include "base/status.h"
#include "cluster/cluster.h"
#include "election/definition/definition.h"

/* Loads the file that cluster.json names. PSP_EMISMATCH: it is another one; otherwise as
 * psp_definition_load. The reason names the file. */
enum psp_status psp_cluster_election_load(const struct psp_cluster *cluster,
                                          struct psp_definition **ret_definition,
                                          struct psp_reason *reterr_reason);

/* PSP_EMISMATCH, with a reason: the definition is not the one that cluster.json names. */
enum psp_status psp_cluster_election_check(const struct psp_cluster *cluster,
                                           const struct psp_definition *definition,
                                           const char *path, struct psp_reason *reterr_reason);

#endif
