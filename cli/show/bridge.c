/* One request, one answer. */
#include "cli/show/bridge.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/say/memory.h"
#include "cli/show/http_client.h"

enum { ANSWER_MS = 2000 };

static bool read_shown(const struct psp_http_answer *answer, struct psp_bridge_shown *ret_shown)
{
    json_t *json = json_loadb(answer->body, answer->bytes, 0, NULL);
    const char *state = json_string_value(json_object_get(json, "state"));
    const char *trouble = json_string_value(json_object_get(json, "trouble"));
    const bool good = state && json_is_boolean(json_object_get(json, "ready"));
    if (good) {
        *ret_shown = (struct psp_bridge_shown){
            .ready = json_is_true(json_object_get(json, "ready")),
            .lag_versions = (uint64_t)json_integer_value(json_object_get(json, "lag_versions")),
            .lag_seconds = json_number_value(json_object_get(json, "lag_seconds"))};
        snprintf(ret_shown->state, sizeof ret_shown->state, "%s", state);
        snprintf(ret_shown->trouble, sizeof ret_shown->trouble, "%s", trouble ? trouble : "");
    }
    json_decref(json);
    return good;
}

enum psp_status psp_bridge_show(const char *address, struct psp_bridge_shown *ret_shown,
                                struct psp_reason *reterr_reason)
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
    } else if (!read_shown(&answer, ret_shown)) {
        psp_reason_set(reterr_reason, "%s/readyz is not that of a bridge", url);
        status = PSP_EUNREACHABLE;
    }
    psp_http_client_destroy(&client);
    free(url);
    return status;
}
