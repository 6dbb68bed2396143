/* One line when all is well, else one for each that is not. */
#include "cli/run/doctor/answers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/memory.h"

void psp_versions_judge(struct psp_findings *findings, const char *own,
                        const struct psp_doctor_answer *answers, uint32_t n)
{
    static const char check[] = "versions";
    bool good = true;
    for (uint32_t i = 1; i < n; i++) {
        if (!strcmp(answers[i].version, answers[0].version))
            continue;
        psp_findings_add(findings, PSP_VERDICT_FAIL, check, answers[i].name,
                         "install the same package on every machine, then restart what is older",
                         "it is %s, and %s is %s", answers[i].version, answers[0].name,
                         answers[0].version);
        good = false;
    }
    if (n > 0 && strcmp(answers[0].version, own) != 0) {
        psp_findings_add(findings, PSP_VERDICT_WARN, check, "this command",
                         "install psephos-cli of that version here", "it is %s, and %s is %s", own,
                         answers[0].name, answers[0].version);
        good = false;
    }
    if (good)
        psp_findings_add(findings, PSP_VERDICT_OK, check, "all that answer", NULL,
                         "%" PRIu32 " are %s", n, own);
}

static int by_time(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Of all clocks, this machine's among them: of an even number the lower one of the two. */
static int64_t median_of(const struct psp_doctor_answer *answers, uint32_t n)
{
    int64_t *ahead = psp_memory_array((size_t)n + 1, sizeof *ahead);
    uint32_t count = 1; /* this machine's: 0 */
    for (uint32_t i = 0; i < n; i++)
        if (answers[i].has_clock)
            ahead[count++] = answers[i].ahead_ms;
    qsort(ahead, count, sizeof *ahead, by_time);
    const int64_t median = ahead[(count - 1) / 2];
    free(ahead);
    return median;
}

/* True: as it should be. */
static bool judge_clock(struct psp_findings *findings, const char *name, int64_t from_median_ms,
                        uint64_t uncertain_ms)
{
    const uint64_t apart_ms = (uint64_t)(from_median_ms < 0 ? -from_median_ms : from_median_ms);
    if (apart_ms <= PSP_DOCTOR_CLOCK_WARN_MS + uncertain_ms)
        return true;
    psp_findings_add(
        findings,
        apart_ms > PSP_DOCTOR_CLOCK_FAIL_MS + uncertain_ms ? PSP_VERDICT_FAIL : PSP_VERDICT_WARN,
        "clocks", name, "let chrony set its clock: polls close by the clock of who leads",
        "%.3f s %s the middle of all clocks", (double)apart_ms / 1000,
        from_median_ms > 0 ? "ahead of" : "behind");
    return false;
}

void psp_clocks_judge(struct psp_findings *findings, const struct psp_doctor_answer *answers,
                      uint32_t n)
{
    const int64_t median = median_of(answers, n);
    uint64_t widest_ms = 0;
    bool good = judge_clock(findings, "this machine", -median, 0);
    for (uint32_t i = 0; i < n; i++) {
        if (!answers[i].has_clock)
            continue;
        const int64_t apart = answers[i].ahead_ms - median;
        const uint64_t within = (uint64_t)(apart < 0 ? -apart : apart) + answers[i].uncertain_ms;
        widest_ms = within > widest_ms ? within : widest_ms;
        good = judge_clock(findings, answers[i].name, apart, answers[i].uncertain_ms) && good;
    }
    if (good)
        psp_findings_add(findings, PSP_VERDICT_OK, "clocks", "all that answer", NULL,
                         "within %" PRIu64 " ms of the middle", widest_ms);
}
