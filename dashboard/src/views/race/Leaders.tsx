// Who leads: the first two, and everybody's share as one bar.
import type { Contest } from '../../api/types.ts';
import { colorOf, OTHER } from '../../colors.ts';
import { percent } from '../../format.ts';
import { tooFew } from '../../race.ts';
import type { Line } from '../../race.ts';
import { result, state, turnout } from '../../state.ts';
import { text } from '../../text/index.ts';
import { Name, parties, partyName, Portrait, Swatch } from '../parts.tsx';

// Of all lines, each once.
const partiesOf = (line: Line): string =>
  line.parts.length < 2
    ? partyName(line.party)
    : [...new Set(line.parts.map((p) => partyName(p.choice.party)))].join(', ');

function Person({ contest, line, label, first }: { contest: Contest; line: Line; label: string; first: boolean }) {
  return (
    <div class={first ? 'person first' : 'person'}>
      <Portrait contest={contest} choice={line.choice} />
      <div class="about">
        <p class="label">{label}</p>
        <p class="name">
          <Name choice={line.choice} name={line.name} />
        </p>
        <p class="party">
          <Swatch contest={contest} choice={line.choice} />
          {line.choice.kind === 'candidate' ? partiesOf(line) : ''}
        </p>
      </div>
      <p class="big">
        <strong>{percent(line.share)}</strong>
        <span>{text.votesOf(line.votes)}</span>
      </p>
    </div>
  );
}

export const SLIVER = 0.015; // smaller shares stand together at the end of a bar

function ShareBar({ contest, ordered }: { contest: Contest; ordered: Line[] }) {
  const parts = ordered.filter((line) => line.valid && line.share >= SLIVER);
  const rest = 1 - parts.reduce((sum, line) => sum + line.share, 0);
  return (
    <div class="split race-bar" aria-hidden="true">
      {parts.map((line) => (
        <span
          key={line.choice.id}
          title={`${line.name} ${percent(line.share)}`}
          style={{ flexGrow: line.share, background: colorOf(contest, parties(), line.choice) }}
        />
      ))}
      {rest > 0.0005 && <span style={{ flexGrow: rest, background: OTHER }} />}
      {contest.seats === 1 && <i />}
    </div>
  );
}

function Held() {
  const counted = turnout.value?.ballots_counted ?? null;
  const few = tooFew(result.value);
  return (
    <section class="card empty-card">
      <p class="label">{few ? text.tooFew : text.notReported}</p>
      <p>
        {counted !== null && text.heldBallots(counted)} {few ? text.tooFewUntil : text.heldUntil}
      </p>
    </section>
  );
}

export function Leaders({ contest, ordered, held }: { contest: Contest; ordered: Line[]; held: boolean }) {
  const [first, second] = ordered.filter((line) => line.racing);
  if (held && state.value !== 'new') return <Held />;
  if (!first || first.votes === 0)
    return (
      <section class="card empty-card">
        <p class="label">{state.value === 'new' ? text.states.new : text.noVotes}</p>
        <p>{state.value === 'new' ? text.notOpen : text.waiting}</p>
      </section>
    );
  const tied = second !== undefined && second.votes === first.votes;
  return (
    <section class="card leaders" aria-label={text.leading}>
      <div class="people">
        <Person contest={contest} line={first} label={tied ? text.tied : text.leading} first />
        {second && second.votes > 0 && (
          <Person contest={contest} line={second} label={tied ? text.tied : text.trailing} first={false} />
        )}
      </div>
      <ShareBar contest={contest} ordered={ordered} />
    </section>
  );
}
