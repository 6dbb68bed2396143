/* A ring of pairs: a handshake takes the newest, and those before live for as many seconds
 * at least as there are places. */
#include "gateway/http/tls.h"

#include <assert.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/system/clock.h"
#include "base/system/file.h"
#include "process/say.h"

enum {
    CHAIN_MAX = 16,
    FILE_BYTES_MAX = 1 << 20,
    LOOK_EVERY_MS = 1000,
    PAIRS = 16, /* kept: a handshake is over, or cut, before as many more are read */
};

struct pair {
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned chain_length;
    gnutls_privkey_t key; /* NULL: no pair */
};

struct psp_gateway_tls {
    char *certificate_path, *key_path;
    pthread_mutex_t lock; /* for all that follows */
    struct pair pairs[PAIRS];
    unsigned newest;
    struct timespec seen[2];
    uint64_t look_ms;
};

static struct psp_gateway_tls *served;

static void pair_free(struct pair *pair)
{
    for (unsigned i = 0; i < pair->chain_length; i++)
        gnutls_pcert_deinit(&pair->chain[i]);
    if (pair->key != NULL)
        gnutls_privkey_deinit(pair->key);
    memset(pair, 0, sizeof *pair);
}

static bool read_pem(const char *path, gnutls_datum_t *ret_pem, struct psp_reason *reterr_reason)
{
    char *text = NULL;
    size_t bytes = 0;
    const enum psp_status status = psp_file_read(path, FILE_BYTES_MAX, &text, &bytes);
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "%s: %s", path, psp_status_text(status));
    *ret_pem = (gnutls_datum_t){(unsigned char *)text, (unsigned)bytes};
    return status == PSP_OK;
}

