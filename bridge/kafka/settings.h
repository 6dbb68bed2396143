/*
 * settings - librdkafka's own settings, as bridge.json has them, and the bridge's on top.
 *
 * What is in "settings" goes through as it stands (bootstrap.servers, security.protocol,
 * ssl.*, sasl.*, …: librdkafka's CONFIGURATION.md), so whatever a cluster wants for TLS
 * or SASL can be said. A password may stand in a file of its own instead, mode 0600:
 * "sasl.password_file" is the file that holds sasl.password, and so of every setting
 * whose name ends in password or secret. Settings on which a promise rests (offsets,
 * groups, acknowledgements) are the bridge's, and refused in the file.
 *
 * librdkafka's log lines come out as the daemon's own, at most one a second.
 *
 * Ownership: a configuration is the caller's until it is opened.   Threads: any.
 * Memory:    none is kept.
 */
#ifndef PSP_BRIDGE_KAFKA_SETTINGS_H
#define PSP_BRIDGE_KAFKA_SETTINGS_H

#include <jansson.h>
#include <librdkafka/rdkafka.h>

#include "base/reason.h"

struct psp_bridge_kafka_own {
    const char *name, *value;
};

/* `settings`: an object of strings, numbers and booleans. `own`: what the bridge sets, {NULL}
 * at the end. Nothing is connected. PSP_EINVAL: a name or value that librdkafka does not
 * take, or that is the bridge's; PSP_ENOENT, PSP_EPERM, PSP_EIO of a password's file; each
 * with a reason. The configuration is the caller's: rd_kafka_conf_destroy, or open. */
enum psp_status psp_bridge_kafka_make(const json_t *settings,
                                      const struct psp_bridge_kafka_own *own,
                                      rd_kafka_conf_t **ret_conf, struct psp_reason *reterr_reason);

/* A client with that configuration, which is used up either way. PSP_EINVAL: settings that
 * do not go together, a certificate that cannot be read. */
enum psp_status psp_bridge_kafka_open(rd_kafka_type_t type, rd_kafka_conf_t *conf,
                                      rd_kafka_t **ret_client, struct psp_reason *reterr_reason);

#endif
