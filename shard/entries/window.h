/*
 * window - the log entries that a shard holds in memory: from the oldest
 * that is still to be applied, synced or sent, to the newest.
 *
 * An entry's bytes are written once, when a batch is encoded (or arrives from
 * the leader), and stay where they are until the log writer has synced them
 * and the count has applied them. Their memory is used again, so that a busy
 * shard does not allocate.
 *
 * A replica that applies or writes more slowly than its leader sends is bounded
 * too: beyond half of PSP_WINDOW_BYTES_MAX, entries that are written go although
 * they are not applied (they are read back from the log then), and a window
 * that is full of unwritten ones takes no more from the leader, which sends
 * them again. A leader's own proposals end well below that.
 *
 * Ownership: owns the bytes of its entries.
 * Threads: one owner; the log writer reads the bytes of entries not yet synced.
 */
#ifndef PSP_CORE_WINDOW_H
#define PSP_CORE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "journal/journal.h"
#include "wire/message/message.h"

enum { PSP_WINDOW_BYTES_MAX = 256 << 20 }; /* of payloads */

/* Memory of one entry. */
struct psp_window_bytes {
    struct psp_buffer buffer;
    uint64_t append_number; /* of the write that needs it */
    bool own;               /* encoded here, from what was checked; else a peer's bytes */
    struct psp_window_bytes *next;
};

struct psp_window_entry {
    uint64_t term;
    enum psp_record_type type;
    struct psp_window_bytes *bytes; /* NULL: no payload */
};

struct psp_window {                   /* zero-initialise */
    uint64_t first;                   /* index of the oldest; first + count is next */
    struct psp_window_entry *entries; /* a ring */
    size_t start, count, capacity;
    uint64_t payload_bytes;
    struct psp_window_bytes *spare, *dropped; /* dropped: the writer may still read them */
    size_t spare_count;
};

/* Memory for an entry to be; give it to push or back with spare. NULL: ENOMEM. */
struct psp_window_bytes *psp_window_take(struct psp_window *window);
void psp_window_spare(struct psp_window *window, struct psp_window_bytes *bytes);

/* Drops the entries from `from` on and goes on there. */
void psp_window_cut(struct psp_window *window, uint64_t from);
/* Adds index first + count; owns the bytes then. PSP_ENOMEM. */
enum psp_status psp_window_push(struct psp_window *window, uint64_t term, enum psp_record_type type,
                                struct psp_window_bytes *bytes);
/* NULL: not held. */
const struct psp_window_entry *psp_window_at(const struct psp_window *window, uint64_t index);
/* Nothing more should come in, if that can be helped. */
bool psp_window_is_full(const struct psp_window *window);
/* Lets go of entries up to `applied` whose write is done, but keeps the newest
 * `kept` entries within `kept_bytes`; over the bound, of later ones as well. */
void psp_window_release(struct psp_window *window, uint64_t applied, uint64_t written_number,
                        size_t kept, uint64_t kept_bytes);
/* Asserts that it hangs together; its bytes add up in checked builds (base/checked.h). */
void psp_window_check(const struct psp_window *window);
void psp_window_free(struct psp_window *window);

#endif
