/*
 * demos - `generate --postgres`, `--kafka`: the Kafka demos' tables and topic, filled.
 *
 * In place of their main.py and of the web service that it asks. The same seed and number
 * of voters again adds what is missing, and nothing a second time: rows that are there as
 * they would be made are left alone, messages whose key is there are not sent again. Rows
 * or messages of others, and votes, refuse it before anything is changed, unless told.
 *
 * Rows come in one transaction, messages after its commit; interrupted between them it is
 * run again.
 *
 * Threads: one owner.   Memory: with a topic, some 80 bytes a voter.
 */
#ifndef PSP_PREPARE_DEMOS_H
#define PSP_PREPARE_DEMOS_H

#include <stdbool.h>
#include <stdint.h>

#define PSP_DEMO_VOTERS 1000 /* as many as their main.py makes */
#define PSP_DEMO_VOTERS_MAX 10000000

struct psp_demos_call {
    const char *command;            /* for messages: "psephos generate" */
    const char *postgres, *brokers; /* a conninfo, addresses; NULL: not asked for */
    uint64_t seed, voters;          /* 1 .. PSP_DEMO_VOTERS_MAX */
    bool force;                     /* rows of others go, messages of others stay */
    bool json;
};

/* Does it and prints what was done. An exit code. */
int psp_demos_generate(const struct psp_demos_call *call);

#endif
