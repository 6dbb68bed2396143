/*
 * columns - ballots as columns, in and out of protobuf, once for both messages.
 *
 * Columns of a batch and BallotBatch of the log have the same six fields: they
 * become one message with the log's next format. Until then they are two
 * generated structs that PSP_COLUMNS_COPY takes to and from the one here; then
 * that macro goes, and psp_packed_columns is the generated struct.
 *
 * Ownership: columns point into the message, and it into them.   Threads: any.
 */
#ifndef PSP_COLUMNS_H
#define PSP_COLUMNS_H

#include <protobuf-c/protobuf-c.h>

#include "base/status.h"
#include "election/ballot.h"

struct psp_packed_columns {
    uint32_t n;
    ProtobufCBinaryData digests, tags, units, methods, marks;
};

#define PSP_COLUMNS_COPY(to, from)                                                                 \
    ((to)->n = (from)->n, (to)->digests = (from)->digests, (to)->tags = (from)->tags,              \
     (to)->units = (from)->units, (to)->methods = (from)->methods, (to)->marks = (from)->marks)

/* Checks the number of ballots and every column's length, not yet the marks
 * (psp_count_columns_check). PSP_EINVAL, with a static reason. */
enum psp_status psp_columns_unpack(const struct psp_packed_columns *packed,
                                   struct psp_count_columns *ret_columns, const char **ret_reason);

/* Points at the columns' bytes; nothing is copied. */
struct psp_packed_columns psp_columns_pack(const struct psp_count_columns *columns);

#endif
