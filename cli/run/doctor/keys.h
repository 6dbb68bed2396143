/*
 * keys - whether the secrets in a cluster's folder are secret, there, and the right ones.
 *
 * Threads: one owner.
 */
#ifndef PSP_DOCTOR_KEYS_H
#define PSP_DOCTOR_KEYS_H

#include <stdint.h>

#include "cli/folder/daemon.h"
#include "cli/folder/local.h"
#include "cli/run/doctor/findings.h"

/* `here`: a flag for each of the daemons, whether its key belongs on this machine. */
void psp_doctor_keys(struct psp_findings *findings, const struct psp_local *local,
                     const struct psp_daemon *daemons, const bool *here, uint32_t n);

#endif
