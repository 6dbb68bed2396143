/*
 * place - where a partition is read from, by what the group has committed and the topic has.
 *
 * Threads: any; pure.
 */
#ifndef PSP_BRIDGE_PLACE_H
#define PSP_BRIDGE_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct psp_bridge_place_facts {
    const char *topic;
    int32_t partition;
    int64_t committed; /* by the group; negative: nothing */
    int64_t low, high; /* the topic's earliest offset, and the one that comes next */
};

/* The offset to begin with. *ret_alarm is written when messages were deleted that this group
 * never read, or the topic is not the one it was; "" else. */
int64_t psp_bridge_place(const struct psp_bridge_place_facts *facts, char *ret_alarm, size_t size);

#endif
