// The votes of every choice.
import { signal } from '@preact/signals';
import type { Contest, Result } from '../../api/types.ts';
import { colorOf } from '../../colors.ts';
import { number, percent, signed } from '../../format.ts';
import { gains, held, runs } from '../../race.ts';
import type { Line } from '../../race.ts';
import { baseline } from '../../state.ts';
import { text } from '../../text.ts';
import { Name, parties, partyName, Swatch } from '../parts.tsx';

export const FEW = 8;
const all = signal(false);

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
    <tr class={runs(line.choice) ? '' : 'aside'}>
      <th scope="row">
        <Swatch contest={contest} choice={line.choice} />
        <Name choice={line.choice} />
        {line.choice.party && <small> {partyName(line.choice.party)}</small>}
        <span class="bar" aria-hidden="true">
          {!none && <span style={{ width: `${(100 * line.votes) / most}%`, background }} />}
        </span>
      </th>
      <td class="n">
        {none ? '–' : number(line.votes)}
        {gained !== undefined && <small class="delta">{signed(gained)}</small>}
      </td>
      <td class="n">{runs(line.choice) ? percent(none ? null : line.share) : ''}</td>
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
              {text.share}
            </th>
          </tr>
        </thead>
        <tbody>
          {listed.map((line) => (
            <Row
              key={line.choice.id}
              contest={contest}
              line={line}
              most={most}
              gained={gained.get(line.choice.id)}
              none={held(now)}
            />
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
        </p>
      )}
    </section>
  );
}
