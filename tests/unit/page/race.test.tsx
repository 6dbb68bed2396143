import { equal, near, test } from './world.ts';
import { contestOf, resultOf, turnoutOf } from './town.ts';
import { byParty, gains, leadOf, lines, outlook, partIn, progress, stillOut } from '../../../dashboard/src/race.ts';
import { turnoutIn } from '../../../dashboard/src/race.ts';

const ordered = (votes: number[], seats = 1) => lines(contestOf(seats), resultOf(contestOf(seats), votes));

test('shares are of valid votes, not of ballots', () => {
  // 60 + 30 + 5 + 0 for people, 5 for write-ins, 100 blank: 100 are valid.
  const [ann, bob] = ordered([60, 30, 5, 0, 5, 100]);
  near(ann!.share, 0.6, 'Ann');
  near(bob!.share, 0.3, 'Bob');
});

test('lines that name nobody stand behind, with their share of valid votes', () => {
  const list = ordered([60, 30, 5, 0, 5, 100]);
  equal(list.map((line) => line.name), ['Ann', 'Bob', 'Cid', 'Dot', 'Write-ins', 'Blank']);
  near(list[4]!.share, 0.05, 'write-ins');
  equal([list[4]!.valid, list[5]!.valid, list[5]!.share], [true, false, 0]);
  equal(list.map((line) => line.racing), [true, true, true, true, false, false]);
});

test('nobody can win by a line that names nobody', () => {
  const of = outlook(ordered([10, 5, 0, 0, 500]), turnoutOf({ ceiling: 3 }), 1);
  equal([of.above!.name, of.below!.name, of.margin, of.kind], ['Ann', 'Bob', 5, 'beyond']);
});

test('the share needed to draw level is of what the first two get', () => {
  // 100 are out and 10 must be made good: 55 of them against 45.
  near(outlook(ordered([60, 50, 0, 0]), turnoutOf({ ceiling: 100 }), 1).needed, 0.55);
  // All of them are needed when as many are out as the margin has.
  const all = outlook(ordered([60, 50, 0, 0]), turnoutOf({ ceiling: 10 }), 1);
  equal([all.needed, all.kind], [1, 'open']);
});

test('a margin larger than what is out cannot change', () => {
  equal(outlook(ordered([60, 50, 0, 0]), turnoutOf({ ceiling: 9 }), 1).kind, 'beyond');
  equal(outlook(ordered([60, 50, 0, 0]), turnoutOf({ ceiling: 0 }), 1).kind, 'none');
  equal(outlook(ordered([60, 50, 0, 0]), turnoutOf({}), 1).kind, 'unknown');
  equal(outlook(ordered([60, 50, 0, 0]), undefined, 1).kind, 'unknown');
  equal(outlook(ordered([50, 50, 0, 0]), turnoutOf({ ceiling: 9 }), 1).kind, 'tied');
});

test('of two seats the second and the third compete', () => {
  const of = outlook(ordered([50, 40, 35, 5], 2), turnoutOf({ ceiling: 20 }), 2);
  equal([of.above!.name, of.below!.name, of.margin, of.kind], ['Bob', 'Cid', 5, 'open']);
  near(of.needed, 25 / 40);
});

test('with as many seats as people nothing is claimed', () => {
  equal(outlook(ordered([50, 40, 35, 5], 4), turnoutOf({ ceiling: 20 }), 4).kind, 'unknown');
});

test('what is out is never negative', () => {
  equal(stillOut(turnoutOf({ expected: 100, shown: 110 })), 0);
  equal(stillOut(turnoutOf({ expected: 100, shown: 60 })), 40);
  equal(stillOut(turnoutOf({ expected: 100, shown: 60, ceiling: 10 })), 10);
  equal(stillOut(turnoutOf({ shown: 60 })), null);
  equal(stillOut(undefined), null);
});

test('an estimate is told as one, and as ballots where it is the figure of ballots', () => {
  const turn = turnoutOf({ expected: 100, shown: 60, ceiling: 40, ceiling_of: 'estimate' });
  const of = outlook(ordered([40, 20, 0, 0]), turn, 1);
  equal([of.estimated, of.ballots, of.out], [true, true, 40]);
  const roll = outlook(ordered([40, 20, 0, 0]), turnoutOf({ ceiling: 40, ceiling_of: 'registered' }), 1);
  equal([roll.estimated, roll.ballots], [false, false]);
});

test('counted is of ballots expected, else of units, and never more than all', () => {
  equal(progress(1, 4, 30, 120), 0.25);
  equal(progress(1, 4, 130, 120), 1);
  equal(progress(1, 4, 30, null), 0.25);
  equal(progress(0, 0, 0, null), 0);
  const now = resultOf(contestOf(), [10, 5, 0, 0], { units_reporting: 3 });
  equal(partIn(now, turnoutOf({ shown: 15, expected: 60 })), 0.25);
  equal(partIn(now, undefined), 0.75);
});

test('parties share the valid votes, those of no party apart', () => {
  const list = byParty(ordered([30, 40, 20, 5, 5, 900]));
  equal(list.map((one) => [one.party, one.name, one.votes]), [
    ['red', null, 50],
    ['blue', null, 40],
    [null, null, 5],
    [null, 'Write-ins', 5],
  ]);
  near(list[0]!.share, 0.5);
});

test('a lead is of the first over the second', () => {
  equal(leadOf(ordered([30, 50, 0, 0])), 20);
  equal(leadOf([]), 0);
});

test('gains are those of the same question only', () => {
  const contest = contestOf();
  const [was, is] = [resultOf(contest, [10, 5, 1, 0]), resultOf(contest, [14, 5, 0, 0])];
  equal([...gains(was, is)], [
    ['ann', 4],
    ['cid', -1],
  ]);
  equal(gains(was, { ...is, unit: 'elsewhere' }).size, 0);
  equal(gains(was, { ...is, method: 'mail' }).size, 0);
});

test('where some ballots do not have the contest nothing is said of the whole unit', () => {
  const now = resultOf(contestOf(), [10, 5, 0, 0], { units_total: 4 });
  const turn = turnoutOf({ shown: 15, expected: 60, ceiling: 45 }, { ballots_counted: 15, registered: 80 });
  equal(turnoutIn(now, turn, 4, false), turn, 'all leaves have it');
  const part = turnoutIn(now, turn, 5, false);
  const { expected, ceiling } = part.progress;
  equal([part.registered, part.ballots_expected, expected, ceiling], [null, null, null, null]);
  const fewer = turnoutIn(now, { ...turn, ballots_counted: 16 }, 4, false);
  equal([fewer.registered, fewer.progress.shown], [null, 15]);
});
