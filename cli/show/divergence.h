/*
 * divergence - replicas that disagree, as far as processes know when they are asked.
 *
 * A collector tells what it knows (collector/agreement.h), and whom to trust. Without one,
 * the replicas' own answers show it: two states at one index, or a leader whose log ends
 * before what another replica has counted. Answers are of different moments, so of the
 * second a leader is asked again: its log only grows.
 *
 * Threads: one owner.
 */
#ifndef PSP_SHOW_DIVERGENCE_H
#define PSP_SHOW_DIVERGENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/operate/operate.h"
#include "cluster/cluster.h"

/* Asks the chosen processes for their status, as psp_operate_ask; their answers stand there
 * afterwards. Returns a list of texts, empty: nothing is known. The caller owns it. */
json_t *psp_divergence_ask(struct psp_operate *operate, const struct psp_cluster *cluster,
                           const bool *asked, uint64_t timeout_ms);
/* The same of all processes. */
json_t *psp_divergence_ask_all(struct psp_operate *operate, const struct psp_cluster *cluster,
                               uint64_t timeout_ms);

/* Each text as a line on stderr, in the name of `call`. */
void psp_divergence_say(const char *call, const json_t *texts);

#endif
