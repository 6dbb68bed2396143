// A small election for the tests: one contest, and results that name what matters.
import type { Choice, Contest, Election, Result, Turnout } from '../../../dashboard/src/api/types.ts';

const choice = (id: string, name: string, party: string | null, kind = 'candidate'): Choice =>
  ({ id, name, party, candidate: kind === 'candidate' ? id : null, kind, write_in: false, printed: true }) as never;

export function contestOf(seats = 1, people = ['ann', 'bob', 'cid', 'dot']): Contest {
  const named = { ann: 'red', bob: 'blue', cid: 'red', dot: null } as Record<string, string | null>;
  const choices = people.map((id) => choice(id, id[0]!.toUpperCase() + id.slice(1), named[id] ?? null));
  return {
    id: 'mayor',
    name: 'Mayor',
    office: 'Mayor',
    district: '',
    unit: 'town',
    group: 'Mayor',
    party: null,
    votes_allowed: seats,
    seats,
    choices: [...choices, choice('other', 'Write-ins', null, 'other'), choice('blank', 'Blank', null, 'blank')],
  } as never;
}

/** `votes` in the order of the contest's choices; those who stand are ranked by them. */
export function resultOf(contest: Contest, votes: number[], more: Partial<Result> = {}): Result {
  const by = contest.choices.map((one, i) => ({ one, votes: votes[i] ?? 0 }));
  const sum = (list: { votes: number }[]) => list.reduce((n, { votes: some }) => n + some, 0);
  const valid = sum(by.filter(({ one }) => one.kind !== 'blank' && one.kind !== 'spoiled'));
  const ranked = by
    .filter(({ one }) => one.kind === 'candidate')
    .sort((a, b) => b.votes - a.votes)
    .map(({ one, votes: n }) => ({
      candidate: one.candidate,
      name: one.name,
      party: one.party,
      votes: n,
      share: valid > 0 ? n / valid : null,
      choices: [one.id],
    }));
  const [above, below] = [ranked[contest.seats - 1], ranked[contest.seats]];
  return {
    contest: contest.id,
    unit: 'town',
    unit_name: 'Town',
    level: 'town',
    method: null,
    ballots: sum(by),
    ballots_counted: sum(by),
    choices: by.map(({ one, votes: n }) => ({ choice: one.id, votes: n })),
    undervotes: 0,
    overvotes: 0,
    valid,
    candidates: ranked,
    margin: above && below ? above.votes - below.votes : null,
    margin_of: contest.seats > 1 ? 'last_seat' : 'first',
    tied: false,
    units_reporting: 0,
    units_partial: 0,
    units_started: 1,
    units_total: 4,
    ...more,
  } as never;
}

export function turnoutOf(progress: Partial<Turnout['progress']>, more: Partial<Turnout> = {}): Turnout {
  return {
    unit: 'town',
    unit_name: 'Town',
    level: 'town',
    ballots: progress.shown ?? 0,
    ballots_counted: progress.shown ?? 0,
    registered: null,
    ballots_expected: progress.expected ?? null,
    share: null,
    complete: false,
    units_partial: 0,
    report: null,
    report_under_way: false,
    over_registered: false,
    over_expected: false,
    progress: {
      counted: null,
      shown: 0,
      expected: null,
      out: null,
      ceiling: null,
      ceiling_of: null,
      over: [],
      units_over: 0,
      ...progress,
    },
    ...more,
  } as never;
}

export const electionOf = (more: object = {}): Election =>
  ({
    mode: 'live',
    publication: 'immediate',
    election: {
      root: 'town',
      leaves: 4,
      parties: [
        { id: 'red', name: 'Reds', color: '#aa0000', alliance: null },
        { id: 'blue', name: 'Blues', color: '#0000aa', alliance: null },
      ],
      levels: [],
      methods: [],
      ...more,
    },
  }) as never;
