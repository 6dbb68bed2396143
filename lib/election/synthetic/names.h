/*
 * names - what made-up people and places are called.
 *
 * Common names first: they are picked more often.
 *
 * Threads: any.
 */
#ifndef PSP_SYNTHETIC_NAMES_H
#define PSP_SYNTHETIC_NAMES_H

#include <stddef.h>

struct psp_names {
    const char *const *names;
    size_t n;
};

extern const struct psp_names psp_names_women, psp_names_men, psp_names_family, psp_names_streets,
    psp_names_street_kinds, psp_names_towns;

#endif
