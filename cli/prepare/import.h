/*
 * import - published returns into an election folder; shared with
 * `generate --returns`, which begins the same way.
 *
 * Ownership: the caller frees what it is given.   Threads: one owner.
 */
#ifndef PSP_CMD_IMPORT_H
#define PSP_CMD_IMPORT_H

#include <stdbool.h>

#include "cli/returns/how.h"
#include "election/definition/definition.h"
#include "election/definition/text.h"
#include "election/import/report.h"
#include "election/returns/returns.h"

struct psp_import_call {
    const char *command;        /* for messages: "psephos import" */
    const char *const *returns; /* [returns_n]: paths of files and folders */
    size_t returns_n;
    struct psp_returns_how how;        /* they are read */
    const char *out;                   /* folder, made when it is not there */
    const char *id, *name, *date;      /* NULL: from the file's name */
    const char *map_file, *map_object; /* NULL: no map */
    bool force;                        /* overwrite */
    bool strict;                       /* a report with anything in it refuses */
    bool dry_run;                      /* nothing is written, not even a folder */
    struct psp_publication_plan publication;
};

struct psp_import_done {
    struct psp_report report; /* there whether or not it succeeded */
    struct psp_returns *returns;
    struct psp_definition *definition;
    struct psp_returns_binding *binding;
};

/* True when `path` may be written; else says on stderr why not. */
bool psp_import_may_write(const char *command, const char *path, bool force);

/* Writes OUT/election.json, with import.json and the map beside it, and the report on
 * stderr. False after a message there. Release what is done either way. */
bool psp_import_to_folder(const struct psp_import_call *call, struct psp_import_done *ret_done);
void psp_import_done_release(struct psp_import_done *done);

#endif
