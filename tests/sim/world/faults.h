/*
 * faults - every kind of fault, each with a counter that proves it fired.
 *
 * A kind is counted where it takes effect, not where it is planned: torn_write
 * counts writes of which a part reached the disk, not crashes that might tear.
 */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include <stdint.h>

#define SIM_FAULT_LIST(X)                                                                          \
    X(DROP, "drop", "messages lost on the network")                                                \
    X(DUPLICATE, "duplicate", "messages delivered twice")                                          \
    X(REORDER, "reorder", "messages that overtook an earlier one")                                 \
    X(DELAY, "delay", "messages held back for 100 ms or more")                                     \
    X(ONE_WAY, "one_way_partition", "links cut in one direction")                                  \
    X(PARTITION, "partition", "links cut in both directions")                                      \
    X(ISOLATED, "isolated", "one process cut off from everybody")                                  \
    X(LEADER_CUT, "leader_cut", "leaders cut off from their followers")                            \
    X(CLOSING_FAULT, "closing_fault", "leaders moved, cut off or killed around a closing time")    \
    X(TRIMMED, "trimmed", "raft messages with fewer entries than were to be sent")                 \
    X(CUT, "cut_message", "messages that met a partition")                                         \
    X(UNSENT, "unreachable", "sends refused: the peer is not connected")                           \
    X(KILL, "kill", "shard processes killed; the page cache survives")                             \
    X(POWER, "power_loss", "machines that lost their unsynced writes")                             \
    X(LEADER_DOWN, "leader_down", "of these two: the replica was leading")                         \
    X(ALL_DOWN, "all_down", "all replicas of a shard lost power at once")                          \
    X(MID_WRITE, "mid_write", "of these: in the middle of a disk operation")                       \
    X(LOST_WRITE, "lost_write", "unsynced writes that were gone after a power loss")               \
    X(TORN_WRITE, "torn_write", "unsynced writes of which only a part was there")                  \
    X(LOST_NAME, "lost_name", "file creations, renames and removals undone by a power loss")       \
    X(LOST_CHECKPOINT, "lost_checkpoint", "checkpoints that a crash cut short")                    \
    X(EIO, "eio", "writes and syncs of the log or vote that failed")                               \
    X(STORE_EIO, "store_eio", "checkpoints that failed")                                           \
    X(ENOSPC, "enospc", "writes refused: the disk is full")                                        \
    X(SLOW_DISK, "slow_disk", "periods of slow writes and syncs")                                  \
    X(SLOW_MOVED, "slow_disk_moved", "leaders that handed over because their disk was slow")       \
    X(ROT, "bit_rot", "bits flipped in log or vote file")                                          \
    X(ROT_REFUSED, "bit_rot_refused", "of these: the replica refused to start")                    \
    X(ROT_REPAIRED, "bit_rot_repaired", "of these: it started and caught up")                      \
    X(ROT_OLD, "bit_rot_old", "bits flipped in a sealed segment")                                  \
    X(ROT_MENDED, "bit_rot_mended", "damaged records written again, as the others have them")      \
    X(WIPED, "wiped", "replicas that came back with an empty disk")                                \
    X(REPLACED, "replaced", "of these: they voted again, under a new ID")                          \
    X(MOVE, "leader_move", "leaders told to hand over")                                            \
    X(MOVED, "leader_moved", "of these: the wanted replica led within 2 s")                        \
    X(RESTART, "restart", "shard processes ended cleanly and started again")                       \
    X(PAUSE, "pause", "processes stopped for a while")                                             \
    X(SKEW, "clock_rate", "processes whose clock runs fast or slow")                               \
    X(JUMP, "clock_jump", "wall clocks that jumped")                                               \
    X(ROUTER_CRASH, "router_crash", "routers killed")                                              \
    X(OLD_MAP, "old_slot_map", "routers started with an old slot map")                             \
    X(OTHER_KEY, "other_digest_key", "routers started with another digest key")                    \
    X(FENCED, "fenced", "answers of the configuration fence")                                      \
    X(COLLECTOR_CRASH, "collector_crash", "collectors killed")                                     \
    X(OVER_BUDGET, "over_budget", "messages of stations that their router's queue did not take")   \
    X(CLIENT_AGAIN, "client_again", "clients that gave up and cast the same ballots again")        \
    X(MARKED, "marked_resent",                                                                     \
      "of their ballots: marked, because the earlier run may have sent it")                        \
    X(OUTSIDE, "outside", "of their ballots and others': refused, the key may not cast them")      \
    X(OUTSIDE_KNOWN, "outside_known",                                                              \
      "ballots outside that a shard was asked for, as they may be known")                          \
    X(GREEDY, "greedy_resend", "ballots that a station sent again though they had their verdict")  \
    X(REPLAYS, "replays", "replays in the books without a row in the log")                         \
    X(ONLY_REPLAYS, "only_replays", "log entries of nothing but replays")                          \
    X(FORGOTTEN, "forgotten", "refused ballots whose verdict was forgotten")                       \
    X(FORGOTTEN_AGAIN, "forgotten_again", "of these: came again and were judged anew")             \
    X(FORGOTTEN_LOADED, "forgotten_loaded", "loads of a store that holds forgotten ones")          \
    X(UNJUDGED, "unjudged", "late ballots without room to be closed, left unjudged in the log")    \
    X(CLOSED_FULL, "closed_full", "late ballots refused for want of room")                         \
    X(CLOSE_AHEAD, "close_ahead", "closes that named a time to come")                              \
    X(OTHER_TIME, "close_other_time", "closes that named another time than the first one")         \
    X(CLOSED_IN_TIME, "closed_in_time", "elections closed by an entry of their time or later")     \
    X(CLOSED_BY_LEADER, "closed_by_leader", "closes said again once their time had come")          \
    X(REOPENED, "reopened", "elections opened again")                                              \
    X(REPORTED, "reported", "reports that the log of a shard took")                                \
    X(REPORT_DONE, "report_done", "reports that came again and changed nothing")                   \
    X(REPORT_REFUSED, "report_refused", "reports refused: their number is taken, or passed")       \
    X(SILENT, "silent_replica", "replicas that nobody hears until all ballots have verdicts")      \
    X(REPORT_KILL, "report_killed", "operators killed in the middle of a report")                  \
    X(REPORT_FAULT, "report_fault", "faults planned for when shard 0 has a report")                \
    X(REPORT_AGAIN, "report_again", "reports of all that was ever reported")                       \
    X(PARTIALS_HELD, "partials_held", "partials of elections that hold rows back")                 \
    X(REPORT_FINISHED, "report_finished", "reports of others that an operator finished first")     \
    X(SHOWN, "shown", "reports of a leaf that a board took")                                       \
    X(SHOWN_BACK, "shown_back", "of these: older than the one before, after a restore")            \
    X(UNDER_WAY, "under_way", "leaves of which a report was under way when a shard told")          \
    X(ROW_KEPT, "row_kept", "rows that moved by less than may be shown")                           \
    X(HELD_TOLD, "held_told", "operators told the hash of what is held")                           \
    X(CLOCK_OFF, "clock_off", "leaders that were far from the median of their replicas' clocks")   \
    X(HEAD_STRANGE, "head_strange", "heads past a lone log that its shard did not sign")           \
    X(RESTORE, "restore", "clusters restored from a backup that was older")                        \
    X(ONLY_KNOWN, "only_known", "ballots asked for only if known")                                 \
    X(KNOWN, "known", "of these: answered with their first verdict")                               \
    X(NOT_KNOWN, "not_known", "of these: not known")                                               \
    X(WRONG_STYLE, "wrong_style", "ballots on a style that their unit does not have, or on none")  \
    X(ROLL_STYLE, "roll_style", "ballots on another style than the voter's on the roll")

enum sim_fault {
#define X(name, text, what) SIM_FAULT_##name,
    SIM_FAULT_LIST(X)
#undef X
        SIM_FAULTS
};

struct sim_faults {
    uint64_t counts[SIM_FAULTS];
};

const char *sim_fault_name(uint32_t fault);
const char *sim_fault_text(uint32_t fault);

#endif
