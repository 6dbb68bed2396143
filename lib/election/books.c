/* The table of the nine counters; everything else is a loop over it. */
#include "election/books.h"

#include <assert.h>
#include <stddef.h>

#include "base/bytes/bytes.h"

struct counter {
    const char *name;
    size_t offset;
};

static_assert(PSP_BOOKS_BYTES == 72, "docs/storage.md");
static_assert(sizeof(struct psp_books) == PSP_BOOKS_BYTES + 8, "each counter, and disposed[0]");

static const struct counter counters[PSP_BOOKS_COUNTERS] = {
#define OWN(name) {#name, offsetof(struct psp_books, name)},
#define DISPOSED(NAME, word, value) {#word, offsetof(struct psp_books, disposed[PSP_##NAME])},
    PSP_BOOKS(OWN, DISPOSED)
#undef OWN
#undef DISPOSED
};

const char *psp_books_name(unsigned counter)
{
    assert(counter < PSP_BOOKS_COUNTERS);
    return counters[counter].name;
}

uint64_t psp_books_get(const struct psp_books *books, unsigned counter)
{
    assert(counter < PSP_BOOKS_COUNTERS);
    return *(const uint64_t *)(const void *)((const char *)books + counters[counter].offset);
}

void psp_books_set(struct psp_books *books, unsigned counter, uint64_t value)
{
    assert(counter < PSP_BOOKS_COUNTERS);
    *(uint64_t *)(void *)((char *)books + counters[counter].offset) = value;
}

/* promise 3: counted where ballots are received, judged, added and marked */
bool psp_books_balanced(const struct psp_books *books)
{
    uint64_t disposed = 0;
    for (int i = PSP_COUNTED; i < PSP_DISPOSITIONS_END; i++)
        disposed += books->disposed[i];
    return disposed == books->received && books->disposed[PSP_COUNTED] == books->added_ballots &&
           books->added_ballots == books->voters_counted;
}

void psp_books_add(struct psp_books *ret_sum, const struct psp_books *add)
{
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        psp_books_set(ret_sum, i, psp_books_get(ret_sum, i) + psp_books_get(add, i));
}

bool psp_books_same(const struct psp_books *a, const struct psp_books *b)
{
    bool same = true;
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        same &= psp_books_get(a, i) == psp_books_get(b, i);
    return same;
}

bool psp_books_went_down(const struct psp_books *before, const struct psp_books *now)
{
    bool down = false;
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        down |= psp_books_get(now, i) < psp_books_get(before, i);
    return down;
}

void psp_books_pack(const struct psp_books *books, uint8_t ret_bytes[PSP_BOOKS_BYTES])
{
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        psp_put64(ret_bytes + 8 * i, psp_books_get(books, i));
}

void psp_books_unpack(const uint8_t bytes[PSP_BOOKS_BYTES], struct psp_books *ret_books)
{
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        psp_books_set(ret_books, i, psp_get64(bytes + 8 * i));
}
