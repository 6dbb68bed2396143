/* The names of the defects, and which one was built in. */
#include "tests/sim/mutants.h"

#ifdef PSP_MUTANTS
int psp_mutant;
#endif

void sim_mutant_set(uint32_t mutant)
{
#ifdef PSP_MUTANTS
    psp_mutant = (int)mutant;
#else
    (void)mutant;
#endif
}

bool sim_mutants_built(void)
{
#ifdef PSP_MUTANTS
    return true;
#else
    return false;
#endif
}

const char *sim_mutant_name(uint32_t mutant)
{
    static const char *const names[] = {"none",
#define X(name, text) text,
                                        SIM_MUTANT_LIST(X)
#undef X
    };
    return names[mutant];
}
