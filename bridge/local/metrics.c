/* One number after another. */
#include "bridge/local/metrics.h"

#include "base/json/writer.h"

static void head(struct psp_text *text, const char *name, const char *type, const char *help)
{
    psp_text_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(struct psp_text *text, const char *name, const char *type, const char *help,
                const _Atomic uint64_t *number)
{
    head(text, name, type, help);
    psp_text_format(text, "%s %llu\n", name, (unsigned long long)psp_bridge_stat(number));
}

static bool is_ready(const struct psp_bridge_stats *stats)
{
    const uint64_t state = psp_bridge_stat(&stats->state);
    return state == PSP_BRIDGE_FOLLOWING || state == PSP_BRIDGE_TAKING;
}

/* Since the target held what the collector shows; 0: it does. */
static double lag_seconds(const struct psp_bridge_stats *stats, uint64_t now_ms)
{
    const uint64_t current_ms = psp_bridge_stat(&stats->current_ms);
    if (psp_bridge_stat(&stats->is_current) || current_ms == 0 || current_ms > now_ms)
        return 0;
    return (double)(now_ms - current_ms) / 1000;
}

static void write_states(const struct psp_bridge_stats *stats, struct psp_text *text)
{
    const uint64_t state = psp_bridge_stat(&stats->state);
    head(text, "psephos_bridge_ready", "gauge", "1 while it follows the count, or takes ballots.");
    psp_text_format(text, "psephos_bridge_ready %d\n", is_ready(stats));
    head(text, "psephos_bridge_state", "gauge", "1 of what the bridge is doing.");
    for (int i = 0; i < PSP_BRIDGE_STATES_END; i++)
        psp_text_format(text, "psephos_bridge_state{state=\"%s\"} %d\n",
                        psp_bridge_state_name((enum psp_bridge_state)i), (uint64_t)i == state);
    one(text, "psephos_bridge_errors_total", "counter",
        "Failures of the other side or of a collector.", &stats->errors);
    one(text, "psephos_bridge_retries_total", "counter", "Attempts that followed a failure.",
        &stats->retries);
    one(text, "psephos_bridge_alarms_total", "counter", "What a person must look at.",
        &stats->alarms);
}

static void write_sink(const struct psp_bridge_stats *stats, uint64_t now_ms, struct psp_text *text)
{
    one(text, "psephos_bridge_lag_versions", "gauge",
        "Log entries shown by the collector that the target lacks, as last known.",
        &stats->lag_versions);
    head(text, "psephos_bridge_lag_seconds", "gauge",
         "Since the target was last known to hold what is shown; 0 while it is.");
    psp_text_format(text, "psephos_bridge_lag_seconds %.3f\n", lag_seconds(stats, now_ms));
    one(text, "psephos_bridge_written_rows_total", "counter", "Rows handed to the target.",
        &stats->written_rows);
    one(text, "psephos_bridge_written_versions_total", "counter", "Versions committed.",
        &stats->written_versions);
    one(text, "psephos_bridge_wholes_total", "counter", "Versions that replaced everything.",
        &stats->wholes);
}

static void write_source(const struct psp_bridge_stats *stats, uint64_t now_ms,
                         struct psp_text *text)
{
    one(text, "psephos_bridge_lag_messages", "gauge",
        "Messages of its partitions that are not final, as last known.", &stats->lag_versions);
    head(text, "psephos_bridge_lag_seconds", "gauge",
         "Since all messages of its partitions were last known to be final; 0 while they are.");
    psp_text_format(text, "psephos_bridge_lag_seconds %.3f\n", lag_seconds(stats, now_ms));
    one(text, "psephos_bridge_received_total", "counter", "Messages read.", &stats->received);
    one(text, "psephos_bridge_counted_total", "counter", "Messages that were counted.",
        &stats->counted);
    one(text, "psephos_bridge_replayed_total", "counter",
        "Messages whose ballot was known already.", &stats->replayed);
    one(text, "psephos_bridge_skipped_total", "counter", "Messages without a value (tombstones).",
        &stats->skipped);
    one(text, "psephos_bridge_letters_total", "counter", "Dead letters that were acknowledged.",
        &stats->letters);
}

void psp_bridge_metrics(const struct psp_bridge_stats *stats, bool is_source, uint64_t now_ms,
                        struct psp_text *text)
{
    write_states(stats, text);
    if (is_source)
        write_source(stats, now_ms, text);
    else
        write_sink(stats, now_ms, text);
    head(text, "psephos_bridge_rejected_total", "counter",
         "Messages or rows that the other side did not take, by reason.");
    for (int i = 0; i < PSP_BRIDGE_REJECTIONS_END; i++)
        psp_text_format(text, "psephos_bridge_rejected_total{reason=\"%s\"} %llu\n",
                        psp_bridge_rejection_name((enum psp_bridge_rejection)i),
                        (unsigned long long)psp_bridge_stat(&stats->rejected[i]));
}

bool psp_bridge_readiness(struct psp_bridge_stats *stats, uint64_t now_ms, struct psp_text *text)
{
    struct psp_writer json;
    char trouble[PSP_BRIDGE_TROUBLE_BYTES];
    const bool ready = is_ready(stats);
    psp_bridge_trouble(stats, trouble, sizeof trouble);
    psp_writer_start(&json, text);
    psp_writer_begin_object(&json, NULL);
    psp_writer_string(&json, "state",
                      psp_bridge_state_name((enum psp_bridge_state)psp_bridge_stat(&stats->state)));
    psp_writer_bool(&json, "ready", ready);
    psp_writer_number(&json, "lag_versions", psp_bridge_stat(&stats->lag_versions));
    psp_writer_real(&json, "lag_seconds", lag_seconds(stats, now_ms));
    psp_writer_string(&json, "trouble", trouble[0] ? trouble : NULL);
    psp_writer_end_object(&json);
    psp_text_string(text, "\n");
    return ready;
}
