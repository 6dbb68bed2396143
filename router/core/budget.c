/* Two lists of keys that wait: those that come again after a pause, and the round. */
#include "router/core/budget.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "base/memory/grow.h"

enum {
    OTHERS_MAX = 1024, /* gateways, operators, collectors: each by its position or number */
    NUMBERS = PSP_STATIONS_MAX + 1 + 3 * OTHERS_MAX,
};

struct waiting {
    void *message;
    size_t bytes;
    uint32_t next;
};

struct list { /* of keys that wait, linked by `next` */
    uint32_t first, last, count;
};

struct key {
    struct psp_key_counters counters;
    uint32_t first, last, messages; /* its queue */
    size_t bytes;
    uint32_t next; /* in a list */
    uint32_t weight;
    bool is_fresh; /* in that list; of one that waits */
    bool to_end;
    int64_t left_us;
    uint64_t round;      /* when it got its last quantum */
    uint64_t vain_bytes; /* in this window, as is the next */
    uint32_t vain_messages;
    uint64_t faulty_bytes; /* likewise */
    uint32_t faulty_messages;
    uint32_t strikes;
    uint64_t end_ms, ended_at_ms; /* of the last time */
};

struct psp_budget {
    struct psp_budget_limits limits;
    uint32_t *places; /* by number: place + 1; 0: it never came */
    struct key *keys;
    size_t count, capacity;
    struct waiting *waiting;
    size_t waiting_count, waiting_capacity;
    uint32_t spare; /* of `waiting`, linked by `next` */
    struct list fresh, round_list;
    uint32_t visits; /* of this round */
    uint64_t round;
    uint32_t messages;
    size_t bytes;
    uint32_t served; /* key of the message that was given last */
    size_t served_bytes;
    uint64_t window_ms, now_ms;
    bool begun, some_to_end;
    uint8_t *told; /* bytes of a status */
};

/* ---- what is so ---- */

/* Keys of a list have something that waits, and what they have is what is held in all. */
static void check_list(const struct psp_budget *budget, const struct list *list, bool is_fresh,
                       uint32_t *messages, size_t *bytes)
{
    uint32_t count = 0, last = PSP_NONE;
    for (uint32_t at = list->first; at != PSP_NONE; at = budget->keys[at].next) {
        const struct key *key = &budget->keys[at];
        count++;
        assert(count <= list->count);
        assert(key->is_fresh == is_fresh && key->messages > 0);
        *messages += key->messages;
        *bytes += key->bytes;
        last = at;
    }
    assert(count == list->count && last == list->last);
}

static void check_keys(const struct psp_budget *budget)
{
    uint32_t messages = 0, spare = 0;
    size_t bytes = 0;
    check_list(budget, &budget->fresh, true, &messages, &bytes);
    check_list(budget, &budget->round_list, false, &messages, &bytes);
    assert(messages == budget->messages && bytes == budget->bytes);
    for (uint32_t at = budget->spare; at != PSP_NONE; at = budget->waiting[at].next)
        spare++;
    assert(messages + spare == budget->waiting_count);
}

/* After each call: who waits is in one list, and what is held adds up. O(1); in checked
 * builds of all keys. */
static void check(const struct psp_budget *budget)
{
    const struct psp_budget_limits *limits = &budget->limits;
    const uint32_t keys = budget->fresh.count + budget->round_list.count;
    assert(budget->messages <= limits->messages_max && budget->bytes <= limits->bytes_max);
    assert(budget->messages > 0 || budget->bytes == 0);
    assert(keys <= budget->messages && (keys == 0) == (budget->messages == 0));
    assert(keys <= budget->count && budget->messages <= budget->waiting_count);
    assert(budget->waiting_count <= limits->messages_max);
    if (PSP_CHECKED)
        check_keys(budget);
}

/* ---- making and ending ---- */

