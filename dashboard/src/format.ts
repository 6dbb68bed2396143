// Numbers and times as the reader's locale writes them.
const locale = navigator.languages?.[0] ?? 'en';
const whole = new Intl.NumberFormat(locale);
const short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
const percentage = new Intl.NumberFormat(locale, {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const roughly = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
const moment = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const clock = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' });
const zoned = new Intl.DateTimeFormat(locale, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});
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
export const time = (at: string | number): string => moment.format(new Date(at));
export const hour = (at: number): string => clock.format(new Date(at));
// A time that stands alone says whose clock it is of.
export const timeThere = (at: string | number): string => zoned.format(new Date(at));
export const zone = (at: string | number): string =>
  zoned.formatToParts(new Date(at)).find((part) => part.type === 'timeZoneName')?.value ?? '';
export const date = (iso: string): string => day.format(new Date(`${iso}T00:00:00Z`));
export const initials = (name: string): string =>
  name
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => [...word][0])
    .filter((_, i, a) => i === 0 || i === a.length - 1)
    .join('')
    .toUpperCase();
