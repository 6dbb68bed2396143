/* One request, one answer. */
#include "cli/show/gateway.h"

#include <stdlib.h>

#include "cli/say/memory.h"
#include "cli/show/http_client.h"

enum { ANSWER_MS = 2000 };

enum psp_status psp_gateway_ready(const char *address, struct psp_reason *reterr_reason)
{
    struct psp_http_client *client = NULL;
    struct psp_http_answer answer = {0};
    char *url = psp_memory_print("http://%s", address);
    enum psp_status status = psp_http_client_create(url, &client);
    if (status == PSP_OK)
        status = psp_http_client_get(client, "/readyz", NULL, NULL, ANSWER_MS, &answer);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "%s: %s", url,
                       client ? psp_http_client_error(client) : psp_status_text(status));
    } else if (answer.code != 200) {
        psp_reason_set(reterr_reason, "%s answers %ld: %.160s", url, answer.code, answer.body);
        status = PSP_EAGAIN;
    }
    psp_http_client_destroy(&client);
    free(url);
    return status;
}
