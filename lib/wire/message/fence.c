/* The table of parts: names, and their order in bytes. */
#include "wire/message/fence.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static const struct {
    size_t bytes;
    const char *place;
} parts[PSP_FENCE_PARTS] = {
#define X(NAME, field, bytes, text, place) {bytes, place},
    PSP_FENCE(X)
#undef X
};

#define X(NAME, field, bytes, text, place)                                                         \
    static_assert((bytes) <= PSP_HASH_BYTES, "a part of the fence fits its place");
PSP_FENCE(X)
#undef X

enum psp_fence_part psp_fence_difference(const struct psp_fence *a, const struct psp_fence *b)
{
    int part = 0;
    while (part < PSP_FENCE_PARTS && !memcmp(a->parts[part], b->parts[part], parts[part].bytes))
        part++;
    assert(part <= PSP_FENCE_PARTS);
    return (enum psp_fence_part)part;
}

const char *psp_fence_place(enum psp_fence_part part)
{
    assert(part < PSP_FENCE_PARTS);
    return parts[part].place;
}

void psp_fence_pack(const struct psp_fence *fence, uint8_t ret_bytes[PSP_FENCE_BYTES])
{
    uint8_t *at = ret_bytes;
    for (int part = 0; part < PSP_FENCE_PARTS; at += parts[part].bytes, part++)
        memcpy(at, fence->parts[part], parts[part].bytes);
    assert(at == ret_bytes + PSP_FENCE_BYTES);
}

void psp_fence_unpack(const uint8_t bytes[PSP_FENCE_BYTES], struct psp_fence *ret_fence)
{
    const uint8_t *at = bytes;
    *ret_fence = (struct psp_fence){0};
    for (int part = 0; part < PSP_FENCE_PARTS; at += parts[part].bytes, part++)
        memcpy(ret_fence->parts[part], at, parts[part].bytes);
    assert(at == bytes + PSP_FENCE_BYTES);
}

void psp_fence_hash(const struct psp_fence *fence, uint8_t ret_hash[PSP_HASH_BYTES])
{
    uint8_t bytes[PSP_FENCE_BYTES];
    psp_fence_pack(fence, bytes);
    crypto_generichash(ret_hash, PSP_HASH_BYTES, bytes, sizeof bytes, NULL, 0);
}
