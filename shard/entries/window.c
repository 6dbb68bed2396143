/* A ring of entries. Bytes that are let go are kept for the next entry, or until the
 * writer is done with them. */
#include "shard/entries/window.h"

#include <assert.h>
#include <stdlib.h>

#include "base/checked.h"

enum {
    SPARE_MAX = 96,            /* a little over what can be on the way */
    SPARE_BYTES_MAX = 1 << 20, /* rare big entries are not kept */
};

struct psp_window_bytes *psp_window_take(struct psp_window *window)
{
    struct psp_window_bytes *bytes = window->spare;
    if (bytes == NULL)
        return calloc(1, sizeof(*bytes));
    assert(window->spare_count > 0);
    window->spare = bytes->next;
    window->spare_count--;
    bytes->next = NULL;
    bytes->own = false;
    bytes->buffer.length = 0;
    return bytes;
}

static void destroy_bytes(struct psp_window_bytes *bytes)
{
    psp_buffer_free(&bytes->buffer);
    free(bytes);
}

void psp_window_spare(struct psp_window *window, struct psp_window_bytes *bytes)
{
    if (bytes == NULL)
        return;
    if (window->spare_count >= SPARE_MAX || bytes->buffer.capacity > SPARE_BYTES_MAX) {
        destroy_bytes(bytes);
        return;
    }
    bytes->next = window->spare;
    window->spare = bytes;
    window->spare_count++;
}

static struct psp_window_entry *entry_at(const struct psp_window *window, size_t i)
{
    assert(i < window->capacity);
    return &window->entries[(window->start + i) % window->capacity];
}

void psp_window_cut(struct psp_window *window, uint64_t from)
{
    const uint64_t keep = from > window->first ? from - window->first : 0;
    while (window->count > keep) {
        struct psp_window_bytes *bytes = entry_at(window, --window->count)->bytes;
        if (bytes == NULL)
            continue;
        assert(window->payload_bytes >= bytes->buffer.length);
        window->payload_bytes -= bytes->buffer.length;
        bytes->next = window->dropped;
        window->dropped = bytes;
    }
    if (window->count == 0)
        window->first = from;
    assert(window->first + window->count <= from);
}

enum psp_status psp_window_push(struct psp_window *window, uint64_t term, enum psp_record_type type,
                                struct psp_window_bytes *bytes)
{
    assert(term > 0);
    if (window->count == window->capacity) {
        const size_t capacity = window->capacity == 0 ? 128 : window->capacity * 2;
        struct psp_window_entry *entries = malloc(capacity * sizeof(*entries));
        if (entries == NULL)
            return PSP_ENOMEM;
        for (size_t i = 0; i < window->count; i++)
            entries[i] = *entry_at(window, i);
        free(window->entries);
        window->entries = entries;
        window->capacity = capacity;
        window->start = 0;
    }
    assert(window->count < window->capacity);
    *entry_at(window, window->count++) = (struct psp_window_entry){term, type, bytes};
    if (bytes != NULL)
        window->payload_bytes += bytes->buffer.length;
    return PSP_OK;
}

const struct psp_window_entry *psp_window_at(const struct psp_window *window, uint64_t index)
{
    if (index < window->first || index - window->first >= window->count)
        return NULL;
    return entry_at(window, (size_t)(index - window->first));
}

static void release_dropped(struct psp_window *window, uint64_t written_number)
{
    struct psp_window_bytes **at = &window->dropped;
    while (*at != NULL) {
        struct psp_window_bytes *bytes = *at;
        assert(bytes->append_number > 0); /* it was on its way */
        if (bytes->append_number > written_number) {
            at = &bytes->next;
            continue;
        }
        *at = bytes->next;
        psp_window_spare(window, bytes);
    }
}

bool psp_window_is_full(const struct psp_window *window)
{
    return window->payload_bytes >= PSP_WINDOW_BYTES_MAX;
}

void psp_window_release(struct psp_window *window, uint64_t applied, uint64_t written_number,
                        size_t kept, uint64_t kept_bytes)
{
    release_dropped(window, written_number);
    while (window->count > 0 &&
           (window->first <= applied ? window->count > kept || window->payload_bytes > kept_bytes
                                     : window->payload_bytes > PSP_WINDOW_BYTES_MAX / 2)) {
        struct psp_window_bytes *bytes = entry_at(window, 0)->bytes;
        if (bytes != NULL && bytes->append_number > written_number)
            break;
        assert(bytes == NULL || window->payload_bytes >= bytes->buffer.length);
        if (bytes != NULL)
            window->payload_bytes -= bytes->buffer.length;
        psp_window_spare(window, bytes);
        window->start = (window->start + 1) % window->capacity;
        window->count--;
        window->first++;
    }
}

void psp_window_check(const struct psp_window *window)
{
    assert((window->capacity == 0) == (window->entries == NULL));
    assert(window->count <= window->capacity);
    assert(window->start < window->capacity || window->start == 0);
    assert((window->spare_count == 0) == (window->spare == NULL));
    assert(window->spare_count <= SPARE_MAX);
    if (!PSP_CHECKED)
        return;
    uint64_t bytes = 0;
    for (size_t i = 0; i < window->count; i++) {
        const struct psp_window_entry *entry = entry_at(window, i);
        bytes += entry->bytes == NULL ? 0 : entry->bytes->buffer.length;
    }
    assert(bytes == window->payload_bytes);
}

static void free_list(struct psp_window_bytes *bytes)
{
    while (bytes != NULL) {
        struct psp_window_bytes *next = bytes->next;
        destroy_bytes(bytes);
        bytes = next;
    }
}

void psp_window_free(struct psp_window *window)
{
    psp_window_cut(window, window->first);
    free_list(window->dropped);
    free_list(window->spare);
    free(window->entries);
    *window = (struct psp_window){0};
}
