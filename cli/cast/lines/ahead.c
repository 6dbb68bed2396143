/* Blocks go round: claimed in the order of the file, read by whoever claimed them, handed to the
 * owner and given back in the same order. */
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
    OWNER_MS = 10, /* the longest that the owner waits for a block that is being read */
};

struct bytes {
    char *at;
    size_t length, capacity;
};

struct line {
    uint64_t number;
    size_t text_at, text_bytes; /* in the block's text; bytes SIZE_MAX: it was too long */
    bool readable;
    struct psp_ballot ballot; /* but for its bytes */
    size_t read_at;           /* in the block's `read`: voter ID, marks, doubt; or the fault */
};

struct block {
    bool ready; /* under the lock: the owner may have it */
    size_t n;
    struct bytes text, read;
    struct line lines[PSP_AHEAD_LINES];
    struct psp_ballot_line storage;
};

struct psp_ahead {
    struct psp_ballot_lines form;
    pthread_t threads[PSP_AHEAD_THREADS];
    unsigned thread_count;
    struct block blocks[PSP_AHEAD_BLOCKS];
    /* Of the thread that holds it. */
    pthread_mutex_t cutting;
    struct psp_lines *lines;
    /* Under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t claimed, given_back; /* blocks so far */
    bool idle;                    /* the file has nothing now */
    bool stopping;
    enum psp_status ended; /* PSP_OK: not yet; PSP_ENOENT: the end */
    int error;
    /* The owner's. */
    bool inside; /* of the block that is given back next */
    size_t next_line;
};

static struct block *block_of(struct psp_ahead *ahead, uint64_t number)
{
    return &ahead->blocks[number % PSP_AHEAD_BLOCKS];
}

/* ---- its threads ---- */

/* Where they are. */
static size_t put(struct bytes *to, const void *bytes, size_t length)
{
    const size_t at = to->length;
    if (at + length > to->capacity) {
        to->capacity = 2 * (at + length);
        to->at = psp_memory_resize(to->at, to->capacity, 1);
    }
    memcpy(to->at + at, bytes, length);
    to->length += length;
    return at;
}

static struct line *add(const struct psp_ahead *ahead, struct block *block)
{
    assert(block->n < PSP_AHEAD_LINES);
    struct line *line = &block->lines[block->n++];
    *line = (struct line){.number = psp_lines_number(ahead->lines)};
    return line;
}

/* Lines for a block. PSP_OK: there may be more. */
static enum psp_status cut(struct psp_ahead *ahead, struct block *block)
{
    block->n = block->text.length = block->read.length = 0;
    for (size_t i = 0; i < PSP_AHEAD_LINES && block->text.length < PSP_AHEAD_BYTES; i++) {
        const char *text = NULL;
        size_t bytes = 0;
        const enum psp_status status = psp_lines_next(ahead->lines, &text, &bytes);
        if (status == PSP_EINVAL) {
            add(ahead, block)->text_bytes = SIZE_MAX;
        } else if (status == PSP_OK && bytes > strspn(text, " \t")) {
            struct line *line = add(ahead, block);
            line->text_bytes = bytes;
            line->text_at = put(&block->text, text, bytes + 1);
        } else if (status != PSP_OK && (status != PSP_EAGAIN || block->n == 0 ||
                                        !psp_lines_wait(ahead->lines, PAUSE_MS))) {
            return status;
        }
    }
    return PSP_OK;
}

static void read_line(const struct psp_ahead *ahead, struct block *block, struct line *line)
{
    struct psp_reason reason = {0};
    if (line->text_bytes == SIZE_MAX)
        psp_reason_set(&reason,
                       "longer than a line may be (" PSP_TEXT(PSP_LINE_BYTES_MAX) " bytes)");
    else
        line->readable =
            psp_ballot_line_read(&ahead->form, block->text.at + line->text_at, line->text_bytes,
                                 &block->storage, &line->ballot, &reason) == PSP_OK;
    if (!line->readable) {
        line->read_at = put(&block->read, reason.text, strlen(reason.text) + 1);
        return;
    }
    const struct psp_ballot *ballot = &line->ballot;
    line->read_at = put(&block->read, ballot->voter_id, ballot->voter_id_bytes);
    put(&block->read, ballot->marks, ballot->marks_bytes);
    put(&block->read, block->storage.doubt, strlen(block->storage.doubt) + 1);
}

/* False: stop. */
static bool wait_for_room(struct psp_ahead *ahead)
{
    pthread_mutex_lock(&ahead->lock);
    while (ahead->claimed - ahead->given_back == PSP_AHEAD_BLOCKS && !ahead->stopping)
        pthread_cond_wait(&ahead->moved, &ahead->lock);
    const bool go_on = !ahead->stopping && ahead->ended == PSP_OK;
    pthread_mutex_unlock(&ahead->lock);
    return go_on;
}

