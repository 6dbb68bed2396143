// One group of contests: the balance of its seats, the close ones, and all of them when opened.
import type { Contest, Group } from '../../api/types.ts';
import { number } from '../../format.ts';
import { lists, openGroup } from '../../overview.ts';
import { blocksOf, closeRow, contestRow } from './seats.ts';
import { contests } from '../../state.ts';
import { text } from '../../text/index.ts';
import { parties, reportingWord } from '../parts.tsx';
import { Balance } from './Balance.tsx';
import { Rows } from './Rows.tsx';

const CLOSE_SHOWN = 5;

// Whether seats of the group are for parties to win from each other: not in primaries, nor
// where they are for lists, and law makes seats of votes.
function contested(group: Group): { balance: boolean; lists: boolean } {
  const own = contests.value.filter((contest) => contest.group === group.group);
  const isOfLists = (contest: Contest) =>
    contest.seats > 1 && contest.choices.some((c) => c.kind === 'candidate' && !c.candidate);
  const balance = group.seats_total > 0 && own.some((contest) => !contest.party && !isOfLists(contest));
  return { balance, lists: own.some(isOfLists) };
}

export function Body({ group }: { group: Group }) {
  const { balance, lists: ofLists } = contested(group);
  const all = lists.value.get(group.group);
  const close = group.close.slice(0, CLOSE_SHOWN).map(closeRow);
  const id = `group-${encodeURIComponent(group.group)}`;
  return (
    <section class="body" aria-labelledby={id}>
      <h3 id={id}>{group.group}</h3>
      {balance && <Balance group={group} blocks={blocksOf(group, parties())} />}
      {ofLists && (
        <p class="aside">
          {!balance && `${text.seatsInAll(group.seats_total)}. `}
          {text.seatsByLaw}
        </p>
      )}
      <p class="aside">
        {text.contestsStarted(number(group.contests_started), number(group.contests_total))} · {text.reporting}:{' '}
        {reportingWord(group.units_reporting, group.units_total, group.units_partial)}
      </p>
      {close.length > 0 && (
        <>
          <h4>{text.closeRaces}</h4>
          <Rows rows={close} label={`${group.group}: ${text.closeRaces}`} />
        </>
      )}
      <details class="all" onToggle={(e) => void openGroup(group.group, e.currentTarget.open).catch(() => undefined)}>
        <summary>{text.allContests(number(group.contests_total))}</summary>
        {all ? <Rows rows={all.map(contestRow)} label={group.group} folded /> : <p class="aside">{text.loading}</p>}
      </details>
    </section>
  );
}
