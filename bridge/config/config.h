/*
 * config - bridge.json: which door a bridge is, and with whom it speaks.
 *
 * One file, one bridge, one sink or source in it. docs/bridge.schema.json has the same
 * rules for editors; docs/bridges.md says what each member is for. `psephos check` reads
 * the file with this code, too.
 *
 * Relative paths start at the file's own folder (that of the file itself, where a link
 * was named), but those that begin with "keys/" at the cluster's.
 *
 * Ownership: owns all it shows.   Threads: immutable after load.
 */
#ifndef PSP_BRIDGE_CONFIG_H
#define PSP_BRIDGE_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"

enum {
    PSP_BRIDGE_CONFIG_FORMAT = 1,
    PSP_BRIDGE_NAME_BYTES_MAX = 31, /* it names files, services, a Kafka producer */
    PSP_BRIDGE_API_MAX = 16,
    PSP_BRIDGE_TOPICS_MAX = 64,
};

enum psp_bridge_kind {
    PSP_BRIDGE_POSTGRES = 1, /* sinks */
    PSP_BRIDGE_OPENSEARCH,
    PSP_BRIDGE_KAFKA_OUT,
    PSP_BRIDGE_KAFKA_IN, /* the source */
};

struct psp_bridge_postgres_config {
    const char *conninfo; /* libpq's */
    const char *schema;   /* "psephos" */
    const char *reader;   /* role that may read; NULL: none is made */
};

struct psp_bridge_opensearch_config {
    const char *url;                  /* http:// or https:// */
    const char *prefix;               /* of the indexes' names: "psephos" */
    const char *user, *password_file; /* both or neither */
    const char *ca_file;              /* of authorities for https; NULL: the system's */
};

struct psp_bridge_kafka_out_config {
    const json_t *settings;    /* object of strings, numbers, booleans, for librdkafka */
    const char *results_topic; /* "psephos.results"; what the topics hold stands there */
    const char *candidates_topic, *turnout_topic; /* NULL: not written */
    const char *contest;                          /* of candidates_topic */
    const char *level;                            /* of turnout_topic */
};

enum psp_bridge_message_format {
    PSP_BRIDGE_VOTES_TOPIC = 1, /* the demos' JSON */
    PSP_BRIDGE_NDJSON,
    PSP_BRIDGE_PROTOBUF,
};

struct psp_bridge_kafka_in_config {
    const json_t *settings; /* as above */
    const char *topics[PSP_BRIDGE_TOPICS_MAX];
    uint32_t topic_count;
    const char *group; /* cluster and sum of epochs are put behind it */
    enum psp_bridge_message_format format;
    const char *key, *ballot_ids;  /* files */
    const char *dead_letter_topic; /* "psephos.dead-letter" */
    bool dead_letter_whole;        /* with the message itself */
};

struct psp_bridge_config {
    const char *name, *http_local;       /* http_local: host:port */
    const char *api[PSP_BRIDGE_API_MAX]; /* URLs without the path */
    uint32_t api_count;                  /* 0: the collectors of cluster.json */
    enum psp_bridge_kind kind;           /* which of these is filled */
    struct psp_bridge_postgres_config postgres;
    struct psp_bridge_opensearch_config opensearch;
    struct psp_bridge_kafka_out_config kafka_out;
    struct psp_bridge_kafka_in_config kafka_in;
    json_t *root; /* what all of these point into */
};

/* Where paths start that begin with "keys/"; with both NULL they stay as they stand, which
 * is for who only looks. */
struct psp_bridge_places {
    const char *cluster; /* the folder of cluster.json */
    const char *keys;    /* NULL: keys/ in it */
};

/* PSP_ENOENT, PSP_EIO, PSP_EINVAL, PSP_EVERSION, PSP_ENOMEM; the reason has the pointer. */
enum psp_status psp_bridge_config_load(const char *path, struct psp_bridge_places places,
                                       struct psp_bridge_config **ret_config,
                                       struct psp_reason *reterr_reason);
void psp_bridge_config_destroy(struct psp_bridge_config **config);

/* "postgres", "opensearch", "kafka"; a source has the same word as its sink. */
const char *psp_bridge_kind_name(enum psp_bridge_kind kind);
static inline bool psp_bridge_is_source(enum psp_bridge_kind kind)
{
    return kind == PSP_BRIDGE_KAFKA_IN;
}

#endif
