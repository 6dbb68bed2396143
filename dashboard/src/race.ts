// What the figures of one contest say: order, margin, what is still out. Pure.
import type { Choice, Contest, Result } from './api.ts';

export interface Line { choice: Choice; votes: number; share: number }
export interface Outlook {
  kind: 'unknown' | 'none' | 'tied' | 'open' | 'beyond';
  margin: number; out: number; needed: number;
}

// Blank, spoiled and other counted lines take part in the count, not in the race.
const RUNS = new Set(['candidate', 'yes', 'no', 'write_in', 'other']);
export const runs = (choice: Choice): boolean => RUNS.has(choice.kind);

export function lines(contest: Contest, result: Result | undefined): Line[] {
  const votes = new Map(result?.choices.map((c) => [c.choice, c.votes]));
  const valid = contest.choices.reduce((sum, c) => sum + (runs(c) ? votes.get(c.id) ?? 0 : 0), 0);
  const all = contest.choices
    .filter((choice) => !result || votes.has(choice.id))
    .map((choice) => {
      const n = votes.get(choice.id) ?? 0;
      return { choice, votes: n, share: runs(choice) && valid > 0 ? n / valid : 0 };
    });
  const order = (line: Line) => (runs(line.choice) ? 0 : 1);
  return all.sort((a, b) => order(a) - order(b) || b.votes - a.votes);
}

export function outlook(ordered: Line[], expected: number | null, ballots: number): Outlook {
  const racing = ordered.filter((line) => runs(line.choice));
  const margin = (racing[0]?.votes ?? 0) - (racing[1]?.votes ?? 0);
  const out = expected === null ? 0 : Math.max(0, expected - ballots);
  const base = { margin, out, needed: out > 0 ? (out + margin) / (2 * out) : 0 };
  if (expected === null || racing.length < 2) return { kind: 'unknown', ...base };
  if (out === 0) return { kind: 'none', ...base };
  if (margin === 0) return { kind: 'tied', ...base };
  return { kind: margin > out ? 'beyond' : 'open', ...base };
}

export interface PartyLine { party: string | null; votes: number; share: number }

export function byParty(ordered: Line[]): PartyLine[] {
  const sums = new Map<string | null, number>();
  for (const line of ordered)
    if (runs(line.choice)) sums.set(line.choice.party, (sums.get(line.choice.party) ?? 0) + line.votes);
  const all = [...sums.values()].reduce((a, b) => a + b, 0);
  return [...sums.entries()]
    .map(([party, votes]) => ({ party, votes, share: all > 0 ? votes / all : 0 }))
    .sort((a, b) => b.votes - a.votes);
}

export interface Delta { choice: string; votes: number }
export function changed(before: Result | undefined, now: Result | undefined): Delta[] {
  if (!before || !now || before.unit !== now.unit || before.contest !== now.contest) return [];
  const old = new Map(before.choices.map((c) => [c.choice, c.votes]));
  return now.choices
    .map((c) => ({ choice: c.choice, votes: c.votes - (old.get(c.choice) ?? 0) }))
    .filter((d) => d.votes !== 0);
}
