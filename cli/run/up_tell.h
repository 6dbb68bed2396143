/*
 * up_tell - what `psephos up` says when it has done its work.
 *
 * Threads: one owner.
 */
#ifndef PSP_UP_TELL_H
#define PSP_UP_TELL_H

#include <stdbool.h>

#include "cli/folder/local.h"
#include "cli/run/phase.h"

/* Of a cluster that runs: where it is, and what it shows. An exit code. */
int psp_up_tell_ready(const struct psp_local *local, bool json, const struct psp_phase *phase);
/* Of one that was only laid out: which process is to be started on which machine. */
int psp_up_tell_layout(const struct psp_local *local, bool json);

#endif
