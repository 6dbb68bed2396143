/*
 * say - one line on stderr an event, for people and for journald.
 *
 *     2026-11-22T02:00:00.123Z info shard-0-0 opened: 4096 slots, index 12
 *
 * With PSP_LOG=json in the environment: one JSON object a line, members time,
 * level, process, event, message. Started by systemd (JOURNAL_STREAM set) the
 * text form leaves the time out, as journald has it, and begins with the
 * <priority> that journald reads.
 *
 * Threads: any; a line is written with one call.
 */
#ifndef PSP_SAY_H
#define PSP_SAY_H

#include <stdbool.h>
#include <stdint.h>

enum psp_say_level { PSP_SAY_ERROR, PSP_SAY_WARNING, PSP_SAY_INFO };

/* Names this process in every line, e.g. "shard-0-0". Call before any thread. */
void psp_say_name(const char *name);

/* `event`: a short fixed word for programs, e.g. "refused". */
void psp_say(enum psp_say_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* For warnings that could repeat without end: true at most once a
 * `interval_ms`, with the number swallowed since in *ret_swallowed. */
struct psp_say_limit { /* zero-initialise */
    uint64_t next_ms, swallowed;
};
bool psp_say_allowed(struct psp_say_limit *limit, uint64_t now_ms, uint64_t interval_ms,
                     uint64_t *ret_swallowed);

#endif
