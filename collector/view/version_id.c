/* Read by writing it again: there is one way only to write an ID. */
#include "collector/view/version_id.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/hash.h"

static_assert(PSP_VERSION_ID_BYTES > 3 * 16 + 2, "three numbers, two dashes and NUL");

uint64_t psp_version_check(const struct psp_version_key *key, uint64_t change, uint64_t tag)
{
    uint64_t hash = psp_fnv64(PSP_FNV64_START, key->bytes, sizeof key->bytes);
    hash = psp_fnv64(hash, &change, sizeof change);
    return psp_fnv64(hash, &tag, sizeof tag);
}

void psp_version_write(const struct psp_version_key *key, uint64_t change, uint64_t tag,
                       char ret_id[PSP_VERSION_ID_BYTES])
{
    const int length =
        snprintf(ret_id, PSP_VERSION_ID_BYTES, "%llx-%016llx-%016llx", (unsigned long long)change,
                 (unsigned long long)tag, (unsigned long long)psp_version_check(key, change, tag));
    assert(length > 2 * 16 + 2 && length < PSP_VERSION_ID_BYTES);
}

bool psp_version_read(const struct psp_version_key *key, const char *text, uint64_t *ret_change,
                      enum psp_version_stale *ret_stale)
{
    char id[PSP_VERSION_ID_BYTES];
    char *end;
    const uint64_t change = strtoull(text, &end, 16);
    const uint64_t tag = *end == '-' ? strtoull(end + 1, NULL, 16) : 0;
    psp_version_write(key, change, tag, id);
    const size_t length = strlen(id);
    if (strncmp(text, id, length) != 0)
        return false;
    const char *rest = text + length;
    if (strcmp(rest, "") != 0 && strcmp(rest, ".0") != 0 && strcmp(rest, ".1") != 0)
        return false;
    *ret_change = change;
    *ret_stale = rest[0] == 0     ? PSP_VERSION_UNTOLD
                 : rest[1] == '1' ? PSP_VERSION_STALE
                                  : PSP_VERSION_FRESH;
    return true;
}
