/*
 * command - what every call of `psephos` shares: its function and its exit
 * codes.
 *
 * One file a call, cmd_<name>.c. argv[0] is "psephos <name>", so that argp
 * prints the right usage line. The returned number is the exit code.
 */
#ifndef PSP_COMMAND_H
#define PSP_COMMAND_H

enum psp_exit {
    PSP_EXIT_DONE = 0,
    PSP_EXIT_NO = 1, /* it ran and the answer is no */
    PSP_EXIT_USAGE = 2,
    PSP_EXIT_UNREACHABLE = 3, /* cannot reach the cluster */
};

/* The end of every --help. */
#define PSP_EXIT_HELP                                                                              \
    "\vExit codes: 0 done; 1 it ran and the answer is no; 2 usage; 3 cannot reach the cluster."

int psp_cmd_accounting(int argc, char **argv);
int psp_cmd_backup(int argc, char **argv);
int psp_cmd_cast(int argc, char **argv);
int psp_cmd_check(int argc, char **argv);
int psp_cmd_client(int argc, char **argv);
int psp_cmd_leader(int argc, char **argv);
int psp_cmd_replica(int argc, char **argv);
int psp_cmd_close(int argc, char **argv);
int psp_cmd_down(int argc, char **argv);
int psp_cmd_generate(int argc, char **argv);
int psp_cmd_import(int argc, char **argv);
int psp_cmd_open(int argc, char **argv);
int psp_cmd_recount(int argc, char **argv);
int psp_cmd_restore(int argc, char **argv);
int psp_cmd_results(int argc, char **argv);
int psp_cmd_status(int argc, char **argv);
int psp_cmd_unit_complete(int argc, char **argv);
int psp_cmd_up(int argc, char **argv);

#endif
