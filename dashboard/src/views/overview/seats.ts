// What the overview's figures say: seats by party or alliance, and contests as rows. Pure.
import type { Close, Contest, Group, Party, Stander } from '../../api/types.ts';

// A part of the balance: an alliance, a party of none, or those of no party.
export interface Block {
  key: string;
  name: string | null; // null: of no party
  parties: { party: string | null; seats: number }[];
  seats: number;
}

// Most seats first, as the collector has them.
export function blocksOf(group: Group, parties: Party[]): Block[] {
  const names = new Map(parties.map((p) => [p.id, p.name]));
  const blocks = new Map<string, Block>();
  for (const { party, alliance, seats_led: seats } of group.entries) {
    const key = alliance !== null ? `alliance ${alliance}` : `party ${party ?? ''}`;
    const name = alliance ?? (party === null ? null : (names.get(party) ?? party));
    const block = blocks.get(key) ?? { key, name, parties: [], seats: 0 };
    block.parties.push({ party, seats });
    block.seats += seats;
    blocks.set(key, block);
  }
  return [...blocks.values()].sort((a, b) => b.seats - a.seats);
}

// A contest of the overview as one line.
export interface RaceRow {
  id: string;
  name: string;
  held: boolean;
  first: Stander | null; // with several seats of those around the last one
  second: Stander | null;
  lastSeat: boolean;
  level: boolean; // those two
  margin: number | null;
  share: number | null; // margin of valid votes
  reporting: number;
  started: number;
  total: number;
}

type Leading = Omit<Close, 'contest' | 'name' | 'unit'>;
const rowOf = (id: string, name: string, of: Leading): RaceRow => {
  // Of several seats for lists the law says who has the last one.
  const lists = of.margin_of === 'last_seat' && of.above !== null && of.above.candidate === null;
  const lastSeat = of.margin_of === 'last_seat' && of.above !== null && !lists;
  const [first, second] = lastSeat ? [of.above, of.below] : [of.leader, of.second];
  return {
    id,
    name,
    held: of.valid === null,
    first,
    second,
    lastSeat,
    level: of.tied === true && !lists,
    margin: lists ? null : of.margin,
    share: lists ? null : of.share_margin,
    reporting: of.units_reporting,
    started: of.units_started,
    total: of.units_total,
  };
};
export const closeRow = (close: Close): RaceRow => rowOf(close.contest, close.name, close);
// Of the list with standing=1.
export const contestRow = (contest: Contest): RaceRow => rowOf(contest.id, contest.name, contest as Leading);

// Those with a margin first, the smallest first; the others as the election lists them.
export const byCloseness = (rows: RaceRow[]): RaceRow[] =>
  [...rows].sort((a, b) => (a.share ?? Infinity) - (b.share ?? Infinity) || 0);

// ---- looking for something ----

const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
export const wordsOf = (wanted: string): string[] => fold(wanted).split(/\s+/).filter(Boolean);

// How well a text has every word: 0 not at all; 1 somewhere, 2 where words begin, 3 as words.
// A number is met where one begins, as the collector does: 5 finds 5 and 51, not 15.
export function matched(words: string[], text: string): number {
  const all = fold(text);
  const own = all.split(/[^\p{L}\p{N}]+/u);
  let least = 3;
  for (const word of words) {
    const digits = /^\d/.test(word);
    if (own.includes(word)) continue;
    if (own.some((one) => one.startsWith(word))) least = Math.min(least, 2);
    else if (!digits && all.includes(word)) least = Math.min(least, 1);
    else return 0;
  }
  return least;
}
