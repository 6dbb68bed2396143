/* Any bytes as a voter roll: refused with a reason, or voters within bounds. */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "election/roll/roll.h"
#include "tests/unit/fixture/primary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct psp_definition *definition;
    struct psp_reason definition_fault;
    if (definition == NULL)
        psp_definition_parse(primary_json, sizeof primary_json - 1, &definition, &definition_fault);
    assert(definition != NULL);
    FILE *file = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "r") : fopen("/dev/null", "r");
    assert(file != NULL);
    struct psp_roll *roll = NULL;
    struct psp_reason reason = {0};
    struct psp_roll_voter voter;
    bool any = false, styles = false; /* of the first voter, and so of all */
    enum psp_status status = psp_roll_open(file, definition, &roll, &reason);
    while (status == PSP_OK) {
        status = psp_roll_next(roll, &voter, &reason);
        if (status != PSP_OK)
            break;
        assert(voter.voter_id_bytes >= 1 && voter.voter_id_bytes <= PSP_VOTER_ID_BYTES_MAX);
        assert(strlen(voter.voter_id) == voter.voter_id_bytes);
        assert(voter.line >= 2 && voter.unit < definition->unit_count);
        const struct psp_unit *unit = &definition->units[voter.unit];
        assert(unit->style_count > 0 && voter.style <= unit->style_count);
        assert(!any || (voter.style != 0) == styles);
        styles = voter.style != 0;
        any = true;
    }
    assert(status == PSP_ENOENT || (status == PSP_EINVAL && reason.text[0] != '\0'));
    psp_roll_close(&roll);
    fclose(file);
    return 0;
}
