/*
 * psephos - the command that speaks to people. It only finds the call and
 * hands over; each call is a file of its own, <room>/<name>.c.
 */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/say/memory.h"

static const struct call {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} calls[] = {
    {"import", psp_cmd_import, "published returns (CSV) to an election definition"},
    {"generate", psp_cmd_generate, "a synthetic electorate, or a roll that fits published returns"},
    {"check", psp_cmd_check, "is this election.json valid, and if not, where and why"},
    {"doctor", psp_cmd_doctor, "before the night: disks, clocks, limits, keys, ports, versions"},
    {"up", psp_cmd_up, "make and start a local cluster, or start what is not running"},
    {"down", psp_cmd_down, "stop the local cluster; nothing counted is lost"},
    {"status", psp_cmd_status, "health, leader, index and lag of every process"},
    {"zero", psp_cmd_zero, "before the polls open: no ballot was received, and the fingerprints"},
    {"open", psp_cmd_open, "open the election: ballots are counted from here on"},
    {"close", psp_cmd_close, "close the election: later ballots are refused as closed"},
    {"report", psp_cmd_report, "show units as counted now, final or not, in every shard at once"},
    {"unit-complete", psp_cmd_unit_complete, "declare that a unit has reported everything"},
    {"leader", psp_cmd_leader, "move a shard's leadership before its machine is taken away"},
    {"replica", psp_cmd_replica, "replace a replica whose disk is lost"},
    {"bridge", psp_cmd_bridge, "take a bridge out, or let it read its topics again"},
    {"backup", psp_cmd_backup, "copy every shard's journal while ballots are counted"},
    {"restore", psp_cmd_restore, "the shards' logs again from a backup, when all is lost"},
    {"client", psp_cmd_client, "add, revoke or list stations, without a restart"},
    {"station", psp_cmd_station, "make a station's key on its own machine"},
    {"auditor", psp_cmd_auditor, "make the key that backups are sealed for, where they are opened"},
    {"cast", psp_cmd_cast, "send ballots and wait until each has its verdict"},
    {"results", psp_cmd_results, "who has how many votes, as a table, JSON or CSV"},
    {"export", psp_cmd_export, "one version of the results as a file for other programs"},
    {"publish", psp_cmd_publish, "the results as static files, for a web server or CDN"},
    {"accounting", psp_cmd_accounting, "the books, and whether they balance"},
    {"stations", psp_cmd_stations, "the books by station: who sent how many ballots"},
    {"inspect", psp_cmd_inspect, "every record of a log, vote or store file, and which is damaged"},
    {"recount", psp_cmd_recount, "replay the journal and compare with the live totals"},
};

static void overview(FILE *file)
{
    fputs("psephos " PSP_VERSION ": counts an election while it happens.\n\n"
          "Usage: psephos CALL [OPTION...]\n\n",
          file);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        fprintf(file, "  %-14s %s\n", calls[i].name, calls[i].about);
    fputs("\nFor example:\n"
          "  psephos import returns.csv --out e\n"
          "  psephos up --dir c --election e/election.json --shards 4\n"
          "  psephos cast --dir c --returns returns.csv\n"
          "  psephos results --dir c\n\n"
          "psephos CALL --help tells more about one call, man psephos-formats about every field\n"
          "of every file.\n"
          "Exit codes: 0 done; 1 it ran and the answer is no; 2 usage; 3 cannot reach the"
          " cluster.\n",
          file);
}

int main(int argc, char **argv)
{
    argp_err_exit_status = PSP_EXIT_USAGE;
    argp_program_version = "psephos " PSP_VERSION;
    /* A reader that went away (`| head`) is an error of one write, not our end
     * without a word. */
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
        overview(stdout);
        return PSP_EXIT_DONE;
    }
    if (!strcmp(argv[1], "--version")) {
        puts(argp_program_version);
        return PSP_EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(argv[1], calls[i].name) != 0)
            continue;
        argv[1] = psp_memory_print("psephos %s", calls[i].name);
        const int code = calls[i].run(argc - 1, argv + 1);
        if (fflush(stdout) != 0 || ferror(stdout)) {
            fputs("psephos: could not write the output\n", stderr);
            return PSP_EXIT_NO;
        }
        return code;
    }
    fprintf(stderr, "psephos: no call named \"%s\"; `psephos` alone lists them\n", argv[1]);
    return PSP_EXIT_USAGE;
}
