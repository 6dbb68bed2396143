/* CLOCK_MONOTONIC for waiting, CLOCK_REALTIME for showing, the process's CPU for measuring. */
#include "base/system/clock.h"

#include <time.h>

static uint64_t now_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t psp_clock_us(void)
{
    return now_us(CLOCK_MONOTONIC);
}

uint64_t psp_clock_ms(void)
{
    return now_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t psp_clock_cpu_us(void)
{
    return now_us(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t psp_clock_wall_ms(void)
{
    return now_us(CLOCK_REALTIME) / 1000;
}
