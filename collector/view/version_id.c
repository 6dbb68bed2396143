/* Hexadecimal: safe in a URL and in a header. */
#include "collector/view/version_id.h"

#include <stdio.h>

#include "base/bytes/hash.h"

uint64_t psp_version_check(const struct psp_version_key *key, uint64_t change, uint64_t tag)
{
    uint64_t hash = psp_fnv64(PSP_FNV64_START, key->bytes, sizeof key->bytes);
    hash = psp_fnv64(hash, &change, sizeof change);
    return psp_fnv64(hash, &tag, sizeof tag);
}

void psp_version_write(const struct psp_version_key *key, uint64_t change, uint64_t tag,
                       char ret_id[PSP_VERSION_ID_BYTES])
{
    snprintf(ret_id, PSP_VERSION_ID_BYTES, "%llx-%016llx-%016llx", (unsigned long long)change,
             (unsigned long long)tag, (unsigned long long)psp_version_check(key, change, tag));
}
