/* One number after another. */
#include "gateway/desk/metrics.h"

static void head(struct psp_text *text, const char *name, const char *type, const char *help)
{
    psp_text_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(struct psp_text *text, const char *name, const char *type, const char *help,
                const _Atomic uint64_t *number)
{
    head(text, name, type, help);
    psp_text_format(text, "%s %llu\n", name, (unsigned long long)psp_gateway_stat(number));
}

void psp_gateway_metrics(const struct psp_gateway_stats *stats, struct psp_text *text)
{
    one(text, "psephos_gateway_ready", "gauge", "1 when a router has let this gateway in.",
        &stats->ready);
    one(text, "psephos_gateway_inflight_ballots", "gauge", "Ballots without a verdict.",
        &stats->inflight);
    head(text, "psephos_gateway_verdicts_total", "counter", "Ballots answered, by disposition.");
    for (int d = PSP_COUNTED; d < PSP_DISPOSITIONS_END; d++)
        psp_text_format(text, "psephos_gateway_verdicts_total{disposition=\"%s\"} %llu\n",
                        psp_disposition_name((enum psp_disposition)d),
                        (unsigned long long)psp_gateway_stat(&stats->verdicts[d]));
    psp_text_format(text, "psephos_gateway_verdicts_total{disposition=\"not_allowed\"} %llu\n",
                    (unsigned long long)psp_gateway_stat(&stats->not_allowed));
    one(text, "psephos_gateway_unanswered_total", "counter",
        "Ballots answered without a verdict: to be sent again.", &stats->unanswered);
    one(text, "psephos_gateway_strangers_total", "counter",
        "Requests without a token, or with one that does not hold.", &stats->strangers);
    head(text, "psephos_gateway_requests_total", "counter", "Requests answered, by status code.");
    for (int code = 0; code < PSP_GATEWAY_CODES; code++) {
        const uint64_t n = psp_gateway_stat(&stats->requests[code]);
        if (n > 0)
            psp_text_format(text, "psephos_gateway_requests_total{code=\"%d\"} %llu\n", code,
                            (unsigned long long)n);
    }
    one(text, "psephos_gateway_connections", "gauge", "HTTP connections open now.",
        &stats->connections);
    one(text, "psephos_gateway_connections_cut_total", "counter",
        "HTTP connections ended because they took too long.", &stats->connections_cut);
    one(text, "psephos_gateway_connections_refused_total", "counter",
        "HTTP connections for which there was no place.", &stats->connections_refused);
    one(text, "psephos_gateway_connections_pushed_out_total", "counter",
        "HTTP connections ended so that another address has a place.",
        &stats->connections_pushed_out);
    one(text, "psephos_gateway_held_bytes", "gauge", "Of ballots and answers in memory.",
        &stats->held_bytes);
}
