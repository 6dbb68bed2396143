/*
 * stations - clients.json: who may cast ballots, which ones, and until when.
 *
 * A station's number goes with its ballots into log and books, so it is never given
 * to another: who is revoked stays listed, and the next number is one more than the
 * highest in the file. A name or key that was revoked may be added again; it is
 * another station then, with another number.
 *
 * A station has a key, or a token with which it comes through a gateway by HTTP; of a
 * token the file has the hash only.
 *
 * Units and methods stand in the file by their IDs and are looked up at once: a list
 * that names one that the election does not have is refused as a whole, or a slip
 * would make a station that may cast nothing, or everything.
 *
 * Ownership: owns its list.   Threads: one owner.
 * Memory:    150 bytes a station, and 4 a unit that it is bound to.
 */
#ifndef PSP_STATIONS_H
#define PSP_STATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/reason.h"
#include "base/status.h"
#include "election/definition/definition.h"
#include "wire/socket/socket.h"

enum { PSP_STATION_NAME_BYTES_MAX = 63 };

struct psp_station {
    uint32_t number; /* 1..PSP_STATIONS_MAX */
    char name[PSP_STATION_NAME_BYTES_MAX + 1];
    char public_key[PSP_KEY_Z85_BYTES]; /* "": it has a token */
    bool has_token;
    uint8_t token_hash[PSP_HASH_BYTES]; /* cluster/token.h */
    uint32_t unit_count;                /* 0: every unit */
    uint32_t *units;                    /* positions, ascending; each means all leaves below it */
    uint32_t methods;                   /* a bit for each position; 0: every method */
    uint64_t until_ms;                  /* it may not cast from then on; 0: no end */
    uint64_t revoked_ms;                /* 0: it is not */
};

struct psp_stations { /* zero-initialise; free with psp_stations_free */
    uint32_t count;
    struct psp_station *list; /* by number, ascending */
};

/* It is empty then, and as good as new. */
void psp_stations_free(struct psp_stations *stations);

/* PSP_ENOENT, PSP_EIO, PSP_ENOMEM, PSP_EINVAL, PSP_EVERSION, each with a reason;
 * *ret_stations is untouched then. */
enum psp_status psp_stations_load(const char *path, const struct psp_definition *definition,
                                  struct psp_stations *ret_stations,
                                  struct psp_reason *reterr_reason);
/* A station a line, written beside and renamed. PSP_ENOMEM, or as of psp_file_write. */
enum psp_status psp_stations_store(const char *path, const struct psp_definition *definition,
                                   const struct psp_stations *stations);

/* Takes a copy of `station`, its units too, and gives it the next number, which is
 * returned; 0: there is none left, or no memory; nothing changed then. */
uint32_t psp_stations_add(struct psp_stations *stations, const struct psp_station *station);

/* The one of that name, or with that key, that is not revoked; NULL: none. */
struct psp_station *psp_stations_named(const struct psp_stations *stations, const char *name);
struct psp_station *psp_stations_with_key(const struct psp_stations *stations,
                                          const char *public_key);

#endif
