/* GET /api/v1/election, of one collector after another until one answers. */
#include "bridge/kafka_in/ask.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/core/vector.h"
#include "bridge/feed/feed.h"

enum step { RESTING, ASKING, ANSWERED };

struct psp_bridge_asker {
    struct psp_bridge_feed *feed;
    struct psp_bridge_collectors collectors;
    uint32_t api; /* asked first: the one that answered last */
    int wake_fd;
    pthread_t thread;
    bool is_running;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t news;
    enum step step;
    bool ending;
    struct psp_bridge_asked asked;
};

static bool read_state(const json_t *answer, enum psp_election_state *ret_state)
{
    const char *word =
        json_string_value(json_object_get(json_object_get(answer, "election"), "state"));
    for (uint64_t n = 0; word && psp_election_state_known(n); n++)
        if (strcmp(psp_election_state_name((enum psp_election_state)n), word) == 0) {
            *ret_state = (enum psp_election_state)n;
            return true;
        }
    return false;
}

/* Only with the epoch of every shard: a sum of fewer would name another group. */
static bool read_answer(const json_t *answer, uint32_t shards, struct psp_bridge_asked *asked)
{
    static _Thread_local struct psp_bridge_vector vector;
    if (!psp_bridge_vector_read(json_object_get(answer, "version"), &vector) ||
        !read_state(answer, &asked->election))
        return false;
    asked->epochs = 0;
    for (uint32_t i = 0; i < vector.count; i++) {
        if (vector.places[i].epoch == 0)
            return false;
        asked->epochs += vector.places[i].epoch;
    }
    return vector.count == shards;
}

static void ask_all(struct psp_bridge_feed *feed, const struct psp_bridge_collectors *of,
                    uint32_t *api, struct psp_bridge_asked *asked)
{
    for (uint32_t i = 0; i < of->count && !asked->is_answered; i++) {
        json_t *answer = NULL;
        psp_bridge_feed_turn(feed, *api);
        if (psp_bridge_feed_get(feed, "/api/v1/election", &answer, &asked->reason) == PSP_OK) {
            asked->is_answered = read_answer(answer, of->shards, asked);
            if (!asked->is_answered)
                psp_reason_set(&asked->reason, "%s: has not heard of every shard yet",
                               psp_bridge_feed_url(feed));
            json_decref(answer);
        }
        if (!asked->is_answered)
            *api = (*api + 1) % of->count;
    }
}

void psp_bridge_ask_now(const struct psp_bridge_collectors *collectors,
                        struct psp_bridge_stop *stop, struct psp_bridge_asked *ret_asked)
{
    struct psp_bridge_feed *feed = NULL;
    uint32_t api = 0;
    *ret_asked = (struct psp_bridge_asked){0};
    if (psp_bridge_feed_create(collectors->urls, collectors->count, stop, &feed) != PSP_OK)
        return;
    ask_all(feed, collectors, &api, ret_asked);
    psp_bridge_feed_destroy(&feed);
}

static void *run(void *context)
{
    struct psp_bridge_asker *asker = context;
    pthread_mutex_lock(&asker->lock);
    while (!asker->ending) {
        if (asker->step != ASKING) {
            pthread_cond_wait(&asker->news, &asker->lock);
            continue;
        }
        struct psp_bridge_asked asked = {.number = asker->asked.number};
        pthread_mutex_unlock(&asker->lock);
        ask_all(asker->feed, &asker->collectors, &asker->api, &asked);
        pthread_mutex_lock(&asker->lock);
        asker->asked = asked;
        asker->step = ANSWERED;
        const uint64_t one = 1;
        const ssize_t n = write(asker->wake_fd, &one, sizeof one);
        (void)n; /* full: it is awake */
    }
    pthread_mutex_unlock(&asker->lock);
    return NULL;
}

enum psp_status psp_bridge_asker_create(const struct psp_bridge_collectors *collectors,
                                        struct psp_bridge_stop *stop, int wake_fd,
                                        struct psp_bridge_asker **ret_asker)
{
    struct psp_bridge_asker *asker = calloc(1, sizeof *asker);
    if (!asker)
        return PSP_ENOMEM;
    asker->collectors = *collectors;
    asker->wake_fd = wake_fd;
    pthread_mutex_init(&asker->lock, NULL);
    pthread_cond_init(&asker->news, NULL);
    enum psp_status status =
        psp_bridge_feed_create(collectors->urls, collectors->count, stop, &asker->feed);
    if (status == PSP_OK) {
        asker->is_running = pthread_create(&asker->thread, NULL, run, asker) == 0;
        status = asker->is_running ? PSP_OK : PSP_EIO;
    }
    if (status != PSP_OK) {
        psp_bridge_asker_destroy(&asker);
        return status;
    }
    *ret_asker = asker;
    return PSP_OK;
}

void psp_bridge_asker_destroy(struct psp_bridge_asker **asker_at)
{
    struct psp_bridge_asker *asker = *asker_at;
    if (!asker)
        return;
    if (asker->is_running) {
        pthread_mutex_lock(&asker->lock);
        asker->ending = true;
        pthread_cond_signal(&asker->news);
        pthread_mutex_unlock(&asker->lock);
        pthread_join(asker->thread, NULL);
    }
    psp_bridge_feed_destroy(&asker->feed);
    pthread_cond_destroy(&asker->news);
    pthread_mutex_destroy(&asker->lock);
    free(asker);
    *asker_at = NULL;
}

bool psp_bridge_asker_ask(struct psp_bridge_asker *asker, uint64_t number)
{
    pthread_mutex_lock(&asker->lock);
    const bool can = asker->step == RESTING;
    if (can) {
        asker->asked.number = number;
        asker->step = ASKING;
        pthread_cond_signal(&asker->news);
    }
    pthread_mutex_unlock(&asker->lock);
    return can;
}

bool psp_bridge_asker_take(struct psp_bridge_asker *asker, struct psp_bridge_asked *ret_asked)
{
    pthread_mutex_lock(&asker->lock);
    const bool has = asker->step == ANSWERED;
    if (has) {
        *ret_asked = asker->asked;
        asker->step = RESTING;
    }
    pthread_mutex_unlock(&asker->lock);
    return has;
}
