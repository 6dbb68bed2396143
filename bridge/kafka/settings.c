/* Everything is set as text: librdkafka reads numbers and booleans itself. */
#include "bridge/kafka/settings.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/system/clock.h"
#include "base/system/file.h"
#include "process/say.h"

enum { VALUE_BYTES = 4096, ERROR_BYTES = 512, SAY_EVERY_MS = 1000 };

/* Names that a file may not set. */
static const char *const ours[] = {
    "group.id",
    "group.instance.id",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "auto.offset.reset",
    "partition.assignment.strategy",
    "isolation.level",
    "enable.partition.eof",
    "transactional.id",
    "enable.idempotence",
    "enable.gapless.guarantee",
    "acks",
    "request.required.acks",
    "plugin.library.paths",
};

static bool ends_in(const char *text, const char *end)
{
    const size_t bytes = strlen(text), end_bytes = strlen(end);
    return bytes >= end_bytes && strcmp(text + bytes - end_bytes, end) == 0;
}

static bool is_ours(const char *name)
{
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcmp(name, ours[i]) == 0)
            return true;
    return false;
}

static enum psp_status set(rd_kafka_conf_t *conf, const char *name, const char *value,
                           struct psp_reason *reterr_reason)
{
    char error[ERROR_BYTES];
    switch (rd_kafka_conf_set(conf, name, value, error, sizeof error)) {
    case RD_KAFKA_CONF_OK:
        return PSP_OK;
    case RD_KAFKA_CONF_UNKNOWN:
        psp_reason_set(reterr_reason,
                       "settings: librdkafka %s has no setting \"%.100s\" (its names are in "
                       "CONFIGURATION.md of librdkafka)",
                       rd_kafka_version_str(), name);
        break;
    case RD_KAFKA_CONF_INVALID:
        psp_reason_set(reterr_reason, "settings: %s", error);
        break;
    }
    return PSP_EINVAL;
}

/* Into `ret_value`, which the caller wipes. */
static enum psp_status read_password(const char *name, const char *path,
                                     char ret_value[VALUE_BYTES], struct psp_reason *reterr_reason)
{
    size_t bytes = 0;
    const enum psp_status status = psp_file_read_secret(path, ret_value, VALUE_BYTES - 1, &bytes);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "settings: %s: %s: %s%s", name, path, psp_status_text(status),
                       status == PSP_EPERM ? ": a file with a password must have mode 0600" : "");
        return status;
    }
    ret_value[bytes] = '\0';
    ret_value[strcspn(ret_value, "\r\n")] = '\0';
    return PSP_OK;
}

static const char *text_of(const json_t *value, char *buffer, size_t size)
{
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    if (json_is_integer(value))
        snprintf(buffer, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        snprintf(buffer, size, "%g", json_number_value(value));
    return buffer;
}

/* "sasl.password_file" and the like: of a setting that librdkafka has no file for. */
static bool names_file(const char *name, char ret_name[128])
{
    static const char end[] = "_file";
    if (!ends_in(name, end) || strlen(name) >= 128)
        return false;
    snprintf(ret_name, 128, "%.*s", (int)(strlen(name) - strlen(end)), name);
    return ends_in(ret_name, "password") || ends_in(ret_name, "secret");
}

static enum psp_status pass_through(const char *name, const json_t *value, rd_kafka_conf_t *conf,
                                    struct psp_reason *reterr_reason)
{
    char buffer[VALUE_BYTES], secret_name[128];
    if (is_ours(name)) {
        psp_reason_set(
            reterr_reason, "settings: \"%s\" is set by the bridge: take it out of the file%s", name,
            strcmp(name, "group.id") == 0 ? ", \"group\" beside it names the group" : "");
        return PSP_EINVAL;
    }
    if (!names_file(name, secret_name))
        return set(conf, name, text_of(value, buffer, sizeof buffer), reterr_reason);
    enum psp_status status = read_password(
        name, json_is_string(value) ? json_string_value(value) : "", buffer, reterr_reason);
    if (status == PSP_OK)
        status = set(conf, secret_name, buffer, reterr_reason);
    explicit_bzero(buffer, sizeof buffer);
    return status;
}

/* In librdkafka's own threads. */
static void log_line(const rd_kafka_t *client, int level, const char *facility, const char *line)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct psp_say_limit limit;
    uint64_t swallowed = 0;
    (void)client;
    /* One "settings" serves reading and writing: that each leaves some out is no news. */
    if (level > 4 || strcmp(facility, "CONFWARN") == 0)
        return;
    pthread_mutex_lock(&lock);
    const bool allowed = psp_say_allowed(&limit, psp_clock_ms(), SAY_EVERY_MS, &swallowed);
    pthread_mutex_unlock(&lock);
    if (allowed && swallowed > 0)
        psp_say(PSP_SAY_WARNING, "kafka", "%s: %s (and %" PRIu64 " lines before)", facility, line,
                swallowed);
    else if (allowed)
        psp_say(PSP_SAY_WARNING, "kafka", "%s: %s", facility, line);
}

enum psp_status psp_bridge_kafka_make(const json_t *settings,
                                      const struct psp_bridge_kafka_own *own,
                                      rd_kafka_conf_t **ret_conf, struct psp_reason *reterr_reason)
{
    /* 2.8.0 sends small requests late without the second. */
    static const struct psp_bridge_kafka_own always[] = {
        {"client.id", "psephos-bridge"},
        {"socket.nagle.disable", "true"},
        {"log.connection.close", "false"},
    };
    const char *name;
    json_t *value;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    enum psp_status status = PSP_OK;
    for (size_t i = 0; i < sizeof always / sizeof *always && status == PSP_OK; i++)
        status = set(conf, always[i].name, always[i].value, reterr_reason);
    json_object_foreach((json_t *)(uintptr_t)settings, name, value)
    {
        if (status == PSP_OK)
            status = pass_through(name, value, conf, reterr_reason);
    }
    for (; own->name != NULL && status == PSP_OK; own++)
        status = set(conf, own->name, own->value, reterr_reason);
    if (status != PSP_OK) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    rd_kafka_conf_set_log_cb(conf, log_line);
    *ret_conf = conf;
    return PSP_OK;
}

enum psp_status psp_bridge_kafka_open(rd_kafka_type_t type, rd_kafka_conf_t *conf,
                                      rd_kafka_t **ret_client, struct psp_reason *reterr_reason)
{
    char error[ERROR_BYTES];
    rd_kafka_t *client = rd_kafka_new(type, conf, error, sizeof error);
    if (client == NULL) {
        rd_kafka_conf_destroy(conf);
        psp_reason_set(reterr_reason, "settings: %s", error);
        return PSP_EINVAL;
    }
    *ret_client = client;
    return PSP_OK;
}
