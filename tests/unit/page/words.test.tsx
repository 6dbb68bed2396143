import { equal, test } from './world.ts';
import { keepTime, percent, percentIn, points, signed, time, timeZone } from '../../../dashboard/src/format.ts';

test('not all is counted before all is', () => {
  equal([percentIn(1), percentIn(0.9999), percentIn(0.99), percentIn(0.985)], ['100%', '> 99%', '99%', '99%']);
});

test('something is counted once something is', () => {
  equal([percentIn(0), percentIn(0.0001), percentIn(0.01), percentIn(null)], ['0%', '< 1%', '1%', '–']);
});

test('a share has one decimal, points have no sign of percent', () => {
  equal([percent(0.5), percent(0.12345), percent(null), points(0.12345)], ['50.0%', '12.3%', '–', '12.3']);
});

test('a gain has its sign', () => {
  equal([signed(3), signed(-3), signed(0), signed(1234)], ['+3', '-3', '0', '+1,234']);
});

test('times are by the clock of the election, UTC where it names none that is known', () => {
  keepTime('America/New_York');
  equal([time('2026-01-01T12:00:00Z'), timeZone()], ['07:00:00 AM', 'America/New_York']);
  keepTime('Middle/Earth');
  equal([time('2026-01-01T12:00:00Z'), timeZone()], ['12:00:00 PM', 'UTC']);
  keepTime(null);
});
