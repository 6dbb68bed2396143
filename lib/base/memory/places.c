/* How many an address holds is kept with the address: a look at all places is enough to find
 * who has to go. */
#include "base/memory/places.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/hash.h"

struct psp_place_holder {
    struct psp_place_holder *next;
    struct psp_source source;
    uint32_t held; /* without those that are to go */
    uint32_t places;
    bool exempt;
};

/* ---- who holds how many ---- */

static struct psp_place_holder **bucket_of(struct psp_places *places,
                                           const struct psp_source *source)
{
    const uint64_t hash = psp_fnv64(PSP_FNV64_START, source->bytes, PSP_SOURCE_BYTES);
    return &places->buckets[hash % PSP_PLACES_BUCKETS];
}

static struct psp_place_holder *holder_of(struct psp_places *places,
                                          const struct psp_source *source, bool exempt)
{
    struct psp_place_holder **bucket = bucket_of(places, source);
    for (struct psp_place_holder *at = *bucket; at; at = at->next)
        if (at->exempt == exempt && memcmp(&at->source, source, sizeof *source) == 0)
            return at;
    struct psp_place_holder *holder = calloc(1, sizeof *holder);
    if (!holder)
        return NULL;
    *holder = (struct psp_place_holder){.next = *bucket, .source = *source, .exempt = exempt};
    *bucket = holder;
    return holder;
}

static void drop_holder(struct psp_places *places, struct psp_place_holder *holder)
{
    struct psp_place_holder **at = bucket_of(places, &holder->source);
    while (*at != holder)
        at = &(*at)->next;
    *at = holder->next;
    free(holder);
}

enum psp_status psp_places_take(struct psp_places *places, const struct psp_source *source,
                                bool exempt, uint64_t now_ms, struct psp_place *ret_place)
{
    struct psp_source wide = *source;
    psp_source_widen(&wide);
    struct psp_place_holder *holder = holder_of(places, &wide, exempt);
    if (!holder)
        return PSP_ENOMEM;
    holder->places++;
    holder->held++;
    places->count++;
    *ret_place = (struct psp_place){.next = places->list, .holder = holder, .since_ms = now_ms};
    if (ret_place->next)
        ret_place->next->previous = ret_place;
    places->list = ret_place;
    return PSP_OK;
}

void psp_places_leave(struct psp_places *places, struct psp_place *place)
{
    if (place->previous)
        place->previous->next = place->next;
    else
        places->list = place->next;
    if (place->next)
        place->next->previous = place->previous;
    assert(place->holder && place->holder->places > 0);
    if (!place->going) {
        assert(places->count > 0 && place->holder->held > 0);
        places->count--;
        place->holder->held--;
    }
    if (--place->holder->places == 0)
        drop_holder(places, place->holder);
    *place = (struct psp_place){0};
}

void psp_place_set_idle(struct psp_place *place, bool idle, uint64_t now_ms)
{
    if (place->idle == idle)
        return;
    place->idle = idle;
    place->since_ms = now_ms;
}

uint32_t psp_place_held(const struct psp_place *place)
{
    assert(place->holder);
    return place->holder->held;
}

/* ---- who has to go ---- */

/* An idle one before any that is not; then of who holds more; then the older. */
static bool goes_first(const struct psp_place *a, const struct psp_place *b)
{
    const uint32_t a_held = a->holder->exempt ? 0 : a->holder->held;
    const uint32_t b_held = b->holder->exempt ? 0 : b->holder->held;
    if (a->idle != b->idle)
        return a->idle;
    return a_held != b_held ? a_held > b_held : a->since_ms < b->since_ms;
}

static bool may_go(const struct psp_place *place, const struct psp_place *coming)
{
    if (place == coming || place->going)
        return false;
    return place->idle || (!place->holder->exempt && place->holder->held > coming->holder->held);
}

struct psp_place *psp_places_make_room(struct psp_places *places, const struct psp_place *coming)
{
    assert(coming->holder && !coming->going);
    struct psp_place *goes = NULL;
    for (struct psp_place *at = places->list; at; at = at->next)
        if (may_go(at, coming) && (!goes || goes_first(at, goes)))
            goes = at;
    if (goes) {
        goes->going = true;
        goes->holder->held--;
        places->count--;
    }
    return goes;
}
