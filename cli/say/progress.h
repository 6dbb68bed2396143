/*
 * progress - one line about long work, on stderr, when that is a terminal.
 *
 * The line is redrawn in place a few times a second; to anything but a terminal
 * nothing is written, so that logs and pipes stay clean.
 *
 * Threads: one owner.
 */
#ifndef PSP_PROGRESS_H
#define PSP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct psp_progress {
    bool shown;       /* stderr is a terminal */
    bool drawn;       /* a line stands there */
    uint64_t next_ms; /* not redrawn before */
    uint64_t started_ms;
};

/* Milliseconds that never go back. */
uint64_t psp_progress_clock_ms(void);

/* Nothing is drawn yet; it notes the time. */
void psp_progress_start(struct psp_progress *progress);
/* Redraws when it is time; `total` 0: not known. `what` names the things done. */
void psp_progress_step(struct psp_progress *progress, const char *what, uint64_t done,
                       uint64_t total);
/* Removes the line. */
void psp_progress_end(struct psp_progress *progress);

#endif
