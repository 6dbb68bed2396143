/*
 * fields - a message of libraft as a row of numbers, in the order of the wire,
 * and back.
 *
 * Entries are not among them: an AppendEntries says how many it has, the caller
 * brings them. An InstallSnapshot has neither configuration nor data (W7).
 *
 * Threads: any; pure.
 */
#ifndef PSP_CONSENSUS_FIELDS_H
#define PSP_CONSENSUS_FIELDS_H

#include <raft.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/message/message.h"

enum { PSP_FIELDS_MAX = 7 };

/* Terms and indexes of others, so that a sum does not wrap: libraft adds one to the
 * term of a TimeoutNow, and a vote of term 0 would undo all votes. */
#define PSP_FIELDS_NUMBER_MAX (UINT64_MAX / 2)

/* Returns how many. */
uint32_t psp_fields_load(const struct raft_message *message, uint64_t ret_fields[PSP_FIELDS_MAX]);

/* Type and fields into a message that says already who sent it. False: another
 * replica could not have sent that. */
bool psp_fields_store(const struct psp_raft_message *plain, struct raft_message *message);

#endif
