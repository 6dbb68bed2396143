/*
 * places - a bounded number of places, shared among the addresses that ask for one.
 *
 * Who comes when all are taken may get the place of somebody else:
 *
 *     1. an idle one: of the address that holds most; the longest idle of them first
 *     2. none is idle: the oldest of the address that holds most, when it would still hold
 *        at least as many as who comes
 *     3. neither: nobody goes, and who comes is refused
 *
 * So no address keeps others out, however many places it takes and whatever it does with
 * them. Addresses of one IPv6 /64 are one: whoever has one of them has all.
 *
 * Ownership: places belong to who takes them.
 * Threads:   one owner (a lock of his).
 * Memory:    some 40 bytes an address that holds a place.
 */
#ifndef PSP_PLACES_H
#define PSP_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/system/source.h"

enum { PSP_PLACES_BUCKETS = 256 };

struct psp_place_holder;
struct psp_place { /* psp_places_take; psp_places_leave */
    struct psp_place *next, *previous;
    struct psp_place_holder *holder;
    uint64_t since_ms; /* taken, or idle since */
    bool idle, going;
};

struct psp_places { /* zeros: none taken */
    struct psp_place *list;
    struct psp_place_holder *buckets[PSP_PLACES_BUCKETS];
    uint32_t count; /* without those that are to go */
};

/* Takes one, whatever the bound. `exempt`: only an idle one of these is taken from them (a
 * proxy stands for many). PSP_ENOMEM. */
enum psp_status psp_places_take(struct psp_places *places, const struct psp_source *source,
                                bool exempt, uint64_t now_ms, struct psp_place *ret_place);
void psp_places_leave(struct psp_places *places, struct psp_place *place);
/* Nothing is under way there since `now_ms`, or something is again. */
void psp_place_set_idle(struct psp_place *place, bool idle, uint64_t now_ms);
/* Places of the same address, itself included. */
uint32_t psp_place_held(const struct psp_place *place);

/* Who has to go for `coming`, which has a place already; it is marked, and no longer counted.
 * NULL: nobody. */
struct psp_place *psp_places_make_room(struct psp_places *places, const struct psp_place *coming);

#endif
