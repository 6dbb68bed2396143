/* Nothing is drawn for what is soon done; at the end the line is cleared. */
#include "cli/say/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/say/table.h"

enum { REDRAW_MS = 200 };

uint64_t psp_progress_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void psp_progress_start(struct psp_progress *progress)
{
    *progress = (struct psp_progress){
        .shown = isatty(STDERR_FILENO) == 1,
        .next_ms = psp_progress_clock_ms() + REDRAW_MS, /* nothing for what is soon done */
        .started_ms = psp_progress_clock_ms(),
    };
}

void psp_progress_step(struct psp_progress *progress, const char *what, uint64_t done,
                       uint64_t total)
{
    if (!progress->shown)
        return;
    const uint64_t now_ms = psp_progress_clock_ms();
    if (now_ms < progress->next_ms)
        return;
    progress->next_ms = now_ms + REDRAW_MS;
    progress->drawn = true;
    const uint64_t ms = now_ms - progress->started_ms;
    char done_text[PSP_COUNT_TEXT_BYTES], rate[PSP_COUNT_TEXT_BYTES], all[PSP_COUNT_TEXT_BYTES];
    psp_count_text(done, done_text);
    psp_count_text(ms ? done * 1000 / ms : 0, rate);
    if (total)
        fprintf(stderr, "\r\033[K%s of %s %s, %u %%, %s/s, %u s", done_text,
                psp_count_text(total, all), what, (unsigned)(done * 100 / total), rate,
                (unsigned)(ms / 1000));
    else
        fprintf(stderr, "\r\033[K%s %s, %s/s, %u s", done_text, what, rate, (unsigned)(ms / 1000));
    fflush(stderr);
}

void psp_progress_end(struct psp_progress *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    progress->drawn = false;
}
