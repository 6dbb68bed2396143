/*
 * command - the calls of `psephos`, one function each.
 *
 * One file a call, in the room of whoever makes it.
 * argv[0] is "psephos <name>", so that argp prints the right usage line. The
 * returned number is the exit code.
 *
 * Threads: the main one.
 */
#ifndef PSP_COMMAND_H
#define PSP_COMMAND_H

#include "cli/say/exit.h"

/* Named after the call, with _ for -. */
int psp_cmd_accounting(int argc, char **argv);
int psp_cmd_backup(int argc, char **argv);
int psp_cmd_cast(int argc, char **argv);
int psp_cmd_check(int argc, char **argv);
int psp_cmd_client(int argc, char **argv);
int psp_cmd_leader(int argc, char **argv);
int psp_cmd_bridge(int argc, char **argv);
int psp_cmd_replica(int argc, char **argv);
int psp_cmd_close(int argc, char **argv);
int psp_cmd_doctor(int argc, char **argv);
int psp_cmd_down(int argc, char **argv);
int psp_cmd_export(int argc, char **argv);
int psp_cmd_generate(int argc, char **argv);
int psp_cmd_inspect(int argc, char **argv);
int psp_cmd_import(int argc, char **argv);
int psp_cmd_open(int argc, char **argv);
int psp_cmd_publish(int argc, char **argv);
int psp_cmd_recount(int argc, char **argv);
int psp_cmd_report(int argc, char **argv);
int psp_cmd_restore(int argc, char **argv);
int psp_cmd_results(int argc, char **argv);
int psp_cmd_station(int argc, char **argv);
int psp_cmd_auditor(int argc, char **argv);
int psp_cmd_stations(int argc, char **argv);
int psp_cmd_status(int argc, char **argv);
int psp_cmd_unit_complete(int argc, char **argv);
int psp_cmd_up(int argc, char **argv);
int psp_cmd_zero(int argc, char **argv);

#endif
