/*
 * checked - builds in which an assertion may cost more than what it looks at.
 *
 * Assertions stay on in every build, and cost a few comparisons there. What walks over
 * a whole list or table is done only where PSP_CHECKED is 1: with a sanitizer, or with
 * -DPSP_CHECKED=1.
 *
 * Threads: none of its own.
 */
#ifndef PSP_CHECKED_H
#define PSP_CHECKED_H

#if !defined(PSP_CHECKED)
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PSP_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PSP_CHECKED 1
#endif
#endif
#endif
#if !defined(PSP_CHECKED)
#define PSP_CHECKED 0
#endif

#endif
