/* Places are kept by shard, so two vectors of the same cluster stand side by side. */
#include "bridge/core/vector.h"

#include <string.h>

enum psp_bridge_order psp_bridge_vector_compare(const struct psp_bridge_vector *a,
                                                const struct psp_bridge_vector *b)
{
    if (a->count == 0 || b->count == 0)
        return a->count == b->count  ? PSP_BRIDGE_EQUAL
               : a->count < b->count ? PSP_BRIDGE_OLDER
                                     : PSP_BRIDGE_NEWER;
    bool older = false, newer = false;
    if (a->count != b->count || strcmp(a->cluster, b->cluster) != 0)
        return PSP_BRIDGE_APART;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct psp_bridge_place *x = &a->places[i], *y = &b->places[i];
        if (x->shard != y->shard)
            return PSP_BRIDGE_APART;
        newer = newer || x->epoch > y->epoch || (x->epoch == y->epoch && x->index > y->index);
        older = older || x->epoch < y->epoch || (x->epoch == y->epoch && x->index < y->index);
    }
    if (older && newer)
        return PSP_BRIDGE_APART;
    return older ? PSP_BRIDGE_OLDER : newer ? PSP_BRIDGE_NEWER : PSP_BRIDGE_EQUAL;
}

uint64_t psp_bridge_vector_lag(const struct psp_bridge_vector *behind,
                               const struct psp_bridge_vector *ahead)
{
    uint64_t lag = 0;
    for (uint32_t i = 0, j = 0; i < ahead->count; i++) {
        const struct psp_bridge_place *to = &ahead->places[i];
        while (j < behind->count && behind->places[j].shard < to->shard)
            j++;
        const struct psp_bridge_place *from =
            j < behind->count && behind->places[j].shard == to->shard ? &behind->places[j] : NULL;
        if (!from || from->epoch < to->epoch)
            lag += to->index;
        else if (from->epoch == to->epoch && from->index < to->index)
            lag += to->index - from->index;
    }
    return lag;
}

static bool read_place(const json_t *shard, struct psp_bridge_place *ret_place)
{
    const json_t *number = json_object_get(shard, "shard");
    const json_t *epoch = json_object_get(shard, "epoch");
    const json_t *index = json_object_get(shard, "index");
    if (!json_is_integer(number) || !json_is_integer(epoch) || !json_is_integer(index) ||
        json_integer_value(number) < 0 || json_integer_value(number) > UINT32_MAX ||
        json_integer_value(epoch) < 0 || json_integer_value(index) < 0)
        return false;
    *ret_place = (struct psp_bridge_place){.shard = (uint32_t)json_integer_value(number),
                                           .epoch = (uint64_t)json_integer_value(epoch),
                                           .index = (uint64_t)json_integer_value(index)};
    return true;
}

bool psp_bridge_vector_read(const json_t *version, struct psp_bridge_vector *ret_vector)
{
    struct psp_bridge_vector vector = {0};
    const json_t *cluster = json_object_get(version, "cluster");
    const json_t *shards = json_object_get(version, "shards");
    const size_t n = json_array_size(shards);
    if (!json_is_string(cluster) || json_string_length(cluster) != sizeof vector.cluster - 1 ||
        n == 0 || n > PSP_SHARDS_MAX)
        return false;
    memcpy(vector.cluster, json_string_value(cluster), sizeof vector.cluster);
    for (size_t i = 0; i < n; i++) {
        struct psp_bridge_place place;
        if (!read_place(json_array_get(shards, i), &place))
            return false;
        uint32_t at = vector.count;
        for (; at > 0 && vector.places[at - 1].shard >= place.shard; at--)
            if (vector.places[at - 1].shard == place.shard)
                return false;
        memmove(&vector.places[at + 1], &vector.places[at],
                (vector.count - at) * sizeof *vector.places);
        vector.places[at] = place;
        vector.count++;
    }
    *ret_vector = vector;
    return true;
}
