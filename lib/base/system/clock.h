/*
 * clock - the two times a shell asks for. Cores are told the time instead.
 *
 * Threads: any.
 */
#ifndef PSP_CLOCK_H
#define PSP_CLOCK_H

#include <stdint.h>

uint64_t psp_clock_ms(void);      /* monotonic: for timeouts, never for people */
uint64_t psp_clock_us(void);      /* monotonic */
uint64_t psp_clock_cpu_us(void);  /* CPU time of the calling thread */
uint64_t psp_clock_wall_ms(void); /* ms since 1970-01-01 UTC: for people and log entries */

#endif
