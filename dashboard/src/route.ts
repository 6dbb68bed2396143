// Where the reader is: #/contest?unit=…&method=…; every view has its own link.
import { signal } from '@preact/signals';
import { askedContest } from './embed.ts';

export interface Route {
  contest: string;
  unit: string;
  level: string;
  method: string;
  sort: string;
  order: 'asc' | 'desc' | '';
  size: number;
  map: string;
  candidate: string;
}
export const pageSizes = [10, 25, 50, 100];
const absent: Omit<Route, 'contest'> = {
  unit: '',
  level: '',
  method: '',
  sort: 'ballots',
  order: '',
  size: 10,
  map: 'leader',
  candidate: '',
};

function parse(): Route {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const search = new URLSearchParams(query ?? '');
  const size = Number(search.get('size'));
  const order = search.get('order');
  let contest = path || encodeURIComponent(askedContest);
  try {
    contest = decodeURIComponent(contest);
  } catch {
    /* not ours: then there is no such contest */
  }
  return {
    contest,
    unit: search.get('unit') ?? '',
    level: search.get('level') ?? '',
    method: search.get('method') ?? '',
    sort: search.get('sort') ?? 'ballots',
    order: order === 'asc' || order === 'desc' ? order : '',
    size: pageSizes.includes(size) ? size : 10,
    map: search.get('map') ?? 'leader',
    candidate: search.get('candidate') ?? '',
  };
}

export const route = signal<Route>(parse());
addEventListener('hashchange', () => {
  route.value = parse();
});

export function link(change: Partial<Route>): string {
  const to = { ...route.value, ...change };
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(absent))
    if (to[key as keyof Route] !== value) search.set(key, String(to[key as keyof Route]));
  return `#/${encodeURIComponent(to.contest)}${search.size ? `?${search}` : ''}`;
}
export const go = (change: Partial<Route>): void => {
  location.hash = link(change).slice(1);
};
// Another contest: what belonged to the old one is left behind.
export const toContest = (id: string): string => link({ ...absent, contest: id });
// Another place: the level and page of the list are that place's own.
export const toUnit = (id: string): string => link({ unit: id, level: '', candidate: '' });