enum psp_status psp_budget_create(const struct psp_budget_limits *limits,
                                  struct psp_budget **ret_budget)
{
    struct psp_budget *budget = calloc(1, sizeof *budget);
    if (budget == NULL)
        return PSP_ENOMEM;
    budget->places = calloc(NUMBERS, sizeof *budget->places);
    if (budget->places == NULL) {
        free(budget);
        return PSP_ENOMEM;
    }
    if (limits != NULL)
        budget->limits = *limits;
    struct psp_budget_limits *own = &budget->limits;
    if (own->key_messages_max == 0)
        own->key_messages_max = PSP_BUDGET_KEY_MESSAGES_MAX;
    if (own->messages_max == 0)
        own->messages_max = PSP_BUDGET_MESSAGES_MAX;
    if (own->key_bytes_max == 0)
        own->key_bytes_max = PSP_BUDGET_KEY_BYTES_MAX;
    if (own->bytes_max == 0)
        own->bytes_max = PSP_BUDGET_BYTES_MAX;
    budget->spare = budget->served = PSP_NONE;
    budget->fresh = budget->round_list = (struct list){PSP_NONE, PSP_NONE, 0};
    check(budget);
    *ret_budget = budget;
    return PSP_OK;
}

void psp_budget_destroy(struct psp_budget **budget_at)
{
    struct psp_budget *budget = *budget_at;
    if (budget == NULL)
        return;
    assert(budget->messages == 0);
    check(budget);
    free(budget->told);
    free(budget->waiting);
    free(budget->keys);
    free(budget->places);
    free(budget);
    *budget_at = NULL;
}

/* ---- keys ---- */

static uint32_t number_of(enum psp_role role, uint32_t id)
{
    if (role == PSP_ROLE_STATION)
        return id <= PSP_STATIONS_MAX ? id : 0;
    const uint32_t kind = role == PSP_ROLE_GATEWAY ? 0 : role == PSP_ROLE_OPERATOR ? 1 : 2;
    const uint32_t place = id < OTHERS_MAX ? id : OTHERS_MAX - 1;
    assert(PSP_STATIONS_MAX + 1 + kind * OTHERS_MAX + place < NUMBERS);
    return PSP_STATIONS_MAX + 1 + kind * OTHERS_MAX + place;
}

static struct key *know(struct psp_budget *budget, enum psp_role role, uint32_t id)
{
    uint32_t *place = &budget->places[number_of(role, id)];
    assert(*place <= budget->count);
    if (*place != 0)
        return &budget->keys[*place - 1];
    if (!PSP_GROW(budget->keys, budget->capacity, budget->count + 1))
        return NULL;
    struct key *key = &budget->keys[budget->count];
    const uint32_t weight = role == PSP_ROLE_GATEWAY ? PSP_BUDGET_GATEWAY_KEYS : 1;
    *key = (struct key){.counters = {.role = role, .id = id},
                        .first = PSP_NONE,
                        .last = PSP_NONE,
                        .next = PSP_NONE,
                        .weight = weight,
                        .left_us = (int64_t)weight * PSP_BUDGET_QUANTUM_US,
                        .round = budget->round};
    *place = (uint32_t)++budget->count;
    return key;
}

static void append(struct psp_budget *budget, struct list *list, uint32_t at)
{
    assert(at < budget->count && (list->count == 0) == (list->last == PSP_NONE));
    assert(budget->keys[at].messages > 0);
    budget->keys[at].next = PSP_NONE;
    if (list->count++ == 0)
        list->first = at;
    else
        budget->keys[list->last].next = at;
    list->last = at;
}

static uint32_t take_after(struct psp_budget *budget, struct list *list, uint32_t before)
{
    assert(list->count > 0);
    uint32_t *link = before == PSP_NONE ? &list->first : &budget->keys[before].next;
    const uint32_t at = *link;
    assert(at < budget->count && at != before);
    *link = budget->keys[at].next;
    if (list->last == at)
        list->last = before;
    list->count--;
    assert((list->count == 0) == (list->first == PSP_NONE));
    return at;
}

