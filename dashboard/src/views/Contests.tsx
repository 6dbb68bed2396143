import { signal } from '@preact/signals';
import { number } from '../format.ts';
import { route, toContest } from '../route.ts';
import { contests } from '../state.ts';
import { text } from '../text/index.ts';

const wanted = signal('');
const SHOWN_MAX = 200;
const SEARCH_FROM = 6;

// A disclosure on a phone, always open beside the results where there is room.
export function Contests() {
  if (contests.value.length < 2) return null; // nothing to choose from
  const words = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = contests.value.filter((c) => {
    const all = `${c.name} ${c.office} ${c.district} ${c.choices.map((choice) => choice.name).join(' ')}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const close = () => {
    const box = document.querySelector<HTMLDetailsElement>('.contests details');
    if (box && !matchMedia('(min-width: 60rem)').matches) box.open = false;
  };
  return (
    <nav class="contests" aria-label={text.contests}>
      <details open={matchMedia('(min-width: 60rem)').matches}>
        <summary>
          {text.contests} <span class="count">{number(contests.value.length)}</span>
        </summary>
        {contests.value.length >= SEARCH_FROM && (
          <input
            type="search"
            placeholder={text.searchContests}
            aria-label={text.searchContests}
            value={wanted.value}
            onInput={(e) => {
              wanted.value = e.currentTarget.value;
            }}
          />
        )}
        <ul>
          {found.slice(0, SHOWN_MAX).map((c) => (
            <li key={c.id}>
              <a
                href={toContest(c.id)}
                onClick={close}
                aria-current={c.id === route.value.contest ? 'page' : undefined}
              >
                {c.name}
              </a>
            </li>
          ))}
        </ul>
        {found.length > SHOWN_MAX && <p>{text.moreContests(number(found.length - SHOWN_MAX))}</p>}
        {found.length === 0 && contests.value.length > 0 && <p>{text.noContest}</p>}
      </details>
    </nav>
  );
}
