/*
 * memory - allocation for a command that ends rather than go on without it.
 *
 * Only the command does this: daemons and libraries return PSP_ENOMEM. A
 * command that runs out of memory has nothing better to do than say so.
 *
 * Threads: any.
 */
#ifndef PSP_MEMORY_H
#define PSP_MEMORY_H

#include <stddef.h>

/* Zeroed. */
void *psp_memory_array(size_t n, size_t size);
void *psp_memory_resize(void *memory, size_t n, size_t size);
char *psp_memory_copy(const char *text);
__attribute__((format(printf, 1, 2))) char *psp_memory_print(const char *format, ...);

#endif
