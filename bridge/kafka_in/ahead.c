/* Blocks go round: filled by the owner, claimed and read by a thread, emptied by the owner. */
#include "bridge/kafka_in/ahead.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory/grow.h"

struct item {
    rd_kafka_message_t *message;
    uint32_t round;
    enum psp_status status;
    struct psp_ballot ballot; /* but for its bytes */
    size_t at;                /* in the block's bytes: voter ID, marks, doubt; or why not */
};

struct block {
    bool ready; /* under the lock: the owner may have it back */
    uint32_t n;
    char *bytes;
    size_t length, capacity;
    struct item items[PSP_BRIDGE_AHEAD_MESSAGES];
};

struct thread {
    struct psp_bridge_ahead *ahead;
    struct psp_bridge_messages *messages;
    pthread_t id;
};

struct psp_bridge_ahead {
    struct block blocks[PSP_BRIDGE_AHEAD_BLOCKS];
    struct thread threads[PSP_BRIDGE_AHEAD_THREADS];
    uint32_t thread_count;
    int wake_fd;
    /* Under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t handed, claimed, read; /* blocks so far */
    bool stopping;
    /* The owner's. */
    uint64_t taken; /* blocks given back */
    uint32_t next;  /* of the block that is given back next */
};

static struct block *block_of(struct psp_bridge_ahead *ahead, uint64_t number)
{
    return &ahead->blocks[number % PSP_BRIDGE_AHEAD_BLOCKS];
}

/* ---- its threads ---- */

static bool put(struct block *block, const void *bytes, size_t length)
{
    if (!PSP_GROW(block->bytes, block->capacity, block->length + length))
        return false;
    memcpy(block->bytes + block->length, bytes, length);
    block->length += length;
    return true;
}

static struct psp_bytes bytes_of(const void *data, size_t length)
{
    return (struct psp_bytes){.data = data, .length = length};
}

static enum psp_status read_item(struct psp_bridge_messages *messages, struct block *block,
                                 struct item *item)
{
    struct psp_reason reason = {0};
    const char *doubt = "";
    const rd_kafka_message_t *message = item->message;
    struct psp_ballot *ballot = &item->ballot;
    item->at = block->length;
    if (!message->payload) /* of a compacted topic: there is no ballot in it */
        return PSP_ENOENT;
    const enum psp_status status =
        psp_bridge_message_read(messages, bytes_of(message->key, message->key_len),
                                bytes_of(message->payload, message->len), ballot, &doubt, &reason);
    if (status == PSP_EINVAL) {
        const char *text = psp_reason_text(&reason, status);
        return put(block, text, strlen(text) + 1) ? PSP_EINVAL : PSP_ENOMEM;
    }
    if (status == PSP_OK &&
        !(put(block, ballot->voter_id, ballot->voter_id_bytes) &&
          put(block, ballot->marks, ballot->marks_bytes) && put(block, doubt, strlen(doubt) + 1)))
        return PSP_ENOMEM;
    return status;
}

static struct block *claim(struct psp_bridge_ahead *ahead)
{
    pthread_mutex_lock(&ahead->lock);
    while (ahead->claimed == ahead->handed && !ahead->stopping)
        pthread_cond_wait(&ahead->moved, &ahead->lock);
    struct block *block = ahead->stopping ? NULL : block_of(ahead, ahead->claimed++);
    pthread_mutex_unlock(&ahead->lock);
    return block;
}

static void *run(void *context)
{
    static const uint64_t one = 1;
    const struct thread *thread = context;
    struct psp_bridge_ahead *ahead = thread->ahead;
    for (struct block *block; (block = claim(ahead));) {
        for (uint32_t i = 0; i < block->n; i++)
            block->items[i].status = read_item(thread->messages, block, &block->items[i]);
        pthread_mutex_lock(&ahead->lock);
        block->ready = true;
        ahead->read++;
        pthread_cond_broadcast(&ahead->moved);
        pthread_mutex_unlock(&ahead->lock);
        const ssize_t written = write(ahead->wake_fd, &one, sizeof one);
        (void)written;
    }
    return NULL;
}

/* ---- the owner ---- */

bool psp_bridge_ahead_has_room(const struct psp_bridge_ahead *ahead)
{
    return ahead->handed - ahead->taken < PSP_BRIDGE_AHEAD_BLOCKS;
}

static void hand(struct psp_bridge_ahead *ahead, bool full)
{
    pthread_mutex_lock(&ahead->lock);
    if (full || ahead->handed - ahead->read < ahead->thread_count) {
        ahead->handed++;
        pthread_cond_signal(&ahead->moved);
    }
    pthread_mutex_unlock(&ahead->lock);
}

void psp_bridge_ahead_add(struct psp_bridge_ahead *ahead, rd_kafka_message_t *message,
                          uint32_t round)
{
    assert(psp_bridge_ahead_has_room(ahead));
    struct block *block = block_of(ahead, ahead->handed);
    block->items[block->n++] = (struct item){.message = message, .round = round};
    if (block->n == PSP_BRIDGE_AHEAD_MESSAGES)
        hand(ahead, true);
}

