/*
 * limits - every bound of the election's data, by name.
 *
 * What exceeds a limit is refused with a message that names the limit; nothing
 * is truncated. A message names a limit by PSP_TEXT, never by its digits
 * (tests/lint/facts.py).
 *
 * Threads: any; it is numbers only.
 */
#ifndef PSP_LIMITS_H
#define PSP_LIMITS_H

#include <stdint.h>

#define PSP_NONE UINT32_MAX     /* no such position: of a unit, contest, choice, party, ... */
#define PSP_UNSTATED UINT64_MAX /* a number that a file does not give */

/* A limit that messages name is a macro and a plain number, so that it can be text. */
#define PSP_VOTER_ID_BYTES_MAX 255
#define PSP_BALLOT_ID_BYTES 16
#define PSP_HASH_BYTES 32 /* SHA-256 of files, BLAKE2b-256 of maps and keys */
#define PSP_CLUSTER_ID_BYTES 16
#define PSP_SIGN_PUBLIC_BYTES 32 /* Ed25519 */
#define PSP_SIGNATURE_BYTES 64
#define PSP_SLOT_COUNT 4096
#define PSP_ID_BYTES_MAX 128         /* IDs in the definition: [a-z0-9._-], URL-safe */
#define PSP_MARKED_CONTESTS_MAX 1024 /* on one ballot */
#define PSP_MARKED_CHOICES_MAX 256   /* in one contest of one ballot */
#define PSP_BATCH_ROWS_MAX 8192      /* ballots in one message or log entry */
#define PSP_MESSAGE_MARKS_MAX 131072 /* marks and choices together in one message of rows */
#define PSP_MESSAGE_FIELDS_MAX 64 /* fields of one thing in a message, besides those that repeat */
#define PSP_STATIONS_MAX 100000   /* the highest number of a station; the first is 1 */

#define PSP_TEXT_OF(number) #number
#define PSP_TEXT(limit) PSP_TEXT_OF(limit)

enum {
    PSP_DIGEST_BYTES = 16,
    PSP_TAG_BYTES = 8,
    PSP_DIGEST_KEY_BYTES = 16,
    PSP_SHARDS_MAX = 256,
    PSP_REPLICAS_MAX = 7,
    PSP_UNITS_MAX = 1 << 20,
    PSP_CONTESTS_MAX = 1 << 16,
    PSP_CHOICES_MAX = 4096, /* of one contest */
    PSP_METHODS_MAX = 32,
    PSP_PARTIES_MAX = 1 << 16,
    PSP_CANDIDATES_MAX = 1 << 20,
    PSP_STYLES_MAX = 1 << 20,
    PSP_UNIT_STYLES_MAX = 256, /* ballot styles of one unit */
    PSP_LEVELS_MAX = 16,
    PSP_LANGUAGES_MAX = 32,
    PSP_LANGUAGE_BYTES_MAX = 35,  /* of a tag: BCP 47 asks to allow that much */
    PSP_TOTAL_ROWS_MAX = 1 << 25, /* leaf styles times methods */
    PSP_NAME_BYTES_MAX = 1024,    /* names, offices, districts, codes, colours */
    PSP_TEXT_BYTES_MAX = 65536,   /* biographies, platforms, photo references */
    PSP_DEFINITION_BYTES_MAX = 512 << 20,
    PSP_MARKS_BYTES_MAX = 8192,                    /* canonical marks of one ballot */
    PSP_MESSAGE_BYTES_MAX = 16 << 20,              /* inside a cluster, and of an answer */
    PSP_INGEST_BYTES_MAX = (4 << 20) + (64 << 10), /* of a message to a router */
    PSP_PARTIAL_PARTS_MAX = 64,                    /* messages that one partial goes in */
    PSP_TRUSTED_PROXIES_MAX = 64,
    PSP_AUDITORS_MAX = 16,
};

#endif
