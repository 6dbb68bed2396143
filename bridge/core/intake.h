/*
 * intake - whether a source may send ballots now: what it waits for, when it asks.
 *
 *     WAITING --- the API, asked since the connect, says open ---> RUNNING
 *        ^  ^                                                       |   |
 *        |  '------------------ a router is connected anew --------'   |
 *        |                                                              |
 *        '-- the API says "new" -- PAUSED <-- a verdict `closed`, and --'
 *                                    |        the API does not say it
 *                                    '------- the API says closed -----> RUNNING
 *
 * A ballot that comes before the election is open gets `closed`, for ever: so nothing
 * is sent on hope, and after a connect PSP_BRIDGE_INTAKE_PROBE at most until a verdict
 * shows that the election is open indeed. A second state lies over these: DRAINING,
 * while partitions are given up: nothing is taken, and what is on the way has
 * PSP_BRIDGE_INTAKE_DRAIN_MS to become final; what does not is read again by whoever has
 * the partition next.
 *
 * Threads: one owner; pure: the time is told.
 */
#ifndef PSP_BRIDGE_INTAKE_H
#define PSP_BRIDGE_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/message/codes.h"

enum {
    PSP_BRIDGE_INTAKE_DRAIN_MS = 10000, /* of partitions that the group gives to another */
    PSP_BRIDGE_INTAKE_END_MS = 3000,    /* of all, at the end of the process */
    PSP_BRIDGE_INTAKE_PROBE = 64,       /* ballots on the way before the first verdict */
    PSP_BRIDGE_INTAKE_ASK_WAITING_MS = 500,
    PSP_BRIDGE_INTAKE_ASK_PAUSED_MS = 1000,
    PSP_BRIDGE_INTAKE_ASK_RUNNING_MS = 2000,
};

enum psp_bridge_intake_state {
    PSP_BRIDGE_INTAKE_WAITING,
    PSP_BRIDGE_INTAKE_RUNNING,
    PSP_BRIDGE_INTAKE_PAUSED,
    PSP_BRIDGE_INTAKE_DRAINING,
};

/* What an answer of the API means for the source. */
enum psp_bridge_intake_change {
    PSP_BRIDGE_INTAKE_SAME,
    PSP_BRIDGE_INTAKE_CHANGED, /* the state is another one */
    PSP_BRIDGE_INTAKE_REJOIN,  /* other epochs: another group, which reads all of the topic */
};

struct psp_bridge_intake {             /* zero-initialise: it waits */
    enum psp_bridge_intake_state gate; /* but DRAINING */
    bool draining, connected;
    bool proven;                      /* a verdict since the connect says that it is open */
    uint64_t connects;                /* numbers them: an answer asked before tells nothing */
    bool known;                       /* the API has answered since the connect */
    enum psp_election_state election; /* as it said then */
    uint64_t epochs;                  /* sum over the shards; 0: not known yet */
    uint64_t drain_until_ms, ask_ms;
    uint64_t alarms; /* times that it was paused */
};

/* DRAINING, or else the gate. */
enum psp_bridge_intake_state psp_bridge_intake_state(const struct psp_bridge_intake *intake);

/* Is some router connected? From no to yes the API is asked again before anything is sent. */
void psp_bridge_intake_connected(struct psp_bridge_intake *intake, bool connected, uint64_t now_ms);

/* Is it time to ask the API? Then `answer`, or `no_answer` when it gave none. */
bool psp_bridge_intake_ask(const struct psp_bridge_intake *intake, uint64_t now_ms);
enum psp_bridge_intake_change psp_bridge_intake_answer(struct psp_bridge_intake *intake,
                                                       enum psp_election_state election,
                                                       uint64_t epochs, uint64_t now_ms);
void psp_bridge_intake_no_answer(struct psp_bridge_intake *intake, uint64_t now_ms);

/* A verdict, as lib/election/verdict.h has it. True: it pauses with this. */
bool psp_bridge_intake_verdict(struct psp_bridge_intake *intake, uint8_t verdict);

/* Partitions are given up from now on, within `ms`. */
void psp_bridge_intake_drain(struct psp_bridge_intake *intake, uint64_t now_ms, uint64_t ms);
/* With `open` messages on the way: may they be let go? Drained then. */
bool psp_bridge_intake_drained(struct psp_bridge_intake *intake, uint64_t open, uint64_t now_ms);

/* May a message be taken and its ballot be sent, with so many on the way? */
bool psp_bridge_intake_may_take(const struct psp_bridge_intake *intake, uint64_t on_the_way);

#endif
