/* An LMDB file, whatever stands in it: what is visited lies in it, and the walk ends. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "kv/pages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(void *context, const struct psp_page_found *found)
{
    const struct psp_pages *pages = context;
    assert(found->offset <= pages->length);
    if (found->fault != NULL)
        return;
    assert(found->key.data >= pages->bytes &&
           found->key.data + found->key.length <= pages->bytes + pages->length);
    assert(found->value.data == pages->bytes + found->offset &&
           found->value.length <= pages->length - found->offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct psp_pages pages;
    if (psp_pages_open(data, size, &pages) == PSP_OK)
        assert(psp_pages_walk(&pages, visit, &pages) == PSP_OK);
    return 0;
}
