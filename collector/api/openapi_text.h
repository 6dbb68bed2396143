/*
 * openapi_text - collector/openapi.json, built into the program (embed.cmake).
 *
 * Threads: any.
 */
#ifndef PSP_OPENAPI_TEXT_H
#define PSP_OPENAPI_TEXT_H

#include <stddef.h>

extern const char psp_openapi_text[];
extern const size_t psp_openapi_text_bytes;

#endif
