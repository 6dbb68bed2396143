/* A URI has its password before an @; else the word names it. */
#include "sql/conninfo.h"

#include <stdbool.h>
#include <string.h>

const char *psp_conninfo_words(const char *conninfo, const char *words)
{
    const bool is_uri = strstr(conninfo, "://") != NULL;
    if (strstr(conninfo, "pass") == NULL && !(is_uri && strchr(conninfo, '@') != NULL))
        return words;
    return is_uri ? "the URI is not well-formed (in a password, other letters than a-z, A-Z and "
                    "0-9 are written as %40 for @); libpq's words are not shown, for they may "
                    "quote the password"
                  : "it is not name=value … (a value with blanks stands in '…', a ' in it as \\'); "
                    "libpq's words are not shown, for they may quote the password";
}