static uint32_t take_first(struct psp_budget *budget, struct list *list)
{
    return take_after(budget, list, PSP_NONE);
}

static int64_t quantum_of(const struct key *key)
{
    assert(key->weight > 0 && key->weight <= PSP_BUDGET_GATEWAY_KEYS);
    return (int64_t)key->weight * PSP_BUDGET_QUANTUM_US;
}

/* A quantum for each round that has passed, and no more than one in hand. */
static void pay(struct key *key, uint64_t rounds)
{
    const int64_t quantum = quantum_of(key);
    assert(key->left_us <= quantum && key->left_us >= -PSP_BUDGET_DEBT_ROUNDS_MAX * quantum);
    if (rounds > PSP_BUDGET_DEBT_ROUNDS_MAX)
        rounds = PSP_BUDGET_DEBT_ROUNDS_MAX + 1;
    key->left_us += (int64_t)rounds * quantum;
    if (key->left_us > quantum)
        key->left_us = quantum;
}

/* ---- queues ---- */

/* What one key may hold of a bound: its own part, and no more than is left then, so that
 * there is always something left for another. */
static bool has_room(uint64_t mine, uint64_t more, uint64_t mine_max, uint64_t all,
                     uint64_t all_max)
{
    assert(mine <= all && all <= all_max);
    return mine + more <= mine_max && all + more <= all_max && mine + more <= all_max - all - more;
}

static void note_vain(struct key *key, size_t bytes)
{
    key->vain_bytes += bytes;
    key->vain_messages += key->vain_messages < UINT32_MAX;
}

static uint32_t take_spare(struct psp_budget *budget)
{
    if (budget->spare != PSP_NONE) {
        const uint32_t at = budget->spare;
        assert(at < budget->waiting_count);
        budget->spare = budget->waiting[at].next;
        return at;
    }
    if (!PSP_GROW(budget->waiting, budget->waiting_capacity, budget->waiting_count + 1))
        return PSP_NONE;
    return (uint32_t)budget->waiting_count++;
}

enum psp_status psp_budget_put(struct psp_budget *budget, enum psp_role role, uint32_t id,
                               void *message, size_t bytes)
{
    const struct psp_budget_limits *limits = &budget->limits;
    struct key *key = know(budget, role, id);
    if (key == NULL)
        return PSP_ENOMEM;
    if (!has_room(key->messages, 1, (uint64_t)limits->key_messages_max * key->weight,
                  budget->messages, limits->messages_max) ||
        !has_room(key->bytes, bytes, (uint64_t)limits->key_bytes_max * key->weight, budget->bytes,
                  limits->bytes_max)) {
        key->counters.over++;
        note_vain(key, bytes);
        return PSP_EBUSY;
    }
    const uint32_t at = take_spare(budget);
    if (at == PSP_NONE)
        return PSP_ENOMEM;
    assert((key->messages == 0) == (key->first == PSP_NONE));
    budget->waiting[at] = (struct waiting){message, bytes, PSP_NONE};
    if (key->messages == 0)
        key->first = at;
    else
        budget->waiting[key->last].next = at;
    key->last = at;
    key->bytes += bytes;
    key->counters.messages++;
    key->counters.bytes += bytes;
    budget->messages++;
    budget->bytes += bytes;
    if (key->messages++ > 0) {
        check(budget);
        return PSP_OK;
    }
    assert(budget->round >= key->round);
    pay(key, budget->round - key->round);
    key->round = budget->round;
    key->is_fresh = key->left_us > (int64_t)(bytes / PSP_BUDGET_BYTES_A_US);
    append(budget, key->is_fresh ? &budget->fresh : &budget->round_list,
           (uint32_t)(key - budget->keys));
    check(budget);
    return PSP_OK;
}

