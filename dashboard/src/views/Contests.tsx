import { signal } from '@preact/signals';
import { contests, link, route } from '../state.ts';
import { text } from '../text.ts';

const wanted = signal('');
const SHOWN_MAX = 200;

export function Contests() {
  const words = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = contests.value.filter((c) => {
    const all = `${c.name} ${c.office} ${c.district}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  return (
    <nav class="contests" aria-label={text.contests}>
      <input type="search" placeholder={text.searchContests} aria-label={text.searchContests} value={wanted.value}
        onInput={(e) => { wanted.value = e.currentTarget.value; }} />
      <ul>
        {found.slice(0, SHOWN_MAX).map((c) => (
          <li key={c.id}>
            <a href={link({ contest: c.id, unit: '', method: '', sort: 'ballots' })} aria-current={c.id === route.value.contest ? 'page' : undefined}>{c.name}</a>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p>{text.noContest}</p>}
    </nav>
  );
}
