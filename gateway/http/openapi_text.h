/*
 * openapi_text - gateway/openapi.json, put into the program by the build.
 *
 * Threads: any.
 */
#ifndef PSP_GATEWAY_OPENAPI_TEXT_H
#define PSP_GATEWAY_OPENAPI_TEXT_H

#include <stddef.h>

extern const char psp_gateway_openapi_text[];
extern const size_t psp_gateway_openapi_text_bytes;

#endif
