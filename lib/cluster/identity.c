/* argp's child parser of the daemons, and the loads behind it. */
#include "cluster/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/file.h"

enum { DEFINITION_BYTES_MAX = 1 << 30 };

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct psp_identity *identity = state->input;
    switch (key) {
    case 'c':
        identity->cluster_path = value;
        return 0;
    case 'k':
        identity->keys_path = value;
        return 0;
    case ARGP_KEY_END:
        if (identity->cluster_path == NULL)
            argp_error(state, "--cluster is needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"cluster", 'c', "FILE", 0, "The cluster's cluster.json", 0},
    {"keys", 'k', "DIR", 0, "Folder of the secret keys (keys/ beside cluster.json)", 0},
    {0},
};

const struct argp psp_identity_argp = {.options = options, .parser = parse_option};

bool psp_identity_path(struct psp_identity *identity, const char *folder, const char *name,
                       char ret_path[PSP_IDENTITY_PATH_BYTES])
{
    const int n = snprintf(ret_path, PSP_IDENTITY_PATH_BYTES, "%s/%s", folder, name);
    if (n > 0 && n < PSP_IDENTITY_PATH_BYTES)
        return true;
    psp_reason_set(&identity->reason, "the path of %s is too long", name);
    return false;
}

bool psp_identity_key_path(struct psp_identity *identity, const char *name,
                           char ret_path[PSP_IDENTITY_PATH_BYTES])
{
    char folder[PSP_IDENTITY_PATH_BYTES];
    if (identity->keys_path != NULL)
        return psp_identity_path(identity, identity->keys_path, name, ret_path);
    return psp_identity_path(identity, identity->cluster->directory, "keys", folder) &&
           psp_identity_path(identity, folder, name, ret_path);
}

bool psp_identity_load_cluster(struct psp_identity *identity)
{
    const enum psp_status status =
        psp_cluster_load(identity->cluster_path, &identity->cluster, &identity->reason);
    if (status == PSP_OK)
        return true;
    psp_reason_set_file(&identity->reason, identity->cluster_path, status);
    return false;
}

bool psp_identity_load_definition(struct psp_identity *identity)
{
    char path[PSP_IDENTITY_PATH_BYTES];
    if (!psp_identity_path(identity, identity->cluster->directory, identity->cluster->election_path,
                           path))
        return false;
    enum psp_status status = psp_file_read(path, DEFINITION_BYTES_MAX, &identity->definition_text,
                                           &identity->definition_bytes);
    if (status != PSP_OK) {
        psp_reason_set_status(&identity->reason, path, status);
        return false;
    }
    status = psp_definition_parse(identity->definition_text, identity->definition_bytes,
                                  &identity->definition, &identity->reason);
    if (status != PSP_OK) {
        psp_reason_set_file(&identity->reason, path, status);
        return false;
    }
    if (memcmp(identity->definition->hash, identity->cluster->definition_hash, PSP_HASH_BYTES) == 0)
        return true;
    psp_reason_set(
        &identity->reason,
        "%s is not the election that cluster.json names (definition_hash); restore the file "
        "the cluster was made with",
        path);
    return false;
}

bool psp_identity_load_key(struct psp_identity *identity, const char *name, const char *public_key,
                           const char *whom)
{
    char path[PSP_IDENTITY_PATH_BYTES], file[64];
    snprintf(file, sizeof file, "%s.key", name);
    if (!psp_identity_key_path(identity, file, path))
        return false;
    const enum psp_status status = psp_keypair_load(path, &identity->self);
    if (status != PSP_OK) {
        psp_reason_set(&identity->reason, "%s: %s%s", path, psp_status_text(status),
                       status == PSP_EPERM ? "; a key file must have mode 0600" : "");
        return false;
    }
    if (strcmp(identity->self.public_z85, public_key) == 0)
        return true;
    psp_reason_set(&identity->reason, "%s is not the key that cluster.json names for %s", path,
                   whom);
    return false;
}

static const char *what_to_do(enum psp_status status)
{
    if (status == PSP_EPERM)
        return "; a key file must have mode 0600";
    if (status == PSP_EINVAL)
        return "; it is one line of " PSP_TEXT(PSP_SIGN_SEED_DIGITS) " hex digits";
    return status == PSP_ENOENT ? "; copy it from keys/ of the folder that `psephos up` made" : "";
}

bool psp_identity_load_signing_key(struct psp_identity *identity,
                                   const struct psp_cluster_shard *shard)
{
    char path[PSP_IDENTITY_PATH_BYTES], file[64];
    snprintf(file, sizeof file, "shard-%" PRIu32 "-sign.key", shard->shard);
    if (!psp_identity_key_path(identity, file, path))
        return false;
    const enum psp_status status = psp_sign_key_load(path, &identity->signing);
    if (status != PSP_OK) {
        psp_reason_set(&identity->reason, "%s: %s%s", path, psp_status_text(status),
                       what_to_do(status));
        return false;
    }
    if (memcmp(identity->signing.public_key, shard->signing_key, PSP_SIGN_PUBLIC_BYTES) == 0)
        return true;
    psp_reason_set(&identity->reason,
                   "%s is not the key that cluster.json names for shard %" PRIu32
                   " (signing_key); copy the one that was made with it",
                   path, shard->shard);
    return false;
}

void psp_identity_close(struct psp_identity *identity)
{
    explicit_bzero(&identity->self, sizeof identity->self);
    explicit_bzero(&identity->signing, sizeof identity->signing);
    psp_definition_destroy(&identity->definition);
    free(identity->definition_text);
    identity->definition_text = NULL;
    psp_cluster_destroy(&identity->cluster);
}
