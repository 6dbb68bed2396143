/* One switch over the statuses a replica may give: final, or to be asked again. */
#include "cli/operate/answer.h"

#include <inttypes.h>

static enum psp_answer operated(const struct psp_cluster_message *answer, uint32_t replica,
                                uint32_t *ret_leader, struct psp_reason *reterr_reason)
{
    const char *text = answer->operated.text;
    switch (answer->operated.status) {
    case PSP_OPERATED:
        return PSP_ANSWER_DONE;
    case PSP_OPERATE_REFUSED:
        if (answer->operated.temporary)
            break;
        psp_reason_set(reterr_reason, "replica %" PRIu32 " refuses: %s", replica, text);
        return PSP_ANSWER_REFUSED;
    case PSP_OPERATE_NOT_LEADER:
        *ret_leader = answer->operated.leader;
        break;
    case PSP_OPERATE_LOST:
        break;
    }
    psp_reason_set(reterr_reason, "replica %" PRIu32 " says: %s", replica, text);
    return PSP_ANSWER_AGAIN;
}

enum psp_answer psp_answer_judge(const struct psp_cluster_message *answer, uint32_t replica,
                                 uint32_t *ret_leader, struct psp_reason *reterr_reason)
{
    *ret_leader = PSP_NONE;
    if (answer && (answer->type == PSP_CLUSTER_PARTIAL || answer->type == PSP_CLUSTER_REPORT_REPLY))
        return PSP_ANSWER_DONE;
    if (answer && answer->type == PSP_CLUSTER_OPERATED)
        return operated(answer, replica, ret_leader, reterr_reason);
    psp_reason_set(reterr_reason, "replica %" PRIu32 ", which leads, does not answer", replica);
    return PSP_ANSWER_AGAIN;
}
