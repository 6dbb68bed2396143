/* Two things kept apart: whether ballots may go, and whether partitions are being given up. */
#include "bridge/core/intake.h"

#include <assert.h>

#include "election/verdict.h"

enum psp_bridge_intake_state psp_bridge_intake_state(const struct psp_bridge_intake *intake)
{
    return intake->draining ? PSP_BRIDGE_INTAKE_DRAINING : intake->gate;
}

void psp_bridge_intake_connected(struct psp_bridge_intake *intake, bool connected, uint64_t now_ms)
{
    if (connected && !intake->connected) {
        intake->known = intake->proven = false;
        intake->connects++;
        intake->ask_ms = now_ms;
        if (intake->gate == PSP_BRIDGE_INTAKE_RUNNING)
            intake->gate = PSP_BRIDGE_INTAKE_WAITING;
    }
    intake->connected = connected;
}

bool psp_bridge_intake_ask(const struct psp_bridge_intake *intake, uint64_t now_ms)
{
    return intake->connected && now_ms >= intake->ask_ms;
}

static void ask_later(struct psp_bridge_intake *intake, uint64_t now_ms)
{
    intake->ask_ms =
        now_ms + (intake->gate == PSP_BRIDGE_INTAKE_RUNNING  ? PSP_BRIDGE_INTAKE_ASK_RUNNING_MS
                  : intake->gate == PSP_BRIDGE_INTAKE_PAUSED ? PSP_BRIDGE_INTAKE_ASK_PAUSED_MS
                                                             : PSP_BRIDGE_INTAKE_ASK_WAITING_MS);
}

static enum psp_bridge_intake_state gate_of(const struct psp_bridge_intake *intake)
{
    switch (intake->gate) {
    case PSP_BRIDGE_INTAKE_WAITING:
        return intake->election == PSP_ELECTION_OPEN ? PSP_BRIDGE_INTAKE_RUNNING
                                                     : PSP_BRIDGE_INTAKE_WAITING;
    case PSP_BRIDGE_INTAKE_PAUSED:
        return intake->election == PSP_ELECTION_CLOSED ? PSP_BRIDGE_INTAKE_RUNNING
               : intake->election == PSP_ELECTION_OPEN ? PSP_BRIDGE_INTAKE_PAUSED
                                                       : PSP_BRIDGE_INTAKE_WAITING;
    case PSP_BRIDGE_INTAKE_RUNNING:
    case PSP_BRIDGE_INTAKE_DRAINING:
        break;
    }
    return intake->gate;
}

enum psp_bridge_intake_change psp_bridge_intake_answer(struct psp_bridge_intake *intake,
                                                       enum psp_election_state election,
                                                       uint64_t epochs, uint64_t now_ms)
{
    const bool rejoin = intake->epochs != epochs && intake->epochs != 0;
    intake->known = true;
    intake->election = election;
    intake->epochs = epochs;
    const enum psp_bridge_intake_state gate = gate_of(intake);
    const bool changed = gate != intake->gate;
    intake->gate = gate;
    ask_later(intake, now_ms);
    assert(intake->gate != PSP_BRIDGE_INTAKE_DRAINING);
    return rejoin    ? PSP_BRIDGE_INTAKE_REJOIN
           : changed ? PSP_BRIDGE_INTAKE_CHANGED
                     : PSP_BRIDGE_INTAKE_SAME;
}

void psp_bridge_intake_no_answer(struct psp_bridge_intake *intake, uint64_t now_ms)
{
    ask_later(intake, now_ms);
}

bool psp_bridge_intake_verdict(struct psp_bridge_intake *intake, uint8_t verdict)
{
    if (psp_verdict_first(verdict) != PSP_CLOSED) {
        intake->proven = true;
        return false;
    }
    /* A replay's was given earlier, and says nothing of now. */
    if (psp_verdict_disposition(verdict) == PSP_REPLAYED ||
        intake->gate != PSP_BRIDGE_INTAKE_RUNNING ||
        (intake->known && intake->election == PSP_ELECTION_CLOSED))
        return false;
    intake->gate = PSP_BRIDGE_INTAKE_PAUSED;
    intake->ask_ms = 0; /* perhaps it was just closed: at once */
    intake->alarms++;
    return true;
}

void psp_bridge_intake_drain(struct psp_bridge_intake *intake, uint64_t now_ms, uint64_t ms)
{
    const uint64_t until_ms = now_ms + ms;
    if (!intake->draining || until_ms < intake->drain_until_ms)
        intake->drain_until_ms = until_ms;
    intake->draining = true;
}

bool psp_bridge_intake_drained(struct psp_bridge_intake *intake, uint64_t open, uint64_t now_ms)
{
    if (intake->draining && (open == 0 || now_ms >= intake->drain_until_ms))
        intake->draining = false;
    return !intake->draining;
}

bool psp_bridge_intake_may_take(const struct psp_bridge_intake *intake, uint64_t on_the_way)
{
    return intake->gate == PSP_BRIDGE_INTAKE_RUNNING && !intake->draining &&
           (intake->proven || on_the_way < PSP_BRIDGE_INTAKE_PROBE);
}
