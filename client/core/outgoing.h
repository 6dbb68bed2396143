/*
 * outgoing - the message that a batch of ballots becomes: columns, or rows.
 *
 * Columns are copied together from the ballots' records. Rows name things:
 * positions are turned back into the definition's IDs; a position that is not
 * in the definition becomes "?", which no definition knows.
 *
 * Ownership: a message points into the outgoing and the records until the
 *            next clear.
 * Threads:   one owner.
 * Memory:    reserved at init for PSP_CLIENT_BATCH_BYTES_MAX.
 */
#ifndef PSP_CLIENT_OUTGOING_H
#define PSP_CLIENT_OUTGOING_H

#include <stdbool.h>

#include "base/bytes/bytes.h"
#include "client/core/ballots.h"
#include "election/definition/definition.h"
#include "wire/message/message.h"

enum {
    PSP_CLIENT_BATCH_BYTES_MAX = 4 << 20, /* of a message, about; well below the wire's limit */
};

struct psp_outgoing {
    const struct psp_definition *definition; /* rows; NULL: columns */
    uint32_t n, batch_rows;
    size_t bytes; /* of the message, about */
    size_t voter_bytes, marks_bytes;
    uint8_t *voter_lengths, *voter_ids, *ballot_ids, *units, *methods, *cast_at_ms, *marks;
    uint8_t *styles, *resent;
    uint8_t *stations;            /* NULL: not a gateway's */
    bool some_style, some_resent; /* else the column is not sent */
    struct psp_row *rows;
    struct psp_row_mark *row_marks;
    struct psp_bytes *choices;
    uint32_t row_mark_count, choice_count;
};

/* `stations`: every ballot names its; with columns only. PSP_ENOMEM. */
enum psp_status psp_outgoing_init(struct psp_outgoing *ret_outgoing, uint32_t batch_rows,
                                  const struct psp_definition *definition, bool stations);
void psp_outgoing_free(struct psp_outgoing *outgoing);

/* For the next batch. */
void psp_outgoing_clear(struct psp_outgoing *outgoing);
/* False: the message is full; nothing was added. An empty one always takes a ballot.
 * `station` is looked at when every ballot names its own. */
bool psp_outgoing_add(struct psp_outgoing *outgoing, const struct psp_client_ballot *ballot,
                      uint32_t station);
void psp_outgoing_message(const struct psp_outgoing *outgoing, uint64_t batch_id,
                          const uint8_t definition_hash[PSP_HASH_BYTES],
                          struct psp_client_message *ret_message);

#endif
