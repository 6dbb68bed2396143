/*
 * ballot_id - ballot IDs that follow from what is cast, and that nobody guesses.
 *
 * Whoever casts a file again after an interruption must send the same IDs, so
 * they follow from the file. But an ID that anybody can compute confirms a
 * guess: cast under the ID of "this voter, this choice", it is answered with
 * `replayed` where the guess is right. So they follow from a secret, too, one
 * for each station that casts.
 *
 * Of a line: BLAKE2b, keyed with the secret, of the line's bytes; equal lines
 * are one ballot. Of a message with a key (Kafka): of the key's length and bytes,
 * then of the value's; wherever it stands, a message that was sent twice is one
 * ballot. Of a seed and a position: 16 bytes of ChaCha20's stream at 16 times the
 * position, under a key that is keyed BLAKE2b of seed and kind. A BLAKE2b a
 * position would cost more than the rest of such a ballot.
 *
 * Sources: RFC 7693 (BLAKE2); Bernstein, "ChaCha, a variant of Salsa20", 2008.
 *
 * Threads: those of lines and messages any; a series has one owner.
 */
#ifndef PSP_BALLOT_ID_H
#define PSP_BALLOT_ID_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "election/ballot.h"

enum {
    PSP_BALLOT_SECRET_BYTES = 32,
    PSP_BALLOT_SERIES_AHEAD = 64, /* IDs made at once: a position costs 9 ns instead of 112 */
};

/* Equal bytes, equal ID. */
void psp_ballot_id_of_line(const uint8_t secret[PSP_BALLOT_SECRET_BYTES], const void *line,
                           size_t bytes, uint8_t ret_id[PSP_BALLOT_ID_BYTES]);

/* Equal keys and values, equal ID. A message without a key is as one with an empty key. */
void psp_ballot_id_of_message(const uint8_t secret[PSP_BALLOT_SECRET_BYTES], struct psp_bytes key,
                              struct psp_bytes value, uint8_t ret_id[PSP_BALLOT_ID_BYTES]);

/* The IDs of one seed and kind, by position. */
struct psp_ballot_series {
    uint8_t key[32];
    uint64_t first; /* position of the first of `ids`; UINT64_MAX: none yet */
    uint8_t ids[PSP_BALLOT_SERIES_AHEAD * PSP_BALLOT_ID_BYTES];
};

/* Two kinds under one seed have nothing in common. */
void psp_ballot_series_init(struct psp_ballot_series *ret_series,
                            const uint8_t secret[PSP_BALLOT_SECRET_BYTES], uint64_t seed,
                            uint64_t kind);
void psp_ballot_series_at(struct psp_ballot_series *series, uint64_t position,
                          uint8_t ret_id[PSP_BALLOT_ID_BYTES]);

#endif
