/* A sorted array behind a lock; a number tells readers that it changed. */
#include "wire/socket/key_table.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

struct bar {
    enum psp_role role;
    uint32_t id;
    uint64_t until_ms; /* 0: none */
    uint64_t silent_until_ms;
};

struct psp_key_table {
    pthread_rwlock_t lock;
    struct psp_known_key *keys; /* by public_z85, ascending */
    size_t n;
    struct bar bars[PSP_KEY_BARS_MAX];
    _Atomic uint64_t silent_until_ms; /* the last of all bars */
    _Atomic uint64_t generation;      /* written under the lock */
};

static int compare(const void *a, const void *b)
{
    const struct psp_known_key *left = a, *right = b;
    return strcmp(left->public_z85, right->public_z85);
}

/* Under the lock: what is looked up by halving is in order. */
static void check(const struct psp_key_table *table)
{
    assert(table->n == 0 || table->keys != NULL);
    assert(atomic_load(&table->generation) > 0); /* 0: senders that are not remembered */
    for (size_t i = 1; i < table->n && PSP_CHECKED; i++)
        assert(compare(&table->keys[i - 1], &table->keys[i]) < 0);
    for (size_t i = 0; i < PSP_KEY_BARS_MAX && PSP_CHECKED; i++) {
        assert(table->bars[i].silent_until_ms <= table->bars[i].until_ms);
        assert(table->bars[i].silent_until_ms <= atomic_load(&table->silent_until_ms));
    }
}

enum psp_status psp_key_table_create(struct psp_key_table **ret_table)
{
    struct psp_key_table *table = calloc(1, sizeof *table);
    if (!table)
        return PSP_ENOMEM;
    if (pthread_rwlock_init(&table->lock, NULL) != 0) {
        free(table);
        return PSP_ENOMEM;
    }
    atomic_init(&table->generation, 1);
    *ret_table = table;
    return PSP_OK;
}

void psp_key_table_destroy(struct psp_key_table **table)
{
    if (!*table)
        return;
    pthread_rwlock_destroy(&(*table)->lock);
    free((*table)->keys);
    free(*table);
    *table = NULL;
}

enum psp_status psp_key_table_set(struct psp_key_table *table, const struct psp_known_key *keys,
                                  size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!psp_key_valid(keys[i].public_z85))
            return PSP_EINVAL;
    struct psp_known_key *sorted = calloc(n + 1, sizeof *sorted);
    if (!sorted)
        return PSP_ENOMEM;
    if (n > 0) {
        memcpy(sorted, keys, n * sizeof *sorted);
        qsort(sorted, n, sizeof *sorted, compare);
    }
    for (size_t i = 1; i < n; i++)
        if (compare(&sorted[i - 1], &sorted[i]) == 0) {
            free(sorted);
            return PSP_EINVAL;
        }
    pthread_rwlock_wrlock(&table->lock);
    struct psp_known_key *old = table->keys;
    table->keys = sorted;
    table->n = n;
    atomic_fetch_add(&table->generation, 1);
    check(table);
    pthread_rwlock_unlock(&table->lock);
    free(old);
    return PSP_OK;
}

bool psp_key_table_find(struct psp_key_table *table, const char *public_z85,
                        struct psp_known_key *ret_key, uint64_t *ret_generation)
{
    struct psp_known_key wanted = {0};
    if (strlen(public_z85) != PSP_KEY_Z85_BYTES - 1)
        return false;
    memcpy(wanted.public_z85, public_z85, PSP_KEY_Z85_BYTES);
    pthread_rwlock_rdlock(&table->lock);
    const struct psp_known_key *found =
        table->n == 0 ? NULL : bsearch(&wanted, table->keys, table->n, sizeof wanted, compare);
    assert(found == NULL || strcmp(found->public_z85, public_z85) == 0);
    if (found)
        *ret_key = *found;
    *ret_generation = atomic_load(&table->generation);
    pthread_rwlock_unlock(&table->lock);
    return found != NULL;
}

/* Its bar, else one that is over or would be first. Under the lock. */
static struct bar *place_of_bar(struct psp_key_table *table, enum psp_role role, uint32_t id)
{
    struct bar *place = &table->bars[0];
    for (size_t i = 0; i < PSP_KEY_BARS_MAX; i++) {
        struct bar *bar = &table->bars[i];
        if (bar->until_ms != 0 && bar->role == role && bar->id == id)
            return bar;
        if (bar->until_ms < place->until_ms)
            place = bar;
    }
    assert(place >= table->bars && place < table->bars + PSP_KEY_BARS_MAX);
    *place = (struct bar){.role = role, .id = id};
    return place;
}

static uint64_t later(uint64_t one, uint64_t other)
{
    return one > other ? one : other;
}

void psp_key_table_bar(struct psp_key_table *table, enum psp_role role, uint32_t id,
                       uint64_t until_ms, bool silent)
{
    assert(role != 0);
    pthread_rwlock_wrlock(&table->lock);
    struct bar *bar = place_of_bar(table, role, id);
    bar->until_ms = later(bar->until_ms, until_ms);
    if (silent) {
        bar->silent_until_ms = later(bar->silent_until_ms, until_ms);
        atomic_store(&table->silent_until_ms,
                     later(atomic_load(&table->silent_until_ms), until_ms));
    }
    assert(bar->until_ms >= until_ms);
    check(table);
    pthread_rwlock_unlock(&table->lock);
}

static bool is_barred(struct psp_key_table *table, const struct psp_known_key *key, uint64_t now_ms,
                      bool silent)
{
    bool barred = false;
    pthread_rwlock_rdlock(&table->lock);
    for (size_t i = 0; i < PSP_KEY_BARS_MAX && !barred; i++) {
        const struct bar *bar = &table->bars[i];
        barred = (silent ? bar->silent_until_ms : bar->until_ms) > now_ms &&
                 bar->role == key->role && bar->id == key->id;
    }
    pthread_rwlock_unlock(&table->lock);
    return barred;
}

bool psp_key_table_barred(struct psp_key_table *table, const struct psp_known_key *key,
                          uint64_t now_ms)
{
    return is_barred(table, key, now_ms, false);
}

bool psp_key_table_silenced(struct psp_key_table *table, const struct psp_known_key *key,
                            uint64_t now_ms)
{
    return atomic_load_explicit(&table->silent_until_ms, memory_order_relaxed) > now_ms &&
           is_barred(table, key, now_ms, true);
}

uint64_t psp_key_table_generation(struct psp_key_table *table)
{
    return atomic_load_explicit(&table->generation, memory_order_acquire);
}
