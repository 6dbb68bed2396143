/* The table of a station's counters; everything else is a loop over it. */
#include "election/station_books.h"

#include <assert.h>

static_assert(PSP_STATION_BOOKS_BYTES == 64, "docs/storage.md");
static_assert(sizeof(struct psp_station_books) == PSP_STATION_BOOKS_BYTES + 8,
              "each counter, and disposed[0]");

static const size_t offsets[PSP_STATION_COUNTERS] = {
#define OWN(name) offsetof(struct psp_station_books, name),
#define DISPOSED(NAME, word, value) offsetof(struct psp_station_books, disposed[PSP_##NAME]),
    PSP_STATION_BOOKS(OWN, DISPOSED)
#undef OWN
#undef DISPOSED
};

static const char *const names[PSP_STATION_COUNTERS] = {
#define OWN(name) #name,
#define DISPOSED(NAME, word, value) #word,
    PSP_STATION_BOOKS(OWN, DISPOSED)
#undef OWN
#undef DISPOSED
};

const char *psp_station_books_name(unsigned counter)
{
    assert(counter < PSP_STATION_COUNTERS);
    return names[counter];
}

uint64_t psp_station_books_get(const struct psp_station_books *books, unsigned counter)
{
    assert(counter < PSP_STATION_COUNTERS);
    return *(const uint64_t *)(const void *)((const char *)books + offsets[counter]);
}

void psp_station_books_set(struct psp_station_books *books, unsigned counter, uint64_t value)
{
    assert(counter < PSP_STATION_COUNTERS);
    *(uint64_t *)(void *)((char *)books + offsets[counter]) = value;
}

uint64_t psp_station_books_forgettable(const struct psp_station_books *books)
{
    return books->disposed[PSP_DOUBLE_VOTE] + books->disposed[PSP_NOT_ELIGIBLE] +
           books->disposed[PSP_INVALID];
}

/* promise 3, station by station */
bool psp_station_books_balanced(const struct psp_station_books *books)
{
    uint64_t disposed = 0;
    for (int i = PSP_COUNTED; i < PSP_DISPOSITIONS_END; i++)
        disposed += books->disposed[i];
    return disposed == books->received && books->forgotten <= psp_station_books_forgettable(books);
}

void psp_station_books_add(struct psp_station_books *ret_sum, const struct psp_station_books *add)
{
    for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++)
        psp_station_books_set(ret_sum, i,
                              psp_station_books_get(ret_sum, i) + psp_station_books_get(add, i));
}

bool psp_station_books_agree(const struct psp_station_books *sum, const struct psp_books *books)
{
    bool same = sum->received == books->received;
    for (int i = PSP_COUNTED; i < PSP_DISPOSITIONS_END; i++)
        same &= sum->disposed[i] == books->disposed[i];
    return same;
}

void psp_station_books_pack(const struct psp_station_books *books,
                            uint8_t ret_bytes[PSP_STATION_BOOKS_BYTES])
{
    for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++)
        psp_put64(ret_bytes + 8 * i, psp_station_books_get(books, i));
}

void psp_station_books_unpack(const uint8_t bytes[PSP_STATION_BOOKS_BYTES],
                              struct psp_station_books *ret_books)
{
    *ret_books = (struct psp_station_books){0};
    for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++)
        psp_station_books_set(ret_books, i, psp_get64(bytes + 8 * i));
}

size_t psp_station_books_encode(uint32_t next, uint32_t number,
                                const struct psp_station_books *books,
                                uint8_t ret_bytes[PSP_STATION_ENCODED_MAX])
{
    assert(number >= next);
    size_t n = psp_varint_write(ret_bytes, number - next);
    for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++)
        n += psp_varint_write(ret_bytes + n, psp_station_books_get(books, i));
    assert(n <= PSP_STATION_ENCODED_MAX);
    return n;
}

bool psp_station_books_decode(struct psp_bytes *bytes, uint32_t *next, uint32_t most,
                              uint32_t *ret_number, struct psp_station_books *ret_books)
{
    struct psp_station_books books = {0};
    uint32_t gap;
    size_t used = psp_varint_read(bytes->data, bytes->length, &gap);
    if (used == 0 || *next > most || gap > most - *next)
        return false;
    for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++) {
        uint64_t value;
        const size_t n = psp_varint_read64(bytes->data + used, bytes->length - used, &value);
        if (n == 0)
            return false;
        psp_station_books_set(&books, i, value);
        used += n;
    }
    assert(used <= bytes->length);
    *ret_number = *next + gap;
    *ret_books = books;
    *next += gap + 1;
    *bytes = (struct psp_bytes){bytes->data + used, bytes->length - used};
    return true;
}
