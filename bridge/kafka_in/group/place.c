/* Four cases; two of them are what a person must hear of. */
#include "bridge/kafka_in/group/place.h"

#include <inttypes.h>
#include <stdio.h>

int64_t psp_bridge_place(const struct psp_bridge_place_facts *facts, char *ret_alarm, size_t size)
{
    ret_alarm[0] = '\0';
    if (facts->committed < 0 && facts->low > 0)
        snprintf(ret_alarm, size,
                 "%s [%" PRId32 "] begins at offset %" PRId64
                 ", and this group has read nothing of it: what stood before was deleted "
                 "(retention) and is not cast",
                 facts->topic, facts->partition, facts->low);
    else if (facts->committed >= 0 && facts->committed < facts->low)
        snprintf(ret_alarm, size,
                 "%s [%" PRId32 "] begins at offset %" PRId64
                 ", and this group had come to %" PRId64
                 ": what stood between was deleted before it was read and is not cast",
                 facts->topic, facts->partition, facts->low, facts->committed);
    else if (facts->committed > facts->high)
        snprintf(ret_alarm, size,
                 "%s [%" PRId32 "] ends at offset %" PRId64 ", and this group had come to %" PRId64
                 ": the topic was made anew, or its broker has lost messages; all of it is read "
                 "again",
                 facts->topic, facts->partition, facts->high, facts->committed);
    else if (facts->committed >= 0)
        return facts->committed;
    return facts->low;
}
