/*
 * descriptors - some are kept for files, whoever connects.
 *
 * Who listens takes connections until the process has no descriptor left, and then cannot
 * open the file that it must write next. So a daemon has its soft limit as high as the hard
 * one lets it, but for a few that are kept: accept() fails below them. Who opens a file
 * raises the limit for that moment, and may be given one of those.
 *
 * Connections that are accepted in just that moment may be given one, too: their number is
 * at or past psp_descriptors_bound(), and whoever accepted them ends them.
 *
 * Threads: any.
 */
#ifndef PSP_DESCRIPTORS_H
#define PSP_DESCRIPTORS_H

#include <stdint.h>

enum {
    PSP_DESCRIPTORS_KEPT = 64, /* or an eighth of the hard limit, if that is less */
};

/* Once, before anything listens. When the system does not let us, all stays as it is. */
void psp_descriptors_keep(void);
/* Numbers of connections are below it. */
uint32_t psp_descriptors_bound(void);

/* Around a call that makes a descriptor: those that are kept may be used. */
void psp_descriptors_lend(void);
void psp_descriptors_take_back(void);

/* open(2) with one that may be of those kept. */
int psp_descriptors_open(const char *path, int flags, unsigned mode);

#endif
