/* Inode, size and time of clients.json tell whether to read it again. */
#include "gateway/desk/tokens.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cluster/stations.h"
#include "cluster/token.h"
#include "process/say.h"

enum { PATH_BYTES = 4096 };

struct psp_gateway_tokens {
    const struct psp_definition *definition;
    char path[PATH_BYTES];
    pthread_mutex_t lock; /* for all that follows */
    struct stat seen;
    struct psp_stations stations;
};

static bool same_file(const struct stat *one, const struct stat *other)
{
    return one->st_ino == other->st_ino && one->st_size == other->st_size &&
           one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
           one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

/* PSP_STALE: it is the one that was read last. */
static enum psp_status look(struct psp_gateway_tokens *tokens, struct psp_reason *reterr_reason)
{
    struct stat now;
    struct psp_stations read = {0};
    if (stat(tokens->path, &now) != 0)
        return PSP_STALE; /* it is being replaced, or gone: who is known stays known */
    if (same_file(&now, &tokens->seen))
        return PSP_STALE;
    tokens->seen = now;
    const enum psp_status status =
        psp_stations_load(tokens->path, tokens->definition, &read, reterr_reason);
    if (status != PSP_OK)
        return psp_reason_set_file(reterr_reason, tokens->path, status);
    psp_stations_free(&tokens->stations);
    tokens->stations = read;
    return PSP_OK;
}

enum psp_status psp_gateway_tokens_create(const struct psp_cluster *cluster,
                                          const struct psp_definition *definition,
                                          struct psp_gateway_tokens **ret_tokens,
                                          struct psp_reason *reterr_reason)
{
    struct psp_gateway_tokens *tokens = calloc(1, sizeof *tokens);
    if (tokens == NULL) {
        psp_reason_set(reterr_reason, "out of memory");
        return PSP_ENOMEM;
    }
    tokens->definition = definition;
    pthread_mutex_init(&tokens->lock, NULL);
    const int n = snprintf(tokens->path, sizeof tokens->path, "%s/%s", cluster->directory,
                           cluster->clients_path);
    enum psp_status status = PSP_EINVAL;
    if (n > 0 && (size_t)n < sizeof tokens->path)
        status = look(tokens, reterr_reason);
    if (status == PSP_STALE) {
        psp_reason_set(reterr_reason, "%s: %s", tokens->path, strerror(errno));
        status = PSP_ENOENT;
    }
    if (status != PSP_OK) {
        psp_gateway_tokens_destroy(&tokens);
        return status;
    }
    *ret_tokens = tokens;
    return PSP_OK;
}

void psp_gateway_tokens_destroy(struct psp_gateway_tokens **tokens)
{
    if (*tokens == NULL)
        return;
    psp_stations_free(&(*tokens)->stations);
    pthread_mutex_destroy(&(*tokens)->lock);
    free(*tokens);
    *tokens = NULL;
}

static const struct psp_station *find(const struct psp_stations *stations, uint32_t number)
{
    uint32_t low = 0, high = stations->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (stations->list[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < stations->count && stations->list[low].number == number ? &stations->list[low]
                                                                         : NULL;
}

uint32_t psp_gateway_tokens_check(struct psp_gateway_tokens *tokens, const char *authorization)
{
    static const char scheme[] = "Bearer ";
    static const uint8_t nobody[PSP_HASH_BYTES];
    uint8_t hash[PSP_HASH_BYTES];
    uint32_t number = 0;
    struct psp_reason reason = {0};
    if (authorization == NULL || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return 0;
    const char *token = authorization + sizeof scheme - 1;
    token += strspn(token, " ");
    if (!psp_token_read(token, strlen(token), &number, hash))
        return 0;
    pthread_mutex_lock(&tokens->lock);
    const enum psp_status status = look(tokens, &reason);
    const struct psp_station *station = find(&tokens->stations, number);
    const bool may = station != NULL && station->has_token && station->revoked_ms == 0;
    const bool same = psp_token_same(may ? station->token_hash : nobody, hash);
    pthread_mutex_unlock(&tokens->lock);
    if (status != PSP_OK && status != PSP_STALE)
        psp_say(PSP_SAY_WARNING, "clients", "%s; the stations known before stay",
                psp_reason_text(&reason, status));
    return may && same ? number : 0;
}
