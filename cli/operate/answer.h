/*
 * answer - what an answer to an operator's request means for whoever asked: done,
 * refused for good, or to be asked again, and why.
 *
 * Threads: any; pure.
 */
#ifndef PSP_ANSWER_H
#define PSP_ANSWER_H

#include <stdint.h>

#include "base/reason.h"
#include "wire/message/message.h"

enum psp_answer { PSP_ANSWER_DONE, PSP_ANSWER_REFUSED, PSP_ANSWER_AGAIN };

/* `answer` of `replica`, NULL: none came. Unless DONE the reason says, in the
 * replica's own words, why. *ret_leader: which replica to ask then, PSP_NONE: not known. */
enum psp_answer psp_answer_judge(const struct psp_cluster_message *answer, uint32_t replica,
                                 uint32_t *ret_leader, struct psp_reason *reterr_reason);

#endif
