/* The figures once, then as text and as JSON. */
#include "bench/load/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

static const struct {
    const char *name;
    double share;
} percentiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};
enum { PERCENTILES = sizeof percentiles / sizeof *percentiles };

static const char *const roles[] = {"station", "router", "shard", "collector"};
enum { ROLES = sizeof roles / sizeof *roles };

/* Of the processes whose name begins with `prefix`. */
static double cpu_s_of(const struct psp_load_result *result, const char *prefix)
{
    double cpu_s = 0;
    for (uint32_t p = 0; p < result->sampler.n; p++)
        if (strncmp(result->sampler.processes[p].name, prefix, strlen(prefix)) == 0)
            cpu_s += result->after[p].cpu_s - result->before[p].cpu_s;
    return cpu_s;
}

static double rate(const struct psp_load_result *result)
{
    return (double)result->measured_receipts / result->measured_seconds;
}

static double per_ballot_us(const struct psp_load_result *result, const char *prefix)
{
    return result->receipts ? cpu_s_of(result, prefix) * 1e6 / (double)result->receipts : 0;
}

static double disk_bytes(const struct psp_load_result *result)
{
    const double bytes = (double)result->disk_bytes_after - (double)result->disk_bytes_before;
    return result->counted ? bytes / (double)result->counted : 0;
}

static void print_times(FILE *out, const char *name, const struct psp_histogram *histogram)
{
    fprintf(out, "%12s", name);
    for (int p = 0; p < PERCENTILES; p++)
        fprintf(out, "  %s %.2f", percentiles[p].name,
                (double)psp_histogram_at(histogram, percentiles[p].share) / 1e3);
    fprintf(out, "  max %.2f\n", (double)histogram->max_us / 1e3);
}

void psp_report_print(const struct psp_load_options *options, const struct psp_load_result *result,
                      FILE *out)
{
    fprintf(out, "%12.0f receipts a second: %" PRIu64 " in %.1f s, %s, %s, %" PRIu32 " client(s)\n",
            rate(result), result->measured_receipts, result->measured_seconds,
            options->rate > 0 ? "open loop" : "closed loop", options->rows ? "rows" : "columns",
            options->clients);
    print_times(out, "latency ms", &result->latency);
    print_times(out, "visible ms", &result->visible);
    if (options->directory) {
        fprintf(out, "%12s", "CPU us/ballot");
        for (int r = 0; r < ROLES; r++)
            fprintf(out, "  %s %.3f", roles[r], per_ballot_us(result, roles[r]));
        fprintf(out, "  all %.3f\n%12.1f bytes of disk a ballot\n", per_ballot_us(result, ""),
                disk_bytes(result));
    }
    fprintf(out,
            "%12s  %" PRIu64 " counted, %" PRIu64 " replayed, %" PRIu64 " double votes; %" PRIu64
            " resent, %" PRIu64 " busy; load average %.1f before, %.1f after\n",
            "verdicts", result->counted, result->replayed, result->double_votes, result->resent,
            result->busy, result->load_before, result->load_after);
    fprintf(out, "%12s  %s\n", "count", *result->verdict ? result->verdict : "right");
}

/* ---- JSON ---- */

static json_t *latency_json(const struct psp_histogram *histogram)
{
    json_t *latency = json_object();
    for (int p = 0; p < PERCENTILES; p++)
        json_object_set_new(
            latency, percentiles[p].name,
            json_real((double)psp_histogram_at(histogram, percentiles[p].share) / 1e3));
    json_object_set_new(latency, "max", json_real((double)histogram->max_us / 1e3));
    return latency;
}

static json_t *processes_json(const struct psp_load_result *result)
{
    json_t *processes = json_array();
    for (uint32_t p = 0; p < result->sampler.n; p++)
        json_array_append_new(
            processes,
            json_pack(
                "{s:s,s:f,s:I,s:I}", "name", result->sampler.processes[p].name, "cpu_seconds",
                result->after[p].cpu_s - result->before[p].cpu_s, "peak_rss_bytes",
                (json_int_t)result->after[p].hwm_bytes, "written_bytes",
                (json_int_t)(result->after[p].written_bytes - result->before[p].written_bytes)));
    return processes;
}

static json_t *points_json(const struct psp_load_result *result)
{
    json_t *points = json_array();
    for (uint32_t i = 0; i < result->point_n; i++) {
        const struct psp_load_point *point = &result->points[i];
        json_array_append_new(points,
                              json_pack("{s:f,s:f,s:f,s:f,s:f}", "at_s", point->at_s,
                                        "receipts_per_second", point->rate, "p50_ms", point->p50_ms,
                                        "p99_ms", point->p99_ms, "max_ms", point->max_ms));
    }
    return points;
}

static json_t *options_json(const struct psp_load_options *options)
{
    return json_pack(
        "{s:s,s:f,s:I,s:s,s:f,s:f,s:f,s:I,s:I,s:I}", "loop", options->rate > 0 ? "open" : "closed",
        "rate", options->rate, "clients", (json_int_t)options->clients, "form",
        options->rows ? "rows" : "columns", "replayed", options->replayed, "double_votes",
        options->double_votes, "skew", options->skew, "seed", (json_int_t)options->seed, "batch",
        (json_int_t)options->batch_rows, "inflight", (json_int_t)options->inflight_max);
}

enum psp_status psp_report_json(const struct psp_load_options *options,
                                const struct psp_load_result *result, const char *path)
{
    json_t *cpu = json_object();
    for (int r = 0; r < ROLES; r++)
        json_object_set_new(cpu, roles[r], json_real(per_ballot_us(result, roles[r])));
    json_object_set_new(cpu, "all", json_real(per_ballot_us(result, "")));
    json_t *report = json_pack(
        "{s:s,s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:f,s:f,s:o,s:o,s:o,s:f,s:f,s:f,s:b,s:s,s:o,s:o}",
        "what", "load", "options", options_json(options), "sent", (json_int_t)result->sent,
        "receipts", (json_int_t)result->receipts, "counted", (json_int_t)result->counted,
        "replayed", (json_int_t)result->replayed, "double_votes", (json_int_t)result->double_votes,
        "resent", (json_int_t)result->resent, "busy", (json_int_t)result->busy, "seconds",
        result->measured_seconds, "ballots_per_second", rate(result), "latency_ms",
        latency_json(&result->latency), "visible_ms", latency_json(&result->visible),
        "cpu_us_per_ballot", cpu, "disk_bytes_per_ballot", disk_bytes(result),
        "load_average_before", result->load_before, "load_average_after", result->load_after,
        "verified", !*result->verdict, "verdict", result->verdict, "processes",
        processes_json(result), "points", points_json(result));
    int failed = report == NULL;
    if (report && strcmp(path, "-") == 0)
        failed = json_dumpf(report, stdout, JSON_COMPACT) != 0 || putchar('\n') < 0;
    else if (report)
        failed = json_dump_file(report, path, JSON_INDENT(1)) != 0;
    json_decref(report);
    return failed ? PSP_EIO : PSP_OK;
}
