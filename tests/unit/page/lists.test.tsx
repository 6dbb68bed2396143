import { equal, test } from './world.ts';
import { contestOf } from './town.ts';
import type { Group, Leaders, Party, Unit } from '../../../dashboard/src/api/types.ts';
import { blocksOf, byCloseness, closeRow, matched, wordsOf } from '../../../dashboard/src/views/overview/seats.ts';
import { fillOf, scaleOf } from '../../../dashboard/src/views/map/fill.ts';

const stander = (name: string, candidate: string | null = name) => ({ name, candidate, party: null, share: 0.4 });
const close = (more: object) =>
  closeRow({
    contest: 'c',
    name: 'C',
    unit: 'u',
    valid: 100,
    leader: stander('Ann'),
    second: stander('Bob'),
    above: null,
    below: null,
    margin: 4,
    margin_of: 'first',
    share_margin: 0.04,
    tied: false,
    units_reporting: 1,
    units_started: 2,
    units_total: 3,
    ...more,
  } as never);

test('an alliance is one part of the balance, with the seats of its parties', () => {
  const entries = [
    { party: 'a', alliance: null, seats_led: 5 },
    { party: 'b', alliance: 'Left', seats_led: 4 },
    { party: 'c', alliance: 'Left', seats_led: 3 },
    { party: null, alliance: null, seats_led: 1 },
  ];
  const parties = [{ id: 'a', name: 'Party A' }] as unknown as Party[];
  equal(
    blocksOf({ entries } as unknown as Group, parties).map((block) => [block.name, block.seats]),
    [['Left', 7], ['Party A', 5], [null, 1]],
  );
});

test('with several seats a close race is of those around the last one', () => {
  const row = close({ margin_of: 'last_seat', above: stander('Cid'), below: stander('Dot') });
  equal([row.first!.name, row.second!.name, row.lastSeat, row.margin], ['Cid', 'Dot', true, 4]);
});

test('of lists the law says who has the last seat, so no margin is told', () => {
  const [above, below] = [stander('List', null), stander('Other', null)];
  const row = close({ margin_of: 'last_seat', above, below, tied: true });
  equal([row.first!.name, row.lastSeat, row.level, row.margin, row.share], ['Ann', false, false, null, null]);
});

test('close races are the closest first, those without a margin last', () => {
  const more = [{ contest: 'x', share_margin: null }, { contest: 'y', share_margin: 0.2 }, { contest: 'z' }];
  const rows = more.map((one) => close(one));
  equal(byCloseness(rows).map((row) => row.id), ['z', 'y', 'x']);
});

test('words are found in any order, a number where one begins', () => {
  equal(matched(wordsOf('5 dis'), 'District 5'), 2);
  equal(matched(wordsOf('district 5'), 'District 5'), 3);
  equal(matched(wordsOf('5'), 'District 51'), 2);
  equal(matched(wordsOf('5'), 'District 15'), 0);
  equal(matched(wordsOf('istri'), 'District 5'), 1);
  equal(matched(wordsOf('malaga'), 'Málaga'), 3);
});

const units = [
  { id: 'n', name: 'North', parent: null, leaves: 1, registered: 200 },
  { id: 's', name: 'South', parent: null, leaves: 1, registered: 0 },
] as unknown as Unit[];
const map: Leaders = {
  unit: 'town',
  ballots: [100, 50],
  ballots_counted: [100, 50],
  shown: [100, 50],
  expected: [200, null],
  valid: [80, 40],
  leader: [0, null],
  leader_votes: [60, 20],
  second_votes: [20, 20],
  units_reporting: [1, 0],
  units_total: [1, 1],
  units_over: [0, 0],
  choice_votes: [60, 10],
} as never;

test('on the map shares and leads are of valid votes', () => {
  const fill = fillOf(contestOf(), map, units, null, 0);
  equal(fill.label, 'North\nAnn 75.0% (+50.0)\n100 · 100% counted');
});

test('a place that is level has nobody\'s colour', () => {
  equal(fillOf(contestOf(), map, units, null, 1).label, 'South\nLevel');
});

test('turnout of a place without registered voters is not known', () => {
  const scale = scaleOf('turnout', map, units)!;
  equal([scale.of(0), scale.of(1)], [0.5, null]);
  equal([scale.low, scale.high], [0.5, 0.55]);
});

test('a share on the map is of valid votes', () => {
  const scale = scaleOf('share:ann', map, units)!;
  equal([scale.of(0), scale.of(1)], [0.75, 0.25]);
});
