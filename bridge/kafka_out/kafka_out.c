/* Rows wait for their version, then all goes out in one transaction. */
#include "bridge/kafka_out/kafka_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/kafka_out/held.h"
#include "bridge/kafka_out/sets.h"
#include "bridge/kafka_out/topics.h"
#include "bridge/kafka_out/writer.h"
#include "bridge/sink/rows.h"
#include "process/say.h"

struct kafka_out {
    const struct psp_bridge_kafka_out_config *config;
    const char *name;
    struct psp_bridge_stop *stop;
    struct psp_bridge_stats *stats;
    struct psp_kafka_writer *writer;
    struct psp_kafka_sets *sets;
    struct psp_bridge_rows rows;
    struct psp_text value, version;
    bool topics_good; /* looked at once */
    bool is_whole, held_something;
    bool is_sent[PSP_KAFKA_SETS];  /* in the transaction under way, with messages or without */
    int64_t first[PSP_KAFKA_SETS]; /* their offsets; INT64_MAX: it has no message */
};

static const char *topic_of(const struct kafka_out *self, int set)
{
    return set == PSP_KAFKA_CANDIDATES ? self->config->candidates_topic
                                       : self->config->turnout_topic;
}

static enum psp_status ready_topics(struct kafka_out *self, struct psp_reason *reterr)
{
    rd_kafka_t *client = psp_kafka_writer_client(self->writer);
    enum psp_status status =
        psp_kafka_topic_ready(client, self->config->results_topic, true, self->stop, reterr);
    for (int set = 0; set < PSP_KAFKA_SETS && status == PSP_OK; set++)
        if (topic_of(self, set))
            status = psp_kafka_topic_ready(client, topic_of(self, set), false, self->stop, reterr);
    self->topics_good = status == PSP_OK;
    return status;
}

static const char *servers_of(const struct kafka_out *self)
{
    return json_string_value(json_object_get(self->config->settings, "bootstrap.servers"));
}

/* While the writer is opened, which may last half a minute. What is wrong already stays told. */
static void tell_trying(void *context)
{
    const struct kafka_out *self = context;
    char text[PSP_BRIDGE_TROUBLE_BYTES];
    if (psp_bridge_stat(&self->stats->state) == PSP_BRIDGE_NO_TARGET)
        return;
    snprintf(text, sizeof text,
             "Kafka at %.300s has not answered yet; the bridge goes on by itself "
             "when it does",
             servers_of(self));
    if (psp_bridge_tell(self->stats, PSP_BRIDGE_NO_TARGET, "%s", text))
        psp_say(PSP_SAY_WARNING, "no_target", "%s", text);
}

static enum psp_status open_writer(struct kafka_out *self, struct psp_reason *reterr)
{
    struct psp_reason reason = {0};
    const struct psp_kafka_trying trying = {tell_trying, self};
    const enum psp_status status = psp_kafka_writer_open(
        self->config->settings, self->name, &trying, self->stop, &self->writer, &reason);
    if (status != PSP_OK && status != PSP_EINVAL && reason.text[0])
        psp_reason_set(reterr, "Kafka at %.300s: %s", servers_of(self), reason.text);
    else if (status != PSP_OK)
        *reterr = reason;
    return status;
}

/* A writer that lost nothing but a transaction goes on; topics are looked at once. */
static enum psp_status open_target(void *context, const struct psp_definition *definition,
                                   struct psp_reason *reterr)
{
    struct kafka_out *self = context;
    enum psp_status status = PSP_OK;
    if (!self->sets)
        status = psp_kafka_sets_create(
            definition, self->config->candidates_topic ? self->config->contest : NULL,
            self->config->turnout_topic ? self->config->level : NULL, &self->sets, reterr);
    if (self->writer && psp_kafka_writer_is_broken(self->writer))
        psp_kafka_writer_close(&self->writer);
    if (status == PSP_OK && !self->writer)
        status = open_writer(self, reterr);
    if (status == PSP_OK && !self->topics_good)
        status = ready_topics(self, reterr);
    return status;
}

