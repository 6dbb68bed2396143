/*
 * slug - URL-safe IDs made from names, stable across imports.
 *
 * "Addison (ADD-3)" becomes "addison-add-3": ASCII letters and digits, lower
 * case, everything else one hyphen; accented Latin letters lose their accents.
 * Names that would get one ID get hex digits of a hash of their full names
 * instead of a counter, all of them alike: an ID never depends on the order of
 * the file it came from. The same goes for IDs that must be cut.
 *
 * Threads: any; pure but for the pool.
 */
#ifndef PSP_SLUG_H
#define PSP_SLUG_H

#include <stddef.h>
#include <stdint.h>

#include "base/memory/pool.h"
#include "base/status.h"

struct psp_slug {
    uint32_t scope;   /* IDs are unique within a scope */
    const char *base; /* psp_slug_join */
    uint64_t hash;    /* psp_slug_hash of what the base was made of */
    const char *id;   /* filled by psp_slug_assign */
    unsigned hex_digits;
};

/* The slugs of the parts, joined by hyphens; parts without any letter or digit
 * are left out. NULL: no memory. */
char *psp_slug_join(struct psp_pool *pool, const char *const *parts, size_t n);

/* Tells equal bases apart; parts are counted, so that ("a", "") is not ("", "a"). */
uint64_t psp_slug_hash(const char *const *parts, size_t n);

/* Fills every `id`. The (scope, base, hash) must differ. PSP_ENOMEM. */
enum psp_status psp_slug_assign(struct psp_pool *pool, struct psp_slug *slugs, size_t n);

#endif
