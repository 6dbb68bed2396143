"""Copies the source tree and puts the deliberate defects of mutants.h into the copy.

usage: mutate.py TREE COPY

Each change is (defect, file, text, replacement): the text must stand in the file exactly
once, so a change of the sources that a defect depends on is noticed. M(NAME) in a
replacement is true in the run of that defect.
"""

import re
import sys
from pathlib import Path

# What the copy needs to build the simulator; a room that is not there has moved away.
ROOMS = ["cmake", "cli/operate", "cli/say", "client", "collector", "lib", "proto", "router",
         "shard", "bench/micro", "tests/sim", "tests/unit"]

CHANGES = [
    ("QUEUE_LOSES", "router/core/budget.c",
     "    const uint32_t at = key->first;\n",
     "    uint32_t at = key->first;\n"
     "    if (M(QUEUE_LOSES) && key->messages > 1) {\n"
     "        key->bytes -= budget->waiting[at].bytes;\n"
     "        budget->bytes -= budget->waiting[at].bytes;\n"
     "        key->messages--;\n"
     "        budget->messages--;\n"
     "        at = budget->waiting[at].next;\n"
     "    }\n"),
    ("VERDICT_BEFORE_COMMIT", "shard/core/apply.c",
     "    return core->commit_index < persisted ? core->commit_index : persisted;",
     "    if (M(VERDICT_BEFORE_COMMIT) && core->leading)\n"
     "        return psp_consensus_last_index(core->consensus);\n"
     "    if (M(FOLLOWER_PAST_COMMIT) && !core->leading)\n"
     "        return persisted;\n"
     "    if (M(APPLY_BEFORE_OWN_LOG))\n"
     "        return core->commit_index;\n"
     "    return core->commit_index < persisted ? core->commit_index : persisted;"),
    ("FOLLOWER_SKIPS", "shard/core/apply.c",
     "    case PSP_RECORD_COMMAND:\n",
     "    case PSP_RECORD_COMMAND:\n"
     "        if (M(FOLLOWER_SKIPS) && !core->leading && core->member_count > 1 && bytes > 300) {\n"
     "            psp_count_skip(core->count, index);\n"
     "            break;\n"
     "        }\n"),
    ("STALE_REPLY_INDEX", "shard/consensus/mend.c",
     "        if (stale && reply->type == RAFT_APPEND_ENTRIES_RESULT) /* W1 */",
     "        if (M(REPLY_LAST_STORED) && reply->type == RAFT_APPEND_ENTRIES_RESULT &&\n"
     "            reply->append_entries_result.rejected == 0)\n"
     "            reply->append_entries_result.last_log_index = raft->last_stored;\n"
     "        if (stale && M(STALE_REPLY_INDEX) && reply->type == RAFT_APPEND_ENTRIES_RESULT) {\n"
     "            reply->append_entries_result.rejected = 0;\n"
     "            reply->append_entries_result.last_log_index = raft->last_stored + 1000;\n"
     "        } else if (stale && reply->type == RAFT_APPEND_ENTRIES_RESULT)"),
    ("OLD_TERM_COMMIT", "shard/consensus/step.c",
     "    const uint64_t index = raft_commit_index(&consensus->raft);\n",
     "    uint64_t index = raft_commit_index(&consensus->raft);\n"
     "    for (unsigned i = 0; M(OLD_TERM_COMMIT) && i < consensus->raft.configuration.n &&\n"
     "         raft_state(&consensus->raft) == RAFT_LEADER; i++) {\n"
     "        raft_index match;\n"
     "        const raft_id id = consensus->raft.configuration.servers[i].id;\n"
     "        if (id != consensus->raft.id && consensus->raft.configuration.n == 3 &&\n"
     "            raft_match_index(&consensus->raft, id, &match) == 0 &&\n"
     "            match <= consensus->persisted && match > index)\n"
     "            index = match;\n"
     "    }\n"),
    ("OVERWRITTEN_PERSISTED", "shard/consensus/appends.c",
     "        if (appends->items[i].first <= upto)\n",
     "        if (appends->items[i].first <= upto && !M(OVERWRITTEN_PERSISTED))\n"),
    ("NO_SYNC", "lib/journal/journal.c",
     "    const enum psp_status status = log->disk->sync(log->disk->context, log->file);\n",
     "    const enum psp_status status =\n"
     "        M(NO_SYNC) ? PSP_OK : log->disk->sync(log->disk->context, log->file);\n"),
    ("NO_VOTE_SYNC", "lib/journal/vote.c",
     "        if (status == PSP_OK)\n"
     "            status = file->disk->sync(file->disk->context, file->file);\n",
     "        if (status == PSP_OK && !M(NO_VOTE_SYNC))\n"
     "            status = file->disk->sync(file->disk->context, file->file);\n"),
    ("ONE_VOTE_COPY", "lib/journal/vote.c",
     "    for (uint64_t i = first; i < first + 2 && status == PSP_OK; i++) {\n",
     "    for (uint64_t i = first; i < first + 2 && status == PSP_OK; i++) {\n"
     "        if (M(ONE_VOTE_COPY) && i > first)\n"
     "            break;\n"),
    ("NO_FOLDER_SYNC", "lib/journal/journal.c",
     "        status = disk->rename(disk->context, beside, path);\n"
     "    if (status == PSP_OK)\n",
     "        status = disk->rename(disk->context, beside, path);\n"
     "    if (status == PSP_OK && !M(NO_FOLDER_SYNC))\n"),
    ("NO_SYNC_AT_OPEN", "lib/journal/open.c",
     "    if (status == PSP_OK)\n"
     "        status = log->disk->sync(log->disk->context, log->file);\n",
     "    if (status == PSP_OK && !M(NO_SYNC_AT_OPEN))\n"
     "        status = log->disk->sync(log->disk->context, log->file);\n"),
    ("NO_NAME_SYNC_AT_OPEN", "lib/journal/open.c",
     "        status = disk->sync_folder(disk->context, log->directory);\n",
     "        status = M(NO_NAME_SYNC_AT_OPEN) ? PSP_OK :\n"
     "            disk->sync_folder(disk->context, log->directory);\n"),
    ("NO_CHECKSUM", "lib/journal/segment.c",
     "psp_get32(bytes) != psp_crc32c(0, bytes + 4, length - 4))",
     "(psp_get32(bytes) != psp_crc32c(0, bytes + 4, length - 4) && !M(NO_CHECKSUM)))"),
    ("NO_FENCE", "shard/core/request.c",
     "    if (difference != NULL) {\n",
     "    if (difference != NULL && !M(NO_FENCE)) {\n"),
    ("REPLAY_ANEW", "lib/count/restore.c",
     "    if (delta->refused_n == 0)\n",
     "    if (M(REPLAY_ANEW))\n"
     "        return PSP_OK;\n"
     "    if (delta->refused_n == 0)\n"),
    ("REPLAY_ANEW", "lib/count/restore.c",
     "!refusals_add_up(count))",
     "(!refusals_add_up(count) && !M(REPLAY_ANEW) && !M(NOT_FORGOTTEN_AT_LOAD) &&\n"
     "         !M(OTHER_FORGOTTEN_AT_LOAD)))"),
    ("DOUBLE_VOTE_NEW_LEADER", "lib/count/ballots.c",
     "static void look(",
     "int psp_mutant_new_leader;\n"
     "static void look("),
    ("DOUBLE_VOTE_NEW_LEADER", "lib/count/ballots.c",
     "    known.voter_counted = ret_place->known && ret_place->counted;\n",
     "    known.voter_counted = ret_place->known && ret_place->counted;\n"
     "    if (M(DOUBLE_VOTE_NEW_LEADER) && psp_mutant_new_leader > 0) {\n"
     "        psp_mutant_new_leader--;\n"
     "        ret_place->counted = known.voter_counted = false;\n"
     "    }\n"),
    ("DOUBLE_VOTE_NEW_LEADER", "shard/core/steps.c",
     "    if (leading && !(core->leading && term == core->leading_term))\n",
     "    extern int psp_mutant_new_leader;\n"
     "    if (M(DOUBLE_VOTE_NEW_LEADER) && leading && !core->leading && term > 2)\n"
     "        psp_mutant_new_leader = 8;\n"
     "    if (leading && !(core->leading && term == core->leading_term))\n"),
    ("VOTED_IS_TOLD", "lib/count/judge.c",
     "    if (!accepting)\n"
     "        return PSP_CLOSED;\n"
     "    if (!known->eligible)\n",
     "    if (!accepting && !(M(VOTED_IS_TOLD) && known->voter_counted))\n"
     "        return PSP_CLOSED;\n"
     "    if (!known->eligible && !(M(VOTED_IS_TOLD) && !accepting))\n"),
    ("CLOSED_LATE", "lib/count/count.c",
     "        count->time_ms >= count->close_at_ms)\n",
     "        count->time_ms >= count->close_at_ms + (M(CLOSED_LATE) ? 200 : 0))\n"),
    ("CLOSED_FORGOTTEN", "lib/count/refusals.c",
     "    if (refusal->disposition == PSP_CLOSED) {\n",
     "    if (refusal->disposition == PSP_CLOSED && !M(CLOSED_FORGOTTEN)) {\n"),
    ("FORGETS_THE_NEXT", "lib/count/refusals.c",
     "        refusals->stations[high].remembered > refusals->stations[low].remembered ?"
     " high : low;\n",
     "        refusals->stations[high].remembered + M(FORGETS_THE_NEXT) >\n"
     "            refusals->stations[low].remembered ? high : low;\n"),
    ("NOT_FORGOTTEN_AT_LOAD", "lib/count/restore.c",
     "        psp_refusals_forget(count->refusals, station);\n",
     "        if (!M(NOT_FORGOTTEN_AT_LOAD))\n"
     "            psp_refusals_forget(count->refusals, station);\n"),
    ("OTHER_FORGOTTEN_AT_LOAD", "lib/count/restore.c",
     "    return books && refusal->disposition != PSP_CLOSED &&\n",
     "    return books && (refusal->disposition != PSP_CLOSED || M(OTHER_FORGOTTEN_AT_LOAD)) &&\n"),
    ("STATION_LOST", "lib/count/ballots.c",
     "        const uint32_t station = take_run(&runs, columns->n - first, &n);\n",
     "        uint32_t station = take_run(&runs, columns->n - first, &n);\n"
     "        station = M(STATION_LOST) ? 1 : station;\n"),
    ("STATIONS_NOT_STORED", "lib/count/delta.c",
     "    psp_ledger_settle(count->stations);\n",
     "    psp_ledger_settle(count->stations);\n"
     "    delta->station_n = M(STATIONS_NOT_STORED) ? 0 : delta->station_n;\n"),
    ("REPLAYS_TWICE", "lib/count/ballots.c",
     "        assert(n > 0);\n",
     "        assert(n > 0);\n"
     "        n *= M(REPLAYS_TWICE) ? 2 : 1;\n"),
    ("REPLAYS_NEVER", "lib/count/ballots.c",
     "    while (at < replays.length) {\n",
     "    while (at < replays.length && !M(REPLAYS_NEVER)) {\n"),
    ("TIME_NOT_CLAMPED", "shard/core/steps.c",
     "    if (time_ms < core->last_time_ms)\n"
     "        time_ms = core->last_time_ms;\n",
     "    if (M(TIME_NOT_CLAMPED))\n"
     "        return time_ms;\n"
     "    if (time_ms < core->last_time_ms)\n"
     "        time_ms = core->last_time_ms;\n"),
    ("MEMBERS_NOT_STORED", "shard/core/apply.c",
     "    delta->configuration_bytes = (uint32_t)bytes.length;\n",
     "    delta->configuration_bytes = M(MEMBERS_NOT_STORED) ? 0 : (uint32_t)bytes.length;\n"),
    ("MERGED_BY_ADDING", "collector/board/board.c",
     "            board->merged->cells[c] += value - totals->cells[c];\n",
     "            board->merged->cells[c] +="
     " M(MERGED_BY_ADDING) ? value : value - totals->cells[c];\n"),
    ("OLD_PARTIAL_WINS", "collector/board/board.c",
     "    if (same_epoch && partial->index < head->index)\n",
     "    if (same_epoch && partial->index < head->index && !M(OLD_PARTIAL_WINS))\n"),
    ("CLIENT_GIVES_UP", "client/core/core.c",
     "        psp_client_unknown(&core->ballots.records[batch->rows[i].ballot]);\n",
     "        if (M(CLIENT_GIVES_UP))\n"
     "            continue;\n"
     "        psp_client_unknown(&core->ballots.records[batch->rows[i].ballot]);\n"),
    ("CLIENT_NEW_ID", "client/core/answers.c",
     "        core->stats.resent++;\n",
     "        core->stats.resent++;\n"
     "        if (M(CLIENT_NEW_ID))\n"
     "            ballot->ballot_id[0]++;\n"),
    ("SECOND_OVERTAKES", "client/core/core.c",
     "    if (status == PSP_OK && !options->unordered)\n",
     "    if (status == PSP_OK && !options->unordered && !M(SECOND_OVERTAKES))\n"),
    ("SECOND_FORGOTTEN", "client/core/answers.c",
     "    if (next != PSP_CLIENT_NO_BALLOT)\n",
     "    if (next != PSP_CLIENT_NO_BALLOT && !M(SECOND_FORGOTTEN))\n"),
    ("POOL_FORGOTTEN", "client/core/core.c",
     "    if (psp_client_pool_due(&core->pool, now_ms))\n",
     "    if (psp_client_pool_due(&core->pool, now_ms) && !M(POOL_FORGOTTEN))\n"),
    ("ROWS_MIXED_UP", "router/core/shards.c",
     "                .verdicts = core->verdicts + at,\n",
     "                .verdicts = core->verdicts + (M(ROWS_MIXED_UP) ? 0 : at),\n"),
    ("REPLAYS_OF_OTHER", "lib/count/ballots.c",
     "        assert(n > 0);\n",
     "        assert(n > 0);\n"
     "        if (M(REPLAYS_OF_OTHER) && psp_ledger_count(count->stations) > 0)\n"
     "            psp_ledger_at(count->stations, 0, &station);\n"),
    ("PARKED_EARLY", "shard/core/replays.c",
     "    psp_core_parked_place(core, proposed ? newest->index : 0, proposed ?"
     " newest->term : 0);\n",
     "    psp_core_parked_place(core, proposed ? newest->index : 0, proposed ?"
     " newest->term : 0);\n"
     "    if (M(PARKED_EARLY) && proposed)\n"
     "        psp_core_parked_answer(core, newest->index, newest->term);\n"),
    ("TALLIES_TWICE", "shard/core/parked.c",
     "        if (!waits_for_entry(parked) || parked->tally_n > room)\n",
     "        const bool placed = parked->wants == 0 && parked->index != 0;\n"
     "        if ((!waits_for_entry(parked) && !(M(TALLIES_TWICE) && placed)) ||"
     " parked->tally_n > room)\n"),
    ("KEPT_STYLE_LOST", "shard/core/replays.c",
     "            psp_runs_add(&styles, of_unit, 1);\n",
     "            psp_runs_add(&styles, M(KEPT_STYLE_LOST) ? 1 : of_unit, 1);\n"),
    ("KNOWN_JUDGED", "shard/core/request.c",
     "    if (message->count_batch.only_known)\n",
     "    if (message->count_batch.only_known && !M(KNOWN_JUDGED))\n"),
    ("KNOWN_TOO_EARLY", "shard/core/replays.c",
     "                                .wants = psp_consensus_last_index(core->consensus),\n",
     "                                .wants = M(KNOWN_TOO_EARLY)\n"
     "                                             ? psp_count_index(core->count)\n"
     "                                             :"
     " psp_consensus_last_index(core->consensus),\n"),
    ("CLOSED_SHARED", "lib/count/refusals.c",
     "           psp_refusals_closed(refusals, station) <"
     " refusals->limits.closed_station_max;\n"
     "}\n"
     "\n"
     "uint64_t",
     "           (M(CLOSED_SHARED) ? refusals->closed : psp_refusals_closed(refusals,"
     " station)) <\n"
     "               refusals->limits.closed_station_max;\n"
     "}\n"
     "\n"
     "uint64_t"),
    ("STATION_OF_ROUTER", "router/core/core.c",
     "    psp_runs_add(&batch->stations, submission->span.station, 1);\n",
     "    psp_runs_add(&batch->stations, M(STATION_OF_ROUTER) ? 1 :"
     " submission->span.station, 1);\n"),
    ("FORGETS_NEWEST", "lib/count/refusals.c",
     "    if (station->newest != 0)\n"
     "        refusals->records[station->newest - 1].next = number + 1;\n"
     "    else\n"
     "        station->oldest = number + 1;\n"
     "    station->newest = number + 1;\n",
     "    extern int psp_mutant_restoring;\n"
     "    if ((M(FORGETS_NEWEST) || psp_mutant_restoring) && station->newest != 0) {\n"
     "        record->next = station->oldest;\n"
     "        station->oldest = number + 1;\n"
     "    } else if (station->newest != 0) {\n"
     "        refusals->records[station->newest - 1].next = number + 1;\n"
     "        station->newest = number + 1;\n"
     "    } else {\n"
     "        station->oldest = station->newest = number + 1;\n"
     "    }\n"),
    ("LOAD_TURNS_ROUND", "lib/count/restore.c",
     "static enum psp_status restore_refusal(",
     "int psp_mutant_restoring;\n"
     "static enum psp_status restore_refusal("),
    ("LOAD_TURNS_ROUND", "lib/count/restore.c",
     "    return psp_refusals_add(count->refusals, &refusal);\n",
     "    psp_mutant_restoring = M(LOAD_TURNS_ROUND);\n"
     "    const enum psp_status added = psp_refusals_add(count->refusals, &refusal);\n"
     "    psp_mutant_restoring = 0;\n"
     "    return added;\n"),
    ("LOAD_FORGETS_LAST", "lib/count/restore.c",
     "    const struct psp_station_books *books = psp_ledger_of(count->stations,"
     " refusal->station);\n",
     "    const struct psp_station_books *books = psp_ledger_of(count->stations,"
     " refusal->station);\n"
     "    if (M(LOAD_FORGETS_LAST) && books && refusal->disposition != PSP_CLOSED)\n"
     "        return count->restoring->forgotten[refusal->station] +\n"
     "                   psp_refusals_remembered(count->refusals, refusal->station) >=\n"
     "               psp_station_books_forgettable(books) - books->forgotten;\n"),
    ("STYLE_OF_OTHER_UNIT", "router/core/core.c",
     "            *ret_position = named;\n"
     "            return place + 1;\n"
     "        }\n",
     "            *ret_position = named;\n"
     "            return place + 1;\n"
     "        }\n"
     "    if (M(STYLE_OF_OTHER_UNIT) && named < core->definition->style_count) {\n"
     "        *ret_position = named;\n"
     "        return 1;\n"
     "    }\n"),
    ("STYLE_NOT_IN_TAG", "lib/election/digest.c",
     "    bytes[MARKS - 1] = (uint8_t)(style >> 24);\n",
     "    bytes[MARKS - 1] = (uint8_t)(style >> 24);\n"
     "    if (M(STYLE_NOT_IN_TAG))\n        memset(bytes + MARKS - 4, 0xFF, 4);\n"),
    ("ROLL_STYLE_IGNORED", "lib/count/ballots.c",
     "    return count->roll_styles == NULL || count->roll_styles[place->number] =="
     " row->style;\n",
     "    return count->roll_styles == NULL || M(ROLL_STYLE_IGNORED) ||\n"
     "           count->roll_styles[place->number] == row->style;\n"),
    ("CLOSE_TIME_LATE", "lib/count/count.c",
     "    if (count->election_state == PSP_ELECTION_OPEN && count->close_at_ms != 0 &&\n",
     "    if (M(CLOSE_TIME_LATE) && count->time_ms == count->close_at_ms)\n"
     "        return;\n"
     "    if (count->election_state == PSP_ELECTION_OPEN && count->close_at_ms != 0 &&\n"),
    ("CLOSE_AT_ONCE", "lib/count/count.c",
     "    if (at_ms <= count->time_ms)\n",
     "    if (at_ms <= count->time_ms || M(CLOSE_AT_ONCE))\n"),
    ("SECOND_CLOSE_WINS", "lib/count/count.c",
     "    if (count->close_at_ms != 0)\n"
     "        return \"the election closes",
     "    if (count->close_at_ms != 0 && !M(SECOND_CLOSE_WINS))\n"
     "        return \"the election closes"),
    ("CLOSE_NOT_STORED", "lib/count/delta.c",
     "    delta->close_at_ms = count->close_at_ms;\n",
     "    delta->close_at_ms = M(CLOSE_NOT_STORED) ? 0 : count->close_at_ms;\n"),
    ("CLOSE_WITHOUT_LEADER", "shard/core/closing.c",
     "    const bool proposed = core->closing_term == core->leading_term &&"
     " core->closing_at_ms == at_ms;\n",
     "    const bool proposed = M(CLOSE_WITHOUT_LEADER) ||\n"
     "                          (core->closing_term == core->leading_term &&\n"
     "                           (core->closing_at_ms == at_ms || M(CLOSE_ONCE_A_TERM)));\n"),
    ("BOUNDS_IGNORED", "router/core/core.c",
     "    if (is_outside(core, submission, row)) {\n"
     "        if (!was_sent(columns, row)) {\n",
     "    if (is_outside(core, submission, row) && !M(BOUNDS_IGNORED)) {\n"
     "        if (!was_sent(columns, row) || M(OUTSIDE_NOT_ASKED)) {\n"),
    ("STATIONS_SENT_LATE", "lib/count/ledger.c",
     "        if (station->index <= base)\n",
     "        if (station->index <= (M(STATIONS_SENT_LATE) && base > 0 ? base + 1 : base))\n"),
    ("ANY_HEAD_STOPS", "shard/core/watch.c",
     "    if (psp_head_verify(",
     "    if (M(ANY_HEAD_STOPS) || psp_head_verify("),
    ("HELD_LEAVES", "shard/core/watch.c",
     "        return psp_totals_encode_since(reported ? reported : psp_count_totals(count),"
     " base,\n",
     "        return psp_totals_encode_since(reported && !M(HELD_LEAVES)\n"
     "                                           ? reported : psp_count_totals(count), base,\n"),
    ("TURNOUT_LEAVES", "shard/core/watch.c",
     "    if (!reported || genesis->turnout == PSP_PUBLICATION_REPORTS)\n",
     "    if (!reported || (genesis->turnout == PSP_PUBLICATION_REPORTS && !M(TURNOUT_LEAVES)))\n"),
    ("NUMBER_TWICE", "lib/count/reports.c",
     "    snprintf(reports->text, sizeof reports->text,\n"
     "             \"this shard holds another report",
     "    if (M(NUMBER_TWICE))\n"
     "        return NULL;\n"
     "    snprintf(reports->text, sizeof reports->text,\n"
     "             \"this shard holds another report"),
    ("ROW_INDEX_LOST", "lib/count/reports.c",
     "        rows->row_index[row] = index;\n"
     "        cells += n;\n",
     "        rows->row_index[row] = M(ROW_INDEX_LOST) ? reports->index : index;\n"
     "        cells += n;\n"),
    ("FINAL_FLIPS", "lib/count/reports.c",
     "    if (report->final != PSP_FINAL_UNCHANGED)\n",
     "    if (report->final != PSP_FINAL_UNCHANGED || M(FINAL_FLIPS))\n"),
    ("ROW_OF_ONE_SHARD", "collector/board/shown.c",
     "        same &= shards[s].present && number == first;\n",
     "        same &= shards[s].present &&\n"
     "                (number == first || (M(ROW_OF_ONE_SHARD) && first > number));\n"),
    ("ROW_OF_ONE_SHARD", "collector/board/shown.c",
     "        assert(report->number == at->number);\n",
     "        assert(report->number == at->number || M(ROW_OF_ONE_SHARD));\n"),
    ("BELOW_MIN_SHOWN", "collector/board/shown.c",
     "by >= shown->definition->report_min;\n",
     "by >= shown->definition->report_min ||\n"
     "           M(BELOW_MIN_SHOWN);\n"),
    ("FINAL_OF_ANY", "collector/board/shown.c",
     "        at->final &= report->final;\n",
     "        at->final = M(FINAL_OF_ANY) ? (s > 0 && at->final) || report->final\n"
     "                                    : at->final && report->final;\n"),
    ("RESTORED_NOT_TAKEN", "collector/board/shown.c",
     "        same = sources[s].epoch == shards[s].epoch &&\n",
     "        same = (sources[s].epoch == shards[s].epoch || M(RESTORED_NOT_TAKEN)) &&\n"),
    ("HELD_IS_SHOWN", "collector/view/view.c",
     "shown->rows ? shown->rows : psp_board_merged(board);\n",
     "shown->rows && !M(HELD_IS_SHOWN) ? shown->rows : psp_board_merged(board);\n"),
    ("COUNTED_TOLD", "collector/view/view.c",
     "    const bool told = view->turnout == PSP_PUBLICATION_IMMEDIATE;\n",
     "    const bool told = view->turnout == PSP_PUBLICATION_IMMEDIATE || M(COUNTED_TOLD);\n"),
    ("REPORT_NOT_FINISHED", "cli/operate/reporting.c",
     "        reporting->places[s].waits = reporting->places[s].number <"
     " reporting->places[0].number;\n",
     "        reporting->places[s].waits = !M(REPORT_NOT_FINISHED) &&\n"
     "            reporting->places[s].number < reporting->places[0].number;\n"),
    ("OVERTAKEN_UNSEEN", "cli/operate/reporting.c",
     "    return s < reporting->shard_count;\n"
     "}\n"
     "\n"
     "/* False: it does not take",
     "    return s < reporting->shard_count && !M(OVERTAKEN_UNSEEN);\n"
     "}\n"
     "\n"
     "/* False: it does not take"),
    ("NUMBERS_AGAIN", "cli/operate/reporting.c",
     "    return (epoch - 1) * PSP_REPORTING_EPOCH_NUMBERS;\n",
     "    return M(NUMBERS_AGAIN) ? 0 : (epoch - 1) * PSP_REPORTING_EPOCH_NUMBERS;\n"),
    ("HELD_HASH_TO_ALL", "shard/core/request.c",
     "        if (sender->role != PSP_ROLE_OPERATOR)\n"
     "            return;\n"
     "        const struct psp_core_outcome refusal",
     "        if (sender->role != PSP_ROLE_OPERATOR && !M(HELD_HASH_TO_ALL))\n"
     "            return;\n"
     "        const struct psp_core_outcome refusal"),
    ("MIXED_AFTER_RESTORE", "collector/board/board.c",
     "    psp_board_leaves_forget(&state->leaves, board->counted);\n",
     "    if (!M(MIXED_AFTER_RESTORE))\n"
     "        psp_board_leaves_forget(&state->leaves, board->counted);\n"),
    ("HELD_NOT_SAID", "collector/view/tally.c",
     "    ret_tally->held = look.any && !look.shown;\n",
     "    ret_tally->held = look.any && !look.shown && !M(HELD_NOT_SAID);\n"),
    ("LAST_VOTER_LOST", "lib/count/restore.c",
     "        psp_index_mark(count->index, &place, record + 4);\n"
     "        memcpy(count->last_voter,",
     "        psp_index_mark(count->index, &place, record + 4);\n"
     "        if (!M(LAST_VOTER_LOST))\n"
     "            memcpy(count->last_voter,"),
]


