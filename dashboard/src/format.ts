// Numbers and times as the reader's locale writes them.
const locale = navigator.languages?.[0] ?? 'en';
const whole = new Intl.NumberFormat(locale);
const percentage = new Intl.NumberFormat(locale, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });
const moment = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' });

export const number = (n: number): string => whole.format(n);
export const signed = (n: number): string => (n > 0 ? `+${whole.format(n)}` : whole.format(n));
export const percent = (share: number | null): string => (share === null ? '–' : percentage.format(share));
export const time = (iso: string): string => moment.format(new Date(iso));
export const date = (iso: string): string => day.format(new Date(`${iso}T00:00:00Z`));
export const initials = (name: string): string =>
  name.split(/\s+/).filter(Boolean).map((word) => [...word][0]).filter((_, i, a) => i === 0 || i === a.length - 1).join('').toUpperCase();
