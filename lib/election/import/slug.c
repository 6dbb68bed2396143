/* Names that meet are made longer by their hash until all differ, in an order that
 * input order does not change. */
#include "election/import/slug.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes/hash.h"
#include "base/limits.h"
#include "base/memory/id_index.h"
#include "base/text/utf8.h"

enum { HEX_STEP = 4, HEX_OF_CUT = 8, HEX_MAX = 16 };

/* Latin-1 letters from U+00C0 and Latin Extended-A from U+0100, by what remains
 * without the accent; '-': not a letter. */
static const char without_accent[] =
    "aaaaaaaceeeeiiiidnooooo-ouuuuytsaaaaaaaceeeeiiiidnooooo-ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
_Static_assert(sizeof without_accent == 192 + 1, "one letter for each of U+00C0 to U+017F");

enum { ACCENTED_FIRST = 0xC0, ACCENTED_END = ACCENTED_FIRST + sizeof without_accent - 1 };

/* The character's place in a slug: a-z, 0-9 or '-'. */
static char slug_character(const char *text, size_t length)
{
    if (length == 2) {
        const unsigned point = ((unsigned)(unsigned char)text[0] & 0x1F) << 6 |
                               ((unsigned)(unsigned char)text[1] & 0x3F);
        return point >= ACCENTED_FIRST && point < ACCENTED_END
                   ? without_accent[point - ACCENTED_FIRST]
                   : '-';
    }
    const char c = text[0];
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

/* Appends the text's slug, with a hyphen between it and what is there. */
static size_t append(char *slug, size_t at, const char *text)
{
    const size_t bytes = strlen(text);
    bool hyphen = at > 0;
    for (size_t i = 0; i < bytes;) {
        const size_t length = psp_utf8_length(text + i, bytes - i);
        const char c = slug_character(text + i, length);
        i += length > 0 ? length : 1;
        /* Apostrophes and dots join: O'Brien is obrien, U.S. is us. */
        if (length == 1 && (text[i - 1] == '\'' || text[i - 1] == '.'))
            continue;
        if (c == '-') {
            hyphen = at > 0;
            continue;
        }
        if (hyphen)
            slug[at++] = '-';
        hyphen = false;
        slug[at++] = c;
    }
    return at;
}

char *psp_slug_join(struct psp_pool *pool, const char *const *parts, size_t n)
{
    size_t bytes = 1;
    for (size_t i = 0; i < n; i++)
        bytes += strlen(parts[i]) + 1;
    char *slug = psp_pool_alloc(pool, bytes, 1);
    size_t at = 0;
    for (size_t i = 0; slug != NULL && i < n; i++)
        at = append(slug, at, parts[i]);
    return slug;
}

/* FNV-1a, then mixed so that the leading digits depend on everything. */
uint64_t psp_slug_hash(const char *const *parts, size_t n)
{
    uint64_t hash = PSP_FNV64_START;
    for (size_t i = 0; i < n; i++)
        hash = psp_fnv64_string(hash, parts[i]);
    hash = (hash ^ hash >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94D049BB133111EB);
    return hash ^ hash >> 31;
}

static char *make_id(struct psp_pool *pool, const struct psp_slug *slug)
{
    char id[PSP_ID_BYTES_MAX + 1];
    char digits[HEX_MAX + 1];
    snprintf(digits, sizeof digits, "%016" PRIx64, slug->hash);
    const size_t suffix = slug->hex_digits > 0 ? slug->hex_digits + 1 : 0;
    size_t bytes = strlen(slug->base);
    if (bytes > PSP_ID_BYTES_MAX - suffix)
        bytes = PSP_ID_BYTES_MAX - suffix;
    const int written = snprintf(id, sizeof id, "%.*s%s%.*s", (int)bytes, slug->base,
                                 suffix > 0 && bytes > 0 ? "-" : "", (int)slug->hex_digits, digits);
    return psp_pool_string(pool, id, (size_t)written);
}

static bool longer(struct psp_slug *slug)
{
    if (slug->hex_digits == HEX_MAX)
        return false;
    slug->hex_digits += HEX_STEP;
    slug->id = NULL;
    return true;
}

/* One round: gives an ID to those without, and more digits to all that clash.
 * Clashes are only marked here, so that each of them is seen by all others. */
static enum psp_status round_of(struct psp_pool *pool, struct psp_slug *slugs, size_t n,
                                bool *clashes, bool *ret_clash)
{
    struct psp_id_index ids = {0};
    enum psp_status status = PSP_OK;
    *ret_clash = false;
    for (size_t i = 0; i < n; i++) {
        clashes[i] = false;
        if (slugs[i].id == NULL)
            slugs[i].id = make_id(pool, &slugs[i]);
        if (slugs[i].id == NULL) {
            status = PSP_ENOMEM;
            break;
        }
        uint32_t first;
        status = psp_id_index_add(&ids, slugs[i].scope, slugs[i].id, strlen(slugs[i].id),
                                  (uint32_t)i, &first);
        if (status == PSP_EEXIST) {
            clashes[i] = clashes[first] = *ret_clash = true;
            status = PSP_OK;
        }
        if (status != PSP_OK)
            break;
    }
    psp_id_index_free(&ids);
    return status;
}

enum psp_status psp_slug_assign(struct psp_pool *pool, struct psp_slug *slugs, size_t n)
{
    bool *clashes = psp_pool_alloc(pool, n, sizeof *clashes);
    if (clashes == NULL || n > UINT32_MAX)
        return PSP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const size_t bytes = strlen(slugs[i].base);
        slugs[i].id = NULL;
        slugs[i].hex_digits = bytes == 0 || bytes > PSP_ID_BYTES_MAX ? HEX_OF_CUT : 0;
    }
    for (bool clash = true; clash;) {
        const enum psp_status status = round_of(pool, slugs, n, clashes, &clash);
        if (status != PSP_OK)
            return status;
        bool grew = false;
        for (size_t i = 0; clash && i < n; i++)
            grew |= clashes[i] && longer(&slugs[i]);
        assert(grew == clash); /* equal hash and base: the caller gave one thing twice */
    }
    return PSP_OK;
}
