/*
 * /openapi.json: this interface, for programs.
 */
#include "collector/api/api.h"
#include "collector/api/openapi_text.h"

void psp_api_openapi(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    (void)request;
    reply->status = 200;
    reply->content_type = "application/json";
    reply->shared = psp_openapi_text;
    reply->shared_bytes = psp_openapi_text_bytes;
}
