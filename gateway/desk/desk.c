/* Handed over in a list under a lock; an eventfd ends the desk's wait. */
#include "gateway/desk/desk.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/system/clock.h"
#include "process/say.h"

enum {
    RECEIPTS_A_TURN = 4096,
    POOL = 8192, /* ballots: a longer order is shuffled in parts of so many */
    WAIT_MS = 100,
    TICK_MS = 100,
    SAY_EVERY_MS = 10000,
    TROUBLE_BYTES = 256,
};

struct psp_gateway_desk {
    struct psp_gateway_desk_options options;
    struct psp_client *client;
    struct psp_gateway_core *core;
    int wake_fd;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* for the following */
    pthread_cond_t begun;
    struct psp_gateway_order *first, *last; /* handed over, not taken yet */
    bool stopping, has_begun, ended;
    enum psp_status start; /* of the client */
    char trouble[TROUBLE_BYTES];
    /* The thread's own. */
    uint64_t tick_ms;
    struct psp_say_limit warnings;
    struct psp_receipt receipts[RECEIPTS_A_TURN];
};

static const char gave_up[] = "no verdict within 30 seconds; it may be counted: send all of it "
                              "again";

static void wake(struct psp_gateway_desk *desk)
{
    const uint64_t one = 1;
    const ssize_t n = write(desk->wake_fd, &one, sizeof one);
    (void)n; /* full: it is awake */
}

void psp_gateway_desk_hand(struct psp_gateway_desk *desk, struct psp_gateway_order *order)
{
    order->next = NULL;
    pthread_mutex_lock(&desk->lock);
    const bool was_empty = desk->first == NULL, ended = desk->ended;
    if (!ended) {
        if (was_empty)
            desk->first = order;
        else
            desk->last->next = order;
        desk->last = order;
    }
    pthread_mutex_unlock(&desk->lock);
    if (ended) {
        order->state = PSP_GATEWAY_NO_ROOM;
        order->why = "the gateway ends; nothing was sent: send all of it again";
        desk->options.done(order);
    } else if (was_empty) {
        wake(desk);
    }
}

/* False: it is time to end. */
static bool take_orders(struct psp_gateway_desk *desk)
{
    uint64_t count;
    const ssize_t n = read(desk->wake_fd, &count, sizeof count);
    (void)n;
    pthread_mutex_lock(&desk->lock);
    struct psp_gateway_order *order = desk->first;
    desk->first = desk->last = NULL;
    const bool stopping = desk->stopping;
    pthread_mutex_unlock(&desk->lock);
    while (order != NULL) {
        struct psp_gateway_order *next = order->next;
        psp_gateway_core_take(desk->core, order);
        order = next;
    }
    return !stopping;
}

static void submit_all(struct psp_gateway_desk *desk)
{
    struct psp_ballot ballot;
    bool flush;
    while (psp_gateway_core_next(desk->core, &ballot, &flush)) {
        const enum psp_status status = psp_client_submit(desk->client, &ballot);
        assert(status == PSP_OK || status == PSP_EBUSY); /* it was checked when it was read */
        if (status != PSP_OK) {
            psp_gateway_core_unsubmitted(desk->core, ballot.cookie);
            psp_client_flush(desk->client);
            return;
        }
        if (flush)
            psp_client_flush(desk->client);
    }
}

static void note_trouble(struct psp_gateway_desk *desk, enum psp_status status, uint64_t now_ms)
{
    const bool ready = status == PSP_OK && psp_client_connected(desk->client);
    const char *text = ready ? "" : psp_client_error(desk->client);
    pthread_mutex_lock(&desk->lock);
    snprintf(desk->trouble, sizeof desk->trouble, "%s",
             ready || text[0] != '\0' ? text : "no router is connected");
    pthread_mutex_unlock(&desk->lock);
    atomic_store(&desk->options.stats->ready, ready);
    atomic_store(&desk->options.stats->inflight, psp_gateway_core_inflight(desk->core));
    if (status != PSP_OK && psp_say_allowed(&desk->warnings, now_ms, SAY_EVERY_MS, &(uint64_t){0}))
        psp_say(PSP_SAY_WARNING, "routers", "%s", desk->trouble);
}

static void hand_back(struct psp_gateway_desk *desk)
{
    struct psp_gateway_order *order;
    while ((order = psp_gateway_core_done(desk->core)) != NULL)
        desk->options.done(order);
}

