/*
 * line_read - nanoseconds a line: its JSON, the ballot of it with its ID, and what the same JSON
 * takes with jansson.
 *
 *     line_read ELECTION FILE      FILE: lines of the form votes-topic
 *
 * Prints one JSON object.
 */
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/system/file.h"
#include "client/line/ballot_line.h"
#include "client/line/nodes.h"
#include "election/ballot_id.h"

enum { LINES_MAX = 100000 };

struct lines {
    struct psp_ballot_lines form;
    const char *text[LINES_MAX];
    size_t bytes[LINES_MAX], n;
};

/* CPU time: what else the machine does is not counted. */
static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static void as_nodes(const struct lines *lines, size_t i)
{
    const struct psp_line_node *nodes = psp_line_nodes(lines->text[i], lines->bytes[i]);
    assert(nodes);
    (void)nodes;
}

static void as_ballot(const struct lines *lines, size_t i)
{
    static struct psp_ballot_line storage;
    struct psp_ballot ballot;
    struct psp_reason reason = {0};
    const enum psp_status status = psp_ballot_line_read(
        &lines->form, lines->text[i], lines->bytes[i], &storage, &ballot, &reason);
    assert(status == PSP_OK);
    (void)status;
}

static void by_jansson(const struct lines *lines, size_t i)
{
    json_t *root = json_loadb(lines->text[i], lines->bytes[i], JSON_REJECT_DUPLICATES, NULL);
    assert(root);
    json_decref(root);
}

static double ns_of(const struct lines *lines, size_t n,
                    void (*read)(const struct lines *lines, size_t i))
{
    const double begun = now_ns();
    for (size_t i = 0; i < n; i++)
        read(lines, i);
    return (now_ns() - begun) / (double)n;
}

int main(int argc, char **argv)
{
    static const uint8_t secret[PSP_BALLOT_SECRET_BYTES] = {1};
    static struct lines lines;
    struct psp_definition *definition = NULL;
    struct psp_leaf_names *names = NULL;
    struct psp_reason reason = {0};
    char *text = NULL;
    size_t bytes = 0;
    if (argc != 3 || psp_definition_load(argv[1], &definition, &reason) != PSP_OK ||
        psp_leaf_names_create(definition, &names) != PSP_OK ||
        psp_file_read(argv[2], SIZE_MAX / 2, &text, &bytes) != PSP_OK) {
        fprintf(stderr, "usage: line_read ELECTION FILE %s\n", reason.text);
        return 2;
    }
    lines.form = (struct psp_ballot_lines){
        .definition = definition, .secret = secret, .votes_topic = true, .leaf_names = names};
    size_t all = 0;
    for (char *at = text, *end; lines.n < LINES_MAX && (end = strchr(at, '\n')); at = end + 1) {
        *end = '\0';
        lines.text[lines.n] = at;
        lines.bytes[lines.n++] = (size_t)(end - at);
        all += (size_t)(end - at);
    }
    assert(lines.n > 0);
    const double first = ns_of(&lines, lines.n, as_nodes); /* warms up */
    (void)first;
    printf("{\"bytes_a_line\":%.0f,\"ns_json\":%.0f,", (double)all / (double)lines.n,
           ns_of(&lines, lines.n, as_nodes));
    printf("\"ns_ballot\":%.0f,", ns_of(&lines, lines.n, as_ballot));
    printf("\"ns_json_by_jansson\":%.0f}\n", ns_of(&lines, lines.n / 4 + 1, by_jansson));
    free(text);
    psp_leaf_names_destroy(&names);
    psp_definition_destroy(&definition);
    return 0;
}
