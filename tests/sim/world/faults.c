/* Names and words of the kinds. */
#include "tests/sim/world/faults.h"

const char *sim_fault_name(uint32_t fault)
{
    static const char *const names[] = {
#define X(name, text, what) text,
        SIM_FAULT_LIST(X)
#undef X
    };
    return names[fault];
}

const char *sim_fault_text(uint32_t fault)
{
    static const char *const texts[] = {
#define X(name, text, what) what,
        SIM_FAULT_LIST(X)
#undef X
    };
    return texts[fault];
}
