/*
 * check_bridge - is this bridge.json fit to run a bridge with?
 *
 * Threads: one owner.
 */
#ifndef PSP_CHECK_BRIDGE_H
#define PSP_CHECK_BRIDGE_H

#include <stdbool.h>

#include "base/reason.h"

/* Whether a file is meant to be one: a small JSON object with what no election has. */
bool psp_is_bridge_file(const char *path);

/* Says what it is when it is good. PSP_EINVAL, …: the reason has the pointer. */
enum psp_status psp_check_bridge(const char *path, bool json, struct psp_reason *reterr_reason);

#endif
