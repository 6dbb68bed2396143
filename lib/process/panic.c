/* At SIGABRT: nothing is mended, only told. */
#include "process/panic.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static void (*describer)(const void *context, char *ret_text, size_t size);
static const void *described;

static void write_all(const char *text)
{
    size_t left = strnlen(text, PSP_PANIC_BYTES);
    while (left > 0) {
        const ssize_t n = write(STDERR_FILENO, text, left);
        if (n <= 0)
            return; /* nowhere to say so */
        text += n;
        left -= (size_t)n;
    }
}

/* The handler is taken away before it is called: a fault in here ends the process, too. */
static void tell(int signal_number)
{
    static char text[PSP_PANIC_BYTES];
    if (describer != NULL) {
        describer(described, text, sizeof text);
        write_all("this process ends because of a defect in it. Its state (docs/operations.md, "
                  "\"When an assertion fails\"):\n");
        write_all(text);
    }
    raise(signal_number); /* now, when this returns, as by default */
}

void psp_panic_describe_with(void (*describe)(const void *context, char *ret_text, size_t size),
                             const void *context)
{
    struct sigaction action = {.sa_flags = (int)SA_RESETHAND};
    action.sa_handler = describe == NULL ? SIG_DFL : tell;
    describer = describe;
    described = context;
    sigemptyset(&action.sa_mask);
    sigaction(SIGABRT, &action, NULL);
}
