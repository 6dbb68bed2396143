/* A table of SQLSTATEs (a whole one, or its class of two characters) and what to say of it; the
 * first that fits. Where no SQLSTATE came, libpq itself spoke, and that in English. */
#include "bridge/postgres/words.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* %U user, %D database, %S schema, %H host, %M the server's words. */
struct saying {
    const char *sqlstate;
    enum psp_status status;
    const char *words;
};

static const struct saying sayings[] = {
    {"28P01", PSP_EACCES,
     "PostgreSQL at %H refuses the password of user \"%U\": put the right one into ~/.pgpass of "
     "the user that the bridge runs as, or into the file that \"passfile=…\" in \"conninfo\" names "
     "(host:port:database:user:password, mode 0600)"},
    {"28", PSP_EACCES,
     "PostgreSQL at %H does not let user \"%U\" in: %M. Make it (CREATE ROLE \"%U\" LOGIN), name "
     "another with \"user=…\" in \"conninfo\", or allow it in the server's pg_hba.conf"},
    {"3D000", PSP_ENOENT,
     "PostgreSQL at %H has no database \"%D\": make it (createdb -E UTF8 -T template0 -O %U %D), "
     "or name another with \"dbname=…\" in \"conninfo\""},
    {"42501", PSP_EACCES,
     "PostgreSQL does not allow user \"%U\" what the bridge needs: %M. As the database's owner: "
     "CREATE SCHEMA \"%S\" AUTHORIZATION \"%U\"; GRANT TEMPORARY ON DATABASE \"%D\" TO \"%U\"; "
     "and if the schema is there: ALTER SCHEMA \"%S\" OWNER TO \"%U\", and so with its tables"},
    {"25006", PSP_EACCES,
     "PostgreSQL at %H takes no writes (%M): is it a standby? Name the primary, or all of them "
     "and target_session_attrs=read-write, in \"conninfo\""},
    {"2BP01", PSP_EACCES,
     "views or tables of others depend on those in schema \"%S\", which have to be made anew: "
     "%M. Drop them, and make them again when the bridge has started"},
    {"53300", PSP_EUNREACHABLE, "PostgreSQL at %H has no connection left (%M): waits for one"},
    {"53100", PSP_ENOSPC, "PostgreSQL at %H: its disk is full: %M. Make room; then it goes on"},
    {"53", PSP_EUNREACHABLE, "PostgreSQL at %H lacks something: %M. Tried again"},
    {"55P03", PSP_EUNREACHABLE, "another bridge, or a person, has schema \"%S\" locked: waits"},
    {"25P03", PSP_EUNREACHABLE,
     "PostgreSQL ended the session, which had waited too long for the rest of an answer: begins "
     "anew"},
    {"40", PSP_EUNREACHABLE, "PostgreSQL took the transaction back: %M. Tried again"},
    {"57", PSP_EUNREACHABLE, "PostgreSQL at %H is ending or starting (%M): waits for it"},
    {"08", PSP_EUNREACHABLE, "the connection with PostgreSQL at %H broke: %M. Connects again"},
    {"23", PSP_EIO,
     "a row does not fit the others in schema \"%S\": %M. Has somebody else written to it? DROP "
     "SCHEMA \"%S\" CASCADE, and the bridge makes all of it anew"},
    {"42P07", PSP_EINVAL,
     "schema \"%S\" has something of others in it (%M): name another \"schema\""},
    {"42", PSP_EIO,
     "schema \"%S\" is not as a bridge makes it: %M. DROP SCHEMA \"%S\" CASCADE, and the bridge "
     "makes all of it anew; or name another \"schema\""},
    {"22", PSP_EIO, "PostgreSQL cannot keep a value: %M. Is the database's encoding UTF8?"},
    {"", PSP_EIO, "PostgreSQL at %H: %M"},
};

/* libpq's own words, before any server spoke. */
static const struct {
    const char *part;
    struct saying saying;
} own[] = {
    {"no password supplied",
     {"", PSP_EACCES,
      "PostgreSQL at %H wants a password of user \"%U\": put it into ~/.pgpass of the user that "
      "the bridge runs as, or into the file that \"passfile=…\" in \"conninfo\" names "
      "(host:port:database:user:password, mode 0600)"}},
    {"certificate verify failed",
     {"", PSP_EACCES,
      "the certificate of PostgreSQL at %H is not to be trusted (%M): name its authority with "
      "\"sslrootcert=…\" in \"conninfo\""}},
    {"does not match host name",
     {"", PSP_EACCES, "the certificate of PostgreSQL at %H is of another host: %M"}},
    {"read-only",
     {"", PSP_EUNREACHABLE,
      "none of the servers in \"conninfo\" takes writes (%M): waits for a primary"}},
    {"", {"", PSP_EUNREACHABLE, "PostgreSQL at %H does not answer: %M. Waits for it"}},
};

/* One line of it, without the full stop or blank at its end. */
static size_t line_length(const char *message)
{
    size_t length = strcspn(message, "\n");
    while (length > 0 && strchr(" .\t\r", message[length - 1]))
        length--;
    return length;
}

static enum psp_status say(const struct saying *saying, const struct psp_pg_fault *fault,
                           struct psp_reason *reterr_reason)
{
    char text[PSP_REASON_TEXT_BYTES];
    size_t length = 0;
    for (const char *at = saying->words; *at && length < sizeof text - 1; at++) {
        const char *part = at;
        size_t n = 1;
        if (*at == '%') {
            at++;
            part = *at == 'U'   ? fault->user
                   : *at == 'D' ? fault->database
                   : *at == 'S' ? fault->schema
                   : *at == 'H' ? fault->host
                                : fault->message;
            n = *at == 'M' ? line_length(part) : strlen(part);
        }
        if (n > sizeof text - 1 - length)
            n = sizeof text - 1 - length;
        memcpy(text + length, part, n);
        length += n;
    }
    text[length] = 0;
    psp_reason_set(reterr_reason, "%s", text);
    return saying->status;
}

enum psp_status psp_pg_words(const struct psp_pg_fault *fault, struct psp_reason *reterr_reason)
{
    size_t i = 0;
    if (!fault->sqlstate[0]) {
        while (own[i].part[0] && !strstr(fault->message, own[i].part))
            i++;
        return say(&own[i].saying, fault, reterr_reason);
    }
    while (strncmp(fault->sqlstate, sayings[i].sqlstate, strlen(sayings[i].sqlstate)) != 0)
        i++;
    return say(&sayings[i], fault, reterr_reason);
}

static bool is_sqlstate(const char *text)
{
    int n = 0;
    while (n < PSP_PG_SQLSTATE_BYTES - 1 &&
           (isdigit((unsigned char)text[n]) || isupper((unsigned char)text[n])))
        n++;
    return n == PSP_PG_SQLSTATE_BYTES - 1 && text[n] == ':' && text[n + 1] == ' ';
}

void psp_pg_words_sqlstate(const char *message, char ret_sqlstate[PSP_PG_SQLSTATE_BYTES],
                           const char **ret_words)
{
    ret_sqlstate[0] = 0;
    *ret_words = message;
    /* Several hosts may have been tried: the last word counts. */
    for (const char *at = strstr(message, ":  "); at; at = strstr(at + 1, ":  "))
        if (is_sqlstate(at + 3)) {
            snprintf(ret_sqlstate, PSP_PG_SQLSTATE_BYTES, "%s", at + 3);
            *ret_words = at + 3 + PSP_PG_SQLSTATE_BYTES + 1;
        }
}
