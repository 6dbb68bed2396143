// What the colours of the map mean.
import type { Contest, Leaders } from '../../api/types.ts';
import { colorOf, OTHER } from '../../colors.ts';
import { number, percentIn } from '../../format.ts';
import { nameOf } from '../../state.ts';
import { text } from '../../text/index.ts';
import { parties } from '../parts.tsx';
import { mixed, STEPS } from './fill.ts';
import type { Scale } from './fill.ts';

function Steps({ scale }: { scale: Scale }) {
  const step = (scale.high - scale.low) / STEPS;
  return (
    <ul class="legend">
      {Array.from({ length: STEPS }, (_, i) => (
        <li key={i}>
          <span class="swatch" aria-hidden="true" style={{ background: mixed((i + 1) / STEPS) }} />
          {percentIn(scale.low + i * step)}–{percentIn(scale.low + (i + 1) * step)}
        </li>
      ))}
      <li class="aside">{text.mapFaded}</li>
    </ul>
  );
}

export function Legend({ contest, data, scale }: { contest: Contest; data: Leaders; scale: Scale | null }) {
  if (scale) return <Steps scale={scale} />;
  const counts = new Map<number, number>();
  for (const at of data.leader) if (at !== null) counts.set(at, (counts.get(at) ?? 0) + 1);
  return (
    <ul class="legend">
      {[...counts]
        .sort((a, b) => b[1] - a[1])
        .map(([at, n]) => (
          <li key={at}>
            <span
              class="swatch"
              aria-hidden="true"
              style={{ background: colorOf(contest, parties(), contest.choices[at]!) }}
            />
            {nameOf(contest.choices[at]!)} <strong>{number(n)}</strong>
          </li>
        ))}
      {data.leader.some((at, i) => at === null && data.leader_votes[i]! > 0) && (
        <li>
          <span class="swatch" aria-hidden="true" style={{ background: OTHER }} />
          {text.mapTied}
        </li>
      )}
      <li class="aside">{text.mapFaded}</li>
    </ul>
  );
}
