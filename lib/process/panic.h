/*
 * panic - what a process knew when an assertion failed: one screen on stderr, before it ends.
 *
 * An assertion says which line of the code was wrong; what led there is in the state,
 * and that is gone with the process. So the one who owns it describes it here, at SIGABRT
 * (that of a failed assertion, or `kill -ABRT PID` of somebody who wants to see it), and
 * the process ends as it would have: with that signal.
 *
 * Threads: describe runs on the thread whose assertion failed, beside all others:
 *          it reads numbers, takes no lock, allocates nothing.
 */
#ifndef PSP_PANIC_H
#define PSP_PANIC_H

#include <stddef.h>

enum { PSP_PANIC_BYTES = 4096 }; /* at most, a screen */

/* From here on; NULL: there is no longer anything to say. */
void psp_panic_describe_with(void (*describe)(const void *context, char *ret_text, size_t size),
                             const void *context);

#endif
