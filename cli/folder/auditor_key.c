/* A key of 40 characters may have a = in it, so a whole one is looked for first. */
#include "cli/folder/auditor_key.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/folder/station_key.h"
#include "cli/say/memory.h"

static const char default_name[] = "auditor";
static const char name_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

static bool name_good(const char *name, size_t bytes)
{
    return bytes > 0 && bytes < PSP_AUDITOR_NAME_BYTES && strspn(name, name_letters) >= bytes;
}

/* "keys/Jane Doe.key.pub" is jane-doe. */
static char *name_of_file(const char *path)
{
    static const char *const endings[] = {".pub", ".key"};
    const char *slash = strrchr(path, '/');
    char *name = psp_memory_copy(slash ? slash + 1 : path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t length = strlen(name), end = strlen(endings[i]);
        if (length > end && strcmp(name + length - end, endings[i]) == 0)
            name[length - end] = '\0';
    }
    if (strlen(name) >= PSP_AUDITOR_NAME_BYTES)
        name[PSP_AUDITOR_NAME_BYTES - 1] = '\0';
    for (char *at = name; *at; at++) {
        *at = (char)tolower((unsigned char)*at);
        if (!strchr(name_letters, *at))
            *at = '-';
    }
    return name;
}

static enum psp_status add(struct psp_auditor_list *list, char *name, const char *key,
                           struct psp_reason *reterr_reason)
{
    const uint32_t n = list->n;
    list->texts[2 * n] = name;
    list->texts[2 * n + 1] = psp_memory_copy(key);
    list->list[n] = (struct psp_cluster_auditor){name, list->texts[2 * n + 1]};
    list->n++;
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(list->list[i].name, name) == 0 || strcmp(list->list[i].public_key, key) == 0) {
            psp_reason_set(reterr_reason,
                           "two auditors have the name %s or one key; give each a name of its "
                           "own: NAME=FILE.pub",
                           name);
            return PSP_EINVAL;
        }
    return PSP_OK;
}

enum psp_status psp_auditor_list_add(struct psp_auditor_list *list, const char *text,
                                     struct psp_reason *reterr_reason)
{
    char key[PSP_KEY_Z85_BYTES];
    if (list->n == PSP_AUDITORS_MAX) {
        psp_reason_set(reterr_reason, "at most %d auditors", PSP_AUDITORS_MAX);
        return PSP_EINVAL;
    }
    if (psp_key_valid(text))
        return add(list, psp_memory_copy(default_name), text, reterr_reason);
    const char *equals = strchr(text, '=');
    const bool named = equals && name_good(text, (size_t)(equals - text));
    const char *from = named ? equals + 1 : text;
    const enum psp_status status = psp_public_key_read(from, "auditor", key, reterr_reason);
    if (status != PSP_OK)
        return status;
    char *name = named ? psp_memory_print("%.*s", (int)(equals - text), text) : name_of_file(text);
    return add(list, name, key, reterr_reason);
}

void psp_auditor_list_free(struct psp_auditor_list *list)
{
    for (uint32_t i = 0; i < 2 * list->n; i++)
        free(list->texts[i]);
    *list = (struct psp_auditor_list){0};
}

static bool of_cluster(const struct psp_cluster *cluster, const char *public_key)
{
    for (uint32_t i = 0; i < cluster->auditor_count; i++)
        if (strcmp(cluster->auditors[i].public_key, public_key) == 0)
            return true;
    return false;
}

enum psp_status psp_auditor_key_load(const struct psp_cluster *cluster, const char *directory,
                                     const char *path, struct psp_keypair *ret_pair,
                                     struct psp_reason *reterr_reason)
{
    char *own = path ? psp_memory_copy(path) : psp_memory_print("%s/keys/auditor.key", directory);
    enum psp_status status = psp_keypair_load(own, ret_pair);
    if (status == PSP_ENOENT && !path)
        psp_reason_set(reterr_reason,
                       "the backup is sealed: --auditor-key FILE is needed, the secret key of one "
                       "of the cluster's auditors (cluster.json names them)");
    else if (status == PSP_EPERM)
        psp_reason_set(reterr_reason, "%s: %s: a key file must have mode 0600", own,
                       psp_status_text(status));
    else if (status == PSP_EINVAL)
        psp_reason_set(reterr_reason,
                       "%s holds no secret key: it is the file that `psephos auditor keygen FILE` "
                       "made, not FILE.pub",
                       own);
    else if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, own, status);
    if (status == PSP_OK && !of_cluster(cluster, ret_pair->public_z85)) {
        explicit_bzero(ret_pair, sizeof *ret_pair);
        psp_reason_set(reterr_reason, "%s is the key of none of the auditors in cluster.json", own);
        status = PSP_EINVAL;
    }
    free(own);
    return status;
}
