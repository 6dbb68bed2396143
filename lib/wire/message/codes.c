/* The lists compared with the enums of proto/ when this is compiled, and looked up. */
#include "wire/message/codes.h"

#include <assert.h>
#include <stddef.h>

#include "client.pb-c.h"
#include "cluster.pb-c.h"

#define X(NAME, number)                                                                            \
    static_assert((int)PSP_REFUSAL_##NAME == (int)PSEPHOS__V1__REFUSAL_CODE__##NAME,               \
                  "as in client.proto");
PSP_REFUSALS(X)
#undef X
#define X(NAME, number)                                                                            \
    static_assert((int)PSP_OPERATE_##NAME == (int)PSEPHOS__V1__OPERATION__##NAME,                  \
                  "as in cluster.proto");
PSP_OPERATIONS(X)
#undef X

static_assert(PSP_OPERATED == 0, "what protobuf leaves out is good news");
static_assert(PSP_ELECTION_NEW == 0, "and an election that nobody opened");
static_assert(PSP_ADMITS_NOT_SAID == 0, "as from a version that does not say");

bool psp_refusal_known(uint64_t number)
{
#define X(NAME, value) || number == (value)
    return false PSP_REFUSALS(X);
#undef X
}

bool psp_count_refusal_known(uint64_t number)
{
#define X(NAME, value) || number == (value)
    return false PSP_COUNT_REFUSALS(X);
#undef X
}

bool psp_operation_known(uint64_t number)
{
#define X(NAME, value) || number == (value)
    return false PSP_OPERATIONS(X);
#undef X
}

bool psp_operate_status_known(uint64_t number)
{
#define X(NAME, value) || number == (value)
    return false PSP_OPERATE_STATUSES(X);
#undef X
}

bool psp_election_state_known(uint64_t number)
{
#define X(NAME, word, value) || number == (value)
    return false PSP_ELECTION_STATES(X);
#undef X
}

bool psp_mode_known(uint64_t number)
{
#define X(NAME, word, value) || number == (value)
    return false PSP_MODES(X);
#undef X
}

bool psp_report_final_known(uint64_t number)
{
#define X(NAME, value) || number == (value)
    return false PSP_REPORT_FINALS(X);
#undef X
}

bool psp_admits_known(uint64_t number)
{
#define X(NAME, value) || number == (value)
    return false PSP_ADMITS(X);
#undef X
}

const char *psp_mode_name(enum psp_mode mode)
{
    static const char *const words[] = {
#define X(NAME, word, number) [PSP_MODE_##NAME] = #word,
        PSP_MODES(X)
#undef X
    };
    return (size_t)mode < sizeof words / sizeof *words ? words[mode] : NULL;
}

const char *psp_election_state_name(enum psp_election_state state)
{
    static const char *const words[] = {
#define X(NAME, word, number) [PSP_ELECTION_##NAME] = #word,
        PSP_ELECTION_STATES(X)
#undef X
    };
    return (size_t)state < sizeof words / sizeof *words ? words[state] : NULL;
}
