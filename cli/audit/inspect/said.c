/* Lines as they come; of JSON a record a line. */
#include "cli/audit/inspect/said.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli/say/json.h"

static void print_value(json_t *value)
{
    json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(value);
}

void psp_said_head(struct psp_said *said, const char *what, json_t *head)
{
    if (said->json) {
        fputs("{\"file\": ", stdout);
        print_value(json_string(said->file));
        printf(", \"what\": \"%s\", \"head\": ", what);
        print_value(json_incref(head));
        fputs(", \"records\": [", stdout);
    } else {
        printf("%s: %s", said->file, what);
        const char *name;
        json_t *value;
        json_object_foreach(head, name, value)
        {
            if (json_is_integer(value))
                printf(", %s %" JSON_INTEGER_FORMAT, name, json_integer_value(value));
            else if (json_is_string(value))
                printf(", %s %s", name, json_string_value(value));
        }
        printf("\n%12s %10s  record\n", "offset", "bytes");
    }
    json_decref(head);
}

void psp_said_bad_head(struct psp_said *said, const char *what, uint64_t offset, const char *fault)
{
    psp_said_head(said, what, json_null());
    psp_said_record(said, offset, 0, json_object(), fault, "head");
}

void psp_said_record(struct psp_said *said, uint64_t offset, uint64_t bytes, json_t *members,
                     const char *fault, const char *format, ...)
{
    said->records++;
    said->damaged += fault != NULL;
    if (said->json) {
        json_t *record = json_pack("{s:o, s:o}", "offset", psp_json_count(offset), "bytes",
                                   psp_json_count(bytes));
        json_object_update(record, members);
        json_object_set_new(record, "fault", fault ? json_string(fault) : json_null());
        fputs(said->begun ? ",\n " : "\n ", stdout);
        print_value(record);
        said->begun = true;
    } else {
        va_list arguments;
        va_start(arguments, format);
        printf("%12" PRIu64 " %10" PRIu64 "  ", offset, bytes);
        vprintf(format, arguments);
        va_end(arguments);
        if (fault)
            printf("  DAMAGED at byte %" PRIu64 ": %s\n", offset, fault);
        else
            putchar('\n');
    }
    json_decref(members);
}

void psp_said_end(struct psp_said *said)
{
    const uint64_t good = said->records - said->damaged;
    if (said->json)
        printf("],\n \"good\": %" PRIu64 ", \"damaged\": %" PRIu64 "}\n", good, said->damaged);
    else if (said->damaged == 0)
        printf("%" PRIu64 " records, all good\n", good);
    else
        printf("%" PRIu64 " records good, %" PRIu64 " places DAMAGED\n", good, said->damaged);
}