static int load_key(struct pair *pair, const gnutls_datum_t *pem)
{
    gnutls_privkey_t key = NULL;
    int error = gnutls_privkey_init(&key);
    if (error == 0)
        error = gnutls_privkey_import_x509_raw(key, pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (error != 0 && key != NULL)
        gnutls_privkey_deinit(key);
    if (error == 0)
        pair->key = key;
    return error;
}

/* The first certificate is of just this key. */
static bool fits(const struct pair *pair)
{
    unsigned char ours[64], theirs[64];
    size_t our_bytes = sizeof ours, their_bytes = sizeof theirs;
    gnutls_pubkey_t of_key = NULL;
    bool same = gnutls_pubkey_init(&of_key) == 0 &&
                gnutls_pubkey_import_privkey(of_key, pair->key, 0, 0) == 0 &&
                gnutls_pubkey_get_key_id(of_key, GNUTLS_KEYID_USE_SHA256, ours, &our_bytes) == 0 &&
                gnutls_pubkey_get_key_id(pair->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, theirs,
                                         &their_bytes) == 0 &&
                our_bytes == their_bytes && memcmp(ours, theirs, our_bytes) == 0;
    if (of_key != NULL)
        gnutls_pubkey_deinit(of_key);
    return same;
}

static bool load(const struct psp_gateway_tls *tls, struct pair *ret_pair,
                 struct psp_reason *reterr_reason)
{
    gnutls_datum_t certificate = {0}, key = {0};
    struct pair pair = {.chain_length = CHAIN_MAX};
    bool good = read_pem(tls->certificate_path, &certificate, reterr_reason) &&
                read_pem(tls->key_path, &key, reterr_reason);
    if (good) {
        int error = gnutls_pcert_list_import_x509_raw(pair.chain, &pair.chain_length, &certificate,
                                                      GNUTLS_X509_FMT_PEM, 0);
        const char *path = tls->certificate_path;
        if (error != 0)
            pair.chain_length = 0;
        if (error == 0) {
            path = tls->key_path;
            error = load_key(&pair, &key);
        }
        good = error == 0;
        if (!good)
            psp_reason_set(reterr_reason, "%s: %s", path, gnutls_strerror(error));
    } else {
        pair.chain_length = 0;
    }
    if (good && !fits(&pair)) {
        psp_reason_set(reterr_reason, "%s is not the key of %s", tls->key_path,
                       tls->certificate_path);
        good = false;
    }
    if (key.data != NULL)
        explicit_bzero(key.data, key.size);
    free(certificate.data);
    free(key.data);
    if (good)
        *ret_pair = pair;
    else
        pair_free(&pair);
    return good;
}

/* False: they are the files that were read last, or one is not there. */
static bool changed(struct psp_gateway_tls *tls)
{
    struct stat now[2];
    if (stat(tls->certificate_path, &now[0]) != 0 || stat(tls->key_path, &now[1]) != 0)
        return false;
    bool differs = false;
    for (int i = 0; i < 2; i++) {
        differs = differs || tls->seen[i].tv_sec != now[i].st_mtim.tv_sec ||
                  tls->seen[i].tv_nsec != now[i].st_mtim.tv_nsec;
        tls->seen[i] = now[i].st_mtim;
    }
    return differs;
}

static void look(struct psp_gateway_tls *tls, uint64_t now_ms)
{
    struct psp_reason reason = {0};
    struct pair pair;
    if (now_ms < tls->look_ms)
        return;
    tls->look_ms = now_ms + LOOK_EVERY_MS;
    if (!changed(tls))
        return;
    if (!load(tls, &pair, &reason)) {
        psp_say(PSP_SAY_WARNING, "certificate", "%s; the one before stays", reason.text);
        return;
    }
    tls->newest = (tls->newest + 1) % PAIRS;
    pair_free(&tls->pairs[tls->newest]);
    tls->pairs[tls->newest] = pair;
    psp_say(PSP_SAY_INFO, "certificate", "read again from %s", tls->certificate_path);
}

static int retrieve(gnutls_session_t session, const gnutls_datum_t *authorities,
                    int authority_count, const gnutls_pk_algorithm_t *algorithms,
                    int algorithm_count, gnutls_pcert_st **ret_chain, unsigned *ret_length,
                    gnutls_privkey_t *ret_key)
{
    (void)session, (void)authorities, (void)authority_count;
    (void)algorithms, (void)algorithm_count;
    struct psp_gateway_tls *tls = served;
    if (tls == NULL)
        return -1;
    pthread_mutex_lock(&tls->lock);
    look(tls, psp_clock_ms());
    struct pair *pair = &tls->pairs[tls->newest];
    *ret_chain = pair->chain;
    *ret_length = pair->chain_length;
    *ret_key = pair->key;
    pthread_mutex_unlock(&tls->lock);
    return 0;
}

enum psp_status psp_gateway_tls_create(const char *certificate_path, const char *key_path,
                                       struct psp_gateway_tls **ret_tls,
                                       struct psp_reason *reterr_reason)
{
    struct psp_gateway_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        return PSP_ENOMEM;
    pthread_mutex_init(&tls->lock, NULL);
    tls->certificate_path = strdup(certificate_path);
    tls->key_path = strdup(key_path);
    enum psp_status status = PSP_ENOMEM;
    if (tls->certificate_path != NULL && tls->key_path != NULL) {
        changed(tls);
        status = load(tls, &tls->pairs[0], reterr_reason) ? PSP_OK : PSP_EINVAL;
    }
    if (status != PSP_OK) {
        psp_gateway_tls_destroy(&tls);
        return status;
    }
    *ret_tls = tls;
    return PSP_OK;
}

void psp_gateway_tls_destroy(struct psp_gateway_tls **tls)
{
    if (*tls == NULL)
        return;
    assert(served != *tls);
    for (int i = 0; i < PAIRS; i++)
        pair_free(&(*tls)->pairs[i]);
    pthread_mutex_destroy(&(*tls)->lock);
    free((*tls)->certificate_path);
    free((*tls)->key_path);
    free(*tls);
    *tls = NULL;
}

void psp_gateway_tls_serve(struct psp_gateway_tls *tls)
{
    served = tls;
}

void *psp_gateway_tls_callback(void)
{
    gnutls_certificate_retrieve_function2 *function = retrieve;
    void *address;
    memcpy(&address, &function, sizeof address);
    return address;
}
