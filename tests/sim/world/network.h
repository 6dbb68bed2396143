/*
 * network - messages between actors: late, lost, twice, out of order, or cut.
 *
 * The real wire keeps the order of one connection; here any message may
 * overtake another, which includes what the real one can do. Only the parts of
 * answers keep it, since an answer whose parts never come in order never comes.
 * Any part may be lost, or come again at any time. Who sends is told as the real
 * wire tells it: from the key, not from the message.
 */
#ifndef SIM_NETWORK_H
#define SIM_NETWORK_H

#include "tests/sim/world/world.h"

struct sim_parcel {
    const struct psp_buffer *message;
    uint64_t extra_us; /* time that the sender took before it sent */
    bool part;         /* of an answer that takes several messages */
};

/* Copies. `incarnation`: of the connection's other end, 0: whoever runs there
 * when it arrives. `extra_us`: as in a parcel. */
void sim_send(struct sim_world *world, const struct sim_actor *from, const struct sim_actor *to,
              uint32_t incarnation, const struct psp_buffer *message, uint64_t extra_us);

/* How an actor looks to a listening socket. */
struct psp_peer sim_peer(const struct sim_world *world, const struct sim_event *event);
/* Sends to a peer; false: gone. */
bool sim_send_peer(struct sim_world *world, const struct sim_actor *from,
                   const struct psp_peer *peer, const struct sim_parcel *parcel);

/* A partition: cuts from -> to until it heals. */
void sim_cut(struct sim_world *world, uint32_t from, uint32_t to, uint64_t until_us);

#endif
