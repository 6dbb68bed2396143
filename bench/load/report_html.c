/* The page of a report: plots drawn as SVG, so that it opens anywhere and needs nothing. */
#include "bench/load/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 860, HEIGHT = 220, LEFT = 70, RIGHT = 10, TOP = 10, BOTTOM = 30, LINES = 4 };

static const char *const colors[] = {"#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e",
                                     "#17becf", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22"};
enum { COLORS = sizeof colors / sizeof *colors };

/* One line of a plot: y over x, both picked out of the result. */
struct line {
    const char *name;
    double (*at)(const struct psp_load_result *result, uint32_t point, uint32_t process);
    uint32_t process;
};

static double rate_at(const struct psp_load_result *result, uint32_t i, uint32_t process)
{
    (void)process;
    return result->points[i].rate;
}

static double p50_at(const struct psp_load_result *result, uint32_t i, uint32_t process)
{
    (void)process;
    return result->points[i].p50_ms;
}

static double p99_at(const struct psp_load_result *result, uint32_t i, uint32_t process)
{
    (void)process;
    return result->points[i].p99_ms;
}

static double max_at(const struct psp_load_result *result, uint32_t i, uint32_t process)
{
    (void)process;
    return result->points[i].max_ms;
}

static const struct psp_usage *usage_at(const struct psp_load_result *result, uint32_t i,
                                        uint32_t process)
{
    return &result->usages[(size_t)i * result->sampler.n + process];
}

/* In cores: 1 is a whole one. */
static double cpu_at(const struct psp_load_result *result, uint32_t i, uint32_t process)
{
    const double now = usage_at(result, i, process)->cpu_s;
    const double before =
        i ? usage_at(result, i - 1, process)->cpu_s : result->before[process].cpu_s;
    const double seconds = result->points[i].at_s - (i ? result->points[i - 1].at_s : 0);
    return now > before && seconds > 0 ? (now - before) / seconds : 0;
}

static double memory_at(const struct psp_load_result *result, uint32_t i, uint32_t process)
{
    return (double)usage_at(result, i, process)->rss_bytes / (1 << 20);
}

/* The next 1, 2 or 5 times a power of ten. */
static double round_up(double value)
{
    if (value <= 0)
        return 1;
    const double power = pow(10, floor(log10(value)));
    for (int step = 1; step <= 10; step = step == 2 ? 5 : step * 2)
        if (value <= step * power)
            return step * power;
    return 10 * power;
}

static void axes(FILE *out, double x_max, double y_max)
{
    const int bottom = HEIGHT - BOTTOM;
    for (int i = 0; i <= LINES; i++) {
        const int y = bottom - (bottom - TOP) * i / LINES;
        fprintf(out,
                "<line x1='%d' y1='%d' x2='%d' y2='%d' stroke='#ddd'/>"
                "<text x='%d' y='%d' text-anchor='end'>%.6g</text>\n",
                LEFT, y, WIDTH - RIGHT, y, LEFT - 6, y + 4, y_max * i / LINES);
        const int x = LEFT + (WIDTH - RIGHT - LEFT) * i / LINES;
        fprintf(out, "<text x='%d' y='%d' text-anchor='middle'>%.4g s</text>\n",
                i == LINES ? x - 20 : x, bottom + 18, x_max * i / LINES);
    }
}

static void plot(FILE *out, const struct psp_load_result *result, const char *title,
                 const struct line *lines, uint32_t n)
{
    const double x_max = result->points[result->point_n - 1].at_s;
    double y_max = 0;
    for (uint32_t l = 0; l < n; l++)
        for (uint32_t i = 0; i < result->point_n; i++)
            y_max = fmax(y_max, lines[l].at(result, i, lines[l].process));
    y_max = round_up(y_max);
    fprintf(out, "<h2>%s</h2>\n<svg viewBox='0 0 %d %d' role='img' aria-label='%s'>\n", title,
            WIDTH, HEIGHT, title);
    axes(out, x_max, y_max);
    for (uint32_t l = 0; l < n; l++) {
        fprintf(out, "<polyline fill='none' stroke='%s' stroke-width='1.5' points='",
                colors[l % COLORS]);
        for (uint32_t i = 0; i < result->point_n; i++)
            fprintf(out, "%.1f,%.1f ",
                    LEFT + (WIDTH - RIGHT - LEFT) * fmax(0, result->points[i].at_s) / x_max,
                    HEIGHT - BOTTOM -
                        (HEIGHT - BOTTOM - TOP) * lines[l].at(result, i, lines[l].process) / y_max);
        fputs("'/>\n", out);
    }
    fputs("</svg>\n<p class='key'>", out);
    for (uint32_t l = 0; l < n; l++)
        fprintf(out, "<span style='color:%s'>&#9632;</span> %s &nbsp; ", colors[l % COLORS],
                lines[l].name);
    fputs("</p>\n", out);
}

static void plot_processes(FILE *out, const struct psp_load_result *result, const char *title,
                           double (*at)(const struct psp_load_result *, uint32_t, uint32_t))
{
    struct line *lines = calloc(result->sampler.n, sizeof *lines);
    if (!lines)
        return;
    for (uint32_t p = 0; p < result->sampler.n; p++)
        lines[p] = (struct line){result->sampler.processes[p].name, at, p};
    plot(out, result, title, lines, result->sampler.n);
    free(lines);
}

/* Latency against share of ballots; the share's axis counts nines, so that the
 * tail has room. */
static void plot_percentiles(FILE *out, const struct psp_load_result *result)
{
    static const double shares[] = {0, .5, .75, .9, .95, .99, .995, .999, .9995, .9999, .99999};
    enum { N = sizeof shares / sizeof *shares };
    const double y_max = round_up((double)psp_histogram_at(&result->latency, shares[N - 1]) / 1e3);
    fprintf(out,
            "<h2>Latency by share of ballots (ms)</h2>\n"
            "<svg viewBox='0 0 %d %d' role='img' aria-label='latency percentiles'>\n",
            WIDTH, HEIGHT);
    fputs("<polyline fill='none' stroke='#1f77b4' stroke-width='1.5' points='", out);
    for (int i = 0; i < N; i++)
        fprintf(out, "%d,%.1f ", LEFT + (WIDTH - RIGHT - LEFT) * i / (N - 1),
                HEIGHT - BOTTOM -
                    (HEIGHT - BOTTOM - TOP) *
                        ((double)psp_histogram_at(&result->latency, shares[i]) / 1e3) / y_max);
    fputs("'/>\n", out);
    for (int i = 0; i <= LINES; i++)
        fprintf(out, "<text x='%d' y='%d' text-anchor='end'>%.6g</text>\n", LEFT - 6,
                HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * i / LINES + 4, y_max * i / LINES);
    for (int i = 0; i < N; i++)
        fprintf(out, "<text x='%d' y='%d' text-anchor='%s'>%g %%</text>\n",
                LEFT + (WIDTH - RIGHT - LEFT) * i / (N - 1), HEIGHT - BOTTOM + 18,
                i == N - 1 ? "end" : "middle", shares[i] * 100);
    fputs("</svg>\n", out);
}

static void head(FILE *out, const struct psp_load_options *options,
                 const struct psp_load_result *result)
{
    fputs("<!doctype html><html lang='en'><meta charset='utf-8'><title>Psephos: load run</title>\n"
          "<style>body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2em auto;"
          "padding:0 1em;color:#222}svg{width:100%;height:auto;font-size:11px}"
          "h2{font-size:1em;margin:1.6em 0 .3em}pre{background:#f5f5f5;padding:1em;"
          "overflow-x:auto}.key{margin:0}.wrong{color:#b00;font-weight:bold}</style>\n"
          "<h1>Load run</h1>\n<pre>",
          out);
    psp_report_print(options, result, out);
    fprintf(out, "</pre>\n<p class='%s'>The count is %s.</p>\n", *result->verdict ? "wrong" : "",
            *result->verdict ? "wrong" : "right");
}

enum psp_status psp_report_html(const struct psp_load_options *options,
                                const struct psp_load_result *result, const char *path)
{
    static const struct line throughput[] = {{"receipts a second", rate_at, 0}};
    static const struct line latency[] = {
        {"p50", p50_at, 0}, {"p99", p99_at, 0}, {"max", max_at, 0}};
    FILE *out = fopen(path, "we");
    if (!out)
        return PSP_EIO;
    head(out, options, result);
    if (result->point_n > 0) {
        plot(out, result, "Throughput", throughput, 1);
        plot(out, result, "Latency over time (ms, each half second)", latency, 3);
        plot_percentiles(out, result);
        plot_processes(out, result, "CPU (cores)", cpu_at);
        plot_processes(out, result, "Memory (MiB)", memory_at);
    }
    fputs("</html>\n", out);
    const bool failed = ferror(out) != 0;
    return fclose(out) != 0 || failed ? PSP_EIO : PSP_OK;
}
