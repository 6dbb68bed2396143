// One colour a choice, the same everywhere: the party's own unless an earlier
// choice of the contest has it, else one from a palette that colour-blind
// readers can tell apart (Okabe and Ito, 2008). Colour never stands alone: every
// use has the name beside it or a table behind it.
import type { Choice, Contest, Party } from './api/types.ts';

const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b8860b', '#56b4e9', '#7f6ad6', '#8c564b'];
export const OTHER = '#8a8f98';
const RUNS = ['candidate', 'yes', 'no'];
const known = new Map<string, Map<string, string>>();

const NEAR = 100; // of 442 between black and white
const rgb = (color: string) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
const apart = (a: string, b: string): number => {
  const other = rgb(b);
  return Math.hypot(...rgb(a).map((part, i) => part - other[i]!));
};

function assign(contest: Contest, parties: Party[]): Map<string, string> {
  const colors = new Map<string, string>();
  const taken = new Set<string>();
  // Not one that reads as another party's: in a primary all stand for the same.
  const parted = parties.flatMap((p) => p.color?.toLowerCase() ?? []);
  const left = () => PALETTE.filter((c) => !taken.has(c));
  const free = () => left().find((c) => parted.every((other) => apart(c, other) > NEAR)) ?? left()[0] ?? OTHER;
  const running = contest.choices.filter((choice) => RUNS.includes(choice.kind));
  for (const choice of running) {
    const own = parties.find((p) => p.id === choice.party)?.color?.toLowerCase();
    const color = own && !taken.has(own) ? own : null;
    if (color) {
      colors.set(choice.id, color);
      taken.add(color);
    }
  }
  for (const choice of running)
    if (!colors.has(choice.id)) {
      const color = free();
      colors.set(choice.id, color);
      taken.add(color);
    }
  return colors;
}

export function colorOf(contest: Contest, parties: Party[], choice: Choice): string {
  let colors = known.get(contest.id);
  if (!colors) {
    colors = assign(contest, parties);
    known.set(contest.id, colors);
  }
  return colors.get(choice.id) ?? OTHER;
}

// A party has the colour of its first choice in the contest, so that both charts agree.
export function partyColor(contest: Contest, parties: Party[], id: string | null): string {
  const first = id ? contest.choices.find((choice) => choice.party === id) : undefined;
  return first ? colorOf(contest, parties, first) : OTHER;
}

// Black or white, whichever reads better on the colour.
export function inkOn(color: string): string {
  const parts = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16) / 255);
  const [r, g, b] = parts.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000' : '#fff';
}

// ---- across contests: one colour a party ----

const hues = new Map<string, string>();

// A party's own colour; those without have one of the palette once they are named as leading a
// seat, first come first, and keep it while the page is open.
export function hueOf(parties: Party[], id: string | null): string {
  const own = id === null ? null : parties.find((p) => p.id === id)?.color;
  return own?.toLowerCase() ?? hues.get(id ?? '') ?? OTHER;
}

export function wantHues(parties: Party[], ids: (string | null)[]): void {
  const without = ids.filter((id): id is string => id !== null && hueOf(parties, id) === OTHER);
  if (without.length === 0) return;
  const taken = new Set([...hues.values(), ...parties.flatMap((p) => p.color?.toLowerCase() ?? [])]);
  const free = PALETTE.filter((color) => !taken.has(color));
  for (const id of without.slice(0, free.length)) hues.set(id, free.shift()!);
}
