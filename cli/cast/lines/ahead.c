/* Blocks go round between the thread and its owner: filled ones in the order of the file. */
#include "cli/cast/lines/ahead.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "cli/cast/lines/lines.h"
#include "cli/say/memory.h"

enum {
    PAUSE_MS = 2,  /* a pipe that has more within that fills its block */
    IDLE_MS = 50,  /* between two looks whether to stop */
    OWNER_MS = 10, /* the longest that the owner waits for a block that is being filled */
};

struct taken {
    struct psp_ballot ballot; /* its bytes are in the block's */
    uint64_t number;
    size_t at; /* voter ID, marks, then the text: a doubt or a fault */
    bool readable;
};

struct block {
    size_t n, length, capacity;
    char *bytes;
    struct taken lines[PSP_AHEAD_LINES];
};

struct psp_ahead {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    /* Under the lock. */
    uint32_t full; /* blocks from `reading` on; the owner may be inside the first */
    bool idle;     /* the file has nothing now */
    bool stopping;
    enum psp_status ended; /* PSP_OK: not yet; PSP_ENOENT: the end */
    int error;
    /* The owner's. */
    uint32_t reading;
    size_t line;
    bool inside; /* of blocks[reading] */
    /* The thread's. */
    struct psp_ballot_lines form;
    struct psp_lines *lines;
    uint32_t filling;
    struct psp_ballot_line storage;
    struct block blocks[PSP_AHEAD_BLOCKS];
};

/* ---- the thread ---- */

static void put(struct block *block, const void *bytes, size_t length)
{
    if (block->length + length > block->capacity) {
        block->capacity = 2 * (block->length + length);
        block->bytes = psp_memory_resize(block->bytes, block->capacity, 1);
    }
    memcpy(block->bytes + block->length, bytes, length);
    block->length += length;
}

static struct taken *add(const struct psp_ahead *ahead, struct block *block)
{
    assert(block->n < PSP_AHEAD_LINES);
    struct taken *taken = &block->lines[block->n++];
    *taken = (struct taken){.number = psp_lines_number(ahead->lines), .at = block->length};
    return taken;
}

static void add_fault(const struct psp_ahead *ahead, struct block *block, const char *why)
{
    add(ahead, block);
    put(block, why, strlen(why) + 1);
}

static void take(struct psp_ahead *ahead, struct block *block, const char *text, size_t bytes)
{
    struct psp_ballot ballot;
    struct psp_reason reason = {0};
    if (bytes == strspn(text, " \t"))
        return; /* empty */
    if (psp_ballot_line_read(&ahead->form, text, bytes, &ahead->storage, &ballot, &reason) !=
        PSP_OK) {
        add_fault(ahead, block, reason.text);
        return;
    }
    struct taken *taken = add(ahead, block);
    taken->readable = true;
    taken->ballot = ballot;
    put(block, ballot.voter_id, ballot.voter_id_bytes);
    put(block, ballot.marks, ballot.marks_bytes);
    put(block, ahead->storage.doubt, strlen(ahead->storage.doubt) + 1);
}

/* PSP_OK: the block is full. */
static enum psp_status fill(struct psp_ahead *ahead, struct block *block)
{
    block->n = block->length = 0;
    for (size_t i = 0; i < PSP_AHEAD_LINES && block->length < PSP_AHEAD_BYTES; i++) {
        const char *text = NULL;
        size_t bytes = 0;
        const enum psp_status status = psp_lines_next(ahead->lines, &text, &bytes);
        if (status == PSP_EINVAL)
            add_fault(ahead, block,
                      "longer than a line may be (" PSP_TEXT(PSP_LINE_BYTES_MAX) " bytes)");
        else if (status == PSP_OK)
            take(ahead, block, text, bytes);
        else if (status != PSP_EAGAIN || block->n == 0 || !psp_lines_wait(ahead->lines, PAUSE_MS))
            return status;
    }
    return PSP_OK;
}

/* NULL: stop. */
static struct block *wait_for_room(struct psp_ahead *ahead)
{
    pthread_mutex_lock(&ahead->lock);
    while (ahead->full == PSP_AHEAD_BLOCKS && !ahead->stopping)
        pthread_cond_wait(&ahead->moved, &ahead->lock);
    const bool stopping = ahead->stopping;
    pthread_mutex_unlock(&ahead->lock);
    return stopping ? NULL : &ahead->blocks[ahead->filling];
}

