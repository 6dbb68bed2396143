/*
 * identity - who a daemon is: the cluster and election it belongs to and the
 * key that it holds, from the options that all daemons take.
 *
 * The three loads come in the order below; each says in `reason` what a person
 * has to do when it returns false.
 *
 * Ownership: owns all that it loaded.   Threads: one owner until loaded.
 */
#ifndef PSP_IDENTITY_H
#define PSP_IDENTITY_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/reason.h"
#include "cluster/cluster.h"
#include "cluster/sign.h"
#include "election/definition/definition.h"
#include "wire/socket/socket.h"

enum {
    PSP_IDENTITY_PATH_BYTES = 4096,
};

struct psp_identity { /* zero-initialise */
    const char *cluster_path, *keys_path;
    struct psp_cluster *cluster;
    struct psp_definition *definition;
    char *definition_text; /* as the file has it */
    size_t definition_bytes;
    struct psp_keypair self;
    struct psp_sign_key signing; /* of a shard's replica */
    struct psp_reason reason;
};

/* --cluster and --keys, as a child of a daemon's own options: its input is the
 * identity, its parser the one place that knows them. */
extern const struct argp psp_identity_argp;
#define PSP_IDENTITY_HELP                                                                          \
    "cluster.json names the election and every process, with address and public key; `psephos "    \
    "up` makes it. man psephos-cluster.json and psephos-election.json have every member.\n\n"      \
    "Exit codes: 0 ended by SIGTERM or SIGINT, 1 could not start or go on, 2 usage."

/* Each load is false with the reason, and needs the ones before. */
bool psp_identity_load_cluster(struct psp_identity *identity);
/* The election that cluster.json names, and no other. */
bool psp_identity_load_definition(struct psp_identity *identity);
/* `name`.key, which must be the key that cluster.json has for `whom`. */
bool psp_identity_load_key(struct psp_identity *identity, const char *name, const char *public_key,
                           const char *whom);
/* shard-S-sign.key, which must be the key that cluster.json has for the shard. */
bool psp_identity_load_signing_key(struct psp_identity *identity,
                                   const struct psp_cluster_shard *shard);

/* folder/name; false, with reason: too long. */
bool psp_identity_path(struct psp_identity *identity, const char *folder, const char *name,
                       char ret_path[PSP_IDENTITY_PATH_BYTES]);
/* A file of the keys' folder. */
bool psp_identity_key_path(struct psp_identity *identity, const char *name,
                           char ret_path[PSP_IDENTITY_PATH_BYTES]);

/* Also of one that did not load. */
void psp_identity_close(struct psp_identity *identity);

#endif
