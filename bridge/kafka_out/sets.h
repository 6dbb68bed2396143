/*
 * sets - the two cumulative sets that the voting demos' pages read: votes of a contest by
 * candidate, and ballots of a level by place.
 *
 * Their pages keep the greatest number of a key, poll once from the earliest record and take
 * 500 at most. So a set is always sent whole, has at most PSP_KAFKA_SET_KEYS_MAX keys, and
 * what is held (publication) has no message: 0 is never said of it.
 *
 * Lines of /changes are taken into a stage beside what was sent last; keep() makes it the
 * set once the transaction is committed, and drop() forgets it.
 *
 * Ownership: owns its texts; the definition must outlive it.
 * Threads:   one owner.   Memory: a few hundred bytes a key.
 */
#ifndef PSP_BRIDGE_KAFKA_OUT_SETS_H
#define PSP_BRIDGE_KAFKA_OUT_SETS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/reason.h"
#include "base/text/text.h"
#include "election/definition/definition.h"

enum { PSP_KAFKA_SET_KEYS_MAX = 500 }; /* more are refused: a page would not see them */

enum psp_kafka_set_id { PSP_KAFKA_CANDIDATES, PSP_KAFKA_TURNOUT, PSP_KAFKA_SETS };

struct psp_kafka_sets;

/* `contest`, `level`: NULL where that set is not wanted. PSP_EINVAL: no such contest or level,
 * more keys than there may be, or a key that stands twice; PSP_ENOMEM. */
enum psp_status psp_kafka_sets_create(const struct psp_definition *definition, const char *contest,
                                      const char *level, struct psp_kafka_sets **ret_sets,
                                      struct psp_reason *reterr_reason);
void psp_kafka_sets_destroy(struct psp_kafka_sets **sets);

/* A line of /changes of any kind; most are of no set. PSP_EINVAL: not a line as docs/api.md
 * has it. */
enum psp_status psp_kafka_sets_take(struct psp_kafka_sets *sets, const json_t *line);
/* Of a whole answer: what does not come is no longer shown. */
void psp_kafka_sets_clear(struct psp_kafka_sets *sets);
void psp_kafka_sets_keep(struct psp_kafka_sets *sets);
void psp_kafka_sets_drop(struct psp_kafka_sets *sets);

/* Messages of the stage, 0 to count - 1; false: this key has none (it is held). The value is
 * appended to a text; key and text end with the sets. */
/* Is the stage otherwise than what was sent last? */
bool psp_kafka_sets_changed(const struct psp_kafka_sets *sets, enum psp_kafka_set_id set);
size_t psp_kafka_sets_count(const struct psp_kafka_sets *sets, enum psp_kafka_set_id set);
bool psp_kafka_sets_message(const struct psp_kafka_sets *sets, enum psp_kafka_set_id set, size_t i,
                            const char **ret_key, struct psp_text *value);

#endif
