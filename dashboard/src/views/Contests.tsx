// All contests by group, folded, and the search. A disclosure on a phone, always open beside
// the results where there is room.
import { computed } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { Contest } from '../api/types.ts';
import { number } from '../format.ts';
import { route, toContest } from '../route.ts';
import { contests } from '../state.ts';
import { text } from '../text/index.ts';
import { Search } from './Search.tsx';

const SHOWN_MAX = 500; // of one group
const ALONE_MAX = 12; // contests that are alone in their group, before they are folded, too
const WIDE = '(min-width: 60rem)';

interface Listed {
  group: string;
  list: Contest[];
}
const grouped = computed((): { bodies: Listed[]; alone: Contest[] } => {
  const groups = new Map<string, Contest[]>();
  for (const contest of contests.value) {
    const list = groups.get(contest.group);
    if (list) list.push(contest);
    else groups.set(contest.group, [contest]);
  }
  const all = [...groups].map(([group, list]) => ({ group, list }));
  return {
    bodies: all.filter(({ list }) => list.length > 1),
    alone: all.flatMap(({ list }) => (list.length === 1 ? list : [])),
  };
});

// On a phone the list makes room for what was chosen.
const close = () => {
  const box = document.querySelector<HTMLDetailsElement>('.contests > details');
  if (box && !matchMedia(WIDE).matches) box.open = false;
};

function Links({ list }: { list: Contest[] }) {
  return (
    <ul>
      {list.slice(0, SHOWN_MAX).map((c) => (
        <li key={c.id}>
          <a href={toContest(c.id)} onClick={close} aria-current={c.id === route.value.contest ? 'page' : undefined}>
            {c.name}
          </a>
        </li>
      ))}
      {list.length > SHOWN_MAX && <li class="aside">{text.moreContests(number(list.length - SHOWN_MAX))}</li>}
    </ul>
  );
}

// Its links are made when it is opened: a national list is long.
function Folded({ group, list }: Listed) {
  const here = list.some((c) => c.id === route.value.contest);
  const [open, setOpen] = useState(false);
  return (
    <details class="group" open={open || here} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>
        {group} <span class="count">{number(list.length)}</span>
      </summary>
      {(open || here) && <Links list={list} />}
    </details>
  );
}

// What is looked at is in sight in the list, too, where that stands beside it.
function useInSight(): void {
  const here = route.value.contest;
  useEffect(() => {
    const link = document.querySelector('.contests [aria-current]');
    if (matchMedia(WIDE).matches) link?.scrollIntoView({ block: 'nearest' });
  }, [here]);
}

export function Contests() {
  useInSight();
  if (contests.value.length < 2) return null; // nothing to choose from
  const { bodies, alone } = grouped.value;
  return (
    <nav class="contests" aria-label={text.contests}>
      <Search />
      <details open={matchMedia(WIDE).matches}>
        <summary>
          {text.contests} <span class="count">{number(contests.value.length)}</span>
        </summary>
        <div class="listed">
          <ul>
            <li>
              <a href="#/" onClick={close} aria-current={route.value.contest === '' ? 'page' : undefined}>
                {text.overview}
              </a>
            </li>
          </ul>
          {bodies.map((one) => (
            <Folded key={one.group} {...one} />
          ))}
          {alone.length > 0 && bodies.length > 0 && alone.length > ALONE_MAX ? (
            <Folded group={text.otherContests} list={alone} />
          ) : (
            <Links list={alone} />
          )}
        </div>
      </details>
    </nav>
  );
}
