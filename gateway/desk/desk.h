/*
 * desk - the thread that casts: orders in, libpsephos, orders out.
 *
 * libpsephos and its sockets belong to one thread, which this starts. Orders come
 * from any thread and go back by a call in the desk's.
 *
 * Ownership: an order is the desk's from hand to `done`.
 * Threads:   hand from any; create and stop from one.
 * Memory:    that of the core and of libpsephos: 150 bytes a ballot on the way.
 */
#ifndef PSP_GATEWAY_DESK_H
#define PSP_GATEWAY_DESK_H

#include "base/reason.h"
#include "gateway/core/core.h"
#include "gateway/desk/stats.h"

struct psp_gateway_desk;

struct psp_gateway_desk_options {
    const char *cluster_path, *key_path;
    const struct psp_definition *definition;
    struct psp_gateway_stats *stats;
    void (*done)(struct psp_gateway_order *order); /* in the desk's thread */
};

/* Statuses of psp_client_create, with the reason; PSP_ENOMEM, PSP_EIO. */
enum psp_status psp_gateway_desk_create(const struct psp_gateway_desk_options *options,
                                        struct psp_gateway_desk **ret_desk,
                                        struct psp_reason *reterr_reason);
void psp_gateway_desk_hand(struct psp_gateway_desk *desk, struct psp_gateway_order *order);
/* Gives up every order, and those that still come; the thread ends. */
void psp_gateway_desk_stop(struct psp_gateway_desk *desk);
void psp_gateway_desk_destroy(struct psp_gateway_desk **desk); /* after stop */

/* Why no ballot can be cast now, into `ret_text`; "": one can. */
void psp_gateway_desk_trouble(struct psp_gateway_desk *desk, char *ret_text, size_t size);

#endif
