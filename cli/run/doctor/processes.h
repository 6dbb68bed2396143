/*
 * processes - the daemons of a cluster, before they start and after: ports, answers,
 * versions, clocks.
 *
 * While none answers the night has not begun: every port is to be free, and every machine
 * in reach. As soon as one answers, all are to.
 *
 * Threads: one owner.
 */
#ifndef PSP_DOCTOR_PROCESSES_H
#define PSP_DOCTOR_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/folder/daemon.h"
#include "cli/folder/hosts.h"
#include "cli/folder/local.h"
#include "cli/operate/operate.h"
#include "cli/run/doctor/findings.h"

/* `operate` NULL: there is no operator's key here. `here`: of each daemon, whether its
 * address is of this machine. True: some process answers. */
bool psp_doctor_processes(struct psp_findings *findings, const struct psp_daemon *daemons,
                          const bool *here, uint32_t n, struct psp_operate *operate);
/* Of a list of machines, before there is a cluster. */
void psp_doctor_hosts(struct psp_findings *findings, const struct psp_hosts *hosts);

#endif