/* What cutting gave: a block that is being read now, or none. */
static void claim(struct psp_ahead *ahead, struct block *block, enum psp_status status)
{
    const int error = errno;
    pthread_mutex_lock(&ahead->lock);
    block->ready = false;
    ahead->claimed += block->n > 0;
    ahead->idle = status == PSP_EAGAIN;
    if (status != PSP_OK && status != PSP_EAGAIN) {
        ahead->ended = status;
        ahead->error = error;
    }
    pthread_cond_broadcast(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
}

/* One at a time. The block is the caller's then: an empty one stays with whoever cuts next.
 * NULL: stop. */
static struct block *cut_next(struct psp_ahead *ahead)
{
    struct block *cut_out = NULL;
    pthread_mutex_lock(&ahead->cutting);
    while (cut_out == NULL && wait_for_room(ahead)) {
        struct block *block = block_of(ahead, ahead->claimed); /* only whoever cuts changes it */
        const enum psp_status status = cut(ahead, block);
        claim(ahead, block, status);
        if (block->n > 0)
            cut_out = block;
        else if (status == PSP_EAGAIN)
            psp_lines_wait(ahead->lines, IDLE_MS);
    }
    pthread_mutex_unlock(&ahead->cutting);
    return cut_out;
}

static void *run(void *context)
{
    struct psp_ahead *ahead = context;
    for (struct block *block; (block = cut_next(ahead)) != NULL;) {
        for (size_t i = 0; i < block->n; i++)
            read_line(ahead, block, &block->lines[i]);
        pthread_mutex_lock(&ahead->lock);
        block->ready = true;
        pthread_cond_broadcast(&ahead->moved);
        pthread_mutex_unlock(&ahead->lock);
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
    pthread_mutex_init(&ahead->cutting, NULL);
    pthread_cond_init(&ahead->moved, &monotonic);
    pthread_condattr_destroy(&monotonic);
    while (ahead->thread_count < PSP_AHEAD_THREADS &&
           pthread_create(&ahead->threads[ahead->thread_count], NULL, run, ahead) == 0)
        ahead->thread_count++;
    if (ahead->thread_count == 0) {
        psp_ahead_close(&ahead);
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
    for (unsigned i = 0; i < ahead->thread_count; i++)
        pthread_join(ahead->threads[i], NULL);
    pthread_cond_destroy(&ahead->moved);
    pthread_mutex_destroy(&ahead->cutting);
    pthread_mutex_destroy(&ahead->lock);
    psp_lines_close(&ahead->lines);
    for (size_t i = 0; i < PSP_AHEAD_BLOCKS; i++) {
        free(ahead->blocks[i].text.at);
        free(ahead->blocks[i].read.at);
    }
    free(ahead);
    *at = NULL;
}

static void give_back(struct psp_ahead *ahead)
{
    pthread_mutex_lock(&ahead->lock);
    assert(ahead->given_back < ahead->claimed);
    ahead->given_back++;
    pthread_cond_broadcast(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
    ahead->inside = false;
}

/* Under the lock: PSP_OK: the next block is there; PSP_EBUSY: it is on its way. */
static enum psp_status standing(struct psp_ahead *ahead)
{
    if (ahead->given_back < ahead->claimed)
        return block_of(ahead, ahead->given_back)->ready ? PSP_OK : PSP_EBUSY;
    if (ahead->ended != PSP_OK)
        return ahead->ended;
    return ahead->idle ? PSP_EAGAIN : PSP_EBUSY;
}

/* Waits while the next block is on its way, a little. */
static enum psp_status wait_for_block(struct psp_ahead *ahead)
{
    struct timespec until;
    pthread_mutex_lock(&ahead->lock);
    enum psp_status status = standing(ahead);
    if (status == PSP_EBUSY) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += OWNER_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        int waited = 0;
        while ((status = standing(ahead)) == PSP_EBUSY && waited == 0)
            waited = pthread_cond_timedwait(&ahead->moved, &ahead->lock, &until);
    }
    errno = ahead->error;
    pthread_mutex_unlock(&ahead->lock);
    ahead->inside = status == PSP_OK;
    ahead->next_line = 0;
    return status == PSP_EBUSY ? PSP_EAGAIN : status;
}

enum psp_status psp_ahead_next(struct psp_ahead *ahead, struct psp_ahead_line *ret_line)
{
    if (ahead->inside && ahead->next_line == block_of(ahead, ahead->given_back)->n)
        give_back(ahead);
    if (!ahead->inside) {
        const enum psp_status status = wait_for_block(ahead);
        if (status != PSP_OK)
            return status;
    }
    const struct block *block = block_of(ahead, ahead->given_back);
    const struct line *line = &block->lines[ahead->next_line++];
    const char *at = block->read.at + line->read_at;
    *ret_line = (struct psp_ahead_line){.number = line->number};
    if (!line->readable) {
        ret_line->fault = at;
        return PSP_OK;
    }
    ret_line->ballot = line->ballot;
    ret_line->ballot.voter_id = (const uint8_t *)at;
    ret_line->ballot.marks = (const uint8_t *)at + line->ballot.voter_id_bytes;
    ret_line->doubt = at + line->ballot.voter_id_bytes + line->ballot.marks_bytes;
    return PSP_OK;
}
