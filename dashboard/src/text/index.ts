// Every word of the page, in the reader's language. English comes with the page, another
// catalogue is loaded before anything is drawn.
import { en } from './en.ts';
import type { Text } from './en.ts';
import { language } from './language.ts';
import type { Language } from './language.ts';

const catalogues: Record<Language, () => Promise<Text>> = {
  en: () => Promise.resolve(en),
  es: () => import('./es.ts').then((file) => file.es),
  de: () => import('./de.ts').then((file) => file.de),
};

// English is better than an empty page.
export const text: Text = language === 'en' ? en : await catalogues[language]().catch(() => en);

document.documentElement.lang = text.tag;
document.documentElement.dir = text.dir;
