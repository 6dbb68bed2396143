/* Few enough to look through. Views are let go outside of the lock: that frees their arrays. */
#include "collector/view/slot.h"

#include <assert.h>
#include <string.h>

#include "base/checked.h"

static_assert(PSP_VIEWS_KEPT_MIN >= 2,
              "what a page began with is there when the next is published");
static_assert(PSP_VIEWS_KEPT_MIN < PSP_VIEWS_KEPT_MAX, "one can be dropped for another");

/* Under the lock. The first alone is the newest; bytes are those of all. */
static void check(const struct psp_view_slot *slot)
{
    uint64_t bytes = 0;
    assert(slot->count <= PSP_VIEWS_KEPT_MAX);
    assert(slot->count == 0 || slot->kept[0].until_ms == UINT64_MAX);
    for (uint32_t i = 0; PSP_CHECKED && i < slot->count; i++) {
        const struct psp_view_kept *kept = &slot->kept[i];
        assert(i == 0 || kept->until_ms != UINT64_MAX);
        assert(kept->view->references > 0);
        bytes += kept->view->bytes;
    }
    assert(!PSP_CHECKED || bytes == slot->bytes);
}

void psp_view_slot_init(struct psp_view_slot *slot)
{
    slot->count = 0;
    slot->bytes = 0;
    const int rc = pthread_mutex_init(&slot->lock, NULL);
    assert(rc == 0);
}

void psp_view_slot_clear(struct psp_view_slot *slot)
{
    for (uint32_t i = 0; i < slot->count; i++)
        psp_view_release(&slot->kept[i].view);
    slot->count = 0;
    slot->bytes = 0;
    pthread_mutex_destroy(&slot->lock);
}

/* Views that leave the slot, to be let go. */
struct dropped {
    uint32_t count;
    struct psp_view *views[PSP_VIEWS_KEPT_MAX];
};

static void drop_last(struct psp_view_slot *slot, struct dropped *dropped)
{
    assert(slot->count > 0 && dropped->count < PSP_VIEWS_KEPT_MAX);
    struct psp_view *last = slot->kept[--slot->count].view;
    assert(slot->bytes >= last->bytes);
    slot->bytes -= last->bytes;
    dropped->views[dropped->count++] = last;
}

/* The oldest is the first to go for each of the reasons. */
static void drop_old(struct psp_view_slot *slot, uint64_t now_ms, struct dropped *dropped)
{
    while (slot->count > PSP_VIEWS_KEPT_MIN &&
           (now_ms > slot->kept[slot->count - 1].until_ms || slot->bytes > PSP_VIEWS_KEPT_BYTES))
        drop_last(slot, dropped);
    check(slot);
}

static void let_go(struct dropped *dropped)
{
    for (uint32_t i = 0; i < dropped->count; i++)
        psp_view_release(&dropped->views[i]);
}

void psp_view_slot_put(struct psp_view_slot *slot, struct psp_view *view, uint64_t now_ms)
{
    struct dropped dropped = {0};
    pthread_mutex_lock(&slot->lock);
    if (slot->count == PSP_VIEWS_KEPT_MAX)
        drop_last(slot, &dropped);
    assert(slot->count < PSP_VIEWS_KEPT_MAX);
    memmove(slot->kept + 1, slot->kept, slot->count * sizeof *slot->kept);
    if (slot->count > 0)
        slot->kept[1].until_ms = now_ms + PSP_VIEWS_KEPT_MS;
    slot->kept[0] = (struct psp_view_kept){.view = view, .until_ms = UINT64_MAX};
    slot->count++;
    slot->bytes += view->bytes;
    drop_old(slot, now_ms, &dropped);
    pthread_mutex_unlock(&slot->lock);
    let_go(&dropped);
}

void psp_view_slot_expire(struct psp_view_slot *slot, uint64_t now_ms)
{
    struct dropped dropped = {0};
    pthread_mutex_lock(&slot->lock);
    drop_old(slot, now_ms, &dropped);
    pthread_mutex_unlock(&slot->lock);
    let_go(&dropped);
}

struct psp_view *psp_view_slot_take(struct psp_view_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    struct psp_view *view = slot->count > 0 ? psp_view_hold(slot->kept[0].view) : NULL;
    pthread_mutex_unlock(&slot->lock);
    return view;
}

struct psp_view *psp_view_slot_find(struct psp_view_slot *slot, const char *id, uint64_t now_ms)
{
    struct psp_view *found = NULL;
    pthread_mutex_lock(&slot->lock);
    for (uint32_t i = 0; i < slot->count && !found; i++) {
        const struct psp_view_kept *kept = &slot->kept[i];
        if ((i < PSP_VIEWS_KEPT_MIN || now_ms <= kept->until_ms) && strcmp(kept->view->id, id) == 0)
            found = psp_view_hold(kept->view);
    }
    pthread_mutex_unlock(&slot->lock);
    return found;
}
