/*
 * columns - ballots as columns, in and out of protobuf: of a batch and of the log.
 *
 * Ownership: columns point into the message, and it into them.   Threads: any.
 */
#ifndef PSP_COLUMNS_H
#define PSP_COLUMNS_H

#include "ballots.pb-c.h"
#include "base/status.h"
#include "election/ballot.h"

/* Checks the number of ballots and every column's length, not yet the marks and runs
 * (psp_count_columns_check). PSP_EINVAL, with a static reason. */
enum psp_status psp_columns_unpack(const Psephos__V1__Columns *packed,
                                   struct psp_count_columns *ret_columns, const char **ret_reason);

/* Points at the columns' bytes; nothing is copied. */
Psephos__V1__Columns psp_columns_pack(const struct psp_count_columns *columns);

#endif
