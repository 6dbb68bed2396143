// The votes of everybody who stands, and of the lines that name nobody.
import { signal } from '@preact/signals';
import { Fragment } from 'preact';
import type { Contest, Result } from '../../api/types.ts';
import { colorOf } from '../../colors.ts';
import { number, percent, signed } from '../../format.ts';
import { gains, held } from '../../race.ts';
import type { Line } from '../../race.ts';
import { baseline } from '../../state.ts';
import { text } from '../../text/index.ts';
import { Name, parties, partyName, Swatch } from '../parts.tsx';

export const FEW = 8;
const all = signal(false);

// Of all lines; undefined: none.
function gainedBy(line: Line, gained: Map<string, number>): number | undefined {
  const sum = line.parts.reduce((n, part) => n + (gained.get(part.choice.id) ?? 0), 0);
  return sum === 0 ? undefined : sum;
}

// The lines of a candidate who has several.
function Parts({ line, none }: { line: Line; none: boolean }) {
  return (
    <>
      {line.parts.map(({ choice, votes }) => (
        <tr key={choice.id} class="part">
          <th scope="row">{choice.party ? partyName(choice.party) : choice.name}</th>
          <td class="n">{none ? '–' : number(votes)}</td>
          <td class="n" />
        </tr>
      ))}
    </>
  );
}

interface RowOf {
  contest: Contest;
  line: Line;
  most: number;
  gained: number | undefined;
  none: boolean; // held
}

function Row({ contest, line, most, gained, none }: RowOf) {
  const background = colorOf(contest, parties(), line.choice);
  return (
    <tr class={line.racing ? '' : 'aside'}>
      <th scope="row">
        <Swatch contest={contest} choice={line.choice} />
        <Name choice={line.choice} name={line.name} />
        {line.party && line.parts.length < 2 && <small> {partyName(line.party)}</small>}
        <span class="bar" aria-hidden="true">
          {!none && <span style={{ width: `${(100 * line.votes) / most}%`, background }} />}
        </span>
      </th>
      <td class="n">
        {none ? '–' : number(line.votes)}
        {gained !== undefined && <small class="delta">{signed(gained)}</small>}
      </td>
      <td class="n">{line.valid ? percent(none ? null : line.share) : ''}</td>
    </tr>
  );
}

export function Bars({ contest, ordered, now }: { contest: Contest; ordered: Line[]; now: Result | undefined }) {
  const most = Math.max(1, ...ordered.map((line) => line.votes));
  const gained = gains(baseline.value?.result, now);
  const listed = all.value || ordered.length <= FEW + 2 ? ordered : ordered.slice(0, FEW);
  return (
    <section>
      <h3>{text.byChoice}</h3>
      <table class="bars">
        <thead>
          <tr>
            <th scope="col">{text.choice}</th>
            <th scope="col" class="n">
              {text.votes}
            </th>
            <th scope="col" class="n">
              {text.ofValid}
            </th>
          </tr>
        </thead>
        <tbody>
          {listed.map((line) => (
            <Fragment key={line.choice.id}>
              <Row contest={contest} line={line} most={most} gained={gainedBy(line, gained)} none={held(now)} />
              {line.parts.length > 1 && <Parts line={line} none={held(now)} />}
            </Fragment>
          ))}
        </tbody>
      </table>
      {ordered.length > FEW + 2 && (
        <button
          type="button"
          class="quiet"
          aria-expanded={all.value}
          onClick={() => {
            all.value = !all.value;
          }}
        >
          {all.value ? text.showFewer : text.showAll(number(ordered.length))}
        </button>
      )}
      {now?.choices && (
        <p class="aside">
          {text.undervotes}: {number(now.undervotes ?? 0)} · {text.overvotes}: {number(now.overvotes ?? 0)}
          {contest.votes_allowed > 1 && ` · ${text.severalVotes(contest.votes_allowed)}`}
          {contest.seats > 1 && ` · ${text.severalSeats(contest.seats)}`}
        </p>
      )}
    </section>
  );
}
