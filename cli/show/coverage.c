/* Asks until an answer's version is at or past every index, or time is up. */
#include "cli/show/coverage.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/folder/local.h"
#include "cli/say/progress.h"
#include "cli/show/rest.h"

enum { POLL_MS = 20, SILENCE_MS = 2500 };

/* True when the answer's version is at or past every index. */
static bool covers(const json_t *root, const struct psp_cluster *cluster, const uint64_t *index)
{
    const json_t *shards = json_object_get(json_object_get(root, "version"), "shards");
    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        const json_t *shard;
        size_t i;
        bool reached = index[s] == 0;
        json_array_foreach(shards, i, shard)
        {
            reached = reached ||
                      ((uint64_t)json_integer_value(json_object_get(shard, "shard")) ==
                           cluster->shards[s].shard &&
                       (uint64_t)json_integer_value(json_object_get(shard, "index")) >= index[s]);
        }
        if (!reached)
            return false;
    }
    return true;
}

/* `index` NULL: only that the board is current. */
static enum psp_status ask(struct psp_rest *rest, const struct psp_cluster *cluster,
                           const uint64_t *index)
{
    json_t *root = NULL;
    enum psp_status status = psp_rest_get(rest, index ? "/api/v1/accounting" : "/readyz", &root);
    if (status == PSP_OK && index && !covers(root, cluster, index))
        status = PSP_EAGAIN;
    json_decref(root);
    return status;
}

static enum psp_status wait_one(struct psp_rest *rest, const struct psp_cluster *cluster,
                                const uint64_t *index, const struct psp_coverage_words *words,
                                uint64_t end_ms, struct psp_reason *reterr_reason)
{
    const uint64_t say_ms = psp_progress_clock_ms() + SILENCE_MS;
    bool said = words == NULL;
    for (;;) {
        const enum psp_status status = ask(rest, cluster, index);
        if (status == PSP_OK)
            return PSP_OK;
        if (!said && psp_progress_clock_ms() >= say_ms) {
            fprintf(stderr, "%s; waiting until %s shows %s\n", words->done, psp_rest_address(rest),
                    words->what);
            said = true;
        }
        if (psp_progress_clock_ms() >= end_ms) {
            const char *error = status == PSP_EAGAIN ? "" : psp_rest_error(rest);
            if (words)
                psp_reason_set(reterr_reason, "the collector does not show %s yet%s%s", words->what,
                               *error ? ": " : "", error);
            else
                psp_reason_set(reterr_reason, "%s", error);
            return status == PSP_EUNREACHABLE ? PSP_EUNREACHABLE : PSP_ETIMEDOUT;
        }
        usleep(POLL_MS * 1000);
    }
}

static enum psp_status wait_all(const struct psp_cluster *cluster, const uint64_t *index,
                                const struct psp_coverage_words *words, uint64_t timeout_ms,
                                struct psp_reason *reterr_reason)
{
    const uint64_t end_ms = psp_progress_clock_ms() + timeout_ms;
    enum psp_status status = PSP_OK;
    for (uint32_t c = 0; c < cluster->collector_count && status == PSP_OK; c++) {
        struct psp_rest *rest = NULL;
        char *url = psp_rest_url(cluster, c);
        status = psp_rest_create(url, &rest);
        if (status == PSP_OK)
            status = wait_one(rest, cluster, index, words, end_ms, reterr_reason);
        psp_rest_destroy(&rest);
        free(url);
    }
    return status;
}

enum psp_status psp_coverage_wait(const struct psp_cluster *cluster, const uint64_t *index,
                                  const struct psp_coverage_words *words, uint64_t timeout_ms,
                                  struct psp_reason *reterr_reason)
{
    return wait_all(cluster, index, words, timeout_ms, reterr_reason);
}

enum psp_status psp_coverage_ready(const struct psp_cluster *cluster, uint64_t timeout_ms,
                                   struct psp_reason *reterr_reason)
{
    return wait_all(cluster, NULL, NULL, timeout_ms, reterr_reason);
}
