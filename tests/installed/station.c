/* A station as libpsephos-dev serves it: built with the installed headers and nothing else. */
#include <stdio.h>

#include "client/psephos.h"

int main(void)
{
    const struct psp_client_options options = {.cluster_path = "no-such-folder/cluster.json",
                                               .key_path = "no-such-folder/station.key"};
    struct psp_mark mark = {.contest = 1, .choice = 0};
    uint8_t marks[8];
    size_t length = 0;
    struct psp_client *client = NULL;
    char reason[256];
    if (psp_marks_encode(&mark, 1, marks, sizeof marks, &length) != PSP_OK || length != 4)
        return 1;
    const enum psp_status status = psp_client_create(&options, &client, reason, sizeof reason);
    printf("%s: %s\n", psp_status_text(status), reason);
    psp_client_destroy(&client);
    return status == PSP_ENOENT ? 0 : 1;
}