void psp_bridge_ahead_hand(struct psp_bridge_ahead *ahead)
{
    if (psp_bridge_ahead_has_room(ahead) && block_of(ahead, ahead->handed)->n > 0)
        hand(ahead, false);
}

static bool is_ready(struct psp_bridge_ahead *ahead)
{
    if (ahead->next > 0) /* we are inside */
        return true;
    pthread_mutex_lock(&ahead->lock);
    const bool ready = ahead->taken < ahead->handed && block_of(ahead, ahead->taken)->ready;
    pthread_mutex_unlock(&ahead->lock);
    return ready;
}

bool psp_bridge_ahead_first(struct psp_bridge_ahead *ahead, struct psp_bridge_read *ret_read)
{
    if (!is_ready(ahead))
        return false;
    const struct block *block = block_of(ahead, ahead->taken);
    const struct item *item = &block->items[ahead->next];
    const char *at = block->bytes + item->at;
    *ret_read = (struct psp_bridge_read){.message = item->message,
                                         .round = item->round,
                                         .status = item->status,
                                         .text = item->status == PSP_EINVAL ? at : ""};
    if (item->status != PSP_OK)
        return true;
    ret_read->ballot = item->ballot;
    ret_read->ballot.voter_id = (const uint8_t *)at;
    ret_read->ballot.marks = (const uint8_t *)at + item->ballot.voter_id_bytes;
    ret_read->text = at + item->ballot.voter_id_bytes + item->ballot.marks_bytes;
    return true;
}

static void give_back(struct psp_bridge_ahead *ahead)
{
    struct block *block = block_of(ahead, ahead->taken++);
    block->ready = false;
    block->n = 0;
    block->length = 0;
    ahead->next = 0;
}

void psp_bridge_ahead_pop(struct psp_bridge_ahead *ahead)
{
    struct block *block = block_of(ahead, ahead->taken);
    block->items[ahead->next++].message = NULL;
    if (ahead->next == block->n)
        give_back(ahead);
}

void psp_bridge_ahead_clear(struct psp_bridge_ahead *ahead)
{
    pthread_mutex_lock(&ahead->lock);
    while (ahead->read < ahead->handed)
        pthread_cond_wait(&ahead->moved, &ahead->lock);
    if (psp_bridge_ahead_has_room(ahead) && block_of(ahead, ahead->handed)->n > 0)
        ahead->claimed = ahead->read = ++ahead->handed; /* of the owner alone, and not read */
    pthread_mutex_unlock(&ahead->lock);
    while (ahead->taken < ahead->handed) {
        const struct block *block = block_of(ahead, ahead->taken);
        for (uint32_t i = ahead->next; i < block->n; i++)
            rd_kafka_message_destroy(block->items[i].message);
        give_back(ahead);
    }
}

/* ---- life ---- */

enum psp_status psp_bridge_ahead_create(const struct psp_bridge_ahead_options *options,
                                        struct psp_bridge_ahead **ret_ahead)
{
    struct psp_bridge_ahead *ahead = calloc(1, sizeof *ahead);
    if (!ahead)
        return PSP_ENOMEM;
    ahead->wake_fd = options->wake_fd;
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->moved, NULL);
    enum psp_status status = PSP_OK;
    for (uint32_t i = 0; i < PSP_BRIDGE_AHEAD_THREADS && status == PSP_OK; i++) {
        struct thread *thread = &ahead->threads[i];
        thread->ahead = ahead;
        status = psp_bridge_messages_create(options->definition, options->format, options->secret,
                                            &thread->messages);
        if (status != PSP_OK)
            break;
        if (pthread_create(&thread->id, NULL, run, thread) != 0) {
            psp_bridge_messages_destroy(&thread->messages);
            status = i > 0 ? PSP_OK : PSP_EAGAIN;
            break;
        }
        ahead->thread_count++;
    }
    if (status != PSP_OK) {
        psp_bridge_ahead_destroy(&ahead);
        return status;
    }
    *ret_ahead = ahead;
    return PSP_OK;
}

void psp_bridge_ahead_destroy(struct psp_bridge_ahead **ahead_at)
{
    struct psp_bridge_ahead *ahead = *ahead_at;
    if (!ahead)
        return;
    psp_bridge_ahead_clear(ahead);
    pthread_mutex_lock(&ahead->lock);
    ahead->stopping = true;
    pthread_cond_broadcast(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
    for (uint32_t i = 0; i < ahead->thread_count; i++) {
        pthread_join(ahead->threads[i].id, NULL);
        psp_bridge_messages_destroy(&ahead->threads[i].messages);
    }
    pthread_cond_destroy(&ahead->moved);
    pthread_mutex_destroy(&ahead->lock);
    for (uint32_t i = 0; i < PSP_BRIDGE_AHEAD_BLOCKS; i++)
        free(ahead->blocks[i].bytes);
    free(ahead);
    *ahead_at = NULL;
}
