/*
 * replica - what the parts of a simulated replica share.
 *
 *     replica.c     the shell: start, stop, events, what actions do
 *     writer.c      the log-writer thread: write, sync, tell, one after the other
 */
#ifndef SIM_REPLICA_H
#define SIM_REPLICA_H

#include "tests/sim/actors/actors.h"

/* The process ends after this event, for a status of the disk; any but PSP_EIO
 * and PSP_ENOSPC is a violation. */
void sim_replica_fail_storage(struct sim_world *world, struct sim_replica *replica,
                              const char *what, enum psp_status status);
/* Carries out what the core has decided. */
void sim_replica_perform(struct sim_world *world, struct sim_replica *replica);
/* PSP_ECORRUPT: log and store do not fit; else as psp_journal_open. */
enum psp_status sim_replica_open_log(struct sim_world *world, struct sim_replica *replica,
                                     struct psp_reason *reterr_reason);
/* Nothing is left on its disk and in its store; it must be down. */
void sim_replica_empty(struct sim_replica *replica);
/* How long an operation of its disk takes. */
uint64_t sim_disk_us(struct sim_world *world, const struct sim_replica *replica);

/* From what is durable. PSP_ECORRUPT: something that it needs is damaged. */
enum psp_status sim_replica_start_core(struct sim_world *world, struct sim_replica *replica);

/* The threads that read, scrub and mend the log, taken apart likewise. */
void sim_reader_push(struct sim_world *world, struct sim_replica *replica,
                     const struct psp_core_action *action);
void sim_reader_event(struct sim_world *world, struct sim_replica *replica, uint64_t ticket);
/* What is damaged is told. */
void sim_reader_look(struct sim_world *world, struct sim_replica *replica);
void sim_reader_stop(struct sim_replica *replica);

void sim_writer_push(struct sim_world *world, struct sim_replica *replica,
                     const struct psp_core_action *action);
/* Judges what it says of its disk. */
void sim_disk_was_slow(struct sim_world *world, struct sim_replica *replica, bool moved);
/* The next step of the thread. */
void sim_writer_event(struct sim_world *world, struct sim_replica *replica);
/* The process is gone. */
void sim_writer_stop(struct sim_replica *replica);

#endif