static void turn(struct psp_gateway_desk *desk)
{
    size_t n = 0;
    submit_all(desk);
    hand_back(desk);
    const enum psp_status status =
        psp_client_poll(desk->client, WAIT_MS, desk->receipts, RECEIPTS_A_TURN, &n);
    for (size_t i = 0; i < n; i++)
        psp_gateway_core_receipt(desk->core, &desk->receipts[i]);
    const uint64_t now_ms = psp_clock_ms();
    if (now_ms >= desk->tick_ms) {
        desk->tick_ms = now_ms + TICK_MS;
        psp_gateway_core_tick(desk->core, now_ms, gave_up);
        note_trouble(desk, status, now_ms);
    }
    hand_back(desk);
    /* The routers refuse this gateway for good: poll does not wait then. */
    if (n == 0 && status != PSP_OK)
        poll(&(struct pollfd){.fd = desk->wake_fd, .events = POLLIN}, 1, WAIT_MS);
}

static void *run(void *context)
{
    struct psp_gateway_desk *desk = context;
    uint64_t seed = 0;
    char reason[TROUBLE_BYTES] = "";
    enum psp_status status = getrandom(&seed, sizeof seed, 0) == sizeof seed ? PSP_OK : PSP_EIO;
    const struct psp_client_options options = {
        .cluster_path = desk->options.cluster_path,
        .key_path = desk->options.key_path,
        .definition = desk->options.definition,
        .inflight_max = PSP_GATEWAY_INFLIGHT_MAX,
        .seed = seed,
        .pool = POOL,
        .gateway = true,
        .wake_fd = desk->wake_fd,
    };
    if (status == PSP_OK)
        status = psp_client_create(&options, &desk->client, reason, sizeof reason);
    pthread_mutex_lock(&desk->lock);
    desk->start = status;
    desk->has_begun = true;
    snprintf(desk->trouble, sizeof desk->trouble, "%s",
             status == PSP_OK ? "no router is connected yet" : reason);
    pthread_cond_signal(&desk->begun);
    pthread_mutex_unlock(&desk->lock);
    while (status == PSP_OK && take_orders(desk))
        turn(desk);
    if (status == PSP_OK) {
        pthread_mutex_lock(&desk->lock);
        desk->ended = true;
        pthread_mutex_unlock(&desk->lock);
        take_orders(desk); /* those that came meanwhile */
        psp_gateway_core_end(desk->core, "the gateway ended; it may be counted: send all of it "
                                         "again");
        hand_back(desk);
    }
    psp_client_destroy(&desk->client);
    return NULL;
}

enum psp_status psp_gateway_desk_create(const struct psp_gateway_desk_options *options,
                                        struct psp_gateway_desk **ret_desk,
                                        struct psp_reason *reterr_reason)
{
    struct psp_gateway_desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL)
        return PSP_ENOMEM;
    desk->options = *options;
    pthread_mutex_init(&desk->lock, NULL);
    pthread_cond_init(&desk->begun, NULL);
    desk->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum psp_status status = desk->wake_fd > 0 ? psp_gateway_core_create(0, &desk->core) : PSP_EIO;
    if (status == PSP_OK && pthread_create(&desk->thread, NULL, run, desk) != 0)
        status = PSP_EIO;
    if (status == PSP_OK) {
        desk->running = true;
        pthread_mutex_lock(&desk->lock);
        while (!desk->has_begun)
            pthread_cond_wait(&desk->begun, &desk->lock);
        status = desk->start;
        if (status != PSP_OK)
            psp_reason_set(reterr_reason, "%s", desk->trouble);
        pthread_mutex_unlock(&desk->lock);
    }
    if (status != PSP_OK) {
        psp_gateway_desk_destroy(&desk);
        return status;
    }
    *ret_desk = desk;
    return PSP_OK;
}

void psp_gateway_desk_stop(struct psp_gateway_desk *desk)
{
    if (!desk->running)
        return;
    pthread_mutex_lock(&desk->lock);
    desk->stopping = true;
    pthread_mutex_unlock(&desk->lock);
    wake(desk);
    pthread_join(desk->thread, NULL);
    desk->running = false;
}

void psp_gateway_desk_destroy(struct psp_gateway_desk **desk_at)
{
    struct psp_gateway_desk *desk = *desk_at;
    if (desk == NULL)
        return;
    psp_gateway_desk_stop(desk);
    if (desk->wake_fd > 0)
        close(desk->wake_fd);
    psp_gateway_core_destroy(&desk->core);
    pthread_cond_destroy(&desk->begun);
    pthread_mutex_destroy(&desk->lock);
    free(desk);
    *desk_at = NULL;
}

void psp_gateway_desk_trouble(struct psp_gateway_desk *desk, char *ret_text, size_t size)
{
    pthread_mutex_lock(&desk->lock);
    snprintf(ret_text, size, "%s", desk->trouble);
    pthread_mutex_unlock(&desk->lock);
}
