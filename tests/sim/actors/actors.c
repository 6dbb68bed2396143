/* Dispatches to the file of each kind of process. */
#include "tests/sim/actors/actors.h"

void sim_actor_start(struct sim_world *world, struct sim_actor *actor)
{
    void *process = actor;
    switch (actor->kind) {
    case SIM_REPLICA:
        sim_replica_start(world, process);
        return;
    case SIM_ROUTER:
        sim_router_start(world, process);
        return;
    case SIM_CLIENT:
        sim_client_start(world, process);
        return;
    case SIM_COLLECTOR:
        sim_collector_start(world, process);
        return;
    case SIM_OPERATOR:
        sim_operator_event(world, process, NULL);
        return;
    case SIM_REPORTER:
        sim_reporter_event(world, process, NULL);
        return;
    }
}

void sim_actor_stop(struct sim_world *world, struct sim_actor *actor)
{
    void *process = actor;
    switch (actor->kind) {
    case SIM_REPLICA:
        sim_replica_stop(world, process);
        return;
    case SIM_ROUTER:
        sim_router_stop(world, process);
        return;
    case SIM_CLIENT:
        sim_client_stop(world, process);
        return;
    case SIM_COLLECTOR:
        sim_collector_stop(world, process);
        return;
    case SIM_OPERATOR:
        return;
    case SIM_REPORTER:
        sim_reporter_stop(world, process);
        return;
    }
}

void sim_actor_event(struct sim_world *world, struct sim_actor *actor,
                     const struct sim_event *event)
{
    void *process = actor;
    switch (actor->kind) {
    case SIM_REPLICA:
        sim_replica_event(world, process, event);
        return;
    case SIM_ROUTER:
        sim_router_event(world, process, event);
        return;
    case SIM_CLIENT:
        sim_client_event(world, process, event);
        return;
    case SIM_COLLECTOR:
        sim_collector_event(world, process, event);
        return;
    case SIM_OPERATOR:
        sim_operator_event(world, process, event);
        return;
    case SIM_REPORTER:
        sim_reporter_event(world, process, event);
        return;
    }
}
