/*
 * process - which program a process of this machine runs, as /proc tells.
 *
 * A pid alone proves nothing: numbers are used again. What /proc shows of the
 * program and its arguments does.
 *
 * Threads: any.
 */
#ifndef PSP_PROCESS_H
#define PSP_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PSP_COMMAND_LINE_BYTES = 16384 };

/* The name of its program's file, without the folder. A program that was rebuilt
 * meanwhile shows as "name (deleted)". False: gone, or a process of somebody else. */
bool psp_process_program(pid_t pid, char *ret_name, size_t size);

/* Its arguments, each with its NUL; 0: none to be seen. */
size_t psp_process_arguments(pid_t pid, char ret_line[PSP_COMMAND_LINE_BYTES]);

/* Waits until each is gone or only its exit status is left, at most until `end_ms`
 * (psp_progress_clock_ms): what is about to end has no arguments any more, and still has
 * its ports and locks. */
void psp_processes_wait(const pid_t *pids, size_t n, uint64_t end_ms);

#endif
