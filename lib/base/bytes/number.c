/* Digit by digit, with the overflow looked for before it happens. */
#include "base/bytes/number.h"

#include <inttypes.h>

bool psp_number_read(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        const unsigned digit = (unsigned)(unsigned char)*text - '0';
        if (digit > 9 || number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (number < min || number > max)
        return false;
    *ret_number = number;
    return true;
}

uint64_t psp_number_argument(struct argp_state *state, const char *option, const char *text,
                             uint64_t min, uint64_t max)
{
    uint64_t number = min;
    if (!psp_number_read(text, min, max, &number)) {
        if (max == UINT64_MAX)
            argp_error(state, "%s: a whole number, not \"%s\"", option, text);
        else
            argp_error(state, "%s: a whole number from %" PRIu64 " to %" PRIu64 ", not \"%s\"",
                       option, min, max, text);
    }
    return number;
}
