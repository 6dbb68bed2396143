// Numbers and times as the reader's locale writes them; times by the election's clock.
import { locale } from './text/language.ts';

const whole = new Intl.NumberFormat(locale);
const short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
const percentage = new Intl.NumberFormat(locale, {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const roughly = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
const day = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' });
const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const number = (n: number): string => whole.format(n);
export const compact = (n: number): string => short.format(n);
export const signed = (n: number): string => (n > 0 ? `+${whole.format(n)}` : whole.format(n));
export const percent = (share: number | null): string => (share === null ? '–' : percentage.format(share));
// Not 100 % before it is whole, not 0 % once something is there.
export const percentIn = (share: number | null): string => {
  if (share === null) return '–';
  if (share > 0 && share < 0.01) return `< ${roughly.format(0.01)}`;
  if (share < 1 && share > 0.99) return `> ${roughly.format(0.99)}`;
  return roughly.format(share);
};
export const points = (share: number): string => tenths.format(share * 100);
export const seconds = (ms: number): string => tenths.format(ms / 1000);

const clocksOf = (timeZone: string) => ({
  timeZone,
  moment: new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone }),
  hour: new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit', timeZone }),
  named: new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
    timeZone,
  }),
});
let clocks = clocksOf('UTC');
// The zone of the election; UTC where it names none, or one that this browser does not know.
export function keepTime(timeZone: string | null): void {
  try {
    clocks = clocksOf(timeZone ?? 'UTC');
  } catch {
    clocks = clocksOf('UTC');
  }
}
export const timeZone = (): string => clocks.timeZone;
export const time = (at: string | number): string => clocks.moment.format(new Date(at));
export const hour = (at: number): string => clocks.hour.format(new Date(at));
// A time that stands alone says whose clock it is of.
export const timeThere = (at: string | number): string => clocks.named.format(new Date(at));
export const zone = (at: string | number): string =>
  clocks.named.formatToParts(new Date(at)).find((part) => part.type === 'timeZoneName')?.value ?? '';
export const date = (iso: string): string => day.format(new Date(`${iso}T00:00:00Z`));
export const initials = (name: string): string =>
  name
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => [...word][0])
    .filter((_, i, a) => i === 0 || i === a.length - 1)
    .join('')
    .toUpperCase();
