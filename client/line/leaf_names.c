/* Names lie folded to small letters in one run of bytes, and in an index over them. */
#include "client/line/leaf_names.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/id_index.h"

struct psp_leaf_names {
    struct psp_id_index index;
    size_t longest;
    char *bytes;
};

static void fold(const char *name, size_t bytes, char *ret_folded)
{
    for (size_t i = 0; i < bytes; i++)
        ret_folded[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
}

static size_t bytes_of(const struct psp_unit *unit)
{
    return strlen(unit->id) + strlen(unit->name) + strlen(unit->code);
}

static enum psp_status add(struct psp_leaf_names *names, const char *name, uint32_t unit, char **at)
{
    const size_t bytes = strlen(name);
    uint32_t first;
    assert(bytes <= PSP_NAME_BYTES_MAX);
    if (bytes == 0)
        return PSP_OK;
    fold(name, bytes, *at);
    const enum psp_status status = psp_id_index_add(&names->index, 0, *at, bytes, unit, &first);
    if (status == PSP_EEXIST)
        return PSP_OK;
    if (status == PSP_OK)
        *at += bytes;
    if (bytes > names->longest)
        names->longest = bytes;
    return status;
}

enum psp_status psp_leaf_names_create(const struct psp_definition *definition,
                                      struct psp_leaf_names **ret_names)
{
    struct psp_leaf_names *names = calloc(1, sizeof *names);
    size_t bytes = 1;
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++)
        bytes += bytes_of(&definition->units[definition->leaves[leaf]]);
    if (names)
        names->bytes = malloc(bytes);
    enum psp_status status = names && names->bytes ? PSP_OK : PSP_ENOMEM;
    char *at = status == PSP_OK ? names->bytes : NULL;
    for (uint32_t leaf = 0; leaf < definition->leaf_count && status == PSP_OK; leaf++) {
        const uint32_t position = definition->leaves[leaf];
        const struct psp_unit *unit = &definition->units[position];
        const char *const words[] = {unit->id, unit->name, unit->code};
        for (size_t i = 0; i < sizeof words / sizeof *words && status == PSP_OK; i++)
            status = add(names, words[i], position, &at);
    }
    if (status != PSP_OK) {
        psp_leaf_names_destroy(&names);
        return status;
    }
    assert(at < names->bytes + bytes);
    *ret_names = names;
    return PSP_OK;
}

void psp_leaf_names_destroy(struct psp_leaf_names **names)
{
    if (!*names)
        return;
    psp_id_index_free(&(*names)->index);
    free((*names)->bytes);
    free(*names);
    *names = NULL;
}

uint32_t psp_leaf_names_find(const struct psp_leaf_names *names, const char *name, size_t bytes)
{
    char folded[PSP_NAME_BYTES_MAX];
    if (bytes == 0 || bytes > names->longest)
        return PSP_NONE;
    fold(name, bytes, folded);
    return psp_id_index_find(&names->index, 0, folded, bytes);
}