static enum psp_status holds(void *context, struct psp_bridge_vector *ret_held,
                             struct psp_reason *reterr)
{
    struct kafka_out *self = context;
    const enum psp_status status =
        psp_kafka_held_read(self->config->settings, self->config->results_topic, self->name,
                            self->stop, ret_held, reterr);
    if (status == PSP_OK)
        self->held_something = ret_held->count > 0;
    return status;
}

static enum psp_status begin(void *context, bool whole, struct psp_reason *reterr)
{
    struct kafka_out *self = context;
    (void)reterr;
    self->is_whole = whole;
    psp_bridge_rows_clear(&self->rows);
    psp_kafka_sets_drop(self->sets);
    if (whole)
        psp_kafka_sets_clear(self->sets);
    return PSP_OK;
}

/* What is held has no record. Where the topic may have one it gets a tombstone. */
static enum psp_status take_result(struct kafka_out *self, const json_t *line)
{
    char key[PSP_BRIDGE_ROW_KEY_BYTES];
    const json_t *choices = json_object_get(line, "choices");
    if (!psp_bridge_rows_key(line, key) || !(json_is_array(choices) || json_is_null(choices)))
        return PSP_EINVAL;
    if (json_is_array(choices))
        return psp_bridge_rows_add(&self->rows, 0, key, line);
    if (self->is_whole && !self->held_something)
        return PSP_OK;
    return psp_bridge_rows_add(&self->rows, 0, key, NULL);
}

static enum psp_status row(void *context, const json_t *line, struct psp_reason *reterr)
{
    struct kafka_out *self = context;
    const char *kind = json_string_value(json_object_get(line, "kind"));
    enum psp_status status = psp_kafka_sets_take(self->sets, line);
    if (status == PSP_OK && kind && strcmp(kind, "result") == 0)
        status = take_result(self, line);
    if (status == PSP_EINVAL)
        psp_reason_set(reterr, "the collector sent a line of another form than docs/api.md has; "
                               "are bridge and collector of one version?");
    return status;
}

static enum psp_status send_results(struct kafka_out *self, const json_t *end,
                                    struct psp_reason *reterr)
{
    enum psp_status status = psp_bridge_rows_version(end, &self->version);
    for (size_t i = 0; i < self->rows.count && status == PSP_OK; i++) {
        const struct psp_bridge_row *one = &self->rows.rows[i];
        self->value.length = 0;
        if (one->value_bytes > 0)
            psp_bridge_rows_value(&self->rows, i, &self->version, &self->value);
        if (self->value.failed)
            return PSP_ENOMEM;
        const struct psp_kafka_message message = {
            .topic = self->config->results_topic,
            .partition = 0,
            .key = self->rows.text.data + one->key_at,
            .key_bytes = one->key_bytes,
            .value = one->value_bytes > 0 ? self->value.data : NULL,
            .value_bytes = self->value.length,
        };
        status = psp_kafka_writer_send(self->writer, &message, reterr);
    }
    return status;
}

static enum psp_status send_set(struct kafka_out *self, enum psp_kafka_set_id set,
                                struct psp_reason *reterr)
{
    self->first[set] = INT64_MAX;
    self->is_sent[set] =
        topic_of(self, (int)set) && (self->is_whole || psp_kafka_sets_changed(self->sets, set));
    if (!self->is_sent[set])
        return PSP_OK;
    enum psp_status status = PSP_OK;
    for (size_t i = 0; i < psp_kafka_sets_count(self->sets, set) && status == PSP_OK; i++) {
        struct psp_kafka_message message = {.topic = topic_of(self, (int)set),
                                            .first_offset = &self->first[set]};
        self->value.length = 0;
        if (!psp_kafka_sets_message(self->sets, set, i, &message.key, &self->value))
            continue;
        message.key_bytes = strlen(message.key);
        message.value = self->value.data;
        message.value_bytes = self->value.length;
        status =
            self->value.failed ? PSP_ENOMEM : psp_kafka_writer_send(self->writer, &message, reterr);
    }
    return status;
}

