/* Any bytes: the parser refuses them or makes a definition that holds together. */
#include <assert.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "election/definition/definition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_leaves(const struct psp_definition *definition)
{
    const struct psp_unit *root = &definition->units[definition->root];
    assert(root->parent == PSP_NONE && root->leaf_first == 0);
    assert(root->leaf_end == definition->leaf_count);
    for (uint32_t i = 0; i < definition->leaf_count; i++) {
        const uint32_t unit = definition->leaves[i];
        assert(definition->leaf_of_unit[unit] == i);
        const struct psp_unit *at = &definition->units[unit];
        assert(at->style_count >= 1);
        assert(at->style_count == psp_leaf_style_count(definition, i));
        for (uint32_t s = 0; s < at->style_count; s++) {
            assert(at->styles[s] < definition->style_count);
            assert(psp_leaf_style(definition, i, s) == &definition->styles[at->styles[s]]);
        }
    }
}

static void check_styles(const struct psp_definition *definition)
{
    for (uint32_t i = 0; i < definition->style_count; i++) {
        const struct psp_style *style = &definition->styles[i];
        uint32_t cell = 1;
        for (uint32_t j = 0; j < style->contest_count; j++) {
            const struct psp_style_contest *entry = &style->contests[j];
            assert(psp_style_entry(style, entry->contest) == entry);
            assert(entry->cell == cell);
            for (uint32_t k = 0; k < entry->choice_count; k++)
                assert(psp_style_cell(style, entry->contest, entry->choices[k]) == cell + k);
            cell += entry->choice_count + 2;
        }
        assert(style->row_cells == cell);
    }
}

/* The parser cuts the text into pieces before the JSON library sees it: the two
 * must agree on what is JSON. */
static bool is_json(const uint8_t *data, size_t size)
{
    json_error_t error;
    json_t *whole = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, &error);
    json_decref(whole);
    return whole != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    const enum psp_status status =
        psp_definition_parse((const char *)data, size, &definition, &reason);
    if (status != PSP_OK) {
        assert(status == PSP_EINVAL && definition == NULL);
        assert(reason.line >= 1 && reason.text[0] != '\0');
        const bool blamed = strncmp(reason.text, "not well-formed", 15) == 0 ||
                            strncmp(reason.text, "not UTF-8", 9) == 0;
        assert(!blamed || !is_json(data, size));
        return 0;
    }
    assert(is_json(data, size));
    check_leaves(definition);
    check_styles(definition);
    for (uint32_t i = 0; i < definition->unit_count; i++)
        assert(psp_definition_unit(definition, definition->units[i].id,
                                   strlen(definition->units[i].id)) == i);
    psp_definition_destroy(&definition);
    return 0;
}
