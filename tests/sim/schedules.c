/* Puts one deliberate defect into a unit test with hand-made schedules:
 * PSP_MUTANT is its number. */
#include <stdlib.h>

#include "tests/sim/mutants.h"

__attribute__((constructor)) static void choose(void)
{
    const char *number = getenv("PSP_MUTANT");
    sim_mutant_set(number != NULL ? (uint32_t)strtoul(number, NULL, 10) : 0);
}