/* The first key that has something left; those before it have had their quantum. */
static struct key *whose_turn(struct psp_budget *budget)
{
    while (budget->fresh.count > 0) {
        struct key *key = &budget->keys[budget->fresh.first];
        if (key->left_us > 0)
            return key;
        key->is_fresh = false;
        append(budget, &budget->round_list, take_first(budget, &budget->fresh));
    }
    for (;;) {
        assert(budget->round_list.count > 0);
        struct key *key = &budget->keys[budget->round_list.first];
        if (key->left_us > 0)
            return key;
        if (++budget->visits >= budget->round_list.count) {
            budget->visits = 0;
            budget->round++;
        }
        pay(key, 1);
        key->round = budget->round;
        append(budget, &budget->round_list, take_first(budget, &budget->round_list));
    }
}

/* The first key of the list with a short message; it goes to the end. */
static struct key *first_short(struct psp_budget *budget, struct list *list)
{
    uint32_t before = PSP_NONE;
    for (uint32_t at = list->first; at != PSP_NONE; at = budget->keys[at].next) {
        assert(budget->keys[at].messages > 0 && budget->keys[at].first < budget->waiting_count);
        if (budget->waiting[budget->keys[at].first].bytes <= PSP_BUDGET_SHORT_BYTES) {
            take_after(budget, list, before);
            append(budget, list, at);
            return &budget->keys[at];
        }
        before = at;
    }
    return NULL;
}

static void take_out(struct psp_budget *budget, const struct key *key)
{
    struct list *list = key->is_fresh ? &budget->fresh : &budget->round_list;
    uint32_t before = PSP_NONE;
    for (uint32_t at = list->first; &budget->keys[at] != key; at = budget->keys[at].next) {
        assert(at < budget->count); /* it is in this list */
        before = at;
    }
    take_after(budget, list, before);
}

static struct key *whose_short_turn(struct psp_budget *budget)
{
    struct key *key = first_short(budget, &budget->fresh);
    return key != NULL ? key : first_short(budget, &budget->round_list);
}

void *psp_budget_next(struct psp_budget *budget, bool short_only)
{
    if (budget->messages == 0)
        return NULL;
    struct key *key = short_only ? whose_short_turn(budget) : whose_turn(budget);
    if (key == NULL)
        return NULL;
    assert(key->messages > 0 && key->first != PSP_NONE);
    const uint32_t at = key->first;
    struct waiting *waiting = &budget->waiting[at];
    void *message = waiting->message;
    assert(key->bytes >= waiting->bytes && key->bytes <= budget->bytes);
    budget->served = (uint32_t)(key - budget->keys);
    budget->served_bytes = waiting->bytes;
    key->first = waiting->next;
    key->bytes -= waiting->bytes;
    budget->bytes -= waiting->bytes;
    budget->messages--;
    waiting->next = budget->spare;
    budget->spare = at;
    if (--key->messages == 0) {
        key->first = key->last = PSP_NONE;
        take_out(budget, key);
        assert(key->bytes == 0);
    }
    check(budget);
    return message;
}

/* ---- keys that do not stop ---- */

static void end_key(struct key *key, uint64_t now_ms)
{
    const bool again =
        key->counters.ended > 0 && now_ms - key->ended_at_ms < PSP_BUDGET_FORGIVEN_MS;
    key->end_ms = again ? 2 * key->end_ms : PSP_BUDGET_END_MS;
    if (key->end_ms > PSP_BUDGET_END_MAX_MS)
        key->end_ms = PSP_BUDGET_END_MAX_MS;
    assert(key->end_ms >= PSP_BUDGET_END_MS);
    key->ended_at_ms = now_ms;
    key->counters.ended++;
    key->strikes = 0;
    key->to_end = true;
}

