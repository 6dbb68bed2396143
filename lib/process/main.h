/*
 * main - the course of a daemon from its options to its end, the same for all.
 *
 *     options -> name -> start -> ready -> run -> stopping -> end
 *                          `-> "cannot_start" and why, exit code 1
 *
 * Threads: one owner.
 */
#ifndef PSP_MAIN_H
#define PSP_MAIN_H

#include <argp.h>
#include <stdbool.h>

enum {
    PSP_MAIN_EXIT_RUNTIME = 1, /* could not start or go on */
    PSP_MAIN_EXIT_USAGE = 2,
};

/* What a daemon does at each step; all get its parts. */
struct psp_main {
    const struct argp *argp; /* its input: the parts */
    void *parts;
    /* Of this process in log lines, "shard-0-2"; into 64 bytes. */
    void (*name)(void *parts, char *ret_name);
    bool (*start)(void *parts);      /* false: `why` says why */
    const char *(*why)(void *parts); /* it did not start */
    bool (*run)(void *parts);        /* until a signal; false: could not go on, and said so */
    void (*end)(void *parts);        /* releases what start made, also after a failure */
};

/* Returns the exit code. A wrong usage ends the process. */
int psp_main_run(const struct psp_main *daemon, int argc, char **argv);

#endif
