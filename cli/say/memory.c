/* Every path ends in `found`, which ends the process. */
#include "cli/say/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/exit.h"

static void *found(void *memory)
{
    if (memory)
        return memory;
    fputs("psephos: out of memory\n", stderr);
    exit(PSP_EXIT_NO);
}

void *psp_memory_array(size_t n, size_t size)
{
    return found(calloc(n ? n : 1, size));
}

void *psp_memory_resize(void *memory, size_t n, size_t size)
{
    return found(reallocarray(memory, n ? n : 1, size));
}

char *psp_memory_copy(const char *text)
{
    return found(strdup(text));
}

char *psp_memory_print(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return found(length < 0 ? NULL : text);
}
