/*
 * exit - what the exit code of a call says to scripts.
 *
 * Threads: any; it is names only.
 */
#ifndef PSP_EXIT_H
#define PSP_EXIT_H

enum psp_exit {
    PSP_EXIT_DONE = 0,
    PSP_EXIT_NO = 1, /* it ran and the answer is no */
    PSP_EXIT_USAGE = 2,
    PSP_EXIT_UNREACHABLE = 3, /* cannot reach the cluster */
};

/* The end of every --help. */
#define PSP_EXIT_HELP                                                                              \
    "\vExit codes: 0 done; 1 it ran and the answer is no; 2 usage; 3 cannot reach the cluster."

#endif
