// What the figures of one contest say: order, margin, what is still out. Pure.
import type { Choice, Contest, Result, Turnout } from './api/types.ts';

export interface Line {
  choice: Choice;
  votes: number;
  share: number;
}
export interface Outlook {
  kind: 'unknown' | 'none' | 'tied' | 'open' | 'beyond';
  margin: number;
  out: number;
  needed: number;
  above: Line | undefined;
  below: Line | undefined;
}

// Blank, spoiled and other counted lines take part in the count, not in the race.
const RUNS = new Set(['candidate', 'yes', 'no', 'write_in', 'other']);
export const runs = (choice: Choice): boolean => RUNS.has(choice.kind);

// Counted, maybe, but no row of it was reported yet: then it has no votes, not none.
export const held = (result: Result | undefined): boolean => result !== undefined && result.choices === null;
// Reported, of so few ballots that they are not shown.
export const tooFew = (result: Result | undefined): boolean =>
  held(result) && result!.units_partial + result!.units_reporting > 0;

export function lines(contest: Contest, result: Result | undefined): Line[] {
  const votes = new Map(result?.choices?.map((c) => [c.choice, c.votes]));
  const valid = contest.choices.reduce((sum, c) => sum + (runs(c) ? (votes.get(c.id) ?? 0) : 0), 0);
  const all = contest.choices
    .filter((choice) => !result?.choices || votes.has(choice.id))
    .map((choice) => {
      const n = votes.get(choice.id) ?? 0;
      return { choice, votes: n, share: runs(choice) && valid > 0 ? n / valid : 0 };
    });
  const order = (line: Line) => (runs(line.choice) ? 0 : 1);
  return all.sort((a, b) => order(a) - order(b) || b.votes - a.votes);
}

// Ballots that are expected in the unit and not shown yet; null: not known.
export function stillOut(turnout: Turnout | undefined): number | null {
  if (!turnout || turnout.ballots_expected === null) return null;
  return Math.max(0, turnout.ballots_expected - turnout.ballots);
}

// How much of the count is in: by units with a final report, or by ballots shown
// where it is known how many are expected; whichever says more.
export function progress(reporting: number, total: number, ballots: number, expected: number | null): number {
  const byUnits = total > 0 ? reporting / total : 0;
  const byBallots = expected && expected > 0 ? Math.min(1, ballots / expected) : 0;
  return Math.max(byUnits, byBallots);
}

// Whether the ballots still out could change who is ahead. With several votes a
// ballot it is asked of the last place that many voters' votes reach and the next.
export function outlook(ordered: Line[], out: number | null, places: number): Outlook {
  const racing = ordered.filter((line) => runs(line.choice));
  const above = racing[places - 1],
    below = racing[places];
  const margin = (above?.votes ?? 0) - (below?.votes ?? 0);
  const left = out ?? 0;
  const base = { margin, out: left, needed: left > 0 ? (left + margin) / (2 * left) : 0, above, below };
  if (out === null || !above || !below) return { kind: 'unknown', ...base };
  if (left === 0) return { kind: 'none', ...base };
  if (margin === 0) return { kind: 'tied', ...base };
  return { kind: margin > left ? 'beyond' : 'open', ...base };
}

export interface PartyLine {
  party: string | null;
  votes: number;
  share: number;
}

export function byParty(ordered: Line[]): PartyLine[] {
  const sums = new Map<string | null, number>();
  for (const line of ordered)
    if (runs(line.choice)) sums.set(line.choice.party, (sums.get(line.choice.party) ?? 0) + line.votes);
  const all = [...sums.values()].reduce((a, b) => a + b, 0);
  return [...sums.entries()]
    .map(([party, votes]) => ({ party, votes, share: all > 0 ? votes / all : 0 }))
    .sort((a, b) => b.votes - a.votes);
}

export const same = (a: Result | undefined, b: Result | undefined): boolean =>
  a !== undefined && b !== undefined && a.contest === b.contest && a.unit === b.unit && a.method === b.method;

// Votes gained since an earlier result of the same question.
export function gains(before: Result | undefined, now: Result | undefined): Map<string, number> {
  if (!before?.choices || !now?.choices || !same(before, now)) return new Map();
  const old = new Map(before.choices.map((c) => [c.choice, c.votes]));
  return new Map(
    now.choices.map((c) => [c.choice, c.votes - (old.get(c.choice) ?? 0)]).filter(([, n]) => n !== 0) as [
      string,
      number,
    ][],
  );
}
