/* Any bytes as a line of either form: what jansson says of them, and a ballot or a reason. */
#include <assert.h>
#include <stdlib.h>

#include "client/line/ballot_line.h"
#include "tests/fuzz/same_json.h"
#include "tests/unit/fixture/primary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as(struct psp_ballot_lines form, const char *line, size_t bytes)
{
    static struct psp_ballot_line storage;
    struct psp_reason reason = {0};
    struct psp_ballot ballot;
    if (psp_ballot_line_read(&form, line, bytes, &storage, &ballot, &reason) != PSP_OK) {
        assert(reason.text[0] != '\0');
        return;
    }
    assert(ballot.voter_id_bytes >= 1 && ballot.voter_id_bytes <= PSP_VOTER_ID_BYTES_MAX);
    assert(psp_marks_length(ballot.marks, ballot.marks_bytes) == ballot.marks_bytes);
    assert(ballot.unit == PSP_NONE || ballot.unit < form.definition->unit_count);
    assert(memchr(storage.doubt, '\0', sizeof storage.doubt));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct psp_definition *definition;
    static const uint8_t secret[32];
    struct psp_reason definition_fault;
    if (definition == NULL)
        psp_definition_parse(primary_json, sizeof primary_json - 1, &definition, &definition_fault);
    assert(definition != NULL);
    char *line = malloc(size + 1);
    assert(line != NULL);
    if (size > 0)
        memcpy(line, data, size);
    line[size] = '\0';
    assert(same_json(line, size));
    read_as((struct psp_ballot_lines){.definition = definition, .secret = secret}, line, size);
    read_as(
        (struct psp_ballot_lines){.definition = definition, .secret = secret, .votes_topic = true},
        line, size);
    free(line);
    return 0;
}
