/*
 * answers - what processes say of themselves, judged: versions and clocks.
 *
 * Threads: one owner.
 */
#ifndef PSP_DOCTOR_ANSWERS_H
#define PSP_DOCTOR_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/run/doctor/findings.h"

enum {
    PSP_DOCTOR_CLOCK_WARN_MS = 500,
    PSP_DOCTOR_CLOCK_FAIL_MS = 2000, /* `close` names a time that lies so far ahead */
};

/* What one process says of itself. */
struct psp_doctor_answer {
    const char *name, *version; /* version NULL: it says none */
    bool has_clock;
    int64_t ahead_ms;      /* of this machine's clock */
    uint64_t uncertain_ms; /* half of the way there and back */
};

/* What the answers say; also of this machine's own clock. */
void psp_versions_judge(struct psp_findings *findings, const char *own,
                        const struct psp_doctor_answer *answers, uint32_t n);
void psp_clocks_judge(struct psp_findings *findings, const struct psp_doctor_answer *answers,
                      uint32_t n);

#endif
