// What the figures of one contest say: order, margin, what is still out. Pure. Who stands
// where is the collector's word (`candidates`); a candidate with several lines is one.
import type { Choice, Contest, Entry, Result, Turnout } from './api/types.ts';

interface Part {
  choice: Choice;
  votes: number;
}
// A candidate with all lines, a list, an answer, or a line that names nobody.
export interface Line {
  choice: Choice; // of several the first in the contest: one colour everywhere
  name: string;
  party: string | null;
  votes: number;
  share: number; // of valid votes
  racing: boolean; // can win
  valid: boolean; // takes part of the valid votes
  parts: Part[];
}
export interface Outlook {
  kind: 'unknown' | 'none' | 'tied' | 'open' | 'beyond';
  estimated: boolean;
  ballots: boolean; // `out` is of ballots expected, not of voters registered
  margin: number;
  out: number;
  needed: number;
  above: Line | undefined;
  below: Line | undefined;
}

const ANSWERS = new Set(['candidate', 'yes', 'no']);
const INVALID = new Set(['blank', 'spoiled']);

// Counted, maybe, but no row of it was reported yet: then it has no votes, not none.
export const held = (result: Result | undefined): boolean => result !== undefined && result.choices === null;
// Reported, of so few ballots that they are not shown.
export const tooFew = (result: Result | undefined): boolean =>
  held(result) && result!.units_partial + result!.units_reporting > 0;

// Before there is a result: everybody with no votes.
function unvoted(contest: Contest): Entry[] {
  const entries = new Map<string, Entry>();
  for (const choice of contest.choices) {
    if (!ANSWERS.has(choice.kind)) continue;
    const key = choice.candidate ?? `line ${choice.id}`;
    const entry = entries.get(key);
    if (entry) entry.choices.push(choice.id);
    else
      entries.set(key, {
        candidate: choice.candidate,
        name: choice.name,
        party: choice.party,
        votes: 0,
        share: null,
        choices: [choice.id],
      });
  }
  return [...entries.values()];
}

export function lines(contest: Contest, given: Result | undefined): Line[] {
  // For a moment the answers may still be those of the contest before.
  const result = given?.contest === contest.id ? given : undefined;
  const votes = new Map(result?.choices?.map((c) => [c.choice, c.votes]));
  const valid = result?.valid ?? 0;
  const known = new Map(contest.choices.map((c) => [c.id, c]));
  const racing = (result?.candidates ?? unvoted(contest)).map((entry): Line => {
    const parts = entry.choices.map((id) => ({ choice: known.get(id)!, votes: votes.get(id) ?? 0 }));
    const choice = contest.choices.find((c) => entry.candidate && c.candidate === entry.candidate) ?? parts[0]!.choice;
    const { name, party } = entry;
    return { choice, name, party, votes: entry.votes, share: entry.share ?? 0, racing: true, valid: true, parts };
  });
  const aside = contest.choices
    .filter((choice) => !ANSWERS.has(choice.kind) && (!result?.choices || votes.has(choice.id)))
    .map((choice): Line => {
      const n = votes.get(choice.id) ?? 0;
      const counts = !INVALID.has(choice.kind);
      const share = counts && valid > 0 ? n / valid : 0;
      const { name, party } = choice;
      return { choice, name, party, votes: n, share, racing: false, valid: counts, parts: [{ choice, votes: n }] };
    });
  return [...racing, ...aside.sort((a, b) => Number(b.valid) - Number(a.valid) || b.votes - a.votes)];
}

// What is known of a unit's ballots, as far as it is known of the contest's: all where all of
// them have it, else nothing but what the contest's own row tells. `leaves`: of the unit.
export function turnoutIn(now: Result, turn: Turnout, leaves: number, closed: boolean): Turnout {
  const counted = now.ballots_counted,
    all = turn.ballots_counted;
  const fewer = now.method === null && counted !== null && all !== null && counted < all;
  if (now.units_total === leaves && !fewer) return turn;
  const hidden = closed && counted !== null ? counted - now.ballots : null;
  return {
    ...turn,
    registered: null,
    ballots_expected: null,
    share: null,
    progress: {
      ...turn.progress,
      shown: now.ballots,
      expected: null,
      out: null,
      ceiling: now.units_reporting === now.units_total ? 0 : hidden,
      ceiling_of: 'registered',
      units_over: 0,
    },
  };
}

// Ballots that are expected in the unit, can still come, and are not shown yet; null: not known.
export function stillOut(turnout: Turnout | undefined): number | null {
  const of = turnout?.progress;
  return of?.expected == null ? null : Math.max(0, Math.min(of.expected - of.shown, of.ceiling ?? Infinity));
}

// How much of the count is in: ballots of those expected, unit by unit; where nobody says
// how many are expected, units with a final report.
export function progress(reporting: number, total: number, shown: number, expected: number | null): number {
  if (expected) return Math.min(1, shown / expected);
  return total > 0 ? reporting / total : 0;
}

export const partIn = (now: Result, turn: Turnout | undefined): number =>
  progress(now.units_reporting, now.units_total, turn?.progress.shown ?? 0, turn?.progress.expected ?? null);

// Whether ballots that can still come could change who has a seat: between the last that
// has one and the first that has none. Without a ceiling nothing is claimed.
export function outlook(ordered: Line[], turnout: Turnout | undefined, seats: number): Outlook {
  const racing = ordered.filter((line) => line.racing);
  const above = racing[seats - 1],
    below = racing[seats];
  const margin = (above?.votes ?? 0) - (below?.votes ?? 0);
  const ceiling = turnout?.progress.ceiling ?? null;
  const out = ceiling ?? 0;
  const needed = out > 0 ? (out + margin) / (2 * out) : 0;
  const estimated = turnout?.progress.ceiling_of === 'estimate';
  const ballots = estimated && out === stillOut(turnout);
  const base = { estimated, ballots, margin, out, needed, above, below };
  if (ceiling === null || !above || !below) return { kind: 'unknown', ...base };
  if (out === 0) return { kind: 'none', ...base };
  if (margin === 0) return { kind: 'tied', ...base };
  return { kind: margin > out ? 'beyond' : 'open', ...base };
}

export interface PartyLine {
  party: string | null;
  name: string | null; // of a line that names nobody, such as write-ins
  votes: number;
  share: number;
}

export function byParty(ordered: Line[]): PartyLine[] {
  const sums = new Map<string, PartyLine>();
  for (const line of ordered)
    if (line.valid)
      for (const { choice, votes } of line.parts) {
        const name = choice.party === null && !line.racing ? choice.name : null;
        const key = JSON.stringify([choice.party, name]);
        const sum = sums.get(key) ?? { party: choice.party, name, votes: 0, share: 0 };
        sums.set(key, { ...sum, votes: sum.votes + votes });
      }
  const all = [...sums.values()].reduce((a, b) => a + b.votes, 0);
  return [...sums.values()]
    .map((sum) => ({ ...sum, share: all > 0 ? sum.votes / all : 0 }))
    .sort((a, b) => b.votes - a.votes);
}

export const same = (a: Result | undefined, b: Result | undefined): boolean =>
  a !== undefined && b !== undefined && a.contest === b.contest && a.unit === b.unit && a.method === b.method;

// Lead of the first over the second, whatever the seats; for a change, and a place in the list.
export const leadOf = ([first, second]: Line[]): number => (first?.votes ?? 0) - (second?.votes ?? 0);

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