static void hand_over(struct psp_ahead *ahead, const struct block *block, enum psp_status status)
{
    const int error = errno;
    pthread_mutex_lock(&ahead->lock);
    if (block->n > 0) {
        ahead->full++;
        ahead->filling = (ahead->filling + 1) % PSP_AHEAD_BLOCKS;
    }
    ahead->idle = status == PSP_EAGAIN;
    if (status != PSP_OK && status != PSP_EAGAIN) {
        ahead->ended = status;
        ahead->error = error;
    }
    pthread_cond_broadcast(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
}

static void *run(void *context)
{
    struct psp_ahead *ahead = context;
    enum psp_status status = PSP_OK;
    struct block *block;
    while ((status == PSP_OK || status == PSP_EAGAIN) && (block = wait_for_room(ahead)) != NULL) {
        status = fill(ahead, block);
        hand_over(ahead, block, status);
        if (status == PSP_EAGAIN)
            psp_lines_wait(ahead->lines, IDLE_MS);
    }
    return NULL;
}

/* ---- the owner ---- */

enum psp_status psp_ahead_open(const char *path, const struct psp_ballot_lines *form,
                               struct psp_ahead **ret_ahead)
{
    struct psp_lines *lines = NULL;
    const enum psp_status status = psp_lines_open(path, &lines);
    if (status != PSP_OK)
        return status;
    struct psp_ahead *ahead = psp_memory_array(1, sizeof *ahead);
    ahead->form = *form;
    ahead->lines = lines;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->moved, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&ahead->thread, NULL, run, ahead) != 0) {
        psp_lines_close(&ahead->lines);
        free(ahead);
        return PSP_EAGAIN;
    }
    *ret_ahead = ahead;
    return PSP_OK;
}

void psp_ahead_close(struct psp_ahead **at)
{
    struct psp_ahead *ahead = *at;
    if (!ahead)
        return;
    pthread_mutex_lock(&ahead->lock);
    ahead->stopping = true;
    pthread_cond_broadcast(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
    pthread_join(ahead->thread, NULL);
    pthread_cond_destroy(&ahead->moved);
    pthread_mutex_destroy(&ahead->lock);
    psp_lines_close(&ahead->lines);
    for (size_t i = 0; i < PSP_AHEAD_BLOCKS; i++)
        free(ahead->blocks[i].bytes);
    free(ahead);
    *at = NULL;
}

static void give_back(struct psp_ahead *ahead)
{
    pthread_mutex_lock(&ahead->lock);
    assert(ahead->full > 0);
    ahead->full--;
    pthread_cond_broadcast(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
    ahead->reading = (ahead->reading + 1) % PSP_AHEAD_BLOCKS;
    ahead->inside = false;
}

/* Waits while the thread is filling one, a little. */
static enum psp_status wait_for_block(struct psp_ahead *ahead)
{
    struct timespec until;
    enum psp_status status = PSP_OK;
    pthread_mutex_lock(&ahead->lock);
    if (ahead->full == 0 && ahead->ended == PSP_OK && !ahead->idle) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += OWNER_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        while (ahead->full == 0 && ahead->ended == PSP_OK && !ahead->idle &&
               pthread_cond_timedwait(&ahead->moved, &ahead->lock, &until) == 0)
            continue;
    }
    if (ahead->full == 0) {
        status = ahead->ended == PSP_OK ? PSP_EAGAIN : ahead->ended;
        errno = ahead->error;
    }
    pthread_mutex_unlock(&ahead->lock);
    ahead->inside = status == PSP_OK;
    ahead->line = 0;
    return status;
}

enum psp_status psp_ahead_next(struct psp_ahead *ahead, struct psp_ahead_line *ret_line)
{
    if (ahead->inside && ahead->line == ahead->blocks[ahead->reading].n)
        give_back(ahead);
    if (!ahead->inside) {
        const enum psp_status status = wait_for_block(ahead);
        if (status != PSP_OK)
            return status;
    }
    const struct block *block = &ahead->blocks[ahead->reading];
    const struct taken *taken = &block->lines[ahead->line++];
    const char *at = block->bytes + taken->at;
    *ret_line = (struct psp_ahead_line){.number = taken->number};
    if (!taken->readable) {
        ret_line->fault = at;
        return PSP_OK;
    }
    ret_line->ballot = taken->ballot;
    ret_line->ballot.voter_id = (const uint8_t *)at;
    ret_line->ballot.marks = (const uint8_t *)at + taken->ballot.voter_id_bytes;
    ret_line->doubt = at + taken->ballot.voter_id_bytes + taken->ballot.marks_bytes;
    return PSP_OK;
}
