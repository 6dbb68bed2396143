// A number with its noun: `counter('en', { one: '# vote', other: '# votes' })(1234)` is
// "1,234 votes". A language gives as many forms as it has (Intl.PluralRules names them).
import { number } from '../format.ts';

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

export function counter(tag: string, forms: Forms): (n: number) => string {
  const rules = new Intl.PluralRules(tag);
  return (n) => (forms[rules.select(n)] ?? forms.other).replace('#', number(n));
}
