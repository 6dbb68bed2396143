// The curves: votes of the first choices over time, as of a second ago at most.
import { effect, signal, untracked } from '@preact/signals';
import type { Contest, Series } from '../../api/types.ts';
import { colorOf } from '../../colors.ts';
import { lines } from '../../race.ts';
import { contest as chosen, series, shown } from '../../state.ts';
import { parties } from '../parts.tsx';

const CURVES = 4;
const DRAW_MS = 1000; // a curve does not need every update

export interface Curve {
  name: string;
  color: string;
  values: number[];
}

function curvesOf(contest: Contest, data: Series): Curve[] {
  const first = lines(contest, shown.value)
    .filter((line) => line.racing && line.votes > 0)
    .slice(0, CURVES);
  return first.map((line) => {
    const at = line.parts.map((part) => data.choices.indexOf(part.choice.id));
    return {
      name: line.name,
      color: colorOf(contest, parties(), line.choice),
      values: data.points.map((p) => at.reduce((sum, i) => sum + (p.votes[i] ?? 0), 0)),
    };
  });
}

export const drawn = signal<{ data: Series; curves: Curve[] } | null>(null);
let due: ReturnType<typeof setTimeout> | undefined;
let last = 0;
effect(() => {
  const of = chosen.value;
  if (!of || series.value?.contest !== of.id) {
    drawn.value = null;
    return;
  }
  if (!shown.value) return; // the series may come before the votes that say whose curves
  const draw = () => {
    due = undefined;
    last = Date.now();
    const now = series.peek();
    if (now?.contest === of.id) drawn.value = { data: now, curves: untracked(() => curvesOf(of, now)) };
  };
  if (drawn.peek()?.data.contest !== of.id) {
    clearTimeout(due);
    draw();
  } else due ??= setTimeout(draw, Math.max(0, last + DRAW_MS - Date.now()));
});
