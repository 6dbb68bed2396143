// Which language the page speaks, and whose numbers and dates it writes: `?lang=` of the
// address, else what the browser says, else English.

/** Every catalogue of this folder, by its own name. */
export const languages = { en: 'English', es: 'Español', de: 'Deutsch' } as const;
export type Language = keyof typeof languages;

function isTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
const primary = (tag: string): string => tag.toLowerCase().split('-')[0] ?? '';
const isLanguage = (tag: string): tag is Language => Object.hasOwn(languages, tag);

const asked = new URLSearchParams(location.search).get('lang') ?? '';
const own = navigator.languages?.length ? navigator.languages : [navigator.language || 'en'];

/** The reader's languages, most wanted first: for the names of the election, too. */
export const wished: readonly string[] = [asked, ...own].filter(isTag);
export const language: Language = wished.map(primary).find(isLanguage) ?? 'en';

// es asked for by a reader of en-US is Spanish as it is written there: 1,234 and not 1.234.
function localeOf(): string {
  const tag = wished.find((one) => primary(one) === language) ?? language;
  const region = new Intl.Locale(own.find(isTag) ?? tag).region;
  return new Intl.Locale(tag).region || !region ? tag : `${language}-${region}`;
}
/** For Intl. */
export const locale: string = localeOf();

/** The address of this view in another language. */
export function inLanguage(to: Language): string {
  const search = new URLSearchParams(location.search);
  search.set('lang', to);
  return `${location.pathname}?${search}${location.hash}`;
}
