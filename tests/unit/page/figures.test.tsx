import { has, lacks, equal, test } from './world.ts';
import type { Element } from './world.ts';
import { contestOf, electionOf, resultOf, turnoutOf } from './town.ts';
import { render } from 'preact';
import type { ComponentChildren } from 'preact';
import type { Contest, Result, Turnout } from '../../../dashboard/src/api/types.ts';
import { lines } from '../../../dashboard/src/race.ts';
import { contests, election, result, state, turnout } from '../../../dashboard/src/state.ts';
import { Figures } from '../../../dashboard/src/views/race/Figures.tsx';
import { Leaders } from '../../../dashboard/src/views/race/Leaders.tsx';
import { Bars } from '../../../dashboard/src/views/race/Bars.tsx';

function drawn(what: ComponentChildren): Element {
  const box = document.createElement('main');
  render(what, box);
  return box as unknown as Element;
}

function look(contest: Contest, now: Result, turn?: Turnout): void {
  election.value = electionOf();
  contests.value = [contest];
  state.value = 'open';
  result.value = now;
  turnout.value = turn;
}

// What stands under a heading of the figures.
function figuresOf(contest: Contest, now: Result, turn?: Turnout): { of: (name: string) => string; outlook: string } {
  look(contest, now, turn);
  const box = drawn(<Figures contest={contest} ordered={lines(contest, now)} now={now} />);
  const shown = box.all('dt').map((name) => [name.textContent, name.nextSibling!.textContent]);
  const said = box.all('p').find((p) => p.getAttribute('class') === 'outlook');
  return { of: (name) => shown.find(([of]) => of === name)?.[1] ?? 'no such figure', outlook: said?.textContent ?? '' };
}

test('the margin is in votes, and in points of valid votes', () => {
  // 100 valid of 200: 20 votes are 20 points, of ballots they would be 10.
  const contest = contestOf();
  const figures = figuresOf(contest, resultOf(contest, [55, 35, 10, 0, 0, 100]));
  equal(figures.of('Margin'), '2020.0 points of valid votes');
});

test('with several seats the margin is that of the last one, and says so', () => {
  const contest = contestOf(2);
  const figures = figuresOf(contest, resultOf(contest, [50, 30, 15, 5]));
  equal(figures.of('Margin'), '1515.0 points of valid votes, for the last of 2 seats');
});

test('without anybody behind there is no margin', () => {
  const contest = contestOf(1, ['ann']);
  equal(figuresOf(contest, resultOf(contest, [5])).of('Margin'), '–');
});

test('what is out is never told as less than nothing', () => {
  const contest = contestOf();
  const over = figuresOf(contest, resultOf(contest, [60, 50, 0, 0]), turnoutOf({ expected: 100, shown: 110 }));
  equal(over.of('Ballots still out'), '0of 100 expected');
  equal(figuresOf(contest, resultOf(contest, [60, 50])).of('Ballots still out'), '–not known');
});

test('all but one in a hundred is not all', () => {
  const contest = contestOf();
  const now = resultOf(contest, [600, 395, 0, 0]);
  const figures = figuresOf(contest, now, turnoutOf({ expected: 1000, shown: 995 }));
  equal(figures.of('Counted'), '> 99%995 of 1,000 expected ballots');
  const whole = figuresOf(contest, now, turnoutOf({ expected: 995, shown: 995 }));
  equal(whole.of('Counted'), '100%995 of 995 expected ballots');
});

test('the share needed is told, and for whom', () => {
  const contest = contestOf();
  const turn = turnoutOf({ expected: 210, shown: 110, ceiling: 100, ceiling_of: 'estimate' });
  const { outlook } = figuresOf(contest, resultOf(contest, [60, 50, 0, 0]), turn);
  has(outlook, 'Yes. The margin is 10 votes and at most 100 ballots are still out, by an estimate');
  has(outlook, 'Bob would need 55.0% of what the first two get');
});

test('half is not said where it is more', () => {
  const contest = contestOf();
  const turn = turnoutOf({ expected: 12_001, shown: 2001, ceiling: 10_000, ceiling_of: 'estimate' });
  has(figuresOf(contest, resultOf(contest, [1001, 1000, 0, 0]), turn).outlook, 'Bob would need just over 50%');
});

test('what can hardly change is told as such', () => {
  const contest = contestOf();
  const turn = turnoutOf({ ceiling: 100, ceiling_of: 'registered' });
  has(figuresOf(contest, resultOf(contest, [150, 60, 0, 0]), turn).outlook, 'On paper.');
  has(figuresOf(contest, resultOf(contest, [170, 60, 0, 0]), turn).outlook, 'No: at most 100 more registered voters');
});

test('those who are level are told so, and nobody leads', () => {
  const contest = contestOf();
  const now = resultOf(contest, [40, 40, 5, 0]);
  look(contest, now);
  const level = drawn(<Leaders contest={contest} ordered={lines(contest, now)} held={false} />);
  const labels = level.all('p').filter((p) => p.getAttribute('class') === 'label');
  equal(labels.map((p) => p.textContent), ['Level', 'Level']);
  lacks(level.textContent, 'Leading');
});

test('one vote more leads', () => {
  const contest = contestOf();
  const now = resultOf(contest, [40, 41, 5, 0]);
  look(contest, now);
  const led = drawn(<Leaders contest={contest} ordered={lines(contest, now)} held={false} />);
  const labels = led.all('p').filter((p) => p.getAttribute('class') === 'label');
  equal(labels.map((p) => p.textContent), ['Leading', 'Second']);
  has(led.all('p').find((p) => p.getAttribute('class') === 'name')!.textContent, 'Bob');
});

test('before the first vote nobody leads', () => {
  const contest = contestOf();
  const now = resultOf(contest, [0, 0, 0, 0]);
  look(contest, now);
  const none = drawn(<Leaders contest={contest} ordered={lines(contest, now)} held={false} />);
  has(none.textContent, 'No votes counted yet');
});

test('the table of votes has shares of valid votes, and none of what is not valid', () => {
  const contest = contestOf();
  const now = resultOf(contest, [60, 30, 5, 0, 5, 100]);
  look(contest, now);
  const rows = drawn(<Bars contest={contest} ordered={lines(contest, now)} now={now} />).all('tr').slice(1);
  const cells = rows.map((row) => row.all('td').map((cell) => cell.textContent));
  equal(cells, [
    ['60', '60.0%'],
    ['30', '30.0%'],
    ['5', '5.0%'],
    ['0', '0.0%'],
    ['5', '5.0%'],
    ['100', ''],
  ]);
});

test('what is held has no number', () => {
  const contest = contestOf();
  const now = resultOf(contest, [1, 2], { choices: null, candidates: null, valid: null, margin: null } as never);
  look(contest, now);
  const rows = drawn(<Bars contest={contest} ordered={lines(contest, now)} now={now} />).all('tr').slice(1);
  equal(rows[0]!.all('td').map((cell) => cell.textContent), ['–', '–']);
});
