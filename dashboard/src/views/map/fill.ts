// The colour of a unit: who leads in it, or a share on a scale; fainter while less
// of it is counted.
import type { Contest, Leaders, Unit } from '../../api/types.ts';
import { colorOf, OTHER } from '../../colors.ts';
import { number, percent, percentIn, points } from '../../format.ts';
import { progress } from '../../race.ts';
import { nameOf, progressOf, units } from '../../state.ts';
import { text } from '../../text/index.ts';
import { parties } from '../parts.tsx';

export const STEPS = 5;
const PALEST = 0.4;

export interface Fill {
  color: string;
  opacity: number;
  label: string;
}

export const mixed = (share: number): string =>
  `color-mix(in oklab, var(--scale) ${Math.round(12 + 88 * share)}%, var(--card))`;

// Shares are shown on the span that occurs, in steps that the legend names.
export interface Scale {
  low: number;
  high: number;
  of: (at: number) => number | null;
}

export function scaleOf(by: string, data: Leaders, list: Unit[]): Scale | null {
  let of: Scale['of'];
  if (by === 'turnout')
    of = (i) =>
      list[i]?.registered && data.units_total[i] === list[i]!.leaves
        ? (data.ballots_counted[i] ?? data.ballots[i]!) / list[i]!.registered!
        : null;
  else if (by.startsWith('share:') && data.choice_votes)
    of = (i) => (data.valid[i] ? data.choice_votes![i]! / data.valid[i]! : null); // held: null
  else return null;
  const values = list.map((_, i) => of(i)).filter((v): v is number => v !== null);
  if (values.length === 0) return { low: 0, high: 1, of };
  const low = Math.floor(Math.min(...values) * 20) / 20,
    high = Math.ceil(Math.max(...values) * 20) / 20;
  return { low, high: high > low ? high : low + 0.05, of };
}

export function fillOf(contest: Contest, data: Leaders, list: Unit[], scale: Scale | null, i: number): Fill {
  const part = progress(
    data.units_reporting[i]!,
    data.units_total[i]!,
    data.shown[i]!,
    progressOf(list[i]!.id)?.expected ?? null,
  );
  const opacity = PALEST + (1 - PALEST) * part;
  const counted = text.mapIn(percentIn(part)) + (data.units_over[i]! > 0 ? `\n${text.overHere}` : '');
  const parent = units.value?.parents.get(list[i]!.parent ?? '');
  const name = parent ? `${list[i]!.name}, ${parent}` : list[i]!.name;
  if (data.valid[i] === null) return { color: 'var(--none)', opacity: 1, label: `${name}\n${text.notReported}` };
  if (scale) {
    const share = scale.of(i);
    const step =
      share === null ? 0 : Math.min(STEPS - 1, Math.floor(((share - scale.low) / (scale.high - scale.low)) * STEPS));
    return {
      color: share === null ? 'var(--none)' : mixed((step + 1) / STEPS),
      opacity: share === null ? 1 : opacity,
      label: `${name}\n${percent(share)}\n${counted}`,
    };
  }
  const at = data.leader[i];
  if (at === null || at === undefined) {
    const level0 = data.leader_votes[i]! > 0;
    return {
      color: level0 ? OTHER : 'var(--none)',
      opacity: 1,
      label: `${name}\n${level0 ? text.mapTied : text.mapNone}`,
    };
  }
  const choice = contest.choices[at]!;
  const share = data.leader_votes[i]! / data.valid[i]!;
  const lead = (data.leader_votes[i]! - data.second_votes[i]!) / data.valid[i]!;
  return {
    color: colorOf(contest, parties(), choice),
    opacity,
    label: `${name}\n${nameOf(choice)} ${percent(share)} (+${points(lead)})\n${number(data.ballots[i]!)} · ${counted}`,
  };
}