/* In the results topic, last: whoever reads it knows that the rows before it are all there. */
static enum psp_status send_held(struct kafka_out *self, const json_t *end,
                                 struct psp_reason *reterr)
{
    static const char key[] = PSP_KAFKA_HELD_KEY;
    json_t *value = json_pack("{s:s, s:s}", "kind", "version", "bridge", self->name);
    if (!value || json_object_update_missing(value, (json_t *)(uintptr_t)end) != 0) {
        json_decref(value);
        return PSP_ENOMEM;
    }
    char *text = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    if (!text)
        return PSP_ENOMEM;
    const struct psp_kafka_message message = {.topic = self->config->results_topic,
                                              .key = key,
                                              .key_bytes = sizeof key - 1,
                                              .value = text,
                                              .value_bytes = strlen(text)};
    const enum psp_status status = psp_kafka_writer_send(self->writer, &message, reterr);
    free(text);
    return status;
}

/* A set of which all is held by now leaves an empty topic. */
static enum psp_status trim(struct kafka_out *self, struct psp_reason *reterr)
{
    enum psp_status status = PSP_OK;
    for (int set = 0; set < PSP_KAFKA_SETS && status == PSP_OK; set++) {
        if (!self->is_sent[set])
            continue;
        status = psp_kafka_topic_trim(psp_kafka_writer_client(self->writer), topic_of(self, set),
                                      self->first[set] == INT64_MAX ? RD_KAFKA_OFFSET_END
                                                                    : self->first[set],
                                      self->stop, reterr);
    }
    return status;
}

static enum psp_status commit(void *context, const json_t *end, struct psp_reason *reterr)
{
    struct kafka_out *self = context;
    enum psp_status status = psp_kafka_writer_begin(self->writer, reterr);
    if (status == PSP_OK)
        status = send_results(self, end, reterr);
    for (int set = 0; set < PSP_KAFKA_SETS && status == PSP_OK; set++)
        status = send_set(self, (enum psp_kafka_set_id)set, reterr);
    if (status == PSP_OK)
        status = send_held(self, end, reterr);
    if (status == PSP_OK)
        status = psp_kafka_writer_commit(self->writer, reterr);
    if (status != PSP_OK) {
        psp_kafka_writer_abort(self->writer);
        psp_kafka_sets_drop(self->sets);
        return status;
    }
    psp_kafka_sets_keep(self->sets);
    self->held_something = true;
    return trim(self, reterr);
}

static void abandon(void *context)
{
    struct kafka_out *self = context;
    psp_kafka_sets_drop(self->sets);
    psp_bridge_rows_clear(&self->rows);
}

static void close_target(void *context)
{
    struct kafka_out *self = context;
    psp_kafka_writer_close(&self->writer);
}

enum psp_status psp_kafka_out_create(const struct psp_bridge_config *config,
                                     struct psp_bridge_stop *stop, struct psp_bridge_stats *stats,
                                     struct psp_bridge_target *ret_target)
{
    struct kafka_out *self = calloc(1, sizeof *self);
    if (!self)
        return PSP_ENOMEM;
    self->config = &config->kafka_out;
    self->name = config->name;
    self->stop = stop;
    self->stats = stats;
    *ret_target = (struct psp_bridge_target){
        .open = open_target,
        .holds = holds,
        .begin = begin,
        .row = row,
        .commit = commit,
        .abandon = abandon,
        .close = close_target,
        .self = self,
    };
    snprintf(ret_target->to_empty, sizeof ret_target->to_empty,
             "kafka-topics.sh --bootstrap-server … --delete --topic %s",
             self->config->results_topic);
    return PSP_OK;
}

void psp_kafka_out_destroy(struct psp_bridge_target *target)
{
    struct kafka_out *self = target->self;
    if (!self)
        return;
    psp_kafka_writer_close(&self->writer);
    psp_kafka_sets_destroy(&self->sets);
    psp_bridge_rows_free(&self->rows);
    psp_text_free(&self->value);
    psp_text_free(&self->version);
    free(self);
    *target = (struct psp_bridge_target){0};
}