def numbers(tree):
    text = (tree / "tests/sim/mutants.h").read_text()
    names = re.findall(r"^    X\((\w+), ", text, re.MULTILINE)
    return {name: number for number, name in enumerate(names, 1)}


def read(tree):
    wanted = [tree / "CMakeLists.txt"]
    for room in ROOMS:
        if not (tree / room).is_dir():
            sys.exit(f"mutate.py: the room {room} is not there")
        wanted += [path for path in (tree / room).rglob("*") if path.is_file()]
    return {path.relative_to(tree): path.read_bytes() for path in wanted}


def change(files, known):
    for name, path, text, replacement in CHANGES:
        source = files[Path(path)].decode()
        if source.count(text) != 1:
            raise ValueError(f"{name}: {path} has its text {source.count(text)} times")
        code = re.sub(r"\bM\((\w+)\)", lambda found: f"(psp_mutant == {known[found[1]]})",
                      replacement)
        source = source.replace(text, code)
        if "extern int psp_mutant;" not in source:
            source = "extern int psp_mutant;\n" + source
        files[Path(path)] = source.encode()


def trim(files):
    """The copy builds the simulator and what it links, nothing else."""
    for path in [path for path in files if path.name == "CMakeLists.txt"]:
        text = files[path].decode()
        files[path] = re.sub(r"add_dependencies\(psp_tests [^)]*\)", "", text).encode()
    top = files[Path("CMakeLists.txt")].decode()
    top = re.sub(r"add_subdirectory\((bench|bridge|cli|dashboard|gateway|tests)\)\n", "", top)
    top = re.sub(r"include\(cmake/(install|packages)\.cmake\)\n", "", top)
    files[Path("cmake/tests.cmake")] = (
        b"function(psp_test)\nendfunction()\nfunction(psp_fuzz)\nendfunction()\n"
        b"add_custom_target(psp_tests)\n")
    files[Path("CMakeLists.txt")] = (top + "\nadd_subdirectory(tests/sim)\n").encode()


def main():
    """Writes only what differs, so that the next build compiles little."""
    tree, target = Path(sys.argv[1]), Path(sys.argv[2])
    files = read(tree)
    try:
        change(files, numbers(tree))
    except ValueError as error:
        sys.exit(f"mutate.py: {error}")
    trim(files)
    for path, content in files.items():
        place = target / path
        if place.is_file() and place.read_bytes() == content:
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    for place in [path for path in target.rglob("*") if path.is_file()]:
        if place.relative_to(target) not in files:
            place.unlink()


if __name__ == "__main__":
    main()
