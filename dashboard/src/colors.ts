// One colour a choice, the same everywhere: the party's own, else one from a
// palette that colour-blind readers can tell apart (Okabe and Ito, 2008).
import type { Choice, Contest, Party } from './api.ts';

const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#b8a800'];
const OTHER = '#8a8f98';
const KNOWN: Record<string, string> = {
  democratic: '#1f6fc4', republican: '#cf3a3a', green: '#2e8b45', libertarian: '#c99a00', independent: '#7a5bb5',
  progressive: '#b5478f',
};

export function colorOf(contest: Contest, parties: Party[], choice: Choice): string {
  if (choice.party) {
    const party = parties.find((p) => p.id === choice.party);
    if (party?.color) return party.color;
    const known = KNOWN[choice.party];
    if (known) return known;
  }
  if (!['candidate', 'yes', 'no'].includes(choice.kind)) return OTHER;
  return PALETTE[contest.choices.indexOf(choice) % PALETTE.length]!;
}

export function partyColor(parties: Party[], id: string | null, at: number): string {
  if (!id) return OTHER;
  return parties.find((p) => p.id === id)?.color ?? KNOWN[id] ?? PALETTE[at % PALETTE.length]!;
}
