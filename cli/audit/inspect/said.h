/*
 * said - what is found in a file, as it is found: lines, or one JSON object.
 *
 * A file may have millions of records, so none is kept.
 *
 * Ownership: takes the JSON values that it is given.   Threads: the main one.
 */
#ifndef PSP_INSPECT_SAID_H
#define PSP_INSPECT_SAID_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct psp_said {
    const char *file;
    bool json, begun;
    uint64_t records, damaged;
};

/* The bytes of a file that is looked at. */
struct psp_inspected {
    const char *name; /* its last part */
    const uint8_t *bytes;
    size_t length;
};

/* What kind of file it is, and what its head says (NULL: that is damaged, with the
 * fault's offset). */
void psp_said_head(struct psp_said *said, const char *what, json_t *head);
void psp_said_bad_head(struct psp_said *said, const char *what, uint64_t offset, const char *fault);
/* A record: its members, and for people a line. `fault` NULL: it is good. */
void psp_said_record(struct psp_said *said, uint64_t offset, uint64_t bytes, json_t *members,
                     const char *fault, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
void psp_said_end(struct psp_said *said);

/* log.c: a segment, a vote file. */
void psp_inspect_segment(struct psp_said *said, const struct psp_inspected *inspected);
void psp_inspect_vote(struct psp_said *said, const struct psp_inspected *inspected);
/* store.c: a data.mdb of a shard or a collector. */
void psp_inspect_store(struct psp_said *said, const struct psp_inspected *inspected);

#endif
