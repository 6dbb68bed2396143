/* The order of a daemon's steps, and what is said at them. */
#include "process/main.h"

#include <assert.h>
#include <stdlib.h>

#include "process/notify.h"
#include "process/say.h"

enum { NAME_BYTES = 64 };

int psp_main_run(const struct psp_main *daemon, int argc, char **argv)
{
    char name[NAME_BYTES];
    assert(daemon->argp != NULL && daemon->start != NULL && daemon->end != NULL);
    argp_err_exit_status = PSP_MAIN_EXIT_USAGE;
    argp_parse(daemon->argp, argc, argv, 0, NULL, daemon->parts);
    daemon->name(daemon->parts, name);
    psp_say_name(name);
    bool good = daemon->start(daemon->parts);
    if (good) {
        good = daemon->run(daemon->parts);
        psp_notify_stopping();
        if (good)
            psp_say(PSP_SAY_INFO, "stopped", "ended by a signal");
    } else {
        psp_say(PSP_SAY_ERROR, "cannot_start", "%s", daemon->why(daemon->parts));
    }
    daemon->end(daemon->parts);
    return good ? EXIT_SUCCESS : PSP_MAIN_EXIT_RUNTIME;
}