/* What was on the way when it was ended is not held against it again. */
static void note_faulty(struct psp_budget *budget, struct key *key, size_t bytes)
{
    if (key->counters.ended > 0 && budget->now_ms - key->ended_at_ms < key->end_ms)
        return;
    key->faulty_bytes += bytes;
    key->faulty_messages++;
    if (key->faulty_bytes <= (uint64_t)PSP_BUDGET_FAULTY_BYTES_MAX * key->weight &&
        key->faulty_messages <= PSP_BUDGET_FAULTY_MESSAGES_MAX * key->weight)
        return;
    end_key(key, budget->now_ms);
    budget->some_to_end = true;
}

void psp_budget_spent(struct psp_budget *budget, uint64_t us, enum psp_budget_outcome outcome)
{
    assert(budget->served < budget->count);
    struct key *key = &budget->keys[budget->served];
    const int64_t least = -PSP_BUDGET_DEBT_ROUNDS_MAX * quantum_of(key);
    key->counters.time_us += us;
    key->left_us -= us < INT32_MAX ? (int64_t)us : INT32_MAX;
    if (key->left_us < least)
        key->left_us = least;
    key->counters.refused += outcome != PSP_BUDGET_USED;
    if (outcome == PSP_BUDGET_IN_VAIN)
        note_vain(key, budget->served_bytes);
    if (outcome == PSP_BUDGET_FAULTY)
        note_faulty(budget, key, budget->served_bytes);
    budget->served = PSP_NONE;
    check(budget);
}

void psp_budget_tick(struct psp_budget *budget, uint64_t now_ms)
{
    if (!budget->begun)
        budget->window_ms = now_ms;
    budget->begun = true;
    budget->now_ms = now_ms;
    if (now_ms - budget->window_ms < PSP_BUDGET_WINDOW_MS)
        return;
    budget->window_ms = now_ms;
    for (size_t i = 0; i < budget->count; i++) {
        struct key *key = &budget->keys[i];
        const bool strike = key->vain_messages > PSP_BUDGET_VAIN_MESSAGES_MAX * key->weight ||
                            key->vain_bytes > (uint64_t)PSP_BUDGET_VAIN_BYTES_MAX * key->weight;
        key->strikes = strike ? key->strikes + 1 : 0;
        key->vain_messages = key->faulty_messages = 0;
        key->vain_bytes = key->faulty_bytes = 0;
        if (key->strikes < PSP_BUDGET_STRIKES)
            continue;
        end_key(key, now_ms);
        budget->some_to_end = true;
    }
}

bool psp_budget_next_ended(struct psp_budget *budget, enum psp_role *ret_role, uint32_t *ret_id,
                           uint64_t *ret_ms)
{
    for (size_t i = 0; i < budget->count && budget->some_to_end; i++) {
        struct key *key = &budget->keys[i];
        if (!key->to_end)
            continue;
        key->to_end = false;
        *ret_role = (enum psp_role)key->counters.role;
        *ret_id = key->counters.id;
        *ret_ms = key->end_ms;
        assert(key->counters.ended > 0 && key->end_ms > 0);
        return true;
    }
    budget->some_to_end = false;
    return false;
}

/* ---- what is told ---- */

uint32_t psp_budget_messages(const struct psp_budget *budget)
{
    return budget->messages;
}

struct psp_bytes psp_budget_told(struct psp_budget *budget)
{
    struct psp_bytes told = {0};
    uint32_t n = 0;
    if (budget->told == NULL)
        budget->told = malloc((size_t)PSP_BUDGET_TOLD_MAX * PSP_KEY_COUNTERS_MAX);
    for (size_t i = 0; budget->told != NULL && i < budget->count && n < PSP_BUDGET_TOLD_MAX; i++) {
        const struct psp_key_counters *counters = &budget->keys[i].counters;
        if (counters->over + counters->refused + counters->ended == 0)
            continue;
        told.length += psp_key_counters_encode(counters, budget->told + told.length);
        n++;
        assert(told.length <= (size_t)n * PSP_KEY_COUNTERS_MAX);
    }
    told.data = budget->told;
    return told;
}
